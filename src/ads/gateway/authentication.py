"""Who sent a prediction: bearer tokens and OCI signatures, before the body is read; its digest after."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

from ads.errors import NotAuthenticated
from ads.gateway.answer import Refusal
from ads.gateway.request import RequestHead
from ads.gateway.tables import Tables
from ads.identity.verifier import Identity, Verifier

__all__ = ["Authentication", "check_digest"]

_MESSAGE = "The required information to complete authentication was not provided or was incorrect."
_BEARER = b"bearer "
_REMEMBERED_SECONDS = 1.0
_MOST_REMEMBERED = 1024


class Authentication:
    """Checks heads against the identities table. A good bearer token is remembered for a second."""

    def __init__(self, tables: Tables, clock: Callable[[], float]) -> None:
        self._tables = tables
        self._clock = clock
        self._verifier: Verifier | None = None
        self._remembered: dict[bytes, tuple[Identity, float]] = {}

    def identify(self, head: RequestHead) -> Identity:
        """Return who sent this head. Raises Refusal: 401, or 503 as long as no credential is known at all."""
        verifier = self._tables.verifier
        if verifier is None:
            raise Refusal(503, "ServiceUnavailable", "The service is starting. Try again later.", retry_after=1)
        if verifier is not self._verifier:
            self._verifier = verifier
            self._remembered.clear()
        credential = head.fields.get(b"authorization")
        if credential is None:
            raise _refusal()
        remembered = self._remembered.get(credential)
        if remembered is not None and self._clock() < remembered[1]:
            return remembered[0]
        return self._ask(verifier, head, credential)

    def _ask(self, verifier: Verifier, head: RequestHead, credential: bytes) -> Identity:
        is_bearer = credential[: len(_BEARER)].lower() == _BEARER
        if is_bearer:
            headers = [(b"authorization", credential)]
        else:
            headers = [(name, line.partition(b":")[2]) for name, line in head.lines]
        try:
            identity = verifier.identify(head.method.decode(), head.target, headers)
        except NotAuthenticated:
            raise _refusal() from None
        if is_bearer:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[credential] = (identity, self._clock() + _REMEMBERED_SECONDS)
        return identity


def check_digest(identity: Identity, body: bytes) -> None:
    """Refuse (401) a body that is not the one that was signed."""
    if identity.body_sha256 is None:
        return
    if base64.b64encode(hashlib.sha256(body).digest()).decode() != identity.body_sha256:
        raise _refusal()


def _refusal() -> Refusal:
    return Refusal(401, "NotAuthenticated", _MESSAGE)
