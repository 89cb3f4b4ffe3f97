"""The page of all deployments: which one is not well, at a glance. And the page that makes a new one."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import case, func, select

from ads.console.deployment_lines import deployment_lines
from ads.console.pages import Pages
from ads.console.settings_form import body_of_form
from ads.console.visit import Visit
from ads.deploy.minutes import MINUTE, Minutes, spread
from ads.deploy.shapes import SHAPES
from ads.deploy.states import STATES
from ads.errors import InputError
from ads.registry.deployments import Deployment

__all__ = ["pages"]

pages = Pages()

_AT_ONCE = 30
_WINDOW = 3600
_STEP = 5 * MINUTE
_MOST_PAGES = 10_000
_WORST_FIRST = ("FAILED", "NEEDS_ATTENTION", "CREATING", "UPDATING", "DELETING", "ACTIVE", "INACTIVE")
_CONFIGURATION = "modelDeploymentConfigurationDetails"
_MODEL = "modelConfigurationDetails"
_USUAL = {"shape": "VM.Standard.E4.Flex", "ocpus": "1", "memory": "2", "instances": "1"}


@pages.page("/deployments/new", "deployment_new.html", nav="deployments")
def new(visit: Visit) -> dict[str, Any]:
    """Return the form for a new deployment; ``model`` in the query names the model."""
    reference = visit.field("reference") or visit.query("model")
    named = visit.get("/openads/v1/models/resolve", reference=reference) if reference and not visit.problem else None
    label = "" if named is None else named["versionSetName"] or named["displayName"]
    fields = {name: visit.field(name, value) for name, value in _USUAL.items()}
    return {
        "title": "New deployment",
        "reference": reference,
        "model": named,
        "fields": {
            **fields,
            "displayName": visit.field("displayName", label),
            "description": visit.field("description"),
            "bandwidth": visit.field("bandwidth"),
            "variables": visit.field("variables"),
        },
        "shapes": [{"name": s.name, "cores": s.cores, "memory": s.memory_gb} for s in SHAPES],
    }


@pages.form("/deployments/new", back=new)
def create(visit: Visit) -> str:
    """Make the deployment in the model's compartment and project."""
    reference = visit.field("reference")
    if not reference:
        raise InputError("A deployment needs a model.", hint="Write its name, name:version, name@alias or OCID.")
    body = body_of_form(visit.field)
    model_id = visit.get("/openads/v1/models/resolve", reference=reference)["id"]
    model = visit.get(f"/20190101/models/{model_id}")
    body[_CONFIGURATION][_MODEL]["modelId"] = model_id
    body.update(compartmentId=model["compartmentId"], projectId=model["projectId"])
    made = visit.send("POST", "/20190101/modelDeployments", body)
    return f"/console/deployments/{made['id']}"


@pages.page("/deployments", "deployments.html", nav="deployments")
def deployments(visit: Visit) -> dict[str, Any]:
    """Return a line for each deployment, the unwell first; ``q`` is a part of a name, ``state`` one state."""
    text, state, page = visit.query("q")[:255], visit.query("state"), _page(visit.query("page"))
    places, readable = visit.compartments("inspect"), visit.compartments("read")
    mine = Deployment.compartment_id.in_(places), Deployment.lifecycle_state != "DELETED"
    statement = select(Deployment).where(*mine)
    if text:
        statement = statement.where(func.lower(Deployment.display_name).contains(text.lower(), autoescape=True))
    if state in STATES:
        statement = statement.where(Deployment.lifecycle_state == state)
    ranks = {name: rank for rank, name in enumerate(_WORST_FIRST)}
    order = case(ranks, value=Deployment.lifecycle_state, else_=len(ranks))
    with visit.read() as session:
        by_state = select(Deployment.lifecycle_state, func.count()).where(*mine).group_by(Deployment.lifecycle_state)
        counts: dict[str, int] = {row[0]: row[1] for row in session.execute(by_state)}
        ordered = statement.order_by(order, Deployment.display_name, Deployment.seq)
        rows = list(session.scalars(ordered.offset(page * _AT_ONCE).limit(_AT_ONCE + 1)))
        shown = rows[:_AT_ONCE]
        now = int(time.time())
        until = now // MINUTE * MINUTE + MINUTE
        since = until - _WINDOW
        known = [row.id for row in shown if row.compartment_id in readable]
        minutes = Minutes(visit.context.home).read(known, since, until)
        points = {id_: spread(found, since, until, _STEP) for id_, found in minutes.items()}
        lines = deployment_lines(session, visit.context.home, shown, readable, points, now - since)
    return {
        "title": "Deployments",
        "q": text,
        "state": state if state in STATES else "",
        "states": [{"state": name, "count": counts[name]} for name in _WORST_FIRST if name in counts],
        "count": sum(counts.values()),
        "deployments": lines,
        "previous": visit.here(page=page - 1 or None) if page else None,
        "next": visit.here(page=page + 1) if len(rows) > _AT_ONCE else None,
        "mayCreate": bool(visit.compartments("manage")),
    }


def _page(text: str) -> int:
    return min(int(text), _MOST_PAGES) if text.isascii() and text.isdigit() and len(text) < 9 else 0
