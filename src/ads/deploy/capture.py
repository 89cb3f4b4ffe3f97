"""What is captured of a deployment's requests: nothing, unless somebody asks for a sample."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ads.errors import InputError, NotFound
from ads.home import Home

__all__ = ["CapturePolicy", "capture_file", "capture_files", "capture_folder", "parse_capture"]

_NAME = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}\.(?:parquet|jsonl\.gz)", re.ASCII)
_LEAST_BYTES = 1024 * 1024
_MOST_BYTES = 1024**4
_MOST_COLUMNS = 1000
_FIELDS = frozenset({"sample", "maxBytes", "mask"})


@dataclass(frozen=True)
class CapturePolicy:
    """``sample`` is the share of the requests, ``max_bytes`` what all files together may have; ``mask`` names columns
    beside those that the schema marks.
    """

    sample: float
    max_bytes: int = 100 * 1024 * 1024
    mask: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what :func:`parse_capture` reads."""
        return {"sample": self.sample, "maxBytes": self.max_bytes, "mask": list(self.mask)}


def parse_capture(content: Mapping[str, Any]) -> CapturePolicy:
    """Return the policy in the body of a request. Raises InputError."""
    if unknown := sorted(content.keys() - _FIELDS):
        raise InputError(f"{unknown[0]!r} is no field of a capture.", hint=f"Fields: {', '.join(sorted(_FIELDS))}.")
    sample, most, mask = (
        content.get("sample"),
        content.get("maxBytes", CapturePolicy.max_bytes),
        content.get("mask", []),
    )
    if isinstance(sample, bool) or not isinstance(sample, int | float) or not 0 < sample <= 1:
        raise InputError("sample must be a number above 0, up to 1: the share of the requests.")
    if isinstance(most, bool) or not isinstance(most, int) or not _LEAST_BYTES <= most <= _MOST_BYTES:
        raise InputError(f"maxBytes must be a number of bytes from {_LEAST_BYTES} to {_MOST_BYTES}.")
    if not isinstance(mask, list) or len(mask) > _MOST_COLUMNS or not all(isinstance(name, str) for name in mask):
        raise InputError("mask must be a list of names of columns.")
    return CapturePolicy(float(sample), most, tuple(mask))


def capture_folder(home: Home, deployment_id: str) -> Path:
    """Return where the captured requests of a deployment lie."""
    return home.deployment(deployment_id) / "capture"


def capture_files(home: Home, deployment_id: str) -> list[Path]:
    """Return the files with captured requests, oldest first."""
    folder = capture_folder(home, deployment_id)
    return sorted(path for path in folder.glob("*") if _NAME.fullmatch(path.name)) if folder.is_dir() else []


def capture_file(home: Home, deployment_id: str, name: str) -> Path:
    """Return one of these files. Raises NotFound."""
    path = capture_folder(home, deployment_id) / name
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotFound(f"There is no file {name[:100]!r} with captured requests.")
    return path
