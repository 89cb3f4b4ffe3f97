"""Cookies, CSRF tokens, and where a form may come from.

The cookie's name carries the tenancy, because browsers give one machine's cookies to all its ports: two services on it
must not log each other's visitors out. CSRF tokens are digests of the cookie's secret, so nothing has to be kept.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.requests import cookie_parser
from starlette.responses import Response

from ads.api.context import Context
from ads.identity.verifier import Identity
from ads.registry.console_sessions import SESSION_LIFETIME, find_session

__all__ = ["Cookies", "csrf_token", "is_own_origin", "is_secure", "new_visit", "session_identity"]

_LONGEST = 200


class Cookies:
    """The names of our two cookies: of the session, and of the visit to the login page before it."""

    def __init__(self, context: Context) -> None:
        mark = hashlib.sha256(context.defaults.tenancy_id.encode()).hexdigest()[:8]
        self.session = f"openads-{mark}"
        self.visit = f"openads-visit-{mark}"

    def read(self, headers: Mapping[str, str], name: str) -> str:
        """Return a cookie's value, empty when there is none."""
        value = cookie_parser(headers.get("cookie", "")).get(name, "")
        return value if len(value) <= _LONGEST else ""

    def set(self, response: Response, name: str, value: str, *, secure: bool) -> None:
        """Have the browser keep a cookie that no script can read and no other site's form sends."""
        lifetime = int(SESSION_LIFETIME.total_seconds()) if name == self.session else None
        response.set_cookie(
            name, value, max_age=lifetime, path="/console", secure=secure, httponly=True, samesite="lax"
        )

    def drop(self, response: Response, name: str) -> None:
        """Have the browser forget a cookie."""
        response.delete_cookie(name, path="/console", httponly=True, samesite="lax")


def new_visit() -> str:
    """Return a value for the cookie of a visit to the login page."""
    return secrets.token_urlsafe(24)


def csrf_token(context: Context, secret: str) -> str:
    """Return what each form of this session carries."""
    key = bytes.fromhex(context.defaults.page_secret)
    return hmac.new(key, b"console-form\0" + secret.encode(), hashlib.sha256).hexdigest()


def session_identity(context: Context, secret: str) -> Identity | None:
    """Return whose session it is; None when it is over, or when the credential behind it is."""
    if not secret:
        return None
    with context.database.read() as session:
        row = find_session(session, secret)
    return None if row is None else context.identities.verifier.known(row.credential, time.time())


def is_own_origin(headers: Mapping[str, str]) -> bool:
    """Tell whether a form was sent by a page of ours: browsers say with every POST where it comes from."""
    if headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    said = headers.get("origin") or headers.get("referer") or ""
    return bool(said) and urlsplit(said).netloc.lower() == headers.get("host", "").lower()


def is_secure(context: Context, headers: Mapping[str, str]) -> bool:
    """Tell whether the browser came by HTTPS, ours or that of a server in front of us."""
    return bool(context.settings.tls_certificate) or headers.get("origin", "").startswith("https://")
