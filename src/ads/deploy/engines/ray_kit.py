"""What of this installation travels to a cluster's nodes, so that Ray is all that they need.

The worker, and the few modules that check and unpack an artifact. They import nothing but the standard library
(and ``packaging``, which Ray brings with it).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ads

__all__ = ["KIT", "environment_of", "installed", "kit", "pieces_of"]

KIT = (
    "__init__.py",
    "_version.py",
    "errors.py",
    "home.py",
    "artifact/*.py",
    "deploy/__init__.py",
    "deploy/artifacts.py",
    "deploy/file_lock.py",
    "deploy/engines/__init__.py",
    "deploy/engines/ray_node.py",
    "deploy/engines/replica_variables.py",
    "worker/*.py",
)
_PIECE = 8 * 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)


def kit() -> tuple[str, bytes]:
    """Return the SHA-256 and the bytes of a zip with the files; the same files give the same bytes."""
    root = Path(ads.__file__).parent
    paths = sorted({path for pattern in KIT for path in root.glob(pattern)})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            member = zipfile.ZipInfo(f"ads/{path.relative_to(root).as_posix()}", _EPOCH)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o644 << 16
            archive.writestr(member, path.read_bytes())
    data = buffer.getvalue()
    return hashlib.sha256(data).hexdigest(), data


def pieces_of(path: Path) -> Iterator[bytes]:
    """Yield a file in the pieces in which it goes into Ray's object store."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


def installed(wanted: Sequence[str], lacking: Sequence[str]) -> Sequence[str]:
    """Return what has to be installed where so much is ``lacking``: all of it or nothing.

    Another Python alone is no reason: Ray's environments have the cluster's.
    """
    return wanted if any(not each.startswith("Python ") for each in lacking) else ()


def environment_of(packages: Sequence[str], wheels: str) -> dict[str, Any]:
    """Return the option of an actor for which Ray makes an environment with uv; nothing where none is needed.

    ``wheels`` names a folder of the nodes that packages come from; empty for an index.
    """
    if not packages:
        return {}
    more = {"uv_pip_install_options": ["--no-index", "--find-links", wheels]} if wheels else {}
    return {"runtime_env": {"uv": {"packages": list(packages), **more}}}
