"""One visit of a page: who comes, what was asked, and the API as this visitor may use it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import orjson
from sqlalchemy.orm import Session

from ads.api.context import Context
from ads.errors import Conflict, InputError, NotAuthenticated, NotFound, PreconditionFailed, ServiceError
from ads.identity.access import Permissions, Verb
from ads.identity.verifier import Identity
from ads.registry.events import Caller
from ads.registry.grants import visible_compartments

__all__ = ["Api", "ApiAnswer", "Visit"]

_PATH = re.compile(r"/[A-Za-z0-9/._~%:@!$&'()*+,;=-]*", re.ASCII)
_KINDS: Mapping[int, type[ServiceError]] = {
    401: NotAuthenticated,
    404: NotFound,
    409: Conflict,
    412: PreconditionFailed,
}


class ApiAnswer(Protocol):
    """What the API answered."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, their names in lower case."""

    @property
    def body(self) -> bytes:
        """The whole body."""


class Api(Protocol):
    """Asks the API of this process as somebody who is let in already. Called from a page's thread."""

    def __call__(self, identity: Identity, method: str, target: str, body: bytes, if_match: str) -> ApiAnswer:
        """Return the answer."""


class Visit:
    """See the module. ``parts`` are the parameters of the path, ``problem`` is the error that a form ended with."""

    def __init__(
        self,
        context: Context,
        api: Api,
        identity: Identity,
        *,
        path: str,
        parts: Mapping[str, str],
        query: Mapping[str, list[str]],
        fields: Mapping[str, list[str]],
        request_id: str = "",
    ) -> None:
        self.context = context
        self.identity = identity
        self.path = path
        self.parts = parts
        self.problem: ServiceError | InputError | Any = None
        self._api = api
        self._query = query
        self._fields = fields
        self._request_id = request_id
        self._places: dict[Verb, frozenset[str]] = {}

    @property
    def caller(self) -> Caller:
        """Who comes, for functions of the registry."""
        return Caller(self.identity.principal, self._request_id, self.identity.permissions.scope)

    @property
    def permissions(self) -> Permissions:
        """What the visitor may do."""
        return self.identity.permissions

    def may(self, verb: Verb, compartment_id: str = "") -> bool:
        """Tell whether the visitor may do this there, or in the tenancy. Pages hide what can't be done anyway."""
        return self.permissions.allows(verb, compartment_id or self.context.defaults.tenancy_id)

    def compartments(self, verb: Verb = "inspect") -> frozenset[str]:
        """Return where the visitor has this verb, as it was when the page first asked."""
        if verb not in self._places:
            with self.read() as session:
                self._places[verb] = visible_compartments(session, self.caller, verb)
        return self._places[verb]

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Give a session on one state of the catalog; show only what lies in :meth:`compartments`."""
        with self.context.database.read() as session:
            yield session

    def query(self, name: str, default: str = "") -> str:
        """Return a parameter of the query."""
        return self._query.get(name, [default])[-1]

    def queries(self, name: str) -> list[str]:
        """Return all values of a parameter of the query."""
        return list(self._query.get(name, ()))

    def field(self, name: str, default: str = "") -> str:
        """Return a field of the form, without space around it."""
        return self._fields.get(name, [default])[-1].strip()

    def fields(self, name: str) -> list[str]:
        """Return all values of a field of the form."""
        return list(self._fields.get(name, ()))

    def here(self, **changes: object) -> str:
        """Return this page's address with other parameters; None and '' take one away."""
        merged: dict[str, list[str]] = {name: list(values) for name, values in self._query.items() if name != "done"}
        for name, value in changes.items():
            merged[name] = [] if value is None or value == "" else [str(value)]
        text = urlencode([(name, value) for name, values in merged.items() for value in values])
        return f"{self.path}?{text}" if text else self.path

    def done(self, place: str, notice: str) -> str:
        """Return a page's address which says once what has been done (a key of ``frame.NOTICES``)."""
        bare, mark, fragment = place.partition("#")
        return f"{bare}{'&' if '?' in bare else '?'}done={quote(notice)}{mark}{fragment}"

    def get(self, path: str, **query: object) -> Any:
        """Return the JSON that the API answers. Raises the error that it answers with."""
        return self.ask("GET", path, query=query)[0]

    def get_page(self, path: str, **query: object) -> tuple[Any, str]:
        """Return the JSON of one page of a list, and the token of the next one, empty at the end."""
        content, headers = self.ask("GET", path, query=query)
        return content, headers.get("opc-next-page", "")

    def send(self, method: str, path: str, body: object = None, *, if_match: str = "", **query: object) -> Any:
        """Have the API change something; return its JSON. Raises the error that it answers with."""
        return self.ask(method, path, body, query=query, if_match=if_match)[0]

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, object] | None = None,
        if_match: str = "",
    ) -> tuple[Any, Mapping[str, str]]:
        """Return the JSON and the headers of the API's answer. Raises the error that it answers with."""
        if not _PATH.fullmatch(path):
            raise NotFound("There is no such page.", status=404)
        text = urlencode({name: str(value) for name, value in (query or {}).items() if value not in (None, "")})
        content = b"" if body is None else orjson.dumps(body)
        answer = self._api(self.identity, method, f"{path}?{text}" if text else path, content, if_match)
        found = orjson.loads(answer.body) if answer.body else None
        if answer.status >= 400:
            raise _error(answer.status, found if isinstance(found, dict) else {})
        return found, answer.headers


def _error(status: int, problem: Mapping[str, Any]) -> ServiceError:
    kind = _KINDS.get(status, ServiceError)
    message = str(problem.get("message", "The service could not do that."))
    return kind(message, status=status, service_code=str(problem.get("code", "")))
