"""Settings: one's own tokens, people and what they may do, projects, webhooks, storage, the service itself."""

from __future__ import annotations

import platform
import shutil
from typing import Any

from sqlalchemy import func, select

from ads.console.pages import Pages
from ads.console.visit import Visit
from ads.errors import InputError
from ads.registry.schema import HEAD
from ads.registry.tables import Artifact, Compartment, Project

__all__ = ["pages"]

pages = Pages()

_TOKENS, _USERS, _GRANTS = "/openads/v1/tokens", "/openads/v1/users", "/openads/v1/grants"
_HOOKS, _GC = "/openads/v1/webhooks", "/openads/v1/gc"
_DAY = 86_400
_MOST = 200
_MOST_GARBAGE = 20

TABS = (
    ("tokens", "Tokens"),
    ("people", "People"),
    ("projects", "Projects"),
    ("webhooks", "Webhooks"),
    ("storage", "Storage"),
    ("service", "Service"),
)


@pages.page("/settings", "settings.html", nav="settings")
def tokens(visit: Visit) -> dict[str, Any]:
    """Return the visitor's own tokens."""
    return _page("tokens", {"tokens": visit.get(_TOKENS, limit=_MOST)["items"], "me": visit.identity.principal})


@pages.page("/settings/people", "settings.html", nav="settings")
def people(visit: Visit) -> dict[str, Any]:
    """Return users, grants and compartments, as far as the visitor may see them."""
    users = visit.get(_USERS, limit=_MOST)["items"]
    places = _compartments(visit)
    grants = visit.get(_GRANTS, limit=_MOST)["items"]
    names = {user["id"]: user["name"] for user in users}
    where = {place["id"]: place["path"] for place in places}
    for grant in grants:
        grant["userName"] = names.get(grant["userId"])
        grant["compartmentName"] = where.get(grant["compartmentId"])
    return _page("people", {"users": users, "grants": grants, "compartments": places, "mayManage": visit.may("manage")})


@pages.page("/settings/projects", "settings.html", nav="settings")
def projects(visit: Visit) -> dict[str, Any]:
    """Return the projects."""
    places = visit.compartments()
    with visit.read() as session:
        rows = session.scalars(
            select(Project)
            .where(Project.compartment_id.in_(places), Project.lifecycle_state == "ACTIVE")
            .order_by(Project.display_name)
            .limit(_MOST)
        )
        found = [
            {
                "id": row.id,
                "displayName": row.display_name,
                "description": row.description,
                "compartmentId": row.compartment_id,
            }
            for row in rows
        ]
    may = visit.may("manage")
    return _page("projects", {"projects": found, "compartments": _compartments(visit), "mayManage": may})


@pages.page("/settings/webhooks", "settings.html", nav="settings")
def webhooks(visit: Visit) -> dict[str, Any]:
    """Return who is told of changes, with the last tries."""
    if not visit.may("inspect"):
        return _page("webhooks", {"webhooks": [], "mayManage": False})
    found = visit.get(_HOOKS, limit=_MOST)["items"]
    for hook in found[:20] if visit.may("read") else ():
        hook["deliveries"] = visit.get(f"{_HOOKS}/{hook['id']}/deliveries", limit=5)["items"]
    return _page("webhooks", {"webhooks": found, "mayManage": visit.may("manage")})


@pages.page("/settings/storage", "settings.html", nav="settings")
def storage(visit: Visit) -> dict[str, Any]:
    """Return what is stored, and what could be removed."""
    if not visit.may("manage"):
        return _page("storage", {"mayManage": False})
    context = visit.context
    with visit.read() as session:
        distinct = select(Artifact.sha256, Artifact.size).distinct().subquery()
        count, size = session.execute(select(func.count(), func.sum(distinct.c.size)).select_from(distinct)).one()
    disk = shutil.disk_usage(context.home.root)
    garbage = visit.get(_GC)
    garbage["items"] = garbage["items"][:_MOST_GARBAGE]
    return _page(
        "storage",
        {
            "mayManage": True,
            "artifacts": count,
            "artifactBytes": int(size or 0),
            "store": context.settings.artifact_store or str(context.home.blobs),
            "database": context.database.engine.url.render_as_string(hide_password=True),
            "diskFree": disk.free,
            "diskTotal": disk.total,
            "garbage": garbage,
        },
    )


@pages.page("/settings/service", "settings.html", nav="settings")
def service(visit: Visit) -> dict[str, Any]:
    """Return version, defaults and what runs where."""
    found = visit.get("/openads/v1/service")
    more = {"schema": HEAD, "python": platform.python_version(), "machine": platform.platform(terse=True)}
    return _page("service", {"service": found, **(more if visit.may("inspect") else {})})


