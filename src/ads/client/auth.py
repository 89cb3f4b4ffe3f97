"""How requests are authenticated: the state that ``set_auth()`` keeps, and the signers made from it.

Nothing here is needed for the service on this machine. Without an OCI configuration ``default_signer()`` gives the
credential of that service.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar

from ads.errors import InputError, SecurityTokenError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "APIKey",
    "AuthContext",
    "AuthFactory",
    "AuthState",
    "AuthType",
    "InstancePrincipal",
    "OCIAuthContext",
    "ResourcePrincipal",
    "SecurityToken",
    "SecurityTokenError",
    "api_keys",
    "create_signer",
    "default_signer",
    "get_signer",
    "profile_of",
    "resource_principal",
    "security_token",
    "set_auth",
    "without_configuration",
]

DEFAULT_LOCATION = "~/.oci/config"
DEFAULT_PROFILE = "DEFAULT"
SECURITY_TOKEN_LEFT_TIME = 600
_CHOICES = itertools.count(1)


class AuthType:
    """The ways to authenticate that ``set_auth()`` takes."""

    API_KEY = "api_key"
    RESOURCE_PRINCIPAL = "resource_principal"
    INSTANCE_PRINCIPAL = "instance_principal"
    SECURITY_TOKEN = "security_token"  # noqa: S105 - the name of a way, not a token

    @classmethod
    def values(cls) -> list[str]:
        """Return the names of all ways."""
        return [cls.API_KEY, cls.RESOURCE_PRINCIPAL, cls.INSTANCE_PRINCIPAL, cls.SECURITY_TOKEN]


class _One(type):
    """Makes a class have one object: what ``set_auth()`` sets holds for the whole process."""

    _made: ClassVar[dict[type, Any]] = {}
    _lock = threading.Lock()

    def __call__(cls, *arguments: Any, **keywords: Any) -> Any:
        with _One._lock:
            if cls not in _One._made:
                _One._made[cls] = super().__call__(*arguments, **keywords)
            return _One._made[cls]


@dataclass
class AuthState(metaclass=_One):
    """What ``set_auth()`` set last. At first the environment decides (``OCI_IAM_TYPE``, ``OCI_CONFIG_LOCATION``, …)."""

    oci_iam_type: str | None = None
    oci_cli_auth: str | None = None
    oci_config_path: str | None = None
    oci_key_profile: str | None = None
    oci_config: Mapping[str, Any] | None = None
    oci_signer: Any = None
    oci_signer_callable: Callable[..., Any] | None = None
    oci_signer_kwargs: dict[str, Any] | None = None
    oci_client_kwargs: dict[str, Any] | None = None
    chosen: int = 0
    """Which call of ``set_auth()`` this is, 0 before the first: what the environment says alone."""

    def __post_init__(self) -> None:
        self.oci_iam_type = self.oci_iam_type or os.environ.get("OCI_IAM_TYPE", AuthType.API_KEY)
        self.oci_cli_auth = self.oci_cli_auth or os.environ.get("OCI_CLI_AUTH")
        self.oci_config_path = self.oci_config_path or os.environ.get("OCI_CONFIG_LOCATION", DEFAULT_LOCATION)
        self.oci_key_profile = self.oci_key_profile or os.environ.get("OCI_CONFIG_PROFILE", DEFAULT_PROFILE)
        self.oci_config = self.oci_config or {}
        self.oci_signer_kwargs = self.oci_signer_kwargs or {}
        self.oci_client_kwargs = self.oci_client_kwargs or {}


def set_auth(
    auth: str = AuthType.API_KEY,
    oci_config_location: str = DEFAULT_LOCATION,
    profile: str = DEFAULT_PROFILE,
    config: Mapping[str, Any] | None = None,
    signer: Any = None,
    signer_callable: Callable[..., Any] | None = None,
    signer_kwargs: dict[str, Any] | None = None,
    client_kwargs: dict[str, Any] | None = None,
) -> None:
    """Set how requests are authenticated from now on, also those of this library; nothing is opened before the first.

    With credentials of OCI (a profile with an API key or a session token, a resource or instance principal) models live
    in OCI from now on, in the region of the credentials. ``OPENADS_URL``, ``OCI_ODSC_SERVICE_ENDPOINT`` and
    ``client_kwargs={"service_endpoint": …}`` name another place, which then gets signed requests.

    Raises InputError for an unknown ``auth``, a ``config`` together with a location or profile, or a
    ``signer_callable`` that can't be called.
    """
    _require_known(auth)
    if config and (oci_config_location != DEFAULT_LOCATION or profile != DEFAULT_PROFILE):
        raise InputError(
            "config says the same as oci_config_location and profile.", hint="Pass config, or location and profile."
        )
    if signer_callable is not None and not callable(signer_callable):
        raise InputError("signer_callable can't be called.", hint="Pass a function or a class.")
    state = AuthState()
    state.oci_iam_type = auth
    state.oci_config_path = oci_config_location
    state.oci_key_profile = profile
    state.oci_config = config or {}
    state.oci_signer = signer
    state.oci_signer_callable = signer_callable
    state.oci_signer_kwargs = signer_kwargs or {}
    state.oci_client_kwargs = client_kwargs or {}
    state.chosen = next(_CHOICES)


def default_signer(client_kwargs: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return ``{"config", "signer", "client_kwargs"}`` for what :func:`set_auth` set.

    An explicit signer wins, then ``signer_callable(**signer_kwargs)``, then the way. For API keys without an OCI
    configuration the signer is that of the OpenADS service that the settings mean. ``requests`` takes it:
    ``requests.post(url, json=data, auth=default_signer()["signer"])``.
    """
    state = AuthState()
    given = {**(state.oci_client_kwargs or {}), **(client_kwargs or {})}
    if state.oci_signer is not None or state.oci_signer_callable is not None:
        signer = state.oci_signer
        if signer is None:
            assert state.oci_signer_callable is not None
            signer = state.oci_signer_callable(**(state.oci_signer_kwargs or {}))
        return {"config": dict(state.oci_config or {}), "signer": signer, "client_kwargs": given}
    if without_configuration(state):
        from ads.client.signers import ServiceSigner

        return {"config": {}, "signer": ServiceSigner(), "client_kwargs": given}
    return _signer(str(state.oci_iam_type), _arguments(state, given))


