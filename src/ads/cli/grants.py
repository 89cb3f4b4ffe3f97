"""``ads grants``: who may do what where."""

from __future__ import annotations

from typing import Any

import click

from ads.cli import people
from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.moments import ago
from ads.cli.output import Column
from ads.cli.references import PAGE_SIZE, short_id
from ads.errors import InputError, NotFound

__all__ = ["add", "grants", "ls", "remove"]

_GRANTS = "/openads/v1/grants"
_VERBS = ("inspect", "read", "use", "manage")

grants = LazyGroup(
    "grants",
    sections={
        "Commands": {
            "ls": LazyCommand("ads.cli.grants:ls", "List who may do what where."),
            "add": LazyCommand("ads.cli.grants:add", "Let a user do something in a compartment and those below."),
            "remove": LazyCommand("ads.cli.grants:remove", "Take a user's grant in a compartment away."),
        }
    },
    example="""
        ads grants add ada use default
        ads grants ls --user ada
        ads grants remove ada default
    """,
    help="List, add and take away what users may do: inspect < read < use < manage.",
)

_COLUMNS = (
    Column("USER", lambda row: row.get("userName"), foldable=True),
    Column("VERB", lambda row: row.get("verb")),
    Column("COMPARTMENT", lambda row: row.get("compartmentName"), foldable=True),
    Column("CREATED", lambda row: row.get("timeCreated"), ago),
    Column("ID", lambda row: row.get("id"), short_id),
)


@command("ls", example="ads grants ls\nads grants ls --user ada")
@click.option("--user", metavar="USER", help="Only those of this user.")
@pass_invocation
def ls(invocation: Invocation, user: str | None) -> None:
    """List grants. Who may not see the tenancy sees only his own."""
    invocation.output.table(_named(invocation, _listed(invocation, people.own_or(invocation.service, user))), _COLUMNS)


@command("add", example="ads grants add ada use default\nads grants add root-too manage tenancy")
@click.argument("user", metavar="USER")
@click.argument("verb", metavar="VERB", type=click.Choice(_VERBS))
@click.argument("compartment", metavar="COMPARTMENT")
@pass_invocation
def add(invocation: Invocation, user: str, verb: str, compartment: str) -> None:
    """Let USER do VERB in COMPARTMENT and all below it. An earlier grant there is replaced."""
    service = invocation.service
    body = {
        "userId": people.user_id(service, user),
        "verb": verb,
        "compartmentId": people.compartment_id(service, compartment),
    }
    made = service.request("POST", _GRANTS, json=body).json()
    invocation.output.success(f"{user} may {verb} in {compartment} and below.")
    if invocation.format != "human":
        invocation.output.record(made, _COLUMNS)


@command("remove", example="ads grants remove ada default\nads grants remove q7f3k2ab")
@click.argument("user_or_grant", metavar="USER|GRANT")
@click.argument("compartment", metavar="[COMPARTMENT]", required=False)
@pass_invocation
def remove(invocation: Invocation, user_or_grant: str, compartment: str | None) -> None:
    """Take a grant away: that of USER in COMPARTMENT, or the one whose id ends in GRANT."""
    service = invocation.service
    if compartment is None:
        rows = [row for row in _listed(invocation, None) if str(row["id"]).endswith(user_or_grant.lower())]
    else:
        place = people.compartment_id(service, compartment)
        rows = _listed(invocation, people.user_id(service, user_or_grant))
        rows = [row for row in rows if row["compartmentId"] == place]
    if not rows:
        raise NotFound("There is no such grant.", status=404, hint="See which there are: ads grants ls")
    if len(rows) > 1:
        raise InputError(f"{len(rows)} grants end in {user_or_grant!r}.", hint="Give more of the id.")
    service.request("DELETE", f"{_GRANTS}/{rows[0]['id']}")
    invocation.output.success(f"The grant of {rows[0]['verb']} is taken away.")
    if invocation.format != "human":
        invocation.output.record(rows[0], _COLUMNS)


def _listed(invocation: Invocation, user: str | None) -> list[dict[str, Any]]:
    return list(invocation.service.list(_GRANTS, params={"limit": PAGE_SIZE, **({"userId": user} if user else {})}))


def _named(invocation: Invocation, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    service = invocation.service
    users = people.names_of(service, people.USER)
    places = people.names_of(service, people.COMPARTMENT)
    return [
        {
            **row,
            "userName": users.get(row["userId"], row["userId"]),
            "compartmentName": places.get(row["compartmentId"], row["compartmentId"]),
        }
        for row in rows
    ]
