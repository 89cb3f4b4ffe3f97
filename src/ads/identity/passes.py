"""Passes: with one the control plane predicts on behalf of somebody who is logged in to the console.

A session has no token that could be shown to a gateway. So control signs who it is that asks, for one deployment and a
minute. Gateways check the signature with a key that serves nothing else, and then the rights as those of the credential
behind the session: a pass never allows more than that credential does, and nothing but predictions.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from dataclasses import dataclass

__all__ = ["LIFETIME", "Pass", "is_pass", "make_pass", "pass_key", "read_pass"]

LIFETIME = 60.0
"""Seconds for which a pass is good."""
_PREFIX = "pass."


@dataclass(frozen=True)
class Pass:
    """Who is let through: the credential (as :class:`~ads.identity.verifier.Identity` has it) and to which deployment.

    ``expires`` is a Unix time.
    """

    credential: str
    deployment_id: str
    expires: float


def pass_key(secret: str) -> str:
    """Return the key for passes that belongs to a service's secret; it says nothing about the secret."""
    return hmac.new(bytes.fromhex(secret), b"openads gateway pass", hashlib.sha256).hexdigest()


def make_pass(key: str, given: Pass) -> str:
    """Return the text that goes where a bearer token goes."""
    content = json.dumps([given.credential, given.deployment_id, given.expires]).encode()
    body = base64.urlsafe_b64encode(content).decode().rstrip("=")
    return f"{_PREFIX}{body}.{_signature(key, body)}"


def is_pass(token: str) -> bool:
    """Tell whether a bearer token has the form of a pass."""
    return token.startswith(_PREFIX)


def read_pass(key: str, token: str, now: float) -> Pass | None:
    """Return what a pass says; None when it isn't signed with this key, or is over."""
    body, _, signature = token.removeprefix(_PREFIX).rpartition(".")
    if not key or not is_pass(token) or not _is_signed(key, body, signature):
        return None
    try:
        credential, deployment_id, expires = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except (ValueError, binascii.Error, TypeError):
        return None
    return Pass(credential, deployment_id, expires) if now < expires else None


def _signature(key: str, body: str) -> str:
    return hmac.new(key.encode(), body.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _is_signed(key: str, body: str, signature: str) -> bool:
    return hmac.compare_digest(_signature(key, body).encode(), signature.encode("utf-8", "replace"))
