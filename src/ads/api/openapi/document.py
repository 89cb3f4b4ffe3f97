"""The whole description: paths, parameters and bodies from the routes, the rest from the tables of this package."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from ads import __version__
from ads.api.openapi import inference, own, science, storage
from ads.api.openapi.operation import Operation
from ads.api.openapi.own_shapes import OWN_SHAPES
from ads.api.openapi.shapes import SHAPES

__all__ = ["OPERATIONS", "describe"]

OPERATIONS: Mapping[tuple[str, str], Operation] = {**science.OPERATIONS, **storage.OPERATIONS, **own.OPERATIONS}
"""What is said of each route of the control plane, by method and path."""

_REFUSALS = {
    400: "What was sent can't be read, lacks something, or has a value that can't be.",
    401: "The credential is missing or not valid.",
    404: "There is no such thing, or the caller may not see it.",
    409: "The thing is in a state, or has a name, that stands against it.",
    412: "The thing changed since its etag was read.",
    413: "The body is too large.",
    415: "The body must be application/json.",
    416: "The range is not there.",
    429: "Too many requests; Retry-After says when to come again.",
}
_HEADERS = {
    "etag": "The state of the thing: what if-match takes.",
    "opc-next-page": "The page token of the next page; absent on the last.",
    "opc-request-id": "The caller's id of the request, if it sent one, and the service's.",
    "opc-work-request-id": "The work request that tells how it goes on.",
}
_TAKEN = {
    "if-match": "The etag that the thing must still have.",
    "if-none-match": "`*`: only if there is no such object.",
    "opc-retry-token": "The same token with the same body gives the first outcome again, for a day.",
    "range": "One range of bytes, such as `bytes=0-99`, `bytes=100-` or `bytes=-100`.",
    "content-md5": "The MD5 of the body in base64; it is compared.",
    "content-sha256": "The SHA-256 of the part, 64 hexadecimal digits; it is compared.",
    "content-disposition": "With the name of the file.",
}
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of `/openads/v1/tokens`."},
    "signature": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "OCI's request signature, version 1, with an RSA key of `/openads/v1/keys`.",
    },
}
_ABOUT = """\
The API of OpenADS: projects, models, version sets, deployments, object storage and logs at the paths of OCI, and the
rest below `/openads/v1`. Lists have pages: `opc-next-page` of one is `page` of the next. Every answer has
`opc-request-id`; every error is `{"code", "message"}`. Unknown keys of bodies are ignored at OCI's paths, and are
errors below `/openads/v1`.
"""
_BYTES = {"type": "string", "format": "binary"}
_PATH_PARAMETER = re.compile(r"\{(\w+)\}")
_MODULE_NAME = re.compile(r"ads__api__(\w+?)__(\w+)")


def describe(routers: Iterable[APIRouter]) -> dict[str, Any]:
    """Return the description of these routes as an OpenAPI 3.1 document."""
    routes = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    document = get_openapi(title="OpenADS", version=__version__, description=_ABOUT, routes=routes)
    methods = {(method, route.path_format): route for route in routes for method in route.methods or ()}
    for path, verbs in document["paths"].items():
        for verb, found in verbs.items():
            route = methods[verb.upper(), path]
            operation = OPERATIONS.get((verb.upper(), route.path)) or _unknown(route)
            verbs[verb] = _described(verb.upper(), path, found, operation)
    document["paths"] = dict(sorted({**document["paths"], **copy.deepcopy(inference.PATHS)}.items()))
    components = document.setdefault("components", {})
    schemas = {name: schema for name, schema in components.get("schemas", {}).items() if "ValidationError" not in name}
    components["schemas"] = dict(sorted({**schemas, **copy.deepcopy(SHAPES), **copy.deepcopy(OWN_SHAPES)}.items()))
    components["securitySchemes"] = _SECURITY
    components["responses"] = {
        str(status): {"description": text, "content": _json({"$ref": "#/components/schemas/Error"})}
        for status, text in (*_REFUSALS.items(), ("5XX", "The service failed, or can't answer now."))
    }
    document["security"] = [{name: []} for name in _SECURITY]
    document["servers"] = [{"url": "/"}]
    renamed: dict[str, Any] = _renamed(document)
    return renamed


def _unknown(route: APIRoute) -> Operation:
    noun = route.endpoint.__module__.rpartition(".")[2].replace("_", "-")
    return Operation(f"{noun}.{route.endpoint.__name__.rstrip('_').replace('_', '-')}", "bytes")


def _described(method: str, path: str, found: Mapping[str, Any], operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "summary": str(found.get("description", "")).partition("\n")[0].rstrip("."),
        "tags": found.get("tags", []),
        "parameters": [
            *(_in_path(name) for name in _PATH_PARAMETER.findall(path)),
            *operation.query,
            *(_header(name) for name in _taken(operation)),
        ],
        "responses": _answers(method, operation, has_body="requestBody" in found),
    }
    body = _body(found, operation)
    if body is not None:
        described["requestBody"] = body
    if operation.unsigned:
        described["security"] = []
    return described


def _taken(operation: Operation) -> list[str]:
    implied = {"if-match": operation.matches, "opc-retry-token": operation.retries, "range": operation.ranges}
    return [*(name for name, wanted in implied.items() if wanted), *operation.takes]


def _in_path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": {"type": "string"}, "description": _TAKEN[name]}


def _body(found: Mapping[str, Any], operation: Operation) -> dict[str, Any] | None:
    if operation.uploads:
        return {"required": True, "content": {"application/octet-stream": {"schema": _BYTES}}}
    if "requestBody" not in found:
        return None
    body: dict[str, Any] = copy.deepcopy(found["requestBody"])
    if operation.example is not None:
        body["content"]["application/json"]["example"] = operation.example
    return body


def _answers(method: str, operation: Operation, *, has_body: bool) -> dict[str, Any]:
    headers = ["opc-request-id", *operation.headers]
    if operation.etag:
        headers.append("etag")
    if operation.pages:
        headers.append("opc-next-page")
    if operation.work:
        headers.append("opc-work-request-id")
    good: dict[str, Any] = {
        "description": "Done." if operation.status != 202 else "Accepted.",
        "headers": {name: _answer_header(name) for name in headers},
    }
    content = _content(operation.answer)
    if content:
        good["content"] = content
    answers = {str(operation.status): good}
    if operation.ranges:
        answers["206"] = {**good, "description": "The range that was asked for."}
    for status in operation.also:
        answers[str(status)] = {"description": "What the caller has is what there is."}
    for status in sorted(_refusals(method, operation, has_body=has_body)):
        answers[str(status)] = {"$ref": f"#/components/responses/{status}"}
    answers["5XX"] = {"$ref": "#/components/responses/5XX"}
    return answers


def _refusals(method: str, operation: Operation, *, has_body: bool) -> set[int]:
    found = {400, 401, 404, 429, *operation.refusals}
    if method not in {"GET", "HEAD"} or operation.retries:
        found.add(409)
    if operation.matches:
        found.add(412)
    if has_body or operation.uploads or method in {"POST", "PUT"}:
        found |= {413, 415}
    if operation.ranges:
        found.add(416)
    return found


def _answer_header(name: str) -> dict[str, Any]:
    found: dict[str, Any] = {"schema": {"type": "string"}}
    return {**found, "description": _HEADERS[name]} if name in _HEADERS else found


def _content(answer: str) -> dict[str, Any]:
    if not answer:
        return {}
    if answer == "bytes":
        return {"*/*": {"schema": _BYTES}}
    name = answer.removesuffix("[]").removeprefix("items:")
    reference = {"$ref": f"#/components/schemas/{name}"}
    if answer.endswith("[]"):
        return _json({"type": "array", "items": reference})
    if answer.startswith("items:"):
        listed = {"items": {"type": "array", "items": reference}}
        return _json({"type": "object", "properties": listed, "required": ["items"]})
    return _json(reference)


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _renamed(value: Any) -> Any:
    """Return the document with the names of bodies that several modules use told apart by readable names."""

    def readable(match: re.Match[str]) -> str:
        return match[2] + "".join(part.capitalize() for part in ["of", *match[1].split("_")])

    if isinstance(value, dict):
        return {_MODULE_NAME.sub(readable, key): _renamed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item) for item in value]
    return _MODULE_NAME.sub(readable, value) if isinstance(value, str) else value
