"""Names in paths: routing sees them as they were sent, handlers decode them, and none is ever joined to a folder."""

from __future__ import annotations

from urllib.parse import unquote

from ads.errors import InputError

__all__ = ["decoded"]


def decoded(part: str) -> str:
    """Return the text that a part of the path stands for. Raises InputError when it isn't UTF-8."""
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError:
        raise InputError("A name in the path is not UTF-8.", hint="Percent-encode its UTF-8 bytes.") from None
