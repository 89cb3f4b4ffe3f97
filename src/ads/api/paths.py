"""Names in paths: routing sees them as they were sent, handlers decode them, and none is ever joined to a folder."""

from __future__ import annotations

import re
from urllib.parse import unquote

from ads.errors import InputError

__all__ = ["console_place", "decoded"]

# No second slash, no backslash: browsers take what begins with either for another host.
_CONSOLE = re.compile(r"/console(?:/(?!/)[A-Za-z0-9/._~%:@!$&'()*+,;=?#-]*)?", re.ASCII)


def decoded(part: str) -> str:
    """Return the text that a part of the path stands for. Raises InputError when it isn't UTF-8."""
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError:
        raise InputError("A name in the path is not UTF-8.", hint="Percent-encode its UTF-8 bytes.") from None


def console_place(target: str) -> str | None:
    """Return the target when it is a page of the console that somebody may be led to, None otherwise."""
    return target if len(target) <= 2000 and "//" not in target and _CONSOLE.fullmatch(target) else None
