"""Where a model comes from: repository, commit, script. At most one record for each model."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic.alias_generators import to_camel
from sqlalchemy.orm import Session

from ads.errors import Conflict
from ads.registry.events import Caller, apply_changes, record, shown
from ads.registry.insertion import insert_row
from ads.registry.lookups import changed, not_found, require_match
from ads.registry.models import require_live
from ads.registry.retry_tokens import Attempt, earlier_outcome, remember_outcome
from ads.registry.tables import Provenance

__all__ = ["create_provenance", "get_provenance", "update_provenance"]

FIELDS = frozenset({"repository_url", "git_branch", "git_commit", "script_dir", "training_script", "training_id"})
"""The columns that a caller sets."""


def create_provenance(
    session: Session, caller: Caller, model_id: str, values: Mapping[str, str | None], attempt: Attempt | None = None
) -> Provenance:
    """Return the model's new provenance, which may be empty. Raises NotFound, and Conflict when it has one."""
    model = require_live(session, model_id)
    if earlier_outcome(session, caller, attempt) is not None:
        return get_provenance(session, model_id)
    if model.has_provenance:
        raise Conflict("The model has a provenance already.", hint="Update it instead.")
    row = insert_row(session, Provenance(model_id=model_id, **{name: values.get(name) for name in FIELDS}))
    new = {to_camel(name): shown(value) for name, value in values.items() if value is not None}
    name = model.display_name
    record(session, caller, "provenance.create", model_id, model.compartment_id, resource_name=name, new=new)
    remember_outcome(session, caller, attempt, model_id)
    return row


def get_provenance(session: Session, model_id: str) -> Provenance:
    """Return the model's provenance. Raises NotFound when there is none."""
    require_live(session, model_id)
    row = session.get(Provenance, model_id)
    if row is None:
        raise not_found("provenance of the model", model_id)
    return row


def update_provenance(
    session: Session, caller: Caller, model_id: str, values: Mapping[str, str | None], if_match: str | None = None
) -> Provenance:
    """Return the provenance with these values changed. Raises NotFound, PreconditionFailed."""
    model, row = require_live(session, model_id), get_provenance(session, model_id)
    require_match(row, if_match)
    made, name = apply_changes(row, values, FIELDS), model.display_name
    record(session, caller, "provenance.update", model_id, model.compartment_id, resource_name=name, **made)
    return changed(row)
