"""Styles and scripts: read once, served under the digest of them all, so that browsers may keep them for ever."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from starlette.responses import Response

__all__ = ["Assets", "assets"]

_FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class Assets:
    """The files by name, and the digest of all of them."""

    files: dict[str, bytes]
    digest: str

    def url(self, name: str) -> str:
        """Return where a file is found. Raises KeyError for one that isn't there: templates are checked that way."""
        if name not in self.files:
            raise KeyError(name)
        return f"/console/static/{self.digest}/{name}"

    def answer(self, path: str) -> Response | None:
        """Return the file for ``<digest>/<name>``, None when there is none. No path of the disk is ever made of it."""
        digest, _, name = path.partition("/")
        content = self.files.get(name)
        if content is None:
            return None
        keep = _FOR_EVER if digest == self.digest else "no-cache"
        return Response(content, headers={"content-type": _TYPES[Path(name).suffix], "cache-control": keep})


@lru_cache(maxsize=1)
def assets() -> Assets:
    """Return the files of this version."""
    files = {path.name: path.read_bytes() for path in sorted(_FOLDER.iterdir()) if path.suffix in _TYPES}
    digest = hashlib.sha256(b"\0".join(name.encode() + content for name, content in files.items())).hexdigest()[:16]
    return Assets(files, digest)
