"""The console in front of the API: pages for browsers at ``/console``, everything else to the API's own door.

Nothing of a page is decided here but who may come in: pages ask the API of this process as their visitor, and get what
the API would give. A browser without a session is led to the login; a client with a credential gets the JSON twin.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import anyio
import anyio.from_thread
import anyio.to_thread
import orjson
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ads.api.authentication import ADMITTED, App, Receive, Scope, Send
from ads.api.context import Context
from ads.api.paths import console_place
from ads.api.problems import internal_error, problem_of
from ads.console import (
    activity,
    compare,
    deployment_actions,
    deployments,
    help_page,
    invoke,
    login,
    model,
    models,
    overview,
    settings,
    version,
)
from ads.console.assets import assets
from ads.console.frame import NOTICES, render
from ads.console.pages import Elsewhere, Form, Page, Pages, match_path
from ads.console.requests import Asked, read_asked
from ads.console.sessions import Cookies, csrf_token, is_own_origin, session_identity
from ads.console.streams import pass_on
from ads.console.visit import Visit
from ads.errors import AdsError, NotAuthenticated, NotFound, NotPermitted
from ads.identity.verifier import Identity

__all__ = ["PAGES", "Console"]

logger = logging.getLogger(__name__)

PAGES: tuple[Pages, ...] = (
    overview.pages,
    models.pages,
    model.pages,
    version.pages,
    compare.pages,
    deployments.pages,
    invoke.pages,
    deployment_actions.pages,
    activity.pages,
    settings.pages,
    help_page.pages,
)
"""Every part of the console."""

_THREADS = 8
_PLACE = "/console"
_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True)
class _Heard:
    """What the API answered to a page."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Console:
    """ASGI middleware outside the API's door."""

    def __init__(self, app: App, context: Context) -> None:
        self._app = app
        self._context = context
        self._cookies = Cookies(context)
        self._limiter: anyio.CapacityLimiter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer what is the console's; pass on the rest."""
        if scope["type"] != "http" or not _is_ours(scope):
            await self._app(scope, receive, send)
            return
        asked = await read_asked(scope, receive)
        if asked is None:
            return  # the browser went away
        if asked.path.startswith(f"{_PLACE}/api/"):
            await self._stream(asked, scope, receive, send)
            return
        limiter = self._limiter = self._limiter or anyio.CapacityLimiter(_THREADS)
        response = await anyio.to_thread.run_sync(self._guarded, asked, scope, limiter=limiter)
        await _secured(response, asked)(scope, receive, send)

    async def _stream(self, asked: Asked, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            identity = await anyio.to_thread.run_sync(self._identity, asked)
        except AdsError as error:
            await problem_of(error)(scope, receive, send)
            return
        if identity is None or asked.method not in {"GET", "HEAD"}:
            await problem_of(_not_authenticated())(scope, receive, send)
            return
        await pass_on(self._app, identity, asked.path.removeprefix(f"{_PLACE}/api"), scope, receive, send)

    def _guarded(self, asked: Asked, scope: Scope) -> Response:
        try:
            return self._answer(asked, scope)
        except Elsewhere as other:
            return RedirectResponse(console_place(other.place) or f"{_PLACE}/", 303)
        except AdsError as error:
            return self._error(asked, error)
        except Exception:  # the process boundary: one page's defect must not take others with it
            logger.exception("%s %s failed", asked.method, asked.path)
            return internal_error(head=asked.method == "HEAD")

    def _answer(self, asked: Asked, scope: Scope) -> Response:
        if asked.path in {"/", _PLACE}:
            return RedirectResponse(f"{_PLACE}/", 303)
        below = asked.path.removeprefix(_PLACE)
        if below.startswith("/static/"):
            found = assets().answer(below.removeprefix("/static/"))
            return found or self._error(asked, _no_page())
        if below == "/login" or below.startswith("/login/"):
            return login.answer(self._context, self._cookies, asked)
        identity = self._identity(asked)
        if identity is None:
            return self._ask_to_log_in(asked)
        if asked.method == "POST":
            return self._take(asked, identity, scope)
        if asked.method not in {"GET", "HEAD"}:
            raise NotFound("There is no such page.")
        for pages in PAGES:
            for page in pages.pages:
                parts = match_path(page.path, below)
                if parts is not None:
                    return self._page(page, self._visit(asked, identity, parts, scope), asked)
        raise _no_page()

    def _identity(self, asked: Asked) -> Identity | None:
        """Return who comes: by the session's cookie or, as to the API, by a credential. Raises NotAuthenticated."""
        if "authorization" in asked.headers:
            return self._context.identities.verifier.identify(asked.method, asked.target, asked.raw_headers)
        return session_identity(self._context, self._cookies.read(asked.headers, self._cookies.session))

    def _ask_to_log_in(self, asked: Asked) -> Response:
        if asked.method not in {"GET", "HEAD"} or not asked.wants_html:
            raise _not_authenticated()
        place = console_place(asked.target) or f"{_PLACE}/"
        more = "" if place == f"{_PLACE}/" else f"?next={quote(place, safe='/')}"
        return RedirectResponse(f"{_PLACE}/login{more}", 303)

    def _visit(self, asked: Asked, identity: Identity, parts: Mapping[str, str], scope: Scope) -> Visit:
        def api(identity: Identity, method: str, target: str, body: bytes, if_match: str) -> _Heard:
            heard: _Heard = anyio.from_thread.run(self._ask, scope, identity, method, target, body, if_match)
            return heard

        return Visit(
            self._context,
            api,
            identity,
            path=asked.path,
            parts=parts,
            query=asked.query,
            fields=asked.fields,
            request_id=asked.request_id,
        )

    def _page(self, page: Page, visit: Visit, asked: Asked, more: Mapping[str, Any] | None = None) -> Response:
        data = {**page.make(visit), **(more or {})}
        status = problem_of(visit.problem).status_code if visit.problem is not None else 200
        if not asked.wants_html:
            return Response(orjson.dumps(data), status, media_type="application/json")
        return HTMLResponse(self._html(page.template, asked, visit, nav=page.nav, page=data), status)

    def _html(self, template: str, asked: Asked, visit: Visit | None, **values: Any) -> str:
        from markupsafe import Markup

        secret = self._cookies.read(asked.headers, self._cookies.session)
        token = csrf_token(self._context, secret)
        given = {
            "visit": visit,
            "asked": asked,
            "csrf": Markup('<input type="hidden" name="csrf" value="{}">').format(token),
            "notice": NOTICES.get(asked.query.get("done", [""])[-1], ""),
            "nav": "",
            **values,
        }
        return render(template, given)

    def _take(self, asked: Asked, identity: Identity, scope: Scope) -> Response:
        """Take a form: only from a page of ours, with the session's own token."""
        secret = self._cookies.read(asked.headers, self._cookies.session)
        given = asked.fields.get("csrf", [""])[-1]
        good = secrets.compare_digest(given.encode(), csrf_token(self._context, secret).encode())
        if "authorization" in asked.headers or not is_own_origin(asked.headers) or not good or not asked.is_form:
            raise _forged()
        below = asked.path.removeprefix(_PLACE)
        if below == "/logout":
            return login.log_out(self._context, self._cookies, identity, secret)
        for form, parts in ((form, match_path(form.path, below)) for pages in PAGES for form in pages.forms):
            if parts is not None:
                return self._taken(form, self._visit(asked, identity, parts, scope), asked)
        raise _no_page()

    def _taken(self, form: Form, visit: Visit, asked: Asked) -> Response:
        more: Mapping[str, Any] = {}
        try:
            outcome = form.take(visit)
            if isinstance(outcome, str):
                return RedirectResponse(console_place(outcome) or f"{_PLACE}/", 303)
            more = outcome
        except AdsError as error:
            visit.problem = error
        return self._page(form.back, visit, asked, more)

    def _error(self, asked: Asked, error: AdsError) -> Response:
        plain = problem_of(error, head=asked.method == "HEAD")
        if not asked.wants_html:
            return plain
        html = self._html("error.html", asked, None, error=error, status=plain.status_code)
        kept = {"retry-after": plain.headers["retry-after"]} if "retry-after" in plain.headers else None
        return HTMLResponse(html, plain.status_code, kept)

    async def _ask(
        self, scope: Scope, identity: Identity, method: str, target: str, body: bytes, if_match: str
    ) -> _Heard:
        path, _, query = target.partition("?")
        headers = [(b"host", Headers(scope=scope).get("host", "console").encode("latin-1"))]
        if body:
            headers.append((b"content-type", b"application/json"))
        if if_match:
            headers.append((b"if-match", if_match.encode("latin-1")))
        inner = {
            **scope,
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": headers,
            "state": dict(scope.get("state", {})),
            ADMITTED: identity,
        }
        heard: list[Any] = [500, {}]
        parts: list[bytes] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                heard[:] = message["status"], {k.decode("latin-1"): v.decode("latin-1") for k, v in message["headers"]}
            else:
                parts.append(message.get("body", b""))

        await self._app(inner, receive, send)
        return _Heard(heard[0], heard[1], b"".join(parts))


def _is_ours(scope: Scope) -> bool:
    path: str = scope["raw_path"].decode("latin-1")
    if path == "/":  # the address that people type; clients without a credential are told so by the API's door
        return scope["method"] in {"GET", "HEAD"} and "text/html" in Headers(scope=scope).get("accept", "")
    return path == _PLACE or path.startswith(f"{_PLACE}/")


def _secured(response: Response, asked: Asked) -> Response:
    for name, value in _HEADERS.items():
        response.headers[name] = value
    response.headers.setdefault("cache-control", "no-store")
    response.headers["vary"] = "accept, cookie"
    response.headers["opc-request-id"] = asked.request_id
    return response


def _not_authenticated() -> NotAuthenticated:
    return NotAuthenticated("The credential of the request is missing or not valid.", hint="Log in at /console/login.")


def _forged() -> NotPermitted:
    return NotPermitted(
        "The form didn't come from a page of this session.", hint="Open the page again and repeat it.", status=403
    )


def _no_page() -> NotFound:
    return NotFound("There is no such page.")
