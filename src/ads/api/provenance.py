"""``/20190101/models/{modelId}/provenance``."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints

from ads.api.answers import answer
from ads.api.context import caller_of, context_of
from ads.api.fields import Body, attempt_of, if_match_of
from ads.registry import provenance
from ads.registry.tables import Provenance

__all__ = ["router"]

router = APIRouter(prefix="/20190101/models/{model_id}/provenance", tags=["models"])

Text = Annotated[str, StringConstraints(max_length=4096)]


class ProvenanceDetails(Body):
    """Where a model comes from; all of it may be absent."""

    repository_url: Text | None = None
    git_branch: Text | None = None
    git_commit: Text | None = None
    script_dir: Text | None = None
    training_script: Text | None = None
    training_id: Text | None = None


def provenance_json(row: Provenance) -> dict[str, Any]:
    """Return a provenance as clients see it."""
    return {
        "repositoryUrl": row.repository_url,
        "gitBranch": row.git_branch,
        "gitCommit": row.git_commit,
        "scriptDir": row.script_dir,
        "trainingScript": row.training_script,
        "trainingId": row.training_id,
    }


@router.post("")
def create(model_id: str, body: ProvenanceDetails, request: Request) -> Response:
    """Record where a model comes from."""
    with context_of(request).database.write() as session:
        row = provenance.create_provenance(session, caller_of(request), model_id, body.given(), attempt_of(request))
    return answer(provenance_json(row), etag=row.etag)


@router.get("")
def get(model_id: str, request: Request) -> Response:
    """Get what is recorded; 404 when nothing is."""
    with context_of(request).database.read() as session:
        row = provenance.get_provenance(session, model_id)
    return answer(provenance_json(row), etag=row.etag)


@router.put("")
def update(model_id: str, body: ProvenanceDetails, request: Request) -> Response:
    """Change the attributes that were sent."""
    with context_of(request).database.write() as session:
        row = provenance.update_provenance(session, caller_of(request), model_id, body.given(), if_match_of(request))
    return answer(provenance_json(row), etag=row.etag)
