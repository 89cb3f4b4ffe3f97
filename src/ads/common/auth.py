"""How requests are authenticated, under the import path that users know. See :mod:`ads.client.auth`."""

from __future__ import annotations

from ads.client.auth import (
    DEFAULT_LOCATION,
    DEFAULT_PROFILE,
    SECURITY_TOKEN_LEFT_TIME,
    APIKey,
    AuthContext,
    AuthFactory,
    AuthState,
    AuthType,
    InstancePrincipal,
    OCIAuthContext,
    ResourcePrincipal,
    SecurityToken,
    SecurityTokenError,
    api_keys,
    create_signer,
    default_signer,
    get_signer,
    resource_principal,
    security_token,
    set_auth,
)

__all__ = [
    "DEFAULT_LOCATION",
    "DEFAULT_PROFILE",
    "SECURITY_TOKEN_LEFT_TIME",
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
    "resource_principal",
    "security_token",
    "set_auth",
]
