"""``ads version-sets``: the names under which models have versions."""

from __future__ import annotations

import shlex
from typing import Any

import click

from ads.cli import references
from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.confirmation import confirm
from ads.cli.invocation import Invocation
from ads.cli.moments import ago, moment
from ads.cli.output import Column
from ads.cli.reference_argument import reference_argument
from ads.cli.references import MODEL, PAGE_SIZE, VERSION_SET, short_id

__all__ = ["create", "delete", "info", "ls", "update", "version_sets"]

_HERE = "ads.cli.version_sets"

version_sets = LazyGroup(
    "version-sets",
    sections={
        "Look": {
            "ls": LazyCommand(f"{_HERE}:ls", "List the version sets, newest first."),
            "info": LazyCommand(f"{_HERE}:info", "Show one version set, and its versions."),
        },
        "Change": {
            "create": LazyCommand(f"{_HERE}:create", "Create an empty version set."),
            "update": LazyCommand(f"{_HERE}:update", "Change description and tags."),
            "delete": LazyCommand(f"{_HERE}:delete", "Delete a version set, with its models if asked to."),
        },
    },
    example="""
        ads version-sets ls
        ads version-sets info churn
        ads push churn/ --set churn          # the next version of it
    """,
    help="List, inspect and change version sets: the names under which models have versions.",
)

LIST_COLUMNS = (
    Column("NAME", lambda row: row.get("name"), foldable=True),
    Column("STATE", lambda row: row.get("lifecycleState"), state=True),
    Column("DESCRIPTION", lambda row: row.get("description"), foldable=True),
    Column("CREATED", lambda row: row.get("timeCreated"), ago),
    Column("ID", lambda row: row.get("id"), short_id),
)
INFO_COLUMNS = (
    Column("name", lambda row: row.get("name")),
    Column("id", lambda row: row.get("id")),
    Column("state", lambda row: row.get("lifecycleState"), state=True),
    Column("description", lambda row: row.get("description")),
    Column("created", lambda row: row.get("timeCreated"), moment),
    Column("aliases", lambda row: ", ".join(f"{a['name']} → {a['versionId']}" for a in row.get("aliases") or [])),
    Column("tags", lambda row: row.get("freeformTags") or None),
    Column("project", lambda row: row.get("projectId")),
)
VERSION_COLUMNS = (
    Column("VERSION", lambda row: row.get("versionId")),
    Column("LABEL", lambda row: row.get("versionLabel"), foldable=True),
    Column("MODEL", lambda row: row.get("displayName"), foldable=True),
    Column("STATE", lambda row: row.get("lifecycleState"), state=True),
    Column("CREATED", lambda row: row.get("timeCreated"), ago),
    Column("ID", lambda row: row.get("id"), short_id),
)


@command("ls", example="ads version-sets ls\nads version-sets ls -q")
@click.option("--all", "everything", is_flag=True, help="Deleted version sets too.")
@pass_invocation
def ls(invocation: Invocation, everything: bool) -> None:
    """List the version sets, newest first."""
    listed = invocation.service.list(
        VERSION_SET.path,
        params={
            "compartmentId": invocation.service.compartment_id,
            "sortBy": "timeCreated",
            "sortOrder": "DESC",
            "limit": PAGE_SIZE,
        },
    )
    rows = (row for row in listed if everything or row.get("lifecycleState") != "DELETED")
    if not invocation.output.table(rows, LIST_COLUMNS):
        invocation.output.talk("No version sets yet.")
        invocation.output.hint("Make one with its first version: ads push PATH --set NAME")


@command("info", example="ads version-sets info churn")
@reference_argument(VERSION_SET)
@pass_invocation
def info(invocation: Invocation, reference: str) -> None:
    """Show the version set REF with its aliases and its versions, the newest first."""
    service = invocation.service
    found = references.find(service, VERSION_SET, reference)
    aliases = list(service.list(f"/openads/v1/modelVersionSets/{found['id']}/aliases")) if _is_live(found) else []
    models = versions_of(invocation, found)
    if invocation.format == "json":
        invocation.output.json({**found, "aliases": aliases, "versions": models})
        return
    invocation.output.record({**found, "aliases": aliases}, INFO_COLUMNS)
    if invocation.format == "human" and models:
        invocation.output.text("")
        invocation.output.table(models, VERSION_COLUMNS)
    invocation.output.hint(f"Point an alias at a version: ads aliases set {shlex.quote(reference)} champion VERSION")


def _is_live(row: dict[str, Any]) -> bool:
    return row.get("lifecycleState") == "ACTIVE"


