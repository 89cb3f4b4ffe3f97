"""``ads tokens``: bearer tokens for scripts, services and people."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any

import click

from ads.cli import people, references
from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.moments import ago
from ads.cli.output import Column
from ads.cli.references import DEPLOYMENT, PAGE_SIZE, short_id
from ads.errors import InputError

__all__ = ["create", "ls", "revoke", "tokens"]

_TOKENS = "/openads/v1/tokens"
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}

tokens = LazyGroup(
    "tokens",
    sections={
        "Commands": {
            "ls": LazyCommand("ads.cli.tokens:ls", "List tokens: names, scopes, expiry; never the tokens."),
            "create": LazyCommand("ads.cli.tokens:create", "Make a token. It is shown once."),
            "revoke": LazyCommand("ads.cli.tokens:revoke", "Refuse a token from now on."),
        }
    },
    example="""
        ads tokens create shop --deployment churn-api --expires 90d
        ads tokens ls
        ads tokens revoke 7
    """,
    help="List, make and revoke bearer tokens.",
)


def _scope(row: Any) -> str:
    scope = row.get("scope") or {}
    parts = [str(scope.get("verb", "everything"))]
    if "compartmentId" in scope:
        parts.append(f"in {short_id(scope['compartmentId'])}")
    if "deploymentIds" in scope:
        parts.append("on " + ", ".join(short_id(id_) for id_ in scope["deploymentIds"]))
    return " ".join(parts)


_COLUMNS = (
    Column("ID", lambda row: row.get("id")),
    Column("NAME", lambda row: row.get("name"), foldable=True),
    Column("SCOPE", _scope, foldable=True),
    Column("EXPIRES", lambda row: row.get("timeExpires")),
    Column("CREATED", lambda row: row.get("timeCreated"), ago),
)


@command("ls", example="ads tokens ls\nads tokens ls --user ada")
@click.option("--user", metavar="USER", help="Those of another user.")
@pass_invocation
def ls(invocation: Invocation, user: str | None) -> None:
    """List your tokens, or those of another user."""
    owner = people.own_or(invocation.service, user)
    rows = invocation.service.list(_TOKENS, params={"limit": PAGE_SIZE, "userId": owner})
    invocation.output.table(rows, _COLUMNS)


@command(
    "create",
    example="ads tokens create shop --deployment churn-api --expires 90d\nads tokens create ci --verb use --expires 1d",
)
@click.argument("name", metavar="NAME")
@click.option("--user", metavar="USER", help="A token of another user.")
@click.option("--verb", type=click.Choice(["inspect", "read", "use", "manage"]), help="The most that it may do.")
@click.option("--compartment", metavar="COMPARTMENT", help="Only in this compartment and those below.")
@click.option("--deployment", "deployments", metavar="REF", multiple=True, help="Only on this deployment. Repeatable.")
@click.option("--expires", metavar="WHEN", help="90d, 12h, 30m, 2w, or a time: 2027-01-31T00:00:00Z.")
@pass_invocation
def create(
    invocation: Invocation,
    name: str,
    user: str | None,
    verb: str | None,
    compartment: str | None,
    deployments: tuple[str, ...],
    expires: str | None,
) -> None:
    """Make the token NAME and print it, alone, on stdout: it can't be read again.

    With --deployment it may predict and nothing else, unless --verb says more.
    """
    service = invocation.service
    body: dict[str, Any] = {"name": name}
    scope: dict[str, Any] = {}
    if compartment is not None:
        scope["compartmentId"] = people.compartment_id(service, compartment)
    if deployments:
        scope["deploymentIds"] = [str(references.find(service, DEPLOYMENT, one)["id"]) for one in deployments]
    if verb is not None or scope:
        body["scope"] = {"verb": verb or ("use" if deployments else "manage"), **scope}
    if user is not None:
        body["userId"] = people.user_id(service, user)
    if expires is not None:
        body["expires"] = _moment(expires)
    made = service.request("POST", _TOKENS, json=body).json()
    if invocation.format == "json":
        invocation.output.json(made)
        return
    ends = f", and ends {made['timeExpires']}" if made.get("timeExpires") else ""
    invocation.output.success(f"Token {name!r} ({_scope(made)}) is made{ends}. It is shown this once:")
    invocation.output.text(made["token"])


@command("revoke", example="ads tokens revoke 7\nads tokens revoke shop")
@click.argument("token", metavar="ID|NAME")
@click.option("--user", metavar="USER", help="A token of another user.")
@pass_invocation
def revoke(invocation: Invocation, token: str, user: str | None) -> None:
    """Refuse a token from now on, by its id or its name."""
    service = invocation.service
    owner = people.own_or(service, user)
    rows = list(service.list(_TOKENS, params={"limit": PAGE_SIZE, "userId": owner}))
    fitting = [row for row in rows if row["id"] == token] or [row for row in rows if row["name"] == token]
    if len(fitting) != 1:
        raise InputError(
            f"{len(fitting)} tokens are called {token!r}." if fitting else f"There is no token {token!r}.",
            hint="See which there are: ads tokens ls",
        )
    service.request("DELETE", f"{_TOKENS}/{fitting[0]['id']}", params={"userId": owner})
    invocation.output.success(f"Token {fitting[0]['name']!r} is refused from now on.")
    if invocation.format != "human":
        invocation.output.record(fitting[0], _COLUMNS)


def _moment(text: str) -> str:
    """Return the time that an option means, as RFC 3339."""
    match = re.fullmatch(r"(\d{1,5})([mhdw])", text.strip())
    if match is None:
        return text
    length = timedelta(seconds=int(match[1]) * _UNITS[match[2]])
    return (datetime.now(timezone.utc) + length).isoformat(timespec="seconds")
