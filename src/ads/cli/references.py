"""What people type for a model or a deployment, turned into the thing it names.

A reference is a whole OCID, a display name, or the last six or more characters of an OCID (tables show the last eight).
Deleted things are found by their OCID only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from ads.errors import InputError, NotFound

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["DEPLOYMENT", "MODEL", "PAGE_SIZE", "Noun", "choose", "find", "short_id"]

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


MODEL = Noun("model", "models", "datasciencemodel", "/20190101/models")
DEPLOYMENT = Noun("deployment", "deployments", "datasciencemodeldeployment", "/20190101/modelDeployments")


def find(service: Service, noun: Noun, reference: str) -> dict[str, Any]:
    """Return the thing that ``reference`` names, as the service describes it.

    Raises :class:`~ads.errors.NotFound` when nothing fits, :class:`~ads.errors.InputError` when several do
    or the OCID is of another kind.
    """
    reference = reference.strip().removeprefix("…")
    if reference.lower().startswith("ocid1."):
        identifier = reference.lower()
        _require_kind(identifier, noun)
    else:
        listed = service.list(noun.path, params={"compartmentId": service.compartment_id, "limit": PAGE_SIZE})
        identifier = choose(listed, noun, reference)["id"]
    found: dict[str, Any] = service.get_json(f"{noun.path}/{identifier}")
    return found


def choose(listed: Iterable[Mapping[str, Any]], noun: Noun, reference: str) -> Mapping[str, Any]:
    """Return the one thing among ``listed`` that ``reference`` names: by its name, else by the end of its OCID.

    Raises as :func:`find` does.
    """
    present = [row for row in listed if row.get("lifecycleState") != "DELETED"]
    fitting = [row for row in present if row.get("displayName") == reference]
    if not fitting and len(reference) >= _SHORTEST_ENDING:
        fitting = [row for row in present if str(row["id"]).endswith(reference.lower())]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise InputError(
            _ambiguous(fitting, noun, reference),
            hint=f"Give the id instead of the name, for example {short_id(fitting[0]['id'])}.",
        )
    names = sorted({str(row.get("displayName")) for row in present})
    near = get_close_matches(reference, names, n=1)
    raise NotFound(
        f"There is no {noun.word} {reference!r}.",
        status=404,
        hint=f"Did you mean {near[0]!r}?" if near else f"See which there are: ads {noun.command} ls",
    )


def short_id(identifier: str) -> str:
    """Return the end of an OCID that tables show, long enough to be unique among a person's things."""
    return identifier[-8:]


def _require_kind(identifier: str, noun: Noun) -> None:
    kind = identifier.split(".")[1]
    if kind == noun.ocid_type:
        return
    other = next((n for n in (MODEL, DEPLOYMENT) if n.ocid_type == kind), None)
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
