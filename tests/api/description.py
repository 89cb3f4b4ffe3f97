"""Whether an answer is one that the published description of the API promises."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from ads.api.application import ROUTERS
from ads.api.openapi.document import describe

__all__ = ["Promises", "check_promises"]


class Promises:
    """The description, ready for comparison. ``exact``: a key that it doesn't name is an error, too."""

    def __init__(self, *, exact: bool) -> None:
        self.document = describe(ROUTERS)
        self._routes = [route for router in ROUTERS for route in router.routes]
        if exact:
            for schema in self.document["components"]["schemas"].values():
                _close(schema)

    def check(self, response: httpx.Response) -> None:
        """Fail when the status, the headers or the body are not among those of the operation."""
        path = response.request.url.raw_path.partition(b"?")[0].decode()
        method = response.request.method
        found = next((r for r in self._routes if method in r.methods and r.path_regex.match(path)), None)
        if found is None:
            return
        operation = self.document["paths"][found.path_format][method.lower()]
        what = f"{method} {path} ({operation['operationId']}) answered {response.status_code}"
        status = str(response.status_code)
        promised = operation["responses"].get(status) or operation["responses"].get(f"{status[0]}XX")
        assert promised is not None, f"{what}, which its description doesn't have"
        if "$ref" in promised:
            promised = self.document["components"]["responses"][promised["$ref"].rpartition("/")[2]]
        content = promised.get("content", {})
        if content and "application/json" not in content:
            return
        assert (response.read() == b"") or (content and method != "HEAD"), f"{what} with a body"
        if method == "HEAD" or not content:
            return
        assert response.headers["content-type"] == "application/json", f"{what} as {response.headers['content-type']}"
        schema = {**content["application/json"]["schema"], "components": self.document["components"]}
        errors = [
            f"{'.'.join(map(str, error.absolute_path))}: {error.message[:300]}"
            for error in Draft202012Validator(schema).iter_errors(response.json())
        ]
        assert not errors, f"{what}, unlike its description (src/ads/api/openapi): {errors[:5]}"


def check_promises(response: httpx.Response) -> None:
    """Fail when an answer is unlike its description, keys that it doesn't name left out: for every test's client."""
    _promises().check(response)


@lru_cache(maxsize=1)
def _promises() -> Promises:
    return Promises(exact=False)


def _close(schema: Any) -> None:
    if isinstance(schema, dict):
        if "required" in schema and "properties" in schema:
            schema.setdefault("additionalProperties", False)
        for value in schema.values():
            _close(value)
    elif isinstance(schema, list):
        for value in schema:
            _close(value)