def create_signer(
    auth_type: str = AuthType.API_KEY,
    oci_config_location: str = DEFAULT_LOCATION,
    profile: str = DEFAULT_PROFILE,
    config: Mapping[str, Any] | None = None,
    signer: Any = None,
    signer_callable: Callable[..., Any] | None = None,
    signer_kwargs: dict[str, Any] | None = None,
    client_kwargs: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return ``{"config", "signer", "client_kwargs"}`` for these arguments; the state stays what it is."""
    _require_known(auth_type)
    if signer_callable is not None:
        signer = signer_callable(**(signer_kwargs or {}))
    if signer is not None:
        return {"config": dict(config or {}), "signer": signer, "client_kwargs": client_kwargs or {}}
    arguments = {
        "oci_config_location": oci_config_location,
        "oci_key_profile": profile,
        "oci_config": config or {},
        "client_kwargs": client_kwargs or {},
    }
    return _signer(auth_type, arguments)


def api_keys(
    oci_config: str | Mapping[str, Any] = DEFAULT_LOCATION,
    profile: str = DEFAULT_PROFILE,
    client_kwargs: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a signer for the API key of a profile: of a file, or a dictionary with the same keys."""
    if isinstance(oci_config, Mapping):
        return create_signer(config=oci_config, client_kwargs=client_kwargs)
    return create_signer(oci_config_location=oci_config, profile=profile, client_kwargs=client_kwargs)


def resource_principal(client_kwargs: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a signer for what runs inside OCI. Raises InputError elsewhere."""
    return create_signer(AuthType.RESOURCE_PRINCIPAL, client_kwargs=client_kwargs)


def security_token(
    oci_config: str | Mapping[str, Any] = DEFAULT_LOCATION,
    profile: str = DEFAULT_PROFILE,
    client_kwargs: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return a signer for the session token of a profile: of a file, or a dictionary with the same keys.

    Raises :class:`~ads.errors.SecurityTokenError` for one that has expired.
    """
    config = oci_config if isinstance(oci_config, Mapping) else None
    location = DEFAULT_LOCATION if isinstance(oci_config, Mapping) else oci_config
    return create_signer(AuthType.SECURITY_TOKEN, location, profile, config, client_kwargs=client_kwargs)


def get_signer(oci_config: str | None = None, oci_profile: str | None = None, **client_kwargs: Any) -> dict[str, Any]:
    """Return a signer for a profile, or for what :func:`set_auth` set when none is given. Use the others instead."""
    if oci_config or oci_profile:
        return api_keys(oci_config or DEFAULT_LOCATION, oci_profile or DEFAULT_PROFILE, client_kwargs)
    return default_signer(client_kwargs)


class AuthContext:
    """Makes :func:`set_auth` hold within a ``with`` block only."""

    def __init__(self, **kwargs: Any) -> None:
        self._arguments = kwargs
        self._before: dict[str, Any] = {}

    def __enter__(self) -> Self:
        state = AuthState()
        self._before = {field.name: getattr(state, field.name) for field in fields(state)}
        if self._arguments:
            set_auth(**self._arguments)
        return self

    def __exit__(self, *_: object) -> None:
        state = AuthState()
        for name, value in self._before.items():
            setattr(state, name, value)


class OCIAuthContext(AuthContext):
    """Makes a profile hold within a ``with`` block only. Use :class:`AuthContext` instead."""

    def __init__(self, profile: str | None = None) -> None:
        super().__init__(**({"profile": profile} if profile else {}))


class APIKey:
    """Makes signers for API keys."""

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        self._arguments = dict(args or {})

    def create_signer(self) -> dict[str, Any]:
        """Return ``{"config", "signer", "client_kwargs"}``. Raises InputError for a missing or incomplete profile."""
        from ads.client.oci_signers import api_key_signer

        config = _profile(self._arguments)
        return _answer(self._arguments, config, api_key_signer(config))


class ResourcePrincipal:
    """Makes signers for what runs inside OCI."""

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        self._arguments = dict(args or {})

    def create_signer(self) -> dict[str, Any]:
        """Return ``{"config", "signer", "client_kwargs"}``. Raises InputError outside OCI."""
        from ads.client.oci_signers import resource_principal_signer

        signer = resource_principal_signer()
        return _answer(self._arguments, _of_region(signer), signer)

    @staticmethod
    def supported() -> bool:
        """Return whether this process runs where resource principals exist."""
        return bool(os.environ.get("OCI_RESOURCE_PRINCIPAL_VERSION"))


class InstancePrincipal:
    """Makes signers for OCI's machines."""

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        self._arguments = dict(args or {})

    def create_signer(self) -> dict[str, Any]:
        """Return ``{"config", "signer", "client_kwargs"}``. Raises InputError on any other machine."""
        from ads.client.oci_signers import instance_principal_signer

        signer = instance_principal_signer(**(self._arguments.get("signer_kwargs") or {}))
        return _answer(self._arguments, _of_region(signer), signer)


class SecurityToken:
    """Makes signers for session tokens."""

    SECURITY_TOKEN_GENERIC_HEADERS: ClassVar[list[str]] = ["date", "(request-target)", "host"]
    SECURITY_TOKEN_BODY_HEADERS: ClassVar[list[str]] = ["content-length", "content-type", "x-content-sha256"]
    SECURITY_TOKEN_REQUIRED: ClassVar[list[str]] = ["security_token_file", "key_file", "region"]

    def __init__(self, args: Mapping[str, Any] | None = None) -> None:
        self._arguments = dict(args or {})

    def create_signer(self) -> dict[str, Any]:
        """Return ``{"config", "signer", "client_kwargs"}``; a token that expires soon is refreshed first.

        Raises InputError for a missing or incomplete profile, :class:`~ads.errors.SecurityTokenError` for a token that
        has expired.
        """
        from ads.client.oci_signers import security_token_signer

        config = _profile(self._arguments)
        refresh = None if self._arguments.get("oci_config") else _place(self._arguments)
        return _answer(self._arguments, config, security_token_signer(config, refresh))


class AuthFactory:
    """Finds the class that makes signers for a way; :meth:`register` adds one."""

    classes: ClassVar[dict[str, Any]] = {
        AuthType.API_KEY: APIKey,
        AuthType.RESOURCE_PRINCIPAL: ResourcePrincipal,
        AuthType.INSTANCE_PRINCIPAL: InstancePrincipal,
        AuthType.SECURITY_TOKEN: SecurityToken,
    }

    @classmethod
    def register(cls, signer_type: str, signer: Any) -> None:
        """Add a way: ``signer(arguments).create_signer()`` returns ``{"config", "signer", "client_kwargs"}``."""
        cls.classes[signer_type] = signer

    def signerGenerator(self, iam_type: str | None = AuthType.API_KEY) -> Any:  # noqa: N802 - the public name
        """Return the class that makes signers for a way. Raises InputError for an unknown one."""
        _require_known(iam_type)
        return self.classes[str(iam_type)]


def _place(arguments: Mapping[str, Any]) -> tuple[str, str]:
    location = str(arguments.get("oci_config_location") or DEFAULT_LOCATION)
    return location, str(arguments.get("oci_key_profile") or DEFAULT_PROFILE)


def _profile(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the configuration that was given, or that of the profile in the file that was named."""
    from ads.client.signers import read_profile

    config = dict(arguments.get("oci_config") or {})
    return config or dict(read_profile(*_place(arguments)))


def _of_region(signer: Any) -> dict[str, Any]:
    """Return the configuration of a signer that knows where it is."""
    region = getattr(signer, "region", None)
    return {"region": str(region)} if region else {}


def _answer(arguments: Mapping[str, Any], config: dict[str, Any], signer: Any) -> dict[str, Any]:
    return {"config": config, "signer": signer, "client_kwargs": arguments.get("client_kwargs") or {}}


def _require_known(auth: object) -> None:
    if auth not in AuthFactory.classes:
        raise InputError(f"{auth!r} is no way to authenticate.", hint=f"Ways: {', '.join(AuthFactory.classes)}.")


def _signer(auth: str, arguments: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = AuthFactory().signerGenerator(auth)(arguments).create_signer()
    return found


def _arguments(state: AuthState, client_kwargs: dict[str, Any]) -> dict[str, Any]:
    return {
        "oci_config_location": state.oci_config_path,
        "oci_key_profile": state.oci_key_profile,
        "oci_config": state.oci_config,
        "signer_kwargs": state.oci_signer_kwargs,
        "client_kwargs": client_kwargs,
    }


def without_configuration(state: AuthState) -> bool:
    """Return whether nobody chose anything and OCI's file isn't there: a machine that knows OpenADS alone."""
    from pathlib import Path

    chosen = state.oci_config or state.oci_iam_type != AuthType.API_KEY or state.oci_config_path != DEFAULT_LOCATION
    return not chosen and not Path(DEFAULT_LOCATION).expanduser().is_file()


def profile_of(state: AuthState) -> Mapping[str, Any] | None:
    """Return the configuration that the state means, None where there is no such file or profile."""
    if state.oci_config:
        return state.oci_config
    try:
        return _profile(_arguments(state, {}))
    except InputError:
        return None
