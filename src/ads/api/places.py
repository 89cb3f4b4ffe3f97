"""In which compartments the things are that a request names: in its path, its query, its body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.api import strict_json
from ads.errors import NotFound
from ads.identity.access import Verb
from ads.registry.buckets import no_bucket
from ads.registry.deployments import Deployment
from ads.registry.grants import Grant
from ads.registry.logs import LogGroup
from ads.registry.lookups import not_found
from ads.registry.storage_tables import Bucket
from ads.registry.tables import Compartment, Model, ModelVersionSet, Project
from ads.registry.work_requests import WorkRequest

__all__ = ["KINDS", "TENANCY", "Kind", "Need", "compartments_named", "place_in_path", "related_places"]


@dataclass(frozen=True)
class Kind:
    """A kind of thing that lies in a compartment."""

    noun: str
    table: Any
    key: str = "id"
    place: str = "compartment_id"

    def compartment_of(self, session: Session, id_: str) -> str | None:
        """Return the compartment of the thing, None when there is no such thing."""
        column = getattr(self.table, self.place)
        found: str | None = session.scalar(select(column).where(getattr(self.table, self.key) == id_))
        return found

    def refusal(self, id_: str, *, related: bool = False) -> NotFound:
        """Return the error of a thing that isn't there: that of one which may not be seen is the same."""
        return no_bucket(id_) if self.table is Bucket else not_found(self.noun, id_, related=related)


_BUCKET = Kind("bucket", Bucket, "name")
_MODEL = Kind("model", Model)
_PROJECT = Kind("project", Project)
_SET = Kind("model version set", ModelVersionSet)

KINDS: Mapping[str, Kind] = {
    "bucket": _BUCKET,
    "compartment_id": Kind("compartment", Compartment, place="id"),
    "deployment_id": Kind("deployment", Deployment),
    "grant_id": Kind("grant", Grant),
    "group_id": Kind("log group", LogGroup),
    "model_id": _MODEL,
    "project_id": _PROJECT,
    "set_id": _SET,
    "work_request_id": Kind("work request", WorkRequest),
}
"""What a parameter of a path names. The first of them in a path says where the request belongs."""

TENANCY = frozenset({"archive_sha256", "environment_key", "user_id", "webhook_id"})
"""Parameters that name things of the tenancy as a whole."""


@dataclass(frozen=True)
class Need:
    """That the caller must have a verb in a compartment, and what it is told otherwise."""

    verb: Verb
    compartment_id: str
    refusal: NotFound


# What a body names besides its own compartment: where, what, and the verb that it takes. `*` is every item of a list.
_RELATED: tuple[tuple[tuple[str, ...], Kind, Verb], ...] = (
    (("projectId",), _PROJECT, "read"),
    (("modelVersionSetId",), _SET, "use"),
    (("modelId",), _MODEL, "read"),
    (("modelDeploymentConfigurationDetails", "modelConfigurationDetails", "modelId"), _MODEL, "read"),
    (("derivedFrom", "*"), _MODEL, "read"),
    (("artifactExportDetails", "sourceBucket"), _BUCKET, "read"),
    (("artifactImportDetails", "destinationBucket"), _BUCKET, "manage"),
    (("destinationBucket",), _BUCKET, "manage"),
    (("modelArtifactReferences", "*", "bucketName"), _BUCKET, "read"),
)


def place_in_path(session: Session, parameters: Mapping[str, str]) -> tuple[str, NotFound] | None:
    """Return the compartment of what the path names, and the error of what may not be seen; None without such a part.

    Raises NotFound when there is no such thing.
    """
    for name, id_ in parameters.items():
        kind = KINDS.get(name)
        if kind is not None:
            compartment_id = kind.compartment_of(session, id_)
            if compartment_id is None:
                raise kind.refusal(id_)
            return compartment_id, kind.refusal(id_)
    return None


def compartments_named(request: Request, verb: Verb) -> list[Need]:
    """Return what takes the compartments that the query and the body name."""
    needs = []
    asked = request.query_params.get("compartmentId")
    if asked:
        needs.append(Need(verb, asked, not_found("compartment", asked)))
    given = _body(request).get("compartmentId")
    if given and isinstance(given, str):
        needs.append(Need(verb, given, not_found("compartment", given, related=True)))
    return needs


def related_places(request: Request, session: Session) -> Iterator[Need]:
    """Yield what takes the other things that the body names, as far as there are such things."""
    body = _body(request)
    for path, kind, verb in _RELATED:
        for id_ in _values(body, path):
            compartment_id = kind.compartment_of(session, id_)
            if compartment_id is not None:
                yield Need(verb, compartment_id, kind.refusal(id_, related=True))


def _body(request: Request) -> dict[str, Any]:
    """Return the body, if it is one with keys; whether it is a good one is the handler's business."""
    content: bytes = getattr(request.state, "body", b"")
    if not content:
        return {}
    parsed = strict_json.loads(content)  # as the door has read it
    return parsed if isinstance(parsed, dict) else {}


def _values(value: Any, path: Sequence[str]) -> Iterator[str]:
    if not path:
        if isinstance(value, str):
            yield value
    elif path[0] == "*":
        for item in value if isinstance(value, list) else ():
            yield from _values(item, path[1:])
    elif isinstance(value, dict):
        yield from _values(value.get(path[0]), path[1:])
