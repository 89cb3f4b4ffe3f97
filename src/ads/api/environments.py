"""``/openads/v1/environments``: in what models run, what is large or unused, and what slugs stand for."""

from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import StringConstraints

from ads.api.answers import accepted, answer, timestamp
from ads.api.context import caller_of, context_of
from ads.api.fields import ExactBody, OcidText
from ads.api.garbage import older_than_of, premises_of, told
from ads.api.slices import slice_of
from ads.artifact.conda_packs import catalog as shipped_catalog
from ads.artifact.environment_catalog import read_catalog
from ads.deploy.environment_orders import Builds, Wanted
from ads.deploy.environment_records import EnvironmentRecord, read_record, records
from ads.deploy.environment_sources import shown_address
from ads.deploy.environment_uses import size_of, uses
from ads.deploy.leftovers import ENVIRONMENT_KINDS
from ads.errors import InputError
from ads.home import Home
from ads.registry.deployments import Deployment
from ads.registry.garbage import collect, find
from ads.registry.lookups import not_found

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/environments", tags=["environments"])

_KEY = r"(?:pack-)?[0-9a-f]{32}"


class BuildEnvironment(ExactBody):
    """What to make an environment for: one of a model, a slug, requirements for a Python version."""

    model_id: OcidText | None = None
    slug: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    requirements: list[Annotated[str, StringConstraints(max_length=1000)]] | None = None
    python_version: Annotated[str, StringConstraints(pattern=r"^3\.[0-9]{1,2}$")] | None = None


@router.get("")
def list_(request: Request) -> Response:
    """List what was built or unpacked on this machine, with its size and who uses it."""
    home = context_of(request).home
    with context_of(request).database.read() as session:
        used = uses(session, home)
    rows, next_page = slice_of(request, list(records(home)))
    return answer({"items": [_json(home, row, used) for row in rows]}, next_page=next_page)


@router.post("")
def build(body: BuildEnvironment, request: Request) -> Response:
    """Make an environment before a deployment needs it; the work request's log tells how far it is."""
    given = [name for name in ("model_id", "slug", "requirements") if getattr(body, name) is not None]
    if len(given) != 1 or (body.python_version and body.requirements is None):
        raise InputError(
            "An environment is made for one thing.",
            hint="Send modelId, slug, or requirements, with pythonVersion if need be.",
        )
    lines = None if body.requirements is None else tuple(body.requirements)
    wanted = Wanted(body.model_id or "", body.slug or "", lines, body.python_version or "")
    builds: Builds = request.app.state.builds
    return accepted(builds.order(caller_of(request), wanted, context_of(request).defaults.tenancy_id))


@router.get("/catalog")
def catalog(request: Request) -> Response:
    """List the slugs that are known: the operator's, then OCI's own service packs."""
    settings = context_of(request).settings
    entries = read_catalog(settings.environment_catalog)
    items = [
        {
            "slug": entry.slug,
            "origin": "operator",
            "pythonVersion": entry.python or None,
            "requirements": list(entry.requirements),
            "pack": shown_address(entry.pack) or None,
        }
        for entry in entries.values()
    ]
    items += [
        {"slug": slug, "origin": "oci", "pythonVersion": pack.python or None, "requirements": [], "pack": pack.path}
        for slug, pack in shipped_catalog(settings.home).items()
        if slug not in entries
    ]
    rows, next_page = slice_of(request, items)
    return answer({"items": rows}, next_page=next_page)


@router.get("/gc")
def find_unused(request: Request) -> Response:
    """Tell which environments nobody needs any more, the largest first. Nothing is changed."""
    return told(find(premises_of(request), ENVIRONMENT_KINDS, older_than_of(request)))


@router.post("/gc")
def remove_unused(request: Request) -> Response:
    """Remove the environments that nobody needs any more, and tell what is gone."""
    return told(collect(premises_of(request), ENVIRONMENT_KINDS, caller_of(request), older_than_of(request)))


@router.get("/{environment_key}")
def get(environment_key: str, request: Request) -> Response:
    """Return one environment."""
    home = context_of(request).home
    known = read_record(home, environment_key) if re.fullmatch(_KEY, environment_key) else None
    if known is None or not (home.environments / environment_key).is_dir():
        raise not_found("environment", environment_key)
    with context_of(request).database.read() as session:
        used = uses(session, home)
    return answer(_json(home, known, used))


def _json(home: Home, row: EnvironmentRecord, used: dict[str, list[Deployment]]) -> dict[str, Any]:
    return {
        "key": row.key,
        "kind": row.kind,
        "pythonVersion": row.python or None,
        "slug": row.slug or None,
        "source": row.source or None,
        "sha256": row.sha256 or None,
        "requirements": list(row.requirements),
        "size": size_of(home, row),
        "timeCreated": _time(row.created),
        "timeLastUsed": _time(row.used),
        "deployments": [
            {"id": each.id, "displayName": each.display_name, "lifecycleState": each.lifecycle_state}
            for each in used.get(row.key, [])
        ],
    }


def _time(seconds: float) -> str | None:
    return timestamp(datetime.fromtimestamp(seconds, timezone.utc))
