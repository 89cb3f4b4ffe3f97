"""Bearer tokens: 256 random bits as text. Services keep only their SHA-256."""

from __future__ import annotations

import base64
import hashlib
import os

__all__ = ["hash_token", "new_token"]


def new_token() -> str:
    """Return a new token: 43 characters that need no quoting in headers, files and shells."""
    return base64.urlsafe_b64encode(os.urandom(32)).rstrip(b"=").decode("ascii")


def hash_token(token: str) -> str:
    """Return what is stored of a token: its SHA-256 in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
