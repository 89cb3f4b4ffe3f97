"""The short way from the door to a handler: for requests whose handler takes nothing but what is there already.

The routes are those of the routers, in their order, with their rules; FastAPI describes them and stays the one that
answers everything else: unknown paths and methods, bodies that don't fit, parameters of other kinds, dependencies. What
takes the short way means the same there, it only costs less: no search through all routes, no stacks of contexts, no
second reading of the body.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from re import Pattern
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from ads.api.context import context_of
from ads.api.rules import authorize

__all__ = ["Dispatch", "short"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Handler = TypeVar("Handler", bound=Callable[..., Any])
Key = tuple[str, str, str]

_SHORT = "openads_short"


def short(when: Callable[[Request], bool] = lambda _: True) -> Callable[[Handler], Handler]:
    """Mark a handler that reads a few rows by an index, and does nothing else; ``when`` tells for which requests.

    Where the database is a file of this machine it is called at once: handing it to a thread takes longer than it does.
    Nothing else is answered meanwhile, so anything that may look at many rows must not be marked.
    """

    def mark(handler: Handler) -> Handler:
        setattr(handler, _SHORT, when)
        return handler

    return mark


@dataclass(frozen=True)
class _Direct:
    """A route whose handler can be called with parts of the path, the request and the body alone."""

    route: APIRoute
    pattern: Pattern[str]
    parts: tuple[str, ...]
    request: str
    body: tuple[str, type[BaseModel]] | None
    awaited: bool
    short: Callable[[Request], bool] | None


class Dispatch:
    """ASGI middleware inside the door, right before FastAPI."""

    def __init__(self, app: App, routers: Iterable[APIRouter]) -> None:
        self._app = app
        routes = [(route, router) for router in routers for route in router.routes if isinstance(route, APIRoute)]
        self._index = _index([(route, None if router.dependencies else _direct(route)) for route, router in routes])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; what can't go the short way passes through."""
        found = self._find(scope) if scope["type"] == "http" else None
        if found is None:
            await self._app(scope, receive, send)
            return
        direct, path_parts = found
        scope["route"], scope["endpoint"], scope["path_params"] = direct.route, direct.route.endpoint, path_parts
        request = Request(scope, receive, send)
        await authorize(request)
        given: dict[str, Any] = {name: path_parts[name] for name in direct.parts}
        if direct.request:
            given[direct.request] = request
        if direct.body is not None:
            name, kind = direct.body
            try:
                given[name] = kind.model_validate(scope["state"]["json"])
            except ValidationError:
                await self._app(scope, receive, send)  # it says what is wrong
                return
        response = await _called(direct, request, given)
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> tuple[_Direct, dict[str, str]] | None:
        path: str = scope["path"]
        method, (first, second) = scope["method"], _beginning(path)
        known = self._index.get((method, first, second)) or self._index.get((method, first, ""))
        for pattern, direct in known or ():
            match = pattern.match(path)
            if match is not None:
                if direct is None or (direct.body is not None and "json" not in scope["state"]):
                    return None
                return direct, match.groupdict()
        return None


async def _called(direct: _Direct, request: Request, given: dict[str, Any]) -> Response:
    call: Callable[..., Any] = direct.route.endpoint
    found: Response
    if direct.awaited:
        found = await call(**given)
    elif direct.short is not None and context_of(request).database.is_sqlite and direct.short(request):
        found = call(**given)
    else:
        found = await run_in_threadpool(call, **given)
    return found


def _direct(route: APIRoute) -> _Direct | None:
    """Return how the handler of the route is called; None where it takes more than the short way has."""
    if route.dependencies or type(route) is not APIRoute:  # what a kind of its own does is not known here
        return None
    parts: list[str] = []
    request, body = "", None
    for name, parameter in inspect.signature(route.endpoint, eval_str=True).parameters.items():
        kind = parameter.annotation
        if kind is Request:
            request = name
        elif name in route.param_convertors and kind is str:
            parts.append(name)
        elif body is None and inspect.isclass(kind) and issubclass(kind, BaseModel):
            body = (name, kind)
        else:
            return None
        if parameter.default is not inspect.Parameter.empty:
            return None
    awaited = inspect.iscoroutinefunction(route.endpoint)
    is_short = getattr(route.endpoint, _SHORT, None)
    return _Direct(route, route.path_regex, tuple(parts), request, body, awaited, is_short)


def _index(
    routes: list[tuple[APIRoute, _Direct | None]],
) -> dict[Key, list[tuple[Pattern[str], _Direct | None]]]:
    """Return the routes by method and the first two parts of their paths, each list in the order of all routes.

    A path whose second part no route names is looked up with an empty one: it belongs to routes that take any.
    """
    keys = {(method, *_beginning(route.path)) for route, _ in routes for method in _methods(route)}
    keys |= {(method, first, "") for method, first, _ in keys}
    return {
        (method, first, second): [
            (route.path_regex, direct)
            for route, direct in routes
            if method in _methods(route) and _may_begin(route.path, first, second)
        ]
        for method, first, second in keys
    }


def _methods(route: APIRoute) -> set[str]:
    return route.methods or set()


def _beginning(path: str) -> tuple[str, str]:
    parts = path.split("/", 3)
    second = parts[2] if len(parts) > 2 else ""
    return parts[1] if len(parts) > 1 else "", "" if second.startswith("{") else second


def _may_begin(template: str, first: str, second: str) -> bool:
    own_first, own_second = _beginning(template)
    return own_first == first and own_second in {second, ""}
