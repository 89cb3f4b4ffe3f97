"""The check at both doors: which principal sent this request. The gateway and the control plane ask the same object.

A token costs one SHA-256 and one look-up: that is the cache. Looking up a hash tells nobody how much of a guessed token
was right. Public keys are parsed once.
"""

from __future__ import annotations

import hmac
import json
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import InputError, NotAuthenticated
from ads.identity.access import EVERYTHING, CompartmentTree, Permissions, Scope, Verb, rank_of
from ads.identity.passes import is_pass, read_pass
from ads.identity.signature import BadSignature, body_digest, load_public_key, parse_authorization, verify
from ads.identity.tokens import hash_token

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

__all__ = ["Headers", "Identity", "Verifier", "load_identities"]

logger = logging.getLogger(__name__)

Headers = Mapping[str, str] | Iterable[tuple[str, str]] | Iterable[tuple[bytes, bytes]]

_REFUSAL = "The credential of the request is missing or not valid."
_LONGEST_TOKEN = 1024

# Nobody's key: an unknown key id costs the same time as a known one.
_DECOY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAphmzsqyWHNPTj3Mgex3u
AwvrFdNjRuB9yDN+pGHhMrt8hXYUdp+9sIVWZ85lZdW12TJv976Y2QJQ2vRogZW7
AOOU+FBJds6I2sGLaXo8AkSFxRwo7AU/RQMk3P0QnBl9pNQuPOL2c8ZJMWP2iqrm
uqsfoHG7t97fD97VMfX5J61h52iwjDD+hWctva2AJzIAiECDjC8oi1vrxGRL4w70
RjGfCyGCEFL5Mj9UpH0mwfwv7ZMvVgfL1RSLojCMoXH7N52NUORgAhGzoxGTHkRN
tPd+FSbY7SM9I/9/d4ofS+KwlV+0WBrlbKcn+31Im+R+dWITQFIk/ro6eXiUh3Xp
EQIDAQAB
-----END PUBLIC KEY-----
"""


@dataclass(frozen=True)
class Identity:
    """Who sent a request, and what its credential may do.

    ``body_sha256`` is the signed digest (base64) that its body must have, None when unsigned. ``credential`` is the
    token's SHA-256 or the key's id: what :meth:`Verifier.known` knows it by.
    """

    principal: str
    permissions: Permissions
    body_sha256: str | None = None
    credential: str = ""


@dataclass(frozen=True)
class _Token:
    sha256: str
    principal: str
    permissions: Permissions

    @property
    def expires(self) -> float | None:
        return self.permissions.scope.expires


@dataclass(frozen=True)
class _Key:
    public_key: str
    principal: str
    permissions: Permissions


def load_identities(path: Path) -> dict[str, Any]:
    """Return what the control plane published, nobody at all when there is no readable file yet."""
    try:
        data: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {"generation": 0, "tokens": [], "keys": []}
    return data


class Verifier:
    """The credentials of one generation of the identities file; make a new one when the file changes."""

    def __init__(self, identities: Mapping[str, Any]) -> None:
        self.generation = int(identities.get("generation", 0))
        self.tree = CompartmentTree(identities.get("compartments", {}))
        self._grants: Mapping[str, Mapping[str, str]] = identities.get("grants", {})
        self._tokens = {
            entry["sha256"]: _Token(
                entry["sha256"],
                entry["principal"],
                self.permissions_of(entry["principal"], Scope.from_json(entry.get("scope"), entry.get("expires"))),
            )
            for entry in identities.get("tokens", ())
        }
        self._keys = {
            entry["key_id"]: _Key(entry["public_key"], entry["principal"], self.permissions_of(entry["principal"]))
            for entry in identities.get("keys", ())
        }
        self._pass_key = str(identities.get("pass_key", ""))
        self._nobody = _Key(_DECOY, "", self.permissions_of(""))
        self._parsed: dict[str, RSAPublicKey] = {}

    def permissions_of(self, principal: str, scope: Scope = EVERYTHING) -> Permissions:
        """Return what an active user may do with a credential of this scope; nothing for anybody else."""
        return Permissions(self._grants.get(principal, {}), scope, self.tree)

    def authenticate(
        self,
        method: str,
        raw_target: str | bytes,
        headers: Headers,
        body: bytes | None = None,
        *,
        now: float | None = None,
    ) -> str:
        """Return the principal (a user's OCID). Raises NotAuthenticated, which says nothing about the reason.

        ``body`` None means that it isn't there yet; then :meth:`identify` tells what it has to be.
        """
        return self.identify(method, raw_target, headers, body, now=now).principal

    def identify(
        self,
        method: str,
        raw_target: str | bytes,
        headers: Headers,
        body: bytes | None = None,
        *,
        now: float | None = None,
    ) -> Identity:
        """Return the identity, with the digest that the body must have. Raises NotAuthenticated."""
        present = time.time() if now is None else now
        target = raw_target.decode("latin-1") if isinstance(raw_target, bytes) else raw_target
        try:
            collected = _collect(headers)
            authorization = _only_value(collected.get("authorization", []))
            scheme, _, rest = authorization.partition(" ")
            if scheme.lower() == "bearer":
                return self._bearer(rest.strip(" "), present)
            return self._signed(authorization, method, target, collected, body, present)
        except BadSignature as refusal:
            logger.info("refused %s: %s", method, refusal.message)
            raise NotAuthenticated(_REFUSAL, status=401, service_code="NotAuthenticated") from None

    def known(self, credential: str, now: float) -> Identity | None:
        """Return whose credential this still is, None once it was revoked or has expired."""
        found = self._tokens.get(credential) or self._keys.get(credential)
        if found is None:
            return None
        expires = found.permissions.scope.expires
        if expires is not None and expires <= now:
            return None
        return Identity(found.principal, found.permissions, credential=credential)

    def _bearer(self, token: str, now: float) -> Identity:
        if not token or len(token) > _LONGEST_TOKEN:
            raise BadSignature("the bearer token is empty or too long")
        if is_pass(token):
            return self._passed(token, now)
        digest = hash_token(token)
        known = self._tokens.get(digest)
        if known is None or not hmac.compare_digest(known.sha256, digest):
            raise BadSignature("the bearer token is unknown")
        if known.expires is not None and known.expires <= now:
            raise BadSignature("the bearer token has expired")
        return Identity(known.principal, known.permissions, credential=digest)

    def _passed(self, token: str, now: float) -> Identity:
        """Return who is behind a pass, with that one's rights on one deployment alone. It is no credential itself."""
        found = read_pass(self._pass_key, token, now)
        behind = self.known(found.credential, now) if found is not None else None
        if found is None or behind is None:
            raise BadSignature("the pass is not signed by this service, or it is over")
        scope = behind.permissions.scope
        if scope.deployment_ids is not None and found.deployment_id not in scope.deployment_ids:
            raise BadSignature("the credential behind the pass is for other deployments")
        verb: Verb = "use" if rank_of(scope.verb) > rank_of("use") else scope.verb
        narrow = Scope(verb, scope.compartment_id, frozenset({found.deployment_id}), found.expires)
        return Identity(behind.principal, self.permissions_of(behind.principal, narrow))

    def _signed(
        self, value: str, method: str, target: str, headers: dict[str, list[str]], body: bytes | None, now: float
    ) -> Identity:
        signature = parse_authorization(value)
        key = self._keys.get(signature.key_id, self._nobody)
        digest = None if body is None else body_digest(body)
        verify(signature, self._key(key.public_key), method.upper(), target, headers, body_sha256=digest, now=now)
        if not key.principal:
            raise BadSignature("the key is unknown")
        signed_digest = headers["x-content-sha256"][0] if "x-content-sha256" in signature.headers else None
        return Identity(key.principal, key.permissions, signed_digest, signature.key_id)

    def _key(self, pem: str) -> RSAPublicKey:
        key = self._parsed.get(pem)
        if key is None:
            try:
                key = self._parsed[pem] = load_public_key(pem)
            except InputError as error:
                raise BadSignature(f"the registered key can't be used: {error.message}") from None
        return key


def _only_value(values: list[str]) -> str:
    if len(values) != 1:
        raise BadSignature("no Authorization header, or several")
    return values[0]


def _collect(headers: Headers) -> dict[str, list[str]]:
    pairs = headers.items() if isinstance(headers, Mapping) else headers
    collected: dict[str, list[str]] = {}
    for name, value in pairs:
        key = name.decode("latin-1") if isinstance(name, bytes) else name
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        collected.setdefault(key.lower(), []).append(text.strip(" \t"))
    return collected
