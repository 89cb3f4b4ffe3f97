"""``ads models``: what is registered."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from ads.cli import references
from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.confirmation import confirm
from ads.cli.invocation import Invocation
from ads.cli.moments import ago, moment
from ads.cli.output import Column
from ads.cli.reference_argument import reference_argument
from ads.cli.references import MODEL, PAGE_SIZE, short_id
from ads.errors import Conflict

models = LazyGroup(
    "models",
    sections={
        "Commands": {
            "ls": LazyCommand("ads.cli.models:ls", "List the models, newest first."),
            "info": LazyCommand("ads.cli.models:info", "Show one model: metadata, schemas, where it came from."),
            "delete": LazyCommand("ads.cli.models:delete", "Delete a model that no deployment uses."),
        }
    },
    example="""
        ads models ls
        ads models info churn
    """,
    help="List, inspect and delete registered models.",
)

LIST_COLUMNS = (
    Column("NAME", lambda row: row.get("displayName"), foldable=True),
    Column("STATE", lambda row: row.get("lifecycleState"), state=True),
    Column("CREATED", lambda row: row.get("timeCreated"), ago),
    Column("ID", lambda row: row.get("id"), short_id),
)


@command("ls", example="ads models ls\nads models ls -q | wc -l")
@click.option("--all", "everything", is_flag=True, help="Deleted models too.")
@click.option("--name", metavar="NAME", help="Only models of exactly this name.")
@pass_invocation
def ls(invocation: Invocation, everything: bool, name: str | None) -> None:
    """List the models, newest first."""
    params = {
        "compartmentId": invocation.service.compartment_id,
        "sortBy": "timeCreated",
        "sortOrder": "DESC",
        "limit": PAGE_SIZE,
    }
    if name:
        params["displayName"] = name
    listed = invocation.service.list(MODEL.path, params=params)
    count = invocation.output.table(
        (row for row in listed if everything or row.get("lifecycleState") != "DELETED"), LIST_COLUMNS
    )
    if not count:
        invocation.output.talk(f"No model is called {name!r}." if name else "No models yet.")
        invocation.output.hint(
            "Register one from Python: model.prepare(…), model.verify(…), model.save(display_name=…)"
        )


@command("info", example="ads models info churn\nads models info churn --format json | jq -r .inputSchema")
@reference_argument(MODEL)
@pass_invocation
def info(invocation: Invocation, reference: str) -> None:
    """Show the model REF: state, metadata, size of its schemas. --format json shows everything that is stored."""
    model = references.find(invocation.service, MODEL, reference)
    invocation.output.record(model, INFO_COLUMNS)
    if model.get("lifecycleState") == "ACTIVE":
        invocation.output.hint(f'Work with it in Python: GenericModel.from_id("{model["id"]}")')


@command("delete", example="ads models delete churn\nads models delete k3q7zabc --yes")
@reference_argument(MODEL)
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_invocation
def delete(invocation: Invocation, reference: str, yes: bool) -> None:
    """Delete the model REF and its artifact. Refused while a deployment uses it."""
    model = references.find(invocation.service, MODEL, reference)
    confirm(
        invocation.output, f"Delete the model {model['displayName']!r} ({short_id(model['id'])}) and its artifact?", yes
    )
    try:
        invocation.service.request("DELETE", f"{MODEL.path}/{model['id']}")
    except Conflict as error:
        error.hint = error.hint or "See the deployments: ads deployments ls"
        raise
    invocation.output.success(f"Model {model['displayName']!r} is deleted.")
    if invocation.format == "quiet":
        invocation.output.text(model["id"])
    elif invocation.format == "json":
        invocation.output.json({"id": model["id"], "lifecycleState": "DELETED"})


# What oracle-ads, and we after it, write for "nothing".
_NO_VALUE = (None, "", "NA")


def _metadata(key: str) -> Column:
    """Make the column of one key of the defined metadata."""

    def value(row: Mapping[str, Any]) -> Any:
        items = row.get("definedMetadataList") or []
        return next((item.get("value") for item in items if item.get("key") == key), None)

    return Column(_words(key), value)


def _words(key: str) -> str:
    """Return ``UseCaseType`` as ``use case type``."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in key).strip()


def _schema_width(key: str) -> Column:
    def value(row: Mapping[str, Any]) -> Any:
        try:
            attributes = json.loads(row.get(key) or "{}").get("schema", [])
        except (ValueError, AttributeError):
            return None
        names = [str(attribute.get("name")) for attribute in attributes]
        if not names:
            return None
        more = f", … ({len(names)} columns)" if len(names) > 6 else ""
        return ", ".join(names[:6]) + more

    return Column(_words(key), value)


def _custom(row: Mapping[str, Any]) -> Any:
    items = row.get("customMetadataList") or []
    return (
        ", ".join(f"{item.get('key')}={item.get('value')}" for item in items if item.get("value") not in _NO_VALUE)
        or None
    )


INFO_COLUMNS = (
    Column("name", lambda row: row.get("displayName")),
    Column("id", lambda row: row.get("id")),
    Column("state", lambda row: row.get("lifecycleState"), state=True),
    Column("details", lambda row: row.get("lifecycleDetails")),
    Column("description", lambda row: row.get("description")),
    Column("created", lambda row: row.get("timeCreated"), moment),
    _metadata("UseCaseType"),
    _metadata("Framework"),
    _metadata("FrameworkVersion"),
    _metadata("Algorithm"),
    _schema_width("inputSchema"),
    _schema_width("outputSchema"),
    Column("custom metadata", _custom),
    Column("tags", lambda row: row.get("freeformTags") or None),
    Column("project", lambda row: row.get("projectId")),
)

__all__ = ["delete", "info", "ls", "models"]