def versions_of(invocation: Invocation, version_set: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the models of a version set, the newest version first, without deleted ones."""
    params = {
        "compartmentId": version_set["compartmentId"],
        "modelVersionSetName": version_set["name"],
        "limit": PAGE_SIZE,
    }
    listed = invocation.service.list(MODEL.path, params=params)
    mine = [
        row
        for row in listed
        if row.get("modelVersionSetId") == version_set["id"] and row.get("lifecycleState") != "DELETED"
    ]
    return sorted(mine, key=lambda row: int(row.get("versionId") or 0), reverse=True)


_description_option = click.option("--description", metavar="TEXT", help="What its models are for.")
_tag_option = click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="A tag; may come several times.")


@command("create", example='ads version-sets create churn --description "who leaves next month"')
@click.argument("name", metavar="NAME")
@_description_option
@_tag_option
@pass_invocation
def create(invocation: Invocation, name: str, description: str | None, tags: tuple[str, ...]) -> None:
    """Create the empty version set NAME and print its id. Exit status 5 when there is one of that name."""
    from ads.cli.model_body import pairs

    service = invocation.service
    body: dict[str, Any] = {
        "name": name,
        "compartmentId": service.compartment_id,
        "projectId": service.project_id,
        "description": description,
        "freeformTags": pairs("--tag", tags) or None,
    }
    sent = {key: value for key, value in body.items() if value is not None}
    made = service.request("POST", VERSION_SET.path, json=sent, retry_token=True).json()
    if invocation.format == "json":
        invocation.output.json(made)
    else:
        invocation.output.text(made["id"])
    invocation.output.success(f"The version set {name!r} is created.")
    invocation.output.hint(f"Register its first version: ads push PATH --set {shlex.quote(name)}")


@command("update", example='ads version-sets update churn --description "who leaves within a month"')
@reference_argument(VERSION_SET)
@_description_option
@_tag_option
@click.option("--untag", "untags", multiple=True, metavar="NAME", help="Remove a tag.")
@pass_invocation
def update(
    invocation: Invocation, reference: str, description: str | None, tags: tuple[str, ...], untags: tuple[str, ...]
) -> None:
    """Change the version set REF. What no option names stays as it is."""
    from ads.cli.model_body import pairs

    if description is None and not tags and not untags:
        raise click.UsageError("There is nothing to change: give an option.")
    service = invocation.service
    identifier = references.find(service, VERSION_SET, reference)["id"]
    answer = service.request("GET", f"{VERSION_SET.path}/{identifier}")
    changes: dict[str, Any] = {} if description is None else {"description": description}
    if tags or untags:
        kept = {**(answer.json().get("freeformTags") or {}), **pairs("--tag", tags)}
        changes["freeformTags"] = {key: value for key, value in kept.items() if key not in untags}
    etag = answer.headers.get("etag")
    changed = service.request(
        "PUT", f"{VERSION_SET.path}/{identifier}", json=changes, headers={"if-match": etag} if etag else {}
    ).json()
    if invocation.format == "json":
        invocation.output.json(changed)
    elif invocation.format == "quiet":
        invocation.output.text(str(identifier))
    invocation.output.success(f"The version set {changed['name']!r} is changed.")


@command("delete", example="ads version-sets delete churn\nads version-sets delete churn --with-models --dry-run")
@reference_argument(VERSION_SET)
@click.option("--with-models", is_flag=True, help="Delete its models too.")
@click.option("--dry-run", is_flag=True, help="Show what would go, and delete nothing.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_invocation
def delete(invocation: Invocation, reference: str, with_models: bool, dry_run: bool, yes: bool) -> None:
    """Delete the version set REF. Refused while it has models, unless --with-models says that they go too."""
    from ads.client import wait_for_work_request

    service, output = invocation.service, invocation.output
    found = references.find(service, VERSION_SET, reference)
    models = versions_of(invocation, found) if with_models else []
    also = f" and its {len(models)} models" if models else ""
    if dry_run:
        rows = [{"kind": "version set", "name": found["name"], "id": found["id"]}]
        rows += [{"kind": "model", "name": row["displayName"], "id": row["id"]} for row in models]
        output.table(rows, DELETION_COLUMNS)
        output.talk("Nothing was deleted: that was a dry run.")
        return
    confirm(output, f"Delete the version set {found['name']!r} ({short_id(found['id'])}){also}?", yes)
    answer = service.request(
        "DELETE",
        f"{VERSION_SET.path}/{found['id']}",
        params={"isDeleteRelatedModels": "true" if with_models else "false"},
    )
    work = answer.headers.get("opc-work-request-id")
    if work:
        wait_for_work_request(service, work, label=f"Deleting {found['name']!r}", poll_interval=1.0)
    if output.format == "json":
        output.json({"id": found["id"], "lifecycleState": "DELETED"})
    elif output.format == "quiet":
        output.text(str(found["id"]))
    output.success(f"The version set {found['name']!r}{also} is deleted.")


DELETION_COLUMNS = (
    Column("WHAT", lambda row: row["kind"]),
    Column("NAME", lambda row: row["name"], foldable=True),
    Column("ID", lambda row: row["id"], short_id),
)
