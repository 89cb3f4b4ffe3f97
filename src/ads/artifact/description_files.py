"""The files in which an archive describes itself, as far as a service can't take whatever they say.

``runtime.yaml`` and the two schemas may be absent: an archive is stored as its owner packed it. Where they are there,
they must be what their names promise, and nothing in them may be a trap for whoever reads them later.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ads.artifact import layout, runtime_yaml
from ads.artifact.limits import DEFAULT_LIMITS, Limits
from ads.artifact.yaml_reader import MAX_BYTES
from ads.artifact.zip_reader import read_member
from ads.errors import ArtifactError

__all__ = ["check_description_files", "check_runtime", "check_schema"]

_MOST_SCHEMA_BYTES = 4 * 1024**2
_MOST_DEPTH = 64

_PYTHON = re.compile(r"3\.\d{1,2}(\.\d{1,3})?")
_SLUG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+@/ -]{0,254}")
_HINT = "Correct the file and pack the artifact folder again, or call prepare() again."


def check_description_files(archive: Path | str, files: Iterable[str], limits: Limits = DEFAULT_LIMITS) -> None:
    """Raise :class:`~ads.errors.ArtifactError` when runtime.yaml or a schema at the top of a zip can't be used.

    ``files`` are those in the archive, which has passed the strict reader.
    """
    present = set(files)
    if layout.RUNTIME_YAML in present:
        content = read_member(archive, layout.RUNTIME_YAML, limits, max_bytes=MAX_BYTES)
        check_runtime(runtime_yaml.parse(content or b""))
    for name in (layout.INPUT_SCHEMA, layout.OUTPUT_SCHEMA):
        if name in present:
            check_schema(read_member(archive, name, limits, max_bytes=_MOST_SCHEMA_BYTES) or b"", name)


def check_runtime(document: Mapping[str, Any]) -> None:
    """Raise :class:`~ads.errors.ArtifactError` when the environment in a parsed runtime.yaml is none.

    What is absent or empty says nothing, and is fine.
    """
    environment = _section(_section(document, "MODEL_DEPLOYMENT"), "INFERENCE_CONDA_ENV")
    texts = {key: _text(environment, f"INFERENCE_{key}") for key in ("PYTHON_VERSION", "ENV_SLUG", "ENV_PATH")}
    version = texts["PYTHON_VERSION"]
    if version and not _PYTHON.fullmatch(version):
        raise _unusable("INFERENCE_PYTHON_VERSION", version, "a version of Python such as '3.11'")
    slug = texts["ENV_SLUG"]
    if slug and not _SLUG.fullmatch(slug):
        raise _unusable("INFERENCE_ENV_SLUG", slug, "the name of an environment")
    path = texts["ENV_PATH"]
    if path and not _is_place(path):
        raise _unusable("INFERENCE_ENV_PATH", path, "an oci:// or https:// address, or a plain path")


def check_schema(content: bytes, name: str) -> None:
    """Raise :class:`~ads.errors.ArtifactError` when a schema is no JSON object. NaN, which others write, is let pass.

    Nothing in it is followed or evaluated here.
    """
    try:
        document = json.loads(content.decode("utf-8-sig"))
        deep = _depth(document) > _MOST_DEPTH
    except UnicodeDecodeError as error:
        raise ArtifactError(f"{name} is not UTF-8 text (byte {error.start}).", hint=_HINT) from None
    except json.JSONDecodeError as error:
        raise ArtifactError(
            f"{name} is not JSON in line {error.lineno}, column {error.colno}: {error.msg}.", hint=_HINT
        ) from None
    except ValueError:
        raise ArtifactError(f"{name} has a number with too many digits.", hint=_HINT) from None
    except RecursionError:
        deep = True
    if deep:
        raise ArtifactError(f"{name} has more than {_MOST_DEPTH} levels.", hint=_HINT)
    entries = document.get("schema", []) if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise ArtifactError(f"{name} is not an object with a list of columns as its 'schema'.", hint=_HINT)
    named = [entry["name"] for entry in entries if isinstance(entry, dict) and entry.get("name") is not None]
    names = Counter(json.dumps(each) for each in named)
    column, times = names.most_common(1)[0] if names else ("", 0)
    if times > 1:
        raise ArtifactError(f"{name} has the column {column[:80]} {times} times.", hint=_HINT)


def _section(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    section = document.get(key, {})
    if not isinstance(section, dict):
        raise ArtifactError(f"{layout.RUNTIME_YAML}: {key} is not a mapping of keys to values.", hint=_HINT)
    return section


def _text(section: Mapping[str, Any], key: str) -> str:
    value = section.get(key)
    if not isinstance(value, str | None):
        raise ArtifactError(f"{layout.RUNTIME_YAML}: {key} is not text.", hint=_HINT)
    return value or ""


def _is_place(path: str) -> bool:
    scheme, separator, _ = path.partition("://")
    if separator and scheme.lower() not in ("oci", "https"):
        return False
    return path.isprintable() and path[:1] != "-" and ".." not in path.replace("\\", "/").split("/")


def _unusable(key: str, value: str, wanted: str) -> ArtifactError:
    return ArtifactError(f"{layout.RUNTIME_YAML}: {key} is {value[:60]!a}, not {wanted}.", hint=_HINT)


def _depth(value: Any) -> int:
    level, depth = [value], 0
    while level:
        depth += 1
        level = [
            inner
            for each in level
            if isinstance(each, (dict, list))
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
    return depth
