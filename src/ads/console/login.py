"""Logging in, by a token or by a link that works once, and out. Each login is a new session; the one before ends."""

from __future__ import annotations

import secrets
import time
from urllib.parse import quote

from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ads.api.context import Context
from ads.api.paths import console_place
from ads.console.frame import render
from ads.console.requests import Asked
from ads.console.sessions import Cookies, csrf_token, is_own_origin, is_secure, new_visit
from ads.errors import NotAuthenticated, NotFound, NotPermitted
from ads.identity.verifier import Identity
from ads.registry.console_sessions import close_session, open_session, use_link
from ads.registry.events import Caller

__all__ = ["answer", "log_out"]

_LOGIN = "/console/login"
_HOME = "/console/"


def answer(context: Context, cookies: Cookies, asked: Asked) -> Response:
    """Return the answer to what is below ``/console/login``. Raises AdsError."""
    link = asked.path.removeprefix(_LOGIN).removeprefix("/")
    if link:
        return _by_link(context, cookies, asked, link)
    if asked.method == "POST":
        return _by_token(context, cookies, asked)
    if asked.method not in {"GET", "HEAD"}:
        raise NotFound("There is no such page.")
    return _form(context, cookies, asked)


def log_out(context: Context, cookies: Cookies, identity: Identity, secret: str) -> Response:
    """End the session here and in the browser."""
    with context.database.write() as session:
        close_session(session, Caller(identity.principal), secret)
    response = RedirectResponse(_LOGIN, 303)
    cookies.drop(response, cookies.session)
    response.headers["clear-site-data"] = '"cache"'
    return response


def _form(context: Context, cookies: Cookies, asked: Asked, problem: NotAuthenticated | None = None) -> Response:
    visit = cookies.read(asked.headers, cookies.visit) or new_visit()
    token = csrf_token(context, f"login\0{visit}")
    place = console_place((asked.fields or asked.query).get("next", [""])[-1]) or _HOME
    html = render(
        "login.html",
        {
            "csrf": Markup('<input type="hidden" name="csrf" value="{}">').format(token),
            "next": place,
            "problem": problem,
            "home": str(context.home.root),
        },
    )
    response = HTMLResponse(html, 401 if problem else 200)
    cookies.set(response, cookies.visit, visit, secure=is_secure(context, asked.headers))
    return response


def _by_token(context: Context, cookies: Cookies, asked: Asked) -> Response:
    visit = cookies.read(asked.headers, cookies.visit)
    given = asked.fields.get("csrf", [""])[-1]
    expected = csrf_token(context, f"login\0{visit}")
    own = visit and asked.is_form and is_own_origin(asked.headers)
    if not own or not secrets.compare_digest(given.encode(), expected.encode()):
        raise NotPermitted("The form didn't come from the login page.", hint=f"Open {_LOGIN} again.", status=403)
    token = asked.fields.get("token", [""])[-1].strip()
    try:
        header = [("authorization", f"Bearer {token}")]
        identity = context.identities.verifier.identify("POST", _LOGIN, header)
    except NotAuthenticated:
        return _form(
            context,
            cookies,
            asked,
            NotAuthenticated(
                "This token is not accepted: it is wrong, expired or revoked.",
                hint="The administrator's is in the file named below; ads tokens create makes others.",
            ),
        )
    place = console_place(asked.fields.get("next", [""])[-1]) or _HOME
    return _enter(context, cookies, asked, identity, place)


def _by_link(context: Context, cookies: Cookies, asked: Asked, secret: str) -> Response:
    if asked.method != "GET":  # what only looks whether the link is there doesn't use it up
        raise NotFound("There is no such page.")
    with context.database.write() as session:
        link = use_link(session, secret)
    identity = context.identities.verifier.known(link.credential, time.time())
    if identity is None:
        raise NotAuthenticated("The credential that made this link was revoked or has expired.", status=401)
    return _enter(context, cookies, asked, identity, link.place)


def _enter(context: Context, cookies: Cookies, asked: Asked, identity: Identity, place: str) -> Response:
    caller = Caller(identity.principal, asked.request_id)
    with context.database.write() as session:
        close_session(session, caller, cookies.read(asked.headers, cookies.session))
        secret = open_session(session, caller, identity.credential)
    response = RedirectResponse(quote(place, safe="/._~%:@!$&'()*+,;=?#-"), 303)
    cookies.set(response, cookies.session, secret, secure=is_secure(context, asked.headers))
    cookies.drop(response, cookies.visit)
    return response
