"""What people type for a model, and which model it means.

``name`` is the latest version under that name, ``name:12`` a version of it, ``name@champion`` where an alias points, an
OCID or the last six or more characters of one the model itself. The service decides; only a service that doesn't know
references (OCI's own) is asked for its lists instead.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ads.errors import InputError, NotFound

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["MODELS", "Reference", "ResolvedModel", "is_path", "resolve_model"]

MODELS = "/20190101/models"
_RESOLVE = "/openads/v1/models/resolve"
_SHORTEST_ENDING = 6
_VERSION = re.compile(r"(?P<name>.+):(?P<version>[0-9]{1,9})", re.DOTALL)
_ALIAS = re.compile(r"(?P<name>.+)@(?P<alias>[^@:/\s]+)", re.DOTALL)


@dataclass(frozen=True)
class Reference:
    """A reference taken apart. At most one of ``version`` and ``alias`` is set."""

    name: str
    version: int | None = None
    alias: str = ""

    @classmethod
    def of(cls, text: str) -> Reference:
        """Return the parts of ``text``; what is neither ``name:12`` nor ``name@alias`` is a name."""
        found = _VERSION.fullmatch(text)
        if found:
            return cls(found["name"], int(found["version"]))
        found = _ALIAS.fullmatch(text)
        return cls(found["name"], alias=found["alias"]) if found else cls(text)


@dataclass(frozen=True)
class ResolvedModel:
    """The model that a reference means, and what it is within its version set."""

    id: str
    display_name: str = ""
    version_set_id: str = ""
    version_set_name: str = ""
    version_id: int | None = None
    version_label: str = ""
    aliases: tuple[str, ...] = ()

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> ResolvedModel:
        """Return what the service said of a model, in its answer to a reference or in a list."""
        number = content.get("versionId")
        return cls(
            id=str(content["id"]),
            display_name=str(content.get("displayName") or ""),
            version_set_id=str(content.get("versionSetId") or content.get("modelVersionSetId") or ""),
            version_set_name=str(content.get("versionSetName") or content.get("modelVersionSetName") or ""),
            version_id=int(number) if number else None,
            version_label=str(content.get("versionLabel") or ""),
            aliases=tuple(str(alias) for alias in content.get("aliases") or ()),
        )

    @property
    def reference(self) -> str:
        """The shortest reference that always means this model: ``name:12``, or its OCID."""
        if self.version_set_name and self.version_id:
            return f"{self.version_set_name}:{self.version_id}"
        return self.id


def is_path(text: str) -> bool:
    """Return whether ``text`` names a folder or file rather than something registered: ``path/``, ``file.zip``."""
    return text in {".", ".."} or "/" in text or "\\" in text or text.lower().endswith(".zip")


def resolve_model(service: Service, text: str, compartment_id: str | None = None) -> ResolvedModel:
    """Return the model that ``text`` means.

    Raises :class:`~ads.errors.NotFound`, whose message has near names, :class:`~ads.errors.Conflict` when several
    models fit, InputError for an empty text or the OCID of something else.
    """
    text = text.strip().removeprefix("…")
    if not text:
        raise InputError("The reference is empty.", hint="Give a name, name:12, name@alias or an OCID.")
    if text.lower().startswith("ocid1."):
        identifier = text.lower()
        _require_model(identifier)
        return ResolvedModel(id=identifier)
    compartment_id = compartment_id or service.compartment_id
    if service.knows_references:
        params = {"reference": text, "compartmentId": compartment_id}
        return ResolvedModel.of(service.get_json(_RESOLVE, params=params))
    return _among_lists(service, Reference.of(text), text, compartment_id)


def _require_model(identifier: str) -> None:
    parts = identifier.split(".")
    if len(parts) < 5 or parts[1] != "datasciencemodel":
        kind = parts[1] if len(parts) > 1 else ""
        raise InputError(
            f"{identifier} is not the OCID of a model{f', but of a {kind}' if kind else ''}.",
            hint="Give the OCID of a model, or its name.",
        )


def _among_lists(service: Service, wanted: Reference, text: str, compartment_id: str) -> ResolvedModel:
    """Find the model as well as lists allow. OCI has no aliases."""
    if wanted.alias:
        raise InputError(
            f"The service at {service.url} has no aliases, so {text!r} means nothing there.",
            hint=f"Give a version: {wanted.name}:1.",
        )
    query = {"compartmentId": compartment_id, "lifecycleState": "ACTIVE", "limit": "1000"}
    versions = list(service.list(MODELS, {**query, "modelVersionSetName": wanted.name}))
    if wanted.version is not None:
        fitting = [row for row in versions if str(row.get("versionId")) == str(wanted.version)]
    elif versions:
        fitting = [max(versions, key=lambda row: int(row.get("versionId") or 0))]
    else:
        fitting = list(service.list(MODELS, {**query, "displayName": wanted.name}))
        if not fitting and len(text) >= _SHORTEST_ENDING:
            fitting = [row for row in service.list(MODELS, query) if str(row["id"]).endswith(text.lower())]
    if len(fitting) != 1:
        raise NotFound(
            f"{len(fitting) or 'No'} models in the compartment are meant by {text!r}.",
            status=404,
            hint="Give the OCID of the model.",
        )
    return ResolvedModel.of(fitting[0])
