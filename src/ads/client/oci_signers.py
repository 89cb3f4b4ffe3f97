"""Signers for OCI's ways to authenticate: those of the ``oci`` package, and what they are made from."""

from __future__ import annotations

import base64
import json
import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ads.errors import InputError, NotSupported, SecurityTokenError

__all__ = [
    "api_key_signer",
    "expiry_of",
    "instance_principal_signer",
    "resource_principal_signer",
    "security_token_signer",
]

_log = logging.getLogger(__name__)

_REFRESH_WITHIN = 600.0
_REFRESH_TAKES_AT_MOST = 60.0


def api_key_signer(config: Mapping[str, Any]) -> Any:
    """Return a signer for the API key of a profile: the ``oci`` package's where that is installed, else our own.

    Both sign requests of ``requests``. Raises InputError for an incomplete profile or a key that can't be read.
    """
    from importlib.util import find_spec

    from ads.client.signers import ApiKeySigner

    own = ApiKeySigner(config)
    if find_spec("oci") is None or not Path(str(config["key_file"])).expanduser().is_file():
        return own  # says which file is missing when it is used
    from oci.exceptions import ClientError
    from oci.signer import Signer

    try:
        return Signer(
            config["tenancy"],
            config["user"],
            config["fingerprint"],
            str(Path(str(config["key_file"])).expanduser()),
            config.get("pass_phrase"),
        )
    except (ClientError, ValueError) as error:
        raise InputError(f"The API key in {config['key_file']} can't be used: {error}") from error


def security_token_signer(config: Mapping[str, Any], refresh: tuple[str, str] | None = None) -> Any:
    """Return a signer for the session token of a profile.

    ``refresh``: configuration file and profile, with which OCI's own command line refreshes a token that has less than
    ten minutes left. Raises InputError for an incomplete profile, :class:`~ads.errors.SecurityTokenError` for a token
    that has expired, :class:`~ads.errors.NotSupported` without the ``oci`` package.
    """
    for name in ("security_token_file", "key_file", "region"):
        if not config.get(name):
            raise InputError(
                f"The profile has no {name!r}.",
                hint="A profile for session tokens has security_token_file, key_file, region: oci session authenticate",
            )
    signers = _signers("A session token")
    file = Path(str(config["security_token_file"])).expanduser()
    token = _token_of(file)
    left = expiry_of(token) - time.time()
    if left < _REFRESH_WITHIN and refresh is not None and _refreshed(*refresh):
        token = _token_of(file)
        left = expiry_of(token) - time.time()
    if left <= 0:
        raise SecurityTokenError(
            f"The session token in {file} has expired.", hint="Make a new one: oci session authenticate"
        )
    return signers.SecurityTokenSigner(token, _private_key(config))


def resource_principal_signer() -> Any:
    """Return a signer for what runs inside OCI: a notebook session, a job, a function.

    Raises InputError elsewhere, :class:`~ads.errors.NotSupported` without the ``oci`` package.
    """
    signers = _signers("A resource principal")
    try:
        return signers.get_resource_principals_signer()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _not_there("a resource principal", error) from error


def instance_principal_signer(**arguments: Any) -> Any:
    """Return a signer for one of OCI's machines; ``arguments`` go to the signer of the ``oci`` package.

    Raises InputError elsewhere, :class:`~ads.errors.NotSupported` without the ``oci`` package.
    """
    signers = _signers("An instance principal")
    from oci.exceptions import ClientError, RequestException, ServiceError

    try:
        return signers.InstancePrincipalsSecurityTokenSigner(**arguments)
    except (OSError, ValueError, ClientError, RequestException, ServiceError) as error:
        raise _not_there("an instance principal", error) from error


def expiry_of(token: str) -> float:
    """Return when a session token expires, in seconds since 1970. Nothing else in it is looked at or believed."""
    try:
        payload = token.split(".")[1]
        return float(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["exp"])
    except (IndexError, ValueError, KeyError, TypeError) as error:
        raise SecurityTokenError(
            "The session token can't be read: it is no JSON Web Token with an expiry.",
            hint="Make a new one: oci session authenticate",
        ) from error


def _signers(what: str) -> Any:
    try:
        from oci.auth import signers
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] != "oci":
            raise
        raise NotSupported(
            f"{what} needs the package oci, which isn't installed.", hint="pip install 'openads[oci]'"
        ) from error
    return signers


def _token_of(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SecurityTokenError(
            f"The session token {file} can't be read: {error.strerror}.",
            hint="Make a new one: oci session authenticate",
        ) from error


def _private_key(config: Mapping[str, Any]) -> Any:
    from ads.identity.signature import load_private_key

    file = Path(str(config["key_file"])).expanduser()
    if not file.is_file():
        raise InputError(f"The profile's key file {file} doesn't exist.", hint="Correct key_file.")
    phrase = config.get("pass_phrase")
    return load_private_key(file.read_bytes(), str(phrase).encode() if phrase else None)


def _refreshed(location: str, profile: str) -> bool:
    """Let OCI's command line refresh the token of a profile; return whether it did."""
    import shutil
    import subprocess

    program = shutil.which("oci")
    if program is None:
        _log.warning("The session token expires soon, and the program oci, which could refresh it, is not on PATH.")
        return False
    command = [program, "session", "refresh", "--config-file", str(Path(location).expanduser()), "--profile", profile]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=_REFRESH_TAKES_AT_MOST)
    except subprocess.TimeoutExpired:
        return False
    if done.returncode:
        _log.warning("The session token expires soon and could not be refreshed.")
    return done.returncode == 0


def _not_there(what: str, error: Exception) -> InputError:
    reason = str(getattr(error, "message", "")) or str(error) or type(error).__name__
    return InputError(
        f"There is no credential of {what} here: {reason}", hint="That exists inside OCI only; elsewhere use api_key."
    )
