"""What of this installation travels to a cluster's nodes, so that Ray is all that they need.

The worker, and the few modules that check and unpack an artifact. They import nothing but the standard library
(and ``packaging``, which Ray brings with it).
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path

import ads

__all__ = ["KIT", "kit"]

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
