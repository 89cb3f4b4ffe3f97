"""``ads models``: what is registered. The verbs that change or fetch something have modules of their own."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import click

from ads.cli import references
from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.confirmation import confirm
from ads.cli.invocation import Invocation
from ads.cli.model_body import metrics_of
from ads.cli.moments import ago, moment
from ads.cli.output import Column
from ads.cli.reference_argument import reference_argument
from ads.cli.references import MODEL, PAGE_SIZE, short_id
from ads.errors import Conflict, NotFound

__all__ = ["LIST_COLUMNS", "SEARCH", "defined_value", "delete", "info", "ls", "models"]

SEARCH = "/openads/v1/models/search"

models = LazyGroup(
    "models",
    sections={
        "Look": {
            "ls": LazyCommand("ads.cli.models:ls", "List the models, newest first."),
            "search": LazyCommand("ads.cli.model_search:search", "Find models by words, fields and metrics."),
            "info": LazyCommand("ads.cli.models:info", "Show one model: metadata, schemas, where it came from."),
            "diff": LazyCommand("ads.cli.model_diff:diff", "Show what changed from one model to another."),
            "download": LazyCommand(
                "ads.cli.model_download:download", "Write a model's artifact to a folder or zip file."
            ),
            "verify-signature": LazyCommand(
                "ads.cli.model_signing:verify_signature", "Tell whose signature an artifact carries."
            ),
        },
        "Change": {
            "create": LazyCommand("ads.cli.model_changes:create", "Register an artifact: a folder or a zip file."),
            "update": LazyCommand("ads.cli.model_changes:update", "Change name, description, label, tags, metrics."),
            "sign": LazyCommand("ads.cli.model_signing:sign", "Sign an artifact folder with a private key."),
            "delete": LazyCommand("ads.cli.models:delete", "Delete a model that no deployment uses."),
        },
    },
    example="""
        ads models ls
        ads models search 'framework:xgboost auc>0.9'
        ads models info churn@champion
    """,
    help="List, find, inspect, register, change and delete models.",
)


def _version(row: Mapping[str, Any]) -> str | None:
    """Return ``churn:3`` for a model that is a version of something."""
    name, number = row.get("modelVersionSetName"), row.get("versionId")
    return f"{name}:{number}" if name and number else None


def _aliases(row: Mapping[str, Any]) -> str | None:
    return ", ".join(str(alias) for alias in row.get("aliases") or []) or None


def _framework(row: Mapping[str, Any]) -> Any:
    return row.get("framework") or defined_value(row, "Framework")


LIST_COLUMNS = (
    Column("NAME", lambda row: row.get("displayName"), foldable=True),
    Column("VERSION", _version, foldable=True),
    Column("ALIASES", _aliases, foldable=True),
    Column("FRAMEWORK", _framework),
    Column("STATE", lambda row: row.get("lifecycleState"), state=True),
    Column("CREATED", lambda row: row.get("timeCreated"), ago),
    Column("ID", lambda row: row.get("id"), short_id),
)


@command("ls", example="ads models ls\nads models ls -q | wc -l")
@click.option("--all", "everything", is_flag=True, help="Deleted models too.")
@click.option("--name", metavar="NAME", help="Only models of exactly this name.")
@pass_invocation
def ls(invocation: Invocation, everything: bool, name: str | None) -> None:
    """List the models, newest first, with what they are a version of, their aliases and their framework."""
    count = invocation.output.table(_listed(invocation, everything, name), LIST_COLUMNS)
    if not count:
        invocation.output.talk(f"No model is called {name!r}." if name else "No models yet.")
        invocation.output.hint(
            "Register one from Python: model.prepare(…), model.verify(…), model.save(display_name=…)   "
            "or a folder: ads push PATH"
        )


def _listed(invocation: Invocation, everything: bool, name: str | None) -> Iterator[dict[str, Any]]:
    service = invocation.service
    params = {"compartmentId": service.compartment_id, "limit": PAGE_SIZE}
    order = {"sortBy": "timeCreated", "sortOrder": "DESC"}
    if service.knows_references and not everything and not name:
        return service.list(SEARCH, params={**params, **order})
    rows = service.list(MODEL.path, params={**params, **order, **({"displayName": name} if name else {})})
    return (row for row in rows if everything or row.get("lifecycleState") != "DELETED")


@command("info", example="ads models info churn\nads models info churn --format json | jq -r .inputSchema")
@reference_argument(MODEL)
@pass_invocation
def info(invocation: Invocation, reference: str) -> None:
    """Show the model REF: state, metadata, size of its schemas. --format json shows everything that is stored."""
    model = references.find(invocation.service, MODEL, reference)
    shown = model
    if invocation.format != "json":
        shown = {**model, "aliases": _aliases_of(invocation, model), "labels": _labels_of(invocation, model)}
    invocation.output.record(shown, INFO_COLUMNS)
    if model.get("lifecycleState") == "ACTIVE":
        invocation.output.hint(f'Work with it in Python: GenericModel.from_id("{model["id"]}")')
        invocation.output.hint(f"Deploy it: ads deploy {shlex.quote(reference)}")


def _aliases_of(invocation: Invocation, model: Mapping[str, Any]) -> list[str]:
    service, set_id = invocation.service, model.get("modelVersionSetId")
    if not set_id or not service.knows_references:
        return []
    listed = service.list(f"/openads/v1/modelVersionSets/{set_id}/aliases")
    return [str(alias["name"]) for alias in listed if alias.get("modelId") == model["id"]]


def _labels_of(invocation: Invocation, model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return what the service found out about the artifact; nothing from one that doesn't label."""
    if not invocation.service.knows_references:
        return []
    try:
        return list(invocation.service.list(f"/openads/v1/models/{model['id']}/labels"))
    except NotFound:
        return []


