"""``ads aliases``: movable names of versions, such as ``champion``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import click

from ads.cli import references
from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.confirmation import confirm
from ads.cli.invocation import Invocation
from ads.cli.moments import ago
from ads.cli.output import Column
from ads.cli.reference_argument import reference_argument
from ads.cli.references import PAGE_SIZE, VERSION_SET, short_id
from ads.errors import InputError

__all__ = ["aliases", "history", "ls", "remove", "set_"]

_HERE = "ads.cli.aliases"
_SETS = "/openads/v1/modelVersionSets"

aliases = LazyGroup(
    "aliases",
    sections={
        "Look": {
            "ls": LazyCommand(f"{_HERE}:ls", "List the aliases of one version set, or of all."),
            "history": LazyCommand(f"{_HERE}:history", "Show where an alias pointed, who moved it, and why."),
        },
        "Change": {
            "set": LazyCommand(f"{_HERE}:set_", "Point an alias at a version; a new one is made."),
            "remove": LazyCommand(f"{_HERE}:remove", "Take an alias away; the version stays."),
        },
    },
    example="""
        ads aliases ls churn
        ads aliases set churn champion 3
        ads models info churn@champion
    """,
    help="List and move aliases: names such as champion, each of which points at one version of a version set.",
)

LIST_COLUMNS = (
    Column("ALIAS", lambda row: f"{row['setName']}@{row['name']}", foldable=True),
    Column("VERSION", lambda row: row.get("versionId")),
    Column("PROTECTED", lambda row: "yes" if row.get("protected") else ""),
    Column("MOVED", lambda row: row.get("timeUpdated"), ago),
    Column("BY", lambda row: row.get("updatedBy"), short_id),
    Column("MODEL ID", lambda row: row.get("modelId"), short_id),
)


def _version(value: Any) -> Any:
    return value.get("versionId") if isinstance(value, dict) else value


HISTORY_COLUMNS = (
    Column("TIME", lambda row: row.get("time"), ago),
    Column("FROM", lambda row: _version(row.get("from"))),
    Column("TO", lambda row: _version(row.get("to"))),
    Column("BY", lambda row: row.get("principalName") or row.get("principal"), short_id),
    Column("REASON", lambda row: row.get("reason"), foldable=True),
)


@command("ls", example="ads aliases ls\nads aliases ls churn")
@click.argument("reference", metavar="[REF]", required=False)
@pass_invocation
def ls(invocation: Invocation, reference: str | None) -> None:
    """List the aliases of the version set REF; without one those of every version set. -q prints churn@champion."""
    service = invocation.service
    if reference:
        sets = [references.find(service, VERSION_SET, reference)]
    else:
        params = {"compartmentId": service.compartment_id, "lifecycleState": "ACTIVE", "limit": PAGE_SIZE}
        sets = list(service.list(VERSION_SET.path, params=params))
    rows = [
        {**alias, "setName": found["name"], "reference": f"{found['name']}@{alias['name']}"}
        for found in sets
        for alias in service.list(f"{_SETS}/{found['id']}/aliases")
    ]
    if not invocation.output.table(rows, LIST_COLUMNS, id_key="reference"):
        invocation.output.talk(f"{reference!r} has no aliases." if reference else "No aliases yet.")
        invocation.output.hint(f"Make one: ads aliases set {shlex.quote(reference or 'NAME')} champion VERSION")


@command(
    "set",
    example="""
        ads aliases set churn champion 3
        ads aliases set churn champion 4 --reason "better on new customers" --protect
    """,
)
@reference_argument(VERSION_SET)
@click.argument("alias", metavar="ALIAS")
@click.argument("version", metavar="VERSION")
@click.option("--reason", metavar="TEXT", help="Why; the history keeps it.")
@click.option("--protect/--unprotect", "protected", default=None, help="Only who may manage can move it, or anybody.")
@pass_invocation
def set_(
    invocation: Invocation, reference: str, alias: str, version: str, reason: str | None, protected: bool | None
) -> None:
    """Point ALIAS of the version set REF at VERSION: a number, or a model's reference. Deployments may follow it."""
    service, output = invocation.service, invocation.output
    found = references.find(service, VERSION_SET, reference)
    body: dict[str, Any] = {"reason": reason, "protected": protected, **_target(invocation, version)}
    path = f"{_SETS}/{found['id']}/aliases/{alias.removeprefix('@')}"
    moved = service.request("PUT", path, json={key: value for key, value in body.items() if value is not None}).json()
    shown = f"{found['name']}@{moved['name']}"
    if output.format == "json":
        output.json(moved)
    elif output.format == "quiet":
        output.text(shown)
    output.success(f"{shown} is {found['name']}:{moved['versionId']}.")
    output.hint(f"Deploy it: ads deploy {shlex.quote(shown)}")


def _target(invocation: Invocation, version: str) -> Mapping[str, Any]:
    """Return the part of the body that says which version is meant."""
    from ads.client.references import resolve_model

    if version.isdigit():
        return {"versionId": int(version)}
    return {"modelId": resolve_model(invocation.service, version).id}


@command("remove", example="ads aliases remove churn challenger --yes")
@reference_argument(VERSION_SET)
@click.argument("alias", metavar="ALIAS")
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_invocation
def remove(invocation: Invocation, reference: str, alias: str, yes: bool) -> None:
    """Take ALIAS of the version set REF away. The version that it points at stays."""
    service, output = invocation.service, invocation.output
    found = references.find(service, VERSION_SET, reference)
    alias = alias.removeprefix("@")
    shown = f"{found['name']}@{alias}"
    existing = [row["name"] for row in service.list(f"{_SETS}/{found['id']}/aliases")]
    if alias in existing:
        confirm(output, f"Take the alias {shown} away?", yes)
    service.request("DELETE", f"{_SETS}/{found['id']}/aliases/{alias}")
    if output.format == "quiet":
        output.text(shown)
    elif output.format == "json":
        output.json({"name": alias, "versionSetId": found["id"]})
    output.success(f"There is no {shown} any more.")


@command("history", example="ads aliases history churn champion\nads aliases history churn@champion")
@reference_argument(VERSION_SET)
@click.argument("alias", metavar="ALIAS", required=False)
@pass_invocation
def history(invocation: Invocation, reference: str, alias: str | None) -> None:
    """Show where ALIAS of the version set REF pointed, who moved it, and why, the latest first."""
    if alias is None:
        reference, separator, alias = reference.rpartition("@")
        if not separator:
            raise InputError("It is not said which alias.", hint=f"ads aliases history {shlex.quote(alias)} ALIAS")
    service = invocation.service
    found = references.find(service, VERSION_SET, reference)
    rows = list(service.list(f"{_SETS}/{found['id']}/aliases/{alias.removeprefix('@')}/history"))
    if not invocation.output.table(reversed(rows), HISTORY_COLUMNS, id_key="time"):
        invocation.output.talk(f"There never was an alias {found['name']}@{alias}.")
