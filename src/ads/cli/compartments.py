"""``ads compartments``: the tree in which models, deployments and buckets have their place."""

from __future__ import annotations

import click

from ads.cli import people
from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.confirmation import confirm
from ads.cli.invocation import Invocation
from ads.cli.moments import ago
from ads.cli.output import Column
from ads.cli.references import PAGE_SIZE, short_id

__all__ = ["compartments", "create", "delete", "ls"]

compartments = LazyGroup(
    "compartments",
    sections={
        "Commands": {
            "ls": LazyCommand("ads.cli.compartments:ls", "List the compartments that you may see."),
            "create": LazyCommand("ads.cli.compartments:create", "Create a compartment."),
            "delete": LazyCommand("ads.cli.compartments:delete", "Delete an empty compartment."),
        }
    },
    example="""
        ads compartments create fraud
        ads compartments ls
    """,
    help="List, create and delete compartments.",
)

_COLUMNS = (
    Column("NAME", lambda row: row.get("name"), foldable=True),
    Column("IN", lambda row: row.get("parentName"), foldable=True),
    Column("DESCRIPTION", lambda row: row.get("description"), foldable=True),
    Column("CREATED", lambda row: row.get("timeCreated"), ago),
    Column("ID", lambda row: row.get("id"), short_id),
)


@command("ls", example="ads compartments ls")
@pass_invocation
def ls(invocation: Invocation) -> None:
    """List the compartments that you may see, by name."""
    rows = list(invocation.service.list(people.COMPARTMENTS, params={"limit": PAGE_SIZE}))
    names = {row["id"]: row["name"] for row in rows}
    invocation.output.table([{**row, "parentName": names.get(row["compartmentId"])} for row in rows], _COLUMNS)


@command("create", example="ads compartments create fraud\nads compartments create cards --in fraud")
@click.argument("name", metavar="NAME")
@click.option("--in", "parent", metavar="COMPARTMENT", default="tenancy", help="Where; by default in the tenancy.")
@click.option("--description", default="", help="A line about it.")
@pass_invocation
def create(invocation: Invocation, name: str, parent: str, description: str) -> None:
    """Create the compartment NAME."""
    service = invocation.service
    body = {"compartmentId": people.compartment_id(service, parent), "name": name, "description": description}
    made = service.request("POST", people.COMPARTMENTS, json=body).json()
    invocation.output.success(f"Compartment {name!r} is there.")
    if invocation.format == "human":
        invocation.output.text(made["id"])
    else:
        invocation.output.record(made, _COLUMNS)


@command("delete", example="ads compartments delete fraud --yes")
@click.argument("compartment", metavar="COMPARTMENT")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@pass_invocation
def delete(invocation: Invocation, compartment: str, yes: bool) -> None:
    """Delete an empty compartment, and the grants in it."""
    identifier = people.compartment_id(invocation.service, compartment)
    confirm(invocation.output, f"Delete the compartment {compartment!r}?", yes)
    invocation.service.request("DELETE", f"{people.COMPARTMENTS}/{identifier}")
    invocation.output.success(f"Compartment {compartment!r} is deleted.")
    if invocation.format != "human":
        invocation.output.record({"id": identifier, "lifecycleState": "DELETED"}, _COLUMNS)
