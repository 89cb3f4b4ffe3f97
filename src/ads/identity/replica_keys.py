"""Keys of replicas that run on other machines, and the passes with which those fetch what they serve.

A replica's key follows from the service's secret, the replica's name and the start it belongs to: so every control
plane knows it and nobody has to store it. With it the replica's machine signs who it is and which archive it wants, for
five minutes; the key proves that the service has ordered just that start.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass

__all__ = ["ArchiveWanted", "archive_pass", "instance_of", "is_archive_pass", "read_archive_pass", "replica_key"]

_PREFIX = "archive."
_LIFETIME = 300.0


@dataclass(frozen=True)
class ArchiveWanted:
    """What a pass says: which replica, which start of it, which archive (its SHA-256 in hexadecimal)."""

    replica: str
    start: str
    sha256: str


def instance_of(secret: str) -> str:
    """Return a short name for the service with this secret: what it owns elsewhere is marked with it."""
    return hmac.new(bytes.fromhex(secret), b"openads instance", hashlib.sha256).hexdigest()[:12]


def replica_key(secret: str, replica: str, start: str) -> str:
    """Return the key of one start of a replica, 32 bytes in hexadecimal."""
    described = json.dumps(["openads replica", replica, start]).encode()
    return hmac.new(bytes.fromhex(secret), described, hashlib.sha256).hexdigest()


def archive_pass(key: str, wanted: ArchiveWanted, now: float) -> str:
    """Return the text that goes where a bearer token goes. ``key`` is the replica's."""
    content = json.dumps([wanted.replica, wanted.start, wanted.sha256, now]).encode()
    body = base64.urlsafe_b64encode(content).decode().rstrip("=")
    return f"{_PREFIX}{body}.{_signature(key, body)}"


def is_archive_pass(token: str) -> bool:
    """Tell whether a bearer token has the form of such a pass."""
    return token.startswith(_PREFIX)


def read_archive_pass(secret: str, token: str, now: float) -> ArchiveWanted | None:
    """Return what a pass says; None when the service's replica didn't sign it, or not within five minutes."""
    body, _, signature = token.removeprefix(_PREFIX).rpartition(".")
    if not is_archive_pass(token):
        return None
    try:
        replica, start, sha256, signed = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, binascii.Error, TypeError):
        return None
    if not all(isinstance(each, str) for each in (replica, start, sha256)) or not isinstance(signed, float):
        return None
    expected = _signature(replica_key(secret, replica, start), body)
    if not hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace")):
        return None
    return ArchiveWanted(replica, start, sha256) if abs(now - signed) < _LIFETIME else None


def _signature(key: str, body: str) -> str:
    return hmac.new(bytes.fromhex(key), body.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
