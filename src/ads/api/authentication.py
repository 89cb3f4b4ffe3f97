"""The door of the control plane: who sent this, is the body the signed one, is its JSON strict. Then comes routing.

Everything here happens before the path is looked at, so a caller without a credential learns nothing, not even which
paths exist.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from ads.api import strict_json
from ads.api.archives import archive_rights, archive_wanted
from ads.api.context import Context
from ads.api.preauthenticated import is_link, open_link
from ads.api.problems import internal_error, problem_of
from ads.errors import AdsError, InputError, NotAuthenticated, PayloadTooLarge, ServiceError
from ads.identity.signature import body_digest, is_upload
from ads.registry.events import SERVICE, Caller

__all__ = ["ADMITTED", "MAX_JSON_BODY", "Door"]

logger = logging.getLogger(__name__)

MAX_JSON_BODY = 8 * 1024 * 1024
"""Bytes of the largest body that is not an upload."""

ADMITTED = "openads.admitted"
"""Key of a scope: the identity of somebody whom this process has let in already. No client can set it."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9/_.-]{1,100}")
_NO_CONTENT_TYPE = "/v2/"
"""Clients of the Open Inference Protocol don't say that their JSON is JSON."""
_JSON = re.compile(rb"application/(?:[a-z0-9.+-]*\+)?json *(?:;.*)?", re.IGNORECASE)


class _Disconnected(Exception):
    """The caller went away before its body was complete."""


class Door:
    """ASGI middleware: authenticates, checks the body, names the request, turns every error into a problem."""

    def __init__(self, app: App, context: Context) -> None:
        self._app = app
        self._context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; other kinds of scope pass through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        answer = _Answer(send, request_id)
        head = scope["method"] == "HEAD"
        try:
            receive = await self._admit(scope, receive, request_id)
            await self._app(scope, receive, answer.send)
        except AdsError as error:
            if answer.begun:
                logger.exception("%s: %s failed in the middle of its answer", request_id, scope["method"])
                raise
            await answer.give(scope, receive, problem_of(error, head=head))
        except (_Disconnected, ClientDisconnect):
            logger.info("%s: the caller went away", request_id)
        except Exception:  # the process boundary: one request's defect must not take others with it
            logger.exception("%s: %s failed", request_id, scope["method"])
            if answer.begun:
                raise
            await answer.give(scope, receive, internal_error(head=head))

    async def _admit(self, scope: Scope, receive: Receive, request_id: str) -> Receive:
        """Return a ``receive`` whose body is checked, with the caller noted in the scope. Raises AdsError."""
        method: str = scope["method"]
        target = scope["raw_path"].decode("latin-1")
        query: bytes = scope["query_string"]
        if query:
            target = f"{target}?{query.decode('latin-1')}"
        state = scope.setdefault("state", {})
        if is_link(target) and ADMITTED not in scope:
            return await self._admit_link(scope, receive, target, request_id)
        wanted = None if ADMITTED in scope else archive_wanted(self._context, target, scope["headers"])
        if wanted is not None:
            state["archive"] = wanted
            state["caller"], state["permissions"] = Caller(SERVICE.principal, request_id), archive_rights(self._context)
            state["body_sha256"], state["body"] = None, b""
            return receive
        identity = scope.get(ADMITTED) or self._context.identities.verifier.identify(method, target, scope["headers"])
        state["caller"] = Caller(identity.principal, request_id, identity.permissions.scope)
        state["permissions"] = identity.permissions
        state["credential"] = identity.credential
        state["body_sha256"] = identity.body_sha256
        state.pop("json", None)
        _check_query(query)
        if "\0" in scope["path"]:
            raise InputError("The path holds the character U+0000.")
        # Routes match what was sent: %2F in a name is no slash. Handlers decode names that may have such characters.
        scope["path"] = scope["raw_path"].decode("latin-1")
        if is_upload(method, target):
            return receive
        body = await _read_body(scope, receive)
        if identity.body_sha256 is not None and body_digest(body) != identity.body_sha256:
            raise NotAuthenticated("The credential of the request is missing or not valid.")
        if body:
            if not target.startswith(_NO_CONTENT_TYPE):
                _check_json_type(scope)
                state["json"] = strict_json.loads(body)
            else:
                strict_json.loads(body)
        state["body"] = body
        return _replay(body, receive)

    async def _admit_link(self, scope: Scope, receive: Receive, target: str, request_id: str) -> Receive:
        """Admit who holds a link to an object: the caller is the one who made it. Raises AdsError."""
        link = await run_in_threadpool(open_link, self._context, target.partition("?")[0])
        state = scope["state"]
        state["link"], state["caller"] = link, Caller(link.principal, request_id)
        state["permissions"] = self._context.identities.verifier.permissions_of(link.principal)
        state["body_sha256"], state["body"] = None, b""
        _check_query(scope["query_string"])
        if "\0" in scope["path"]:
            raise InputError("The path holds the character U+0000.")
        scope["path"] = scope["raw_path"].decode("latin-1")
        return receive


class _Answer:
    """Sends an answer once, with the request's id on it."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send = send
        self._request_id = request_id.encode("ascii")
        self.begun = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.begun = True
            message["headers"] = [
                *message.get("headers", ()),
                (b"opc-request-id", self._request_id),
                (b"x-content-type-options", b"nosniff"),
            ]
        await self._send(message)

    async def give(self, scope: Scope, receive: Receive, response: Response) -> None:
        await response(scope, receive, self.send)


def _request_id(scope: Scope) -> str:
    own = secrets.token_hex(16)
    for name, value in scope["headers"]:
        if name == b"opc-request-id" and _REQUEST_ID.fullmatch(value):
            return f"{value.decode('ascii')}/{own}"
    return own


def _check_query(query: bytes) -> None:
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError as error:
        raise InputError("The query can't be read as UTF-8 text.") from error
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        raise InputError("The query has a parameter twice.")
    if any("\0" in value for _, value in pairs):
        raise InputError("The query holds the character U+0000.")


async def _read_body(scope: Scope, receive: Receive) -> bytes:
    too_large = PayloadTooLarge(f"The body is larger than {MAX_JSON_BODY} bytes.")
    for name, value in scope["headers"]:
        if name == b"content-length" and int(value) > MAX_JSON_BODY:
            raise too_large
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Disconnected
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > MAX_JSON_BODY:
            raise too_large
        if not message.get("more_body", False):
            return b"".join(parts)


def _check_json_type(scope: Scope) -> None:
    kinds = [value for name, value in scope["headers"] if name == b"content-type"]
    if len(kinds) != 1 or not _JSON.fullmatch(kinds[0]):
        raise ServiceError("The body must be application/json.", status=415, service_code="UnsupportedMediaType")


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
