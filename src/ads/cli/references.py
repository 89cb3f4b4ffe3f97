"""What people type for a model, a version set or a deployment, turned into the thing it names.

A reference is a whole OCID, a name, or the last six or more characters of an OCID (tables show the last eight). A model
is also ``name:12`` and ``name@champion``, and a deployment may be named by the model that it serves. Deleted things are
found by their OCID only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ads.errors import Conflict, InputError, NotFound

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["DEPLOYMENT", "MODEL", "PAGE_SIZE", "VERSION_SET", "Noun", "choose", "find", "name_to_paste", "short_id"]

PAGE_SIZE = "1000"
"""As many as one page of a list can hold: a long list is read with few requests."""

_SHORTEST_ENDING = 6
_LISTED = 8


@dataclass(frozen=True)
class Noun:
    """A kind of thing: the words for it, its OCID type and its path in the service."""

    word: str
    command: str
    ocid_type: str
    path: str
    name_key: str = "displayName"


MODEL = Noun("model", "models", "datasciencemodel", "/20190101/models")
DEPLOYMENT = Noun("deployment", "deployments", "datasciencemodeldeployment", "/20190101/modelDeployments")
VERSION_SET = Noun(
    "version set", "version-sets", "datasciencemodelversionset", "/20190101/modelVersionSets", name_key="name"
)


def find(service: Service, noun: Noun, reference: str) -> dict[str, Any]:
    """Return the thing that ``reference`` names, as the service describes it.

    Raises :class:`~ads.errors.NotFound` when nothing fits, :class:`~ads.errors.InputError` when several do
    or the OCID is of another kind.
    """
    reference = reference.strip().removeprefix("…")
    if reference.lower().startswith("ocid1."):
        identifier = reference.lower()
        _require_kind(identifier, noun)
    elif noun is MODEL:
        identifier = _model_id(service, reference)
    else:
        identifier = _listed_id(service, noun, reference)
    found: dict[str, Any] = service.get_json(f"{noun.path}/{identifier}")
    return found


def _model_id(service: Service, reference: str) -> str:
    from ads.client.references import is_path, resolve_model

    try:
        return resolve_model(service, reference).id
    except NotFound as error:
        place = f"{reference.rstrip('/')}/" if is_path(reference) else ""
        error.hint = f"{place} is a path; a registered model has a name." if place else "See which: ads models ls"
        raise
    except Conflict as error:
        error.hint = "Give a version (name:1) or an id instead: ads models ls"
        raise


def _listed_id(service: Service, noun: Noun, reference: str) -> str:
    query = {"compartmentId": service.compartment_id, "limit": PAGE_SIZE}
    named = [
        row
        for row in service.list(noun.path, params={**query, noun.name_key: reference})
        if row.get("lifecycleState") != "DELETED"
    ]
    if len(named) == 1:
        return str(named[0]["id"])
    listed = list(service.list(noun.path, params=query))
    try:
        return str(choose(listed, noun, reference)["id"])
    except NotFound:
        if noun is DEPLOYMENT and (":" in reference or "@" in reference):
            return _serving(service, listed, reference)
        raise


def _serving(service: Service, listed: list[dict[str, Any]], reference: str) -> str:
    """Return the one deployment that serves the model that ``reference`` means."""
    from ads.model.deployment.deployment_wire import model_id_of

    model_id = _model_id(service, reference)
    fitting = [row for row in listed if model_id_of(row) == model_id and row.get("lifecycleState") != "DELETED"]
    if not fitting:
        raise NotFound(
            f"No deployment serves the model {reference!r}.", status=404, hint=f"Make one: ads deploy {reference}"
        )
    if len(fitting) > 1:
        raise InputError(
            f"{len(fitting)} deployments serve the model {reference!r}: "
            + ", ".join(str(row.get("displayName")) for row in fitting),
            hint="Name one of them.",
        )
    return str(fitting[0]["id"])


def choose(listed: Iterable[Mapping[str, Any]], noun: Noun, reference: str) -> Mapping[str, Any]:
    """Return the one thing among ``listed`` that ``reference`` names: by its name, else by the end of its OCID.

    Raises as :func:`find` does.
    """
    present = [row for row in listed if row.get("lifecycleState") != "DELETED"]
    fitting = [row for row in present if row.get(noun.name_key) == reference]
    if not fitting and len(reference) >= _SHORTEST_ENDING:
        fitting = [row for row in present if str(row["id"]).endswith(reference.lower())]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InputError(
            _ambiguous(fitting, noun, reference),
            hint=f"Give the id instead of the name, for example {short_id(fitting[0]['id'])}.",
        )
    names = sorted({str(row.get(noun.name_key)) for row in present})
    near = get_close_matches(reference, names, n=1)
    raise NotFound(
        f"There is no {noun.word} {reference!r}.",
        status=404,
        hint=f"Did you mean {near[0]!r}?" if near else f"See which there are: ads {noun.command} ls",
    )


def short_id(identifier: str) -> str:
    """Return the end of an OCID that tables show, long enough to be unique among a person's things."""
    return identifier[-8:]


def name_to_paste(row: Mapping[str, Any], name_key: str = "displayName") -> str:
    """Return the name of a thing as a shell takes it, or the end of its OCID when it has none."""
    import shlex

    return shlex.quote(str(row.get(name_key) or short_id(row["id"])))


def _require_kind(identifier: str, noun: Noun) -> None:
    kind = identifier.split(".")[1]
    if kind == noun.ocid_type:
        return
    other = next((n for n in (MODEL, DEPLOYMENT, VERSION_SET) if n.ocid_type == kind), None)
    raise InputError(
        f"{identifier} is not the OCID of a {noun.word}, but of a {other.word if other else kind}.",
        hint=f"Try: ads {other.command} info {identifier}"
        if other
        else f"See the {noun.command}: ads {noun.command} ls",
    )


def _ambiguous(fitting: list[Mapping[str, Any]], noun: Noun, reference: str) -> str:
    lines = [
        f"  {short_id(row['id'])}  {row.get('lifecycleState')}  made {row.get('timeCreated')}"
        for row in fitting[:_LISTED]
    ]
    if len(fitting) > _LISTED:
        lines.append(f"  … and {len(fitting) - _LISTED} more: ads {noun.command} ls")
    return "\n".join([f"{len(fitting)} {noun.command} are called {reference!r}:", *lines])
