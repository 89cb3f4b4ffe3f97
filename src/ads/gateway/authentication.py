"""Who sent a request, and whether it may predict: tokens and signatures before the body is read, its digest after."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable

from ads.errors import NotAuthenticated
from ads.gateway.answer import Refusal
from ads.gateway.guesses import Guesses
from ads.gateway.limits import Limits
from ads.gateway.request import RequestHead
from ads.gateway.tables import DeploymentRoute, Tables
from ads.identity.access import Permissions
from ads.identity.verifier import Identity, Verifier

__all__ = ["Authentication", "check_digest"]

_MESSAGE = "The required information to complete authentication was not provided or was incorrect."
_BEARER = b"bearer "
_REMEMBERED_SECONDS = 1.0
_MOST_REMEMBERED = 1024
_MOST_DECIDED = 65_536


class Authentication:
    """Checks heads against the identities table.

    A good bearer token is remembered for a second, never beyond its expiry or a change of the table. Whether
    a credential may use a deployment is decided once for each pair, until either table changes.
    """

    def __init__(self, tables: Tables, clock: Callable[[], float], limits: Limits | None = None) -> None:
        limits = limits or Limits()
        self._tables = tables
        self._clock = clock
        self._guesses = Guesses(limits.wrong_credentials, limits.wrong_credentials_per_second, clock)
        self._verifier: Verifier | None = None
        self._routes: dict[str, DeploymentRoute] | None = None
        self._remembered: dict[bytes, tuple[Identity, float]] = {}
        self._decided: dict[tuple[Permissions, str], bool] = {}

    def identify(self, head: RequestHead, remote: str = "") -> Identity:
        """Return who sent this head from that address.

        Raises Refusal: 401, 429 after too many wrong credentials, 503 as long as no credential is known at all.
        """
        verifier = self._tables.verifier
        if verifier is None:
            raise Refusal(503, "ServiceUnavailable", "The service is starting. Try again later.", retry_after=1)
        if verifier is not self._verifier:
            self._verifier = verifier
            self._remembered.clear()
            self._decided.clear()
        credential = head.fields.get(b"authorization")
        if credential is None:
            raise _refusal()
        remembered = self._remembered.get(credential)
        if remembered is not None and self._clock() < remembered[1]:
            return remembered[0]
        return self._ask(verifier, head, credential, remote)

    def may_use(self, identity: Identity, route: DeploymentRoute) -> bool:
        """Tell whether the credential may predict with this deployment. Ask it after :meth:`identify`."""
        if self._routes is not self._tables.routes:
            self._routes = self._tables.routes
            self._decided.clear()
        key = (identity.permissions, route.id)
        decided = self._decided.get(key)
        if decided is None:
            if len(self._decided) >= _MOST_DECIDED:
                self._decided.clear()
            decided = identity.permissions.allows_along("use", route.compartment_ids, route.id)
            self._decided[key] = decided
        return decided

    def require_inspection(self, identity: Identity) -> None:
        """Return when the credential may look at everything: what ``/metrics`` takes. Raises Refusal: 404."""
        permissions = identity.permissions
        if not permissions.allows("inspect", permissions.tree.root):
            raise Refusal(404, "NotAuthorizedOrNotFound", "There is no such path, or it may not be seen.")

    def stop_guessing(self, head: RequestHead, remote: str) -> None:
        """Refuse (429) a wrong credential of a peer that had too many. What is left to control is not looked at."""
        if head.fields.get(b"authorization") is not None and self._guesses.exceeded(remote):
            self.identify(head, remote)

    def note_refused(self, head: RequestHead, remote: str) -> None:
        """Count a credential that control found wrong."""
        if head.fields.get(b"authorization") is not None:
            self._guesses.wrong(remote)

    def _ask(self, verifier: Verifier, head: RequestHead, credential: bytes, remote: str) -> Identity:
        is_bearer = credential[: len(_BEARER)].lower() == _BEARER
        if is_bearer:
            headers = [(b"authorization", credential)]
        else:
            headers = [(name, line.partition(b":")[2]) for name, line in head.lines]
        try:
            identity = verifier.identify(head.method.decode(), head.target, headers)
        except NotAuthenticated:
            wait = self._guesses.wrong(remote)
            raise _too_many(wait) if wait else _refusal() from None
        if is_bearer:
            self._remember(credential, identity)
        return identity

    def _remember(self, credential: bytes, identity: Identity) -> None:
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        seconds = _REMEMBERED_SECONDS
        expires = identity.permissions.scope.expires
        if expires is not None:
            seconds = min(seconds, expires - time.time())
        self._remembered[credential] = (identity, self._clock() + seconds)


def check_digest(identity: Identity, body: bytes) -> None:
    """Refuse (401) a body that is not the one that was signed."""
    if identity.body_sha256 is None:
        return
    if base64.b64encode(hashlib.sha256(body).digest()).decode() != identity.body_sha256:
        raise _refusal()


def _refusal() -> Refusal:
    return Refusal(401, "NotAuthenticated", _MESSAGE)


def _too_many(wait: int) -> Refusal:
    message = "Too many wrong credentials came from this address. Try again later."
    return Refusal(429, "TooManyRequests", message, retry_after=wait)