def _page(tab: str, data: dict[str, Any]) -> dict[str, Any]:
    places = [
        (name, text, "/console/settings" if name == "tokens" else f"/console/settings/{name}") for name, text in TABS
    ]
    return {"title": f"Settings · {dict(TABS)[tab]}", "tab": tab, "tabs": places, **data}


def _compartments(visit: Visit) -> list[dict[str, str]]:
    """Return the compartments that the visitor sees, each with its path below the tenancy."""
    places = visit.compartments()
    with visit.read() as session:
        rows = {row.id: row for row in session.scalars(select(Compartment))}
    tree = visit.permissions.tree
    found = []
    for id_ in places:
        row = rows.get(id_)
        if row is not None and row.lifecycle_state == "ACTIVE":
            chain = [rows[above].name for above in reversed(tree.chain(id_)) if above in rows]
            found.append({"id": id_, "name": row.name, "path": "/".join(chain) or row.name})
    return sorted(found, key=lambda place: place["path"])


@pages.form("/settings/tokens", back=tokens)
def make_token(visit: Visit) -> dict[str, Any]:
    """Make a token; the page that answers is the only one that shows it."""
    body: dict[str, Any] = {"name": visit.field("name")}
    days = visit.field("days")
    if days:
        if not days.isdecimal() or not 0 < int(days) <= 3650:
            raise InputError("The days are a whole number from 1 to 3650.")
        body["expiresInSeconds"] = int(days) * _DAY
    if visit.field("verb", "manage") != "manage":
        body["scope"] = {"verb": visit.field("verb")}
    return {"made": visit.send("POST", _TOKENS, body)}


@pages.form("/settings/tokens/{token_id}/revoke", back=tokens)
def revoke_token(visit: Visit) -> str:
    """Revoke one of the visitor's own tokens."""
    visit.send("DELETE", f"{_TOKENS}/{visit.parts['token_id']}")
    return visit.done("/console/settings", "revoked")


@pages.form("/settings/users", back=people)
def make_user(visit: Visit) -> str:
    """Make a user."""
    visit.send("POST", _USERS, {"name": visit.field("name"), "description": visit.field("description")})
    return visit.done("/console/settings/people", "created")


@pages.form("/settings/users/{user_id}/state", back=people)
def set_user_active(visit: Visit) -> str:
    """Activate or deactivate a user."""
    verb = "activate" if visit.field("active") else "deactivate"
    visit.send("POST", f"{_USERS}/{visit.parts['user_id']}/actions/{verb}")
    return visit.done("/console/settings/people", "changed")


@pages.form("/settings/grants", back=people)
def grant(visit: Visit) -> str:
    """Let a user do something in a compartment."""
    body = {"userId": visit.field("user"), "verb": visit.field("verb"), "compartmentId": visit.field("compartment")}
    visit.send("POST", _GRANTS, body)
    return visit.done("/console/settings/people", "granted")


@pages.form("/settings/grants/{grant_id}/delete", back=people)
def remove_grant(visit: Visit) -> str:
    """Take a grant away."""
    visit.send("DELETE", f"{_GRANTS}/{visit.parts['grant_id']}")
    return visit.done("/console/settings/people", "removed")


@pages.form("/settings/projects", back=projects)
def make_project(visit: Visit) -> str:
    """Make a project."""
    body = {
        "compartmentId": visit.field("compartment"),
        "displayName": visit.field("name"),
        "description": visit.field("description"),
    }
    visit.send("POST", "/20190101/projects", body)
    return visit.done("/console/settings/projects", "created")


@pages.form("/settings/webhooks", back=webhooks)
def make_webhook(visit: Visit) -> dict[str, Any]:
    """Make a webhook; the page that answers is the only one that shows its secret."""
    actions = [action for action in visit.field("actions").replace(",", " ").split() if action]
    body: dict[str, Any] = {"url": visit.field("url"), "actions": actions}
    if visit.field("name"):
        body["displayName"] = visit.field("name")
    return {"made": visit.send("POST", _HOOKS, body)}


@pages.form("/settings/webhooks/{webhook_id}/delete", back=webhooks)
def remove_webhook(visit: Visit) -> str:
    """Tell an address no more."""
    visit.send("DELETE", f"{_HOOKS}/{visit.parts['webhook_id']}")
    return visit.done("/console/settings/webhooks", "removed")


@pages.form("/settings/webhooks/{webhook_id}/test", back=webhooks)
def test_webhook(visit: Visit) -> str:
    """Tell an address of a test, now."""
    visit.send("POST", f"{_HOOKS}/{visit.parts['webhook_id']}/actions/test")
    return visit.done("/console/settings/webhooks", "test-sent")


@pages.form("/settings/storage/collect", back=storage)
def collect(visit: Visit) -> str:
    """Remove what nobody needs any more."""
    visit.send("POST", _GC)
    return visit.done("/console/settings/storage", "collected")
