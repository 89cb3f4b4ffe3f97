"""``ads pull``, and what ``ads push --to`` shares with it: models between two catalogs."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ads.cli import references
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.references import MODEL
from ads.errors import InputError

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["copy", "copy_options", "place", "pull"]

_KEPT = "copies"
"""The folder of the data directory where downloads lie that were cut."""

_F = TypeVar("_F", bound=Callable[..., Any])


def copy_options(function: _F) -> _F:
    """Give a command the options that say how models are copied."""
    for option in (
        click.option(
            "--all-versions", "every_version", is_flag=True, help="Every version of its set, the oldest first."
        ),
        click.option(
            "--token-file",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            metavar="FILE",
            help="The bearer token for the other service.",
        ),
        click.option("--no-aliases", is_flag=True, help="Leave the other catalog's aliases where they point."),
    ):
        function = option(function)
    return function


def place(invocation: Invocation, text: str, token_file: Path | None) -> Service:
    """Return the catalog that a URL, ``oci`` or ``oci://<region>`` means."""
    from ads.client import Service
    from ads.settings import load_settings

    if not text.startswith(("http://", "https://", "oci")):
        raise InputError(f"{text!r} is no catalog.", hint="Give the URL of a service, oci, or oci://<region>.")
    token = token_file.read_text("utf-8").strip() if token_file is not None else None
    return Service.find(load_settings(home=invocation.home_argument, url=text, token=token), start=False)


def copy(
    invocation: Invocation, reference: str, source: Service, target: Service, *, every_version: bool, aliases: bool
) -> None:
    """Copy the model that ``reference`` means in ``source``, and print the ids of the copies."""
    from ads.model.model_copy import copy_model, versions_of

    output = invocation.output
    model = references.find(source, MODEL, reference)
    told = []
    for one in versions_of(source, model) if every_version else [model]:
        copied = copy_model(source, target, one, aliases=aliases, kept=invocation.home.root / _KEPT)
        found = copied.model
        shown = found.reference if found.version_set_name else found.display_name
        words = "is there now" if copied.sent else "has changed there" if copied.changed else "was there already"
        output.success(f"{shlex.quote(shown)} {words}.")
        told.append({"id": found.id, "from": one["id"], "sent": copied.sent, "changed": copied.changed})
    if output.format == "json":
        output.json(told)
        return
    for row in told:
        output.text(str(row["id"]))


@command(
    "pull",
    example="""
        ads pull churn@champion --from https://models.example.com --token-file token
        ads pull churn --from oci --all-versions
    """,
)
@click.argument("reference", metavar="REF")
@click.option("--from", "source", required=True, metavar="PLACE", help="A service's URL, oci, or oci://<region>.")
@copy_options
@pass_invocation
def pull(
    invocation: Invocation,
    reference: str,
    source: str,
    token_file: Path | None,
    every_version: bool,
    no_aliases: bool,
) -> None:
    """Copy the model REF of another catalog into this one, with its metadata, schemas, tags, label and aliases.

    It joins the version set of the same name. What is here already isn't fetched again, and after a cut the same
    command goes on from there.
    """
    other = place(invocation, source, token_file)
    copy(invocation, reference, other, invocation.service, every_version=every_version, aliases=not no_aliases)
