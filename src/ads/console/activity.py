"""Activity: who changed what, from what to what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from ads.console.pages import Pages
from ads.console.visit import Visit
from ads.errors import AdsError
from ads.registry.tables import User

__all__ = ["pages"]

pages = Pages()

_LIMIT = 50
_FAMILIES = ("model", "alias", "deployment", "rollout", "artifact", "token", "grant", "user", "session", "webhook")


@pages.page("/activity", "activity.html", nav="activity")
def activity(visit: Visit) -> dict[str, Any]:
    """Return the changes that the visitor may see, newest first."""
    family, who, what = visit.query("action"), visit.query("principal"), visit.query("resource")
    wrong = ""
    found: dict[str, Any] = {"items": []}
    following = ""
    try:
        found, following = visit.get_page(
            "/openads/v1/events",
            sortOrder="DESC",
            limit=_LIMIT,
            page=visit.query("page"),
            action=f"{family}.*" if family and "." not in family else family,
            principal=_user_id(visit, who),
            resourceId=what,
        )
    except AdsError as error:
        wrong = error.message
    return {
        "title": "Activity",
        "events": found["items"],
        "next": following,
        "wrong": wrong,
        "families": _FAMILIES,
        "action": family,
        "principal": who,
        "resource": what,
    }


def _user_id(visit: Visit, who: str) -> str:
    """Return the OCID of a user whose name was given."""
    if not who or who.startswith("ocid1."):
        return who
    with visit.read() as session:
        return session.scalar(select(User.id).where(User.name == who)) or who
