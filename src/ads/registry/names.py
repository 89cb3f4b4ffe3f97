"""References: the ways in which people name a model, and the one model that each means.

``name`` is the newest ACTIVE version of the version set of that name or, where no set has it, the one model with that
display name; ``name:12`` is version 12, ``name@champion`` what the alias points at; an OCID or its last six or more
characters mean that model.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, lazyload

from ads.errors import Conflict, InputError, NotFound
from ads.identity.ocid import is_ocid
from ads.registry.catalog_tables import ModelTerm, VersionAlias
from ads.registry.lookups import not_found
from ads.registry.model_index import tail_term
from ads.registry.tables import Model, ModelVersionSet, VersionSetMember

__all__ = ["Named", "resolve"]

_LONGEST = 512
_TAIL = re.compile(r"[a-z2-7]{6,60}", re.ASCII)
_VERSION = re.compile(r"(.+):([0-9]{1,9})", re.ASCII | re.DOTALL)
_ALIAS = re.compile(r"(.+)@([a-z][a-z0-9-]{0,62})", re.ASCII | re.DOTALL)
_MOST_NAMES = 2000


@dataclass(frozen=True)
class Named:
    """The model that a reference means, and the alias in the reference."""

    model: Model
    alias: str | None = None


def resolve(session: Session, reference: str, compartments: Collection[str]) -> Named:
    """Return what the reference means within these compartments.

    Raises InputError for an empty reference, Conflict when it means several models, NotFound with names that are near.
    """
    if not reference or len(reference) > _LONGEST:
        raise InputError(f"A reference has 1 to {_LONGEST} characters.")
    search = _Search(session, compartments)
    found = (
        search.by_id(reference)
        or search.by_version(reference)
        or search.by_alias(reference)
        or search.by_name(reference)
        or search.by_tail(reference)
    )
    if found is None:
        raise search.missing(reference)
    return found


class _Search:
    def __init__(self, session: Session, compartments: Collection[str]) -> None:
        self._session = session
        self._compartments = compartments

    def by_id(self, reference: str) -> Named | None:
        """A model's OCID, a deleted one's too."""
        if not is_ocid(reference):
            return None
        model = self._session.scalar(
            select(Model).where(Model.id == reference, Model.compartment_id.in_(self._compartments))
        )
        if model is None:
            raise not_found("model", reference)
        return Named(model)

    def by_version(self, reference: str) -> Named | None:
        match = _VERSION.fullmatch(reference)
        version_set = self._set(match[1]) if match else None
        if match is None or version_set is None:
            return None
        model = self._session.scalar(
            _versions(version_set).where(VersionSetMember.version_id == int(match[2])).limit(1)
        )
        if model is None or model.lifecycle_state == "DELETED":
            newest = version_set.last_version_id
            was = "was deleted" if model is not None else "was never made"
            raise NotFound(f"Version {match[2]} of {match[1]!r} {was}.", hint=f"The set's newest version is {newest}.")
        return Named(model)

    def by_alias(self, reference: str) -> Named | None:
        match = _ALIAS.fullmatch(reference)
        version_set = self._set(match[1]) if match else None
        if match is None or version_set is None:
            return None
        aliases = {
            alias.name: alias
            for alias in self._session.scalars(
                select(VersionAlias).where(VersionAlias.version_set_id == version_set.id)
            )
        }
        alias = aliases.get(match[2])
        if alias is None:
            hint = f"Its aliases: {', '.join(sorted(aliases))}." if aliases else "It has no aliases yet."
            raise NotFound(f"{match[1]!r} has no alias {match[2]!r}.", hint=hint)
        return Named(self._session.scalars(select(Model).where(Model.id == alias.model_id)).one(), alias.name)

    def by_name(self, reference: str) -> Named | None:
        version_set = self._set(reference)
        if version_set is None:
            return self._one(select(Model).where(Model.display_name == reference), reference)
        model = self._session.scalar(
            _versions(version_set)
            .where(Model.lifecycle_state == "ACTIVE")
            .order_by(VersionSetMember.version_id.desc())
            .limit(1)
        )
        if model is None:
            raise NotFound(
                f"The version set {reference!r} has no ACTIVE version.", hint="Activate or register a version of it."
            )
        return Named(model)

    def by_tail(self, reference: str) -> Named | None:
        text = reference.lower()
        if not _TAIL.fullmatch(text):
            return None
        ends = select(ModelTerm.model_seq).where(ModelTerm.term == tail_term(text))
        return self._one(select(Model).where(Model.seq.in_(ends), Model.id.endswith(text, autoescape=True)), reference)

    def missing(self, reference: str) -> NotFound:
        """Return the error that names what comes near."""
        near = difflib.get_close_matches(reference, sorted(self._names(reference)), n=3, cutoff=0.6)
        hint = f"Did you mean {' or '.join(repr(name) for name in near)}?" if near else "List them: ads models ls"
        return NotFound(f"No model is named {reference[:255]!r}, or the credential doesn't allow seeing it.", hint=hint)

    def _set(self, name: str) -> ModelVersionSet | None:
        rows = self._session.scalars(
            select(ModelVersionSet).where(
                ModelVersionSet.compartment_id.in_(self._compartments),
                ModelVersionSet.name == name,
                ModelVersionSet.lifecycle_state == "ACTIVE",
            )
        ).all()
        if len(rows) > 1:
            raise _ambiguous(name, [f"the version set {row.id} in {row.compartment_id}" for row in rows])
        return rows[0] if rows else None

    def _one(self, statement: Select[Model], reference: str) -> Named | None:
        rows = self._session.scalars(
            statement.where(Model.compartment_id.in_(self._compartments), Model.lifecycle_state != "DELETED")
            .options(lazyload(Model.metadata_artifacts))
            .order_by(Model.time_created.desc(), Model.seq.desc())
            .limit(4)
        ).all()
        if len(rows) > 1:
            raise _ambiguous(reference, [row.id for row in rows])
        return Named(rows[0]) if rows else None

    def _names(self, reference: str) -> set[str]:
        """Return names worth comparing: those of sets, and of models that begin alike."""
        sets = select(ModelVersionSet.name).where(
            ModelVersionSet.compartment_id.in_(self._compartments), ModelVersionSet.lifecycle_state == "ACTIVE"
        )
        start = reference[:2]
        models = select(Model.display_name).where(
            Model.compartment_id.in_(self._compartments),
            Model.display_name >= start,
            Model.display_name < start + "\U0010ffff",
            Model.lifecycle_state != "DELETED",
        )
        found = set(self._session.scalars(sets.limit(_MOST_NAMES)))
        return found | set(self._session.scalars(models.limit(_MOST_NAMES)))


def _versions(version_set: ModelVersionSet) -> Select[Model]:
    return (
        select(Model)
        .join(VersionSetMember, VersionSetMember.model_id == Model.id)
        .where(VersionSetMember.version_set_id == version_set.id)
    )


def _ambiguous(reference: str, found: list[str]) -> Conflict:
    shown = ", ".join(found[:3]) + (" and more" if len(found) > 3 else "")
    return Conflict(
        f"{reference!r} means more than one: {shown}.", hint="Name the one you mean by its OCID or its last characters."
    )
