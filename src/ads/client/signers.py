"""Credentials for plain HTTP clients: ``requests.post(url, json=…, auth=signer)``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ads.errors import InputError, ServiceUnreachable

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

__all__ = ["ApiKeySigner", "ServiceSigner", "read_profile"]

_REQUIRED = ("user", "tenancy", "fingerprint", "key_file")


class ApiKeySigner:
    """Signs requests with the API key of an OCI profile. Call it with a prepared request of ``requests``."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        missing = [name for name in _REQUIRED if not config.get(name)]
        if missing:
            raise InputError(
                f"The profile has no {missing[0]!r}.",
                hint=f"A profile for API keys has {', '.join(_REQUIRED)}, region.",
            )
        self.key_id = f"{config['tenancy']}/{config['user']}/{config['fingerprint']}"
        self._key_file = str(config["key_file"])
        self._passphrase = config.get("pass_phrase")
        self._key: RSAPrivateKey | None = None

    def sign(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None = None) -> dict[str, str]:
        """Return the headers to add. ``target`` is path and query as sent; ``headers`` must hold the host."""
        from ads.identity.signature import sign

        return sign(self._private_key(), self.key_id, method, target, headers, body)

    def __call__(self, request: Any) -> Any:
        """Sign a prepared request of ``requests`` and return it."""
        from urllib.parse import urlsplit

        from ads.identity.signature import is_upload

        host = urlsplit(request.url).netloc
        body = request.body.encode() if isinstance(request.body, str) else request.body
        unsigned = is_upload(request.method, request.path_url) or request.method not in {"POST", "PUT", "PATCH"}
        headers = {"host": host, **request.headers}
        request.headers["host"] = host
        request.headers.update(self.sign(request.method, request.path_url, headers, None if unsigned else body or b""))
        return request

    def _private_key(self) -> RSAPrivateKey:
        if self._key is None:
            from pathlib import Path

            from ads.identity.signature import load_private_key

            path = Path(self._key_file).expanduser()
            if not path.is_file():
                raise InputError(f"The profile's key file {path} doesn't exist.", hint="Correct key_file.")
            phrase = self._passphrase.encode() if self._passphrase else None
            self._key = load_private_key(path.read_bytes(), phrase)
        return self._key


class ServiceSigner:
    """Adds the token of the service that the settings mean. Requests to other addresses are left as they are."""

    def __call__(self, request: Any) -> Any:
        """Add the token to a prepared request of ``requests`` and return it."""
        from ads.client import finder

        try:
            address = finder.find(start=False)
        except ServiceUnreachable:
            return request  # nothing of ours runs, so the request is meant for somebody else
        if address.token and (request.url == address.url or request.url.startswith(f"{address.url}/")):
            request.headers["authorization"] = f"Bearer {address.token}"
        return request


def read_profile(location: str, profile: str) -> dict[str, str]:
    """Return a profile of an OCI configuration file. Raises InputError when file or profile is missing."""
    from configparser import ConfigParser
    from pathlib import Path

    path = Path(location).expanduser()
    if not path.is_file():
        raise InputError(f"There is no OCI configuration at {path}.", hint="`ads config oci` writes one.")
    parser = ConfigParser(interpolation=None)
    parser.read_string(path.read_text(encoding="utf-8"))
    if profile not in parser or (profile == parser.default_section and not parser.defaults()):
        known = ", ".join([*(["DEFAULT"] if parser.defaults() else []), *parser.sections()]) or "none"
        raise InputError(f"{path} has no profile {profile!r}.", hint=f"Profiles: {known}.")
    return dict(parser[profile])
