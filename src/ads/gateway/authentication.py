"""Who sent a prediction: bearer tokens and OCI signatures, before the body is read; its digest after."""

from __future__ import annotations

import base64
import hashlib

from ads.errors import NotAuthenticated
from ads.gateway.answer import Refusal
from ads.gateway.request import RequestHead
from ads.gateway.tables import Tables
from ads.identity.verifier import Identity

__all__ = ["authenticate", "check_digest"]

_MESSAGE = "The required information to complete authentication was not provided or was incorrect."
_BEARER = b"bearer "


def authenticate(head: RequestHead, tables: Tables) -> Identity:
    """Return who sent this head. Raises Refusal: 401, or 503 as long as no credential is known at all."""
    verifier = tables.verifier
    if verifier is None:
        raise Refusal(503, "ServiceUnavailable", "The service is starting. Try again later.", retry_after=1)
    credential = head.fields.get(b"authorization")
    if credential is None:
        raise _refusal()
    if credential[: len(_BEARER)].lower() == _BEARER:
        headers = [(b"authorization", credential)]
    else:
        headers = [(name, line.partition(b":")[2]) for name, line in head.lines]
    try:
        return verifier.identify(head.method.decode(), head.target, headers)
    except NotAuthenticated:
        raise _refusal() from None


def check_digest(identity: Identity, body: bytes) -> None:
    """Refuse (401) a body that is not the one that was signed."""
    if identity.body_sha256 is None:
        return
    if base64.b64encode(hashlib.sha256(body).digest()).decode() != identity.body_sha256:
        raise _refusal()


def _refusal() -> Refusal:
    return Refusal(401, "NotAuthenticated", _MESSAGE)
