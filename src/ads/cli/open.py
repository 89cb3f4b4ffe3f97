"""``ads open``: the console in a browser, logged in."""

from __future__ import annotations

import webbrowser
from typing import TYPE_CHECKING

import click

from ads.cli import references
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.references import DEPLOYMENT, MODEL
from ads.errors import NotFound

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["login_link", "open_"]

_HOME = "/console/"


@command(
    "open",
    example="""
        ads open
        ads open churn@champion
        ads open -q | xclip
    """,
)
@click.argument("reference", metavar="[REF]", required=False)
@pass_invocation
def open_(invocation: Invocation, reference: str | None) -> None:
    """Open the console, or the page of a model or a deployment, and log in there.

    The link works once, within 15 minutes, with the rights of the credential that this command uses. -q prints it and
    opens nothing.
    """
    output = invocation.output
    service = invocation.service
    link = login_link(service, _HOME if reference is None else _place(service, reference))
    if output.format == "json":
        output.json({"url": link})
        return
    output.text(link)
    if output.format == "human" and output.for_people and not webbrowser.open(link):
        output.hint("No browser could be started here: open the link above, within 15 minutes.")


def login_link(service: Service, place: str = _HOME) -> str:
    """Return a link that logs in to the console once and leads to ``place``. Raises AdsError."""
    answer = service.request("POST", "/openads/v1/consoleLinks", json={"place": place})
    return f"{service.url}{answer.json()['path']}"


def _place(service: Service, reference: str) -> str:
    """Return the page of what the reference names: a model, or else a deployment."""
    if f".{DEPLOYMENT.ocid_type}." in reference:
        return f"{_HOME}deployments/{references.find(service, DEPLOYMENT, reference)['id']}"
    try:
        return f"{_HOME}versions/{references.find(service, MODEL, reference)['id']}"
    except NotFound as missing:
        try:
            return f"{_HOME}deployments/{references.find(service, DEPLOYMENT, reference)['id']}"
        except NotFound:
            raise missing from None
