"""The operator's catalog of environments, in the file that the setting ``environment_catalog`` names.

YAML or JSON, a mapping of slugs: ``{"risk_v2": {"python": "3.11", "requirements": ["scikit-learn==1.5.2"]}}``, or
``{"risk_v2": {"pack": "https://…/risk.tar.gz", "python": "3.10", "sha256": "…"}}``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ads.artifact import requirements as requirements_file
from ads.artifact.requirements import Requirements
from ads.artifact.yaml_reader import parse_mapping
from ads.errors import AdsError, SettingError

__all__ = ["CatalogEntry", "read_catalog"]

_KEYS = ("python", "requirements", "pack", "sha256")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,127}")
_PYTHON = re.compile(r"3\.\d{1,2}(?:\.\d{1,3})?")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class CatalogEntry:
    """What a slug stands for: requirement lines for a Python version, or the address of a conda ``pack``."""

    slug: str
    python: str = ""
    requirements: tuple[str, ...] = ()
    pack: str = ""
    sha256: str = ""


def read_catalog(path: str) -> dict[str, CatalogEntry]:
    """Return the entries of the file by slug; none for an empty path. Raises SettingError that names the entry."""
    if not path:
        return {}
    file = Path(path).expanduser()
    try:
        document = parse_mapping(file.read_bytes(), str(file))
        return {slug: _entry(slug, fields) for slug, fields in document.items()}
    except OSError as error:
        raise _unusable(path, f"it can't be read: {error.strerror or error}") from None
    except AdsError as error:
        raise _unusable(path, f"{error.message} {error.hint}".strip()) from None
    except ValueError as error:
        raise _unusable(path, str(error)) from None


def _entry(slug: str, fields: Any) -> CatalogEntry:
    if not _SLUG.fullmatch(slug):
        raise ValueError(f"{slug[:60]!r} is not a slug")
    if not isinstance(fields, Mapping):
        raise ValueError(f"{slug} is not a mapping of {', '.join(_KEYS)}")  # noqa: TRY004 - one error for all
    unknown = [key for key in fields if key not in _KEYS]
    if unknown:
        raise ValueError(f"{slug} has the unknown key {unknown[0][:60]!r}; known are {', '.join(_KEYS)}")
    lines, pack = fields.get("requirements"), fields.get("pack") or ""
    if (lines is None) == (not pack):
        raise ValueError(f"{slug} must have either requirements or a pack")
    python, sha256 = fields.get("python") or "", (fields.get("sha256") or "").lower()
    if not (_PYTHON.fullmatch(python) or (pack and not python)):
        raise ValueError(f"{slug} has no Python version such as '3.11'")
    if sha256 and not (pack and _SHA256.fullmatch(sha256)):
        raise ValueError(f"{slug} has a sha256 that is none of a pack")
    if lines is None:
        return CatalogEntry(slug, python, pack=pack, sha256=sha256)
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise ValueError(f"the requirements of {slug} are not a list of texts")
    wanted: Requirements = requirements_file.parse("\n".join(lines).encode())
    return CatalogEntry(slug, python, wanted.lines)


def _unusable(path: str, why: str) -> SettingError:
    return SettingError(
        f"The catalog of environments {path} can't be used: {why}.",
        hint="Correct the file, or the setting environment_catalog.",
    )
