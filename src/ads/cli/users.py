"""``ads users``: who may call the service."""

from __future__ import annotations

import click

from ads.cli import people
from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.confirmation import confirm
from ads.cli.invocation import Invocation
from ads.cli.moments import ago
from ads.cli.output import Column
from ads.cli.references import PAGE_SIZE, short_id

__all__ = ["activate", "create", "deactivate", "ls", "users"]

users = LazyGroup(
    "users",
    sections={
        "Commands": {
            "ls": LazyCommand("ads.cli.users:ls", "List the users by name."),
            "create": LazyCommand("ads.cli.users:create", "Create a user, who may do nothing yet."),
            "deactivate": LazyCommand("ads.cli.users:deactivate", "Refuse a user's tokens and keys from now on."),
            "activate": LazyCommand("ads.cli.users:activate", "Accept a user's tokens and keys again."),
        }
    },
    example="""
        ads users create ada
        ads grants add ada use default
        ads tokens create laptop --user ada --expires 90d
    """,
    help="List, create and deactivate users.",
)

_COLUMNS = (
    Column("NAME", lambda row: row.get("name"), foldable=True),
    Column("STATE", lambda row: row.get("lifecycleState"), state=True),
    Column("DESCRIPTION", lambda row: row.get("description"), foldable=True),
    Column("CREATED", lambda row: row.get("timeCreated"), ago),
    Column("ID", lambda row: row.get("id"), short_id),
)


@command("ls", example="ads users ls")
@pass_invocation
def ls(invocation: Invocation) -> None:
    """List the users by name. Who may not see the tenancy sees only himself."""
    invocation.output.table(invocation.service.list(people.USERS, params={"limit": PAGE_SIZE}), _COLUMNS)


@command("create", example="ads users create ada --description 'Ada, fraud team'")
@click.argument("name", metavar="NAME")
@click.option("--description", default="", help="A line about the user.")
@pass_invocation
def create(invocation: Invocation, name: str, description: str) -> None:
    """Create the user NAME, who has no credential and may do nothing yet."""
    made = invocation.service.request("POST", people.USERS, json={"name": name, "description": description}).json()
    invocation.output.success(f"User {name!r} is there.")
    invocation.output.hint(f"Let it do something: ads grants add {name} use COMPARTMENT")
    invocation.output.hint(f"Give it a credential: ads tokens create NAME --user {name}")
    if invocation.format != "human":
        invocation.output.record(made, _COLUMNS)


@command("deactivate", example="ads users deactivate ada --yes")
@click.argument("user", metavar="USER")
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@pass_invocation
def deactivate(invocation: Invocation, user: str, yes: bool) -> None:
    """Refuse all tokens and keys of USER from now on. What the user made stays."""
    identifier = people.user_id(invocation.service, user)
    confirm(invocation.output, f"Refuse every token and key of {user!r} from now on?", yes)
    _set(invocation, identifier, "deactivate", f"User {user!r} is refused from now on.")


@command("activate", example="ads users activate ada")
@click.argument("user", metavar="USER")
@pass_invocation
def activate(invocation: Invocation, user: str) -> None:
    """Accept the tokens and keys of USER again."""
    identifier = people.user_id(invocation.service, user)
    _set(invocation, identifier, "activate", f"User {user!r} is accepted again.")


def _set(invocation: Invocation, identifier: str, action: str, done: str) -> None:
    found = invocation.service.request("POST", f"{people.USERS}/{identifier}/actions/{action}").json()
    invocation.output.success(done)
    if invocation.format != "human":
        invocation.output.record(found, _COLUMNS)