@command("delete", example="ads models delete churn\nads models delete k3q7zabc --yes")
@reference_argument(MODEL)
@click.option("--dry-run", is_flag=True, help="Show what would go, and delete nothing.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@pass_invocation
def delete(invocation: Invocation, reference: str, dry_run: bool, yes: bool) -> None:
    """Delete the model REF and its artifact. Refused while a deployment uses it."""
    model = references.find(invocation.service, MODEL, reference)
    if dry_run:
        invocation.output.table([model], LIST_COLUMNS)
        invocation.output.talk("Nothing was deleted: that was a dry run.")
        return
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


def defined_value(row: Mapping[str, Any], key: str) -> Any:
    """Return what a model's defined metadata says under ``key``, such as ``Framework``."""
    items = row.get("definedMetadataList") or []
    return next((item.get("value") for item in items if item.get("key") == key), None)


def _metadata(key: str) -> Column:
    """Make the column of one key of the defined metadata."""
    return Column(_words(key), lambda row: defined_value(row, key))


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


def _metrics(row: Mapping[str, Any]) -> str | None:
    return ", ".join(f"{key}={value:g}" for key, value in metrics_of(row).items()) or None


def _custom(row: Mapping[str, Any]) -> str | None:
    metrics = metrics_of(row)
    items = [item for item in row.get("customMetadataList") or [] if item.get("key") not in metrics]
    return (
        ", ".join(f"{item.get('key')}={item.get('value')}" for item in items if item.get("value") not in _NO_VALUE)
        or None
    )


def _labels(row: Mapping[str, Any]) -> str | None:
    """Return ``pickles suspicious: imports posix.system, …`` for each label, one after the other."""
    found = (f"{label['name']} {label['verdict']}: {label['summary']}" for label in row.get("labels") or [])
    return "; ".join(found) or None


INFO_COLUMNS = (
    Column("name", lambda row: row.get("displayName")),
    Column("id", lambda row: row.get("id")),
    Column("state", lambda row: row.get("lifecycleState"), state=True),
    Column("details", lambda row: row.get("lifecycleDetails")),
    Column("version", _version),
    Column("label", lambda row: row.get("versionLabel")),
    Column("aliases", _aliases),
    Column("description", lambda row: row.get("description")),
    Column("created", lambda row: row.get("timeCreated"), moment),
    _metadata("UseCaseType"),
    _metadata("Framework"),
    _metadata("FrameworkVersion"),
    _metadata("Algorithm"),
    _schema_width("inputSchema"),
    _schema_width("outputSchema"),
    Column("metrics", _metrics),
    Column("custom metadata", _custom),
    Column("labels", _labels),
    Column("tags", lambda row: row.get("freeformTags") or None),
    Column("project", lambda row: row.get("projectId")),
)
