"""``/openads/v1/consoleLinks``: links that log a browser in to the console, once."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import AfterValidator, StringConstraints

from ads.api.answers import answer, timestamp
from ads.api.context import caller_of, context_of
from ads.api.fields import ExactBody
from ads.api.paths import console_place
from ads.registry.console_sessions import make_link

__all__ = ["router"]

router = APIRouter(prefix="/openads/v1/consoleLinks", tags=["tokens"])


def _check_place(place: str) -> str:
    if console_place(place) is None:
        raise ValueError("it is no page of the console")
    return place


class NewLink(ExactBody):
    """Where the link leads: a page of the console."""

    place: Annotated[str, StringConstraints(max_length=2000), AfterValidator(_check_place)] = "/console/"


@router.post("")
def create(body: NewLink, request: Request) -> Response:
    """Make a link that logs in once, with the rights of the credential that makes it."""
    caller, credential = caller_of(request), request.state.credential
    with context_of(request).database.write() as session:
        secret, link = make_link(session, caller, credential, body.place)
    return answer({"path": f"/console/login/{secret}", "timeExpires": timestamp(link.time_expires)})
