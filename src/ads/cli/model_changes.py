"""``ads models create``, ``ads push`` and ``ads models update``."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from ads.cli import references
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.model_copying import copy, copy_options, place
from ads.cli.reference_argument import reference_argument
from ads.cli.references import MODEL
from ads.cli.registering import Registration, register

__all__ = ["artifact_options", "create", "push", "registration_of", "update"]

_F = TypeVar("_F", bound=Callable[..., Any])

_OPTIONS = (
    click.option("--set", "version_set", metavar="NAME", help="Version set to join; made when there is none."),
    click.option("--label", metavar="TEXT", help="Label of this version within its set."),
    click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="A tag; may come several times."),
    click.option("--description", metavar="TEXT", help="What the model is for."),
    click.option("--metric", "metrics", multiple=True, metavar="NAME=NUMBER", help="A metric, such as auc=0.91."),
    click.option("--no-check", is_flag=True, help="Register it even if a check fails."),
)


def artifact_options(function: _F) -> _F:
    """Give a command the options that describe a new model, except its name."""
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def registration_of(name: str | None, given: dict[str, Any]) -> Registration:
    """Return what the options of :func:`artifact_options` say. Raises a usage error for what can't be read."""
    from ads.cli.model_body import pairs, with_metrics

    if given["label"] and not given["version_set"]:
        raise click.UsageError("--label names a version within a set: give --set too.")
    metrics = pairs("--metric", given["metrics"])
    with_metrics([], metrics)  # refuses what is no number
    return Registration(
        name=name or "",
        version_set=given["version_set"] or "",
        label=given["label"] or "",
        description=given["description"] or "",
        tags=pairs("--tag", given["tags"]),
        metrics=metrics,
        checked=not given["no_check"],
    )


def _create(invocation: Invocation, path: Path, name: str | None, given: dict[str, Any]) -> None:
    registration = registration_of(name, given)
    model = register(invocation, path, registration)
    output = invocation.output
    shown = model.reference if model.version_set_name else references.short_id(model.id)
    if output.format == "json":
        output.json(invocation.service.get_json(f"{MODEL.path}/{model.id}"))
    else:
        output.text(model.id)
    output.success(f"Model {model.display_name!r} is registered as {shown}.")
    output.hint(f"Deploy it: ads deploy {shlex.quote(shown)}")


_path_argument = click.argument("path", type=click.Path(path_type=Path), metavar="PATH")
_name_option = click.option(
    "--name", metavar="NAME", help="What the model is called. Default: as its set, or the path."
)


@command(
    "create",
    example="""
        ads models create churn/ --name churn
        ads models create churn.zip --set churn --label first --metric auc=0.91 --tag team=risk
    """,
)
@_path_argument
@_name_option
@artifact_options
@pass_invocation
def create(invocation: Invocation, /, path: Path, name: str | None, **given: Any) -> None:
    """Register the artifact at PATH, a folder or a zip file, and print the model's id.

    It is checked first (ads introspect shows how); what fails is not registered. Framework and schemas are read from
    the artifact.
    """
    _create(invocation, path, name, given)


@command(
    "push",
    example="""
        ads push churn/
        ads push churn.zip --set churn
        ads push churn@champion --to https://models.example.com --token-file token
    """,
)
@_path_argument
@_name_option
@artifact_options
@click.option("--to", "target", metavar="PLACE", help="Copy the registered model PATH there: a service's URL, or oci.")
@copy_options
@pass_invocation
def push(invocation: Invocation, /, path: Path, name: str | None, **given: Any) -> None:
    """Register the artifact at PATH, a folder or a zip file, and print the model's id: ads models create, shorter.

    With --to, PATH is a registered model, which is copied into another catalog with its metadata, schemas, tags and
    aliases. What is there already isn't sent again, and after a cut the same command goes on from there.
    """
    target, token_file = given.pop("target"), given.pop("token_file")
    every_version, aliases = given.pop("every_version"), not given.pop("no_aliases")
    if target is None:
        if token_file is not None or every_version or not aliases:
            raise click.UsageError("--token-file, --all-versions and --no-aliases belong to --to.")
        _create(invocation, path, name, given)
        return
    if name is not None or any(given.values()):
        raise click.UsageError("A copy is called and described as the model: leave the options beside --to out.")
    other = place(invocation, target, token_file)
    copy(invocation, str(path), invocation.service, other, every_version=every_version, aliases=aliases)


@command(
    "update",
    example="""
        ads models update churn@champion --description "who leaves next month" --tag team=risk
        ads models update churn:3 --metric auc=0.93 --label better
    """,
)
@reference_argument(MODEL)
@click.option("--name", metavar="NAME", help="What the model is called.")
@click.option("--description", metavar="TEXT", help="What the model is for.")
@click.option("--label", metavar="TEXT", help="Label of this version within its set.")
@click.option("--tag", "tags", multiple=True, metavar="NAME=VALUE", help="Set a tag; others stay.")
@click.option("--untag", "untags", multiple=True, metavar="NAME", help="Remove a tag.")
@click.option("--metric", "metrics", multiple=True, metavar="NAME=NUMBER", help="Set a metric; others stay.")
@pass_invocation
def update(invocation: Invocation, /, reference: str, **given: Any) -> None:
    """Change the model REF. What no option names stays as it is; what somebody else changed meanwhile is not lost."""
    from ads.cli.model_body import pairs, with_metrics

    if not any(value is not None and value != () for value in given.values()):
        raise click.UsageError("There is nothing to change: give an option.")
    tags, metrics = pairs("--tag", given["tags"]), pairs("--metric", given["metrics"])
    service = invocation.service
    identifier = references.find(service, MODEL, reference)["id"]
    answer = service.request("GET", f"{MODEL.path}/{identifier}")
    model = answer.json()
    body = {"displayName": given["name"], "description": given["description"], "versionLabel": given["label"]}
    changes: dict[str, Any] = {key: value for key, value in body.items() if value is not None}
    if tags or given["untags"]:
        kept = {**(model.get("freeformTags") or {}), **tags}
        changes["freeformTags"] = {key: value for key, value in kept.items() if key not in given["untags"]}
    if metrics:
        changes["customMetadataList"] = with_metrics(model.get("customMetadataList") or [], metrics)
    etag = answer.headers.get("etag")
    changed = service.request(
        "PUT", f"{MODEL.path}/{identifier}", json=changes, headers={"if-match": etag} if etag else {}
    ).json()
    if invocation.format == "json":
        invocation.output.json(changed)
    elif invocation.format == "quiet":
        invocation.output.text(str(identifier))
    invocation.output.success(f"Model {changed['displayName']!r} is changed.")
    invocation.output.hint(f"See it: ads models info {shlex.quote(reference)}")
