"""The documentation page of a deployment: one file of our own, which loads nothing and runs no other script.

The page is the same for every deployment and says nothing about any: what it shows it asks for with the credential of
the person in front of it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from pathlib import Path

__all__ = ["docs_page"]

_INLINE = re.compile(rb"<(script|style)>(.*?)</\1>", re.DOTALL)


@lru_cache(maxsize=1)
def docs_page() -> tuple[bytes, bytes]:
    """Return the page, and the header lines that say what a browser may do with it."""
    page = Path(__file__).with_name("docs.html").read_bytes()
    hashes = {kind: base64.b64encode(hashlib.sha256(text).digest()).decode() for kind, text in _INLINE.findall(page)}
    policy = (
        "default-src 'none'; "
        f"script-src 'sha256-{hashes[b'script']}'; style-src 'sha256-{hashes[b'style']}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    lines = [
        f"content-security-policy: {policy}",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "cache-control: no-store",
        "",
    ]
    return page, "\r\n".join(lines).encode()
