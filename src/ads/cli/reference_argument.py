"""The argument REF of a command, with completion of names in the shell."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ads.cli.invocation import Invocation
from ads.cli.references import MODEL, PAGE_SIZE, VERSION_SET, Noun
from ads.errors import AdsError

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["complete_path", "reference_argument"]

_F = TypeVar("_F", bound=Callable[..., Any])


def reference_argument(noun: Noun, name: str = "reference") -> Callable[[_F], _F]:
    """Make the decorator that gives a command its argument ``name``, a reference to a thing of the kind ``noun``."""

    def complete(context: click.Context, parameter: click.Parameter, begun: str) -> list[Any]:
        if noun is MODEL and ("/" in begun or begun.startswith((".", "~"))):
            return complete_path(context, parameter, begun)
        try:
            service = context.ensure_object(Invocation).service
            names = _versions(service, begun) if noun is MODEL else set()
            names |= _names(service, noun)
            if noun is MODEL:
                names |= _names(service, VERSION_SET)
        except AdsError:  # a shell that completes is no place for errors
            return []
        return sorted(name for name in names if name.startswith(begun))

    return click.argument(name, metavar="REF", shell_complete=complete)


def complete_path(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[Any]:
    """Return what makes the shell complete the names of files."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="file")]


def _names(service: Service, noun: Noun) -> set[str]:
    listed = service.list(noun.path, params={"compartmentId": service.compartment_id, "limit": PAGE_SIZE})
    return {str(row.get(noun.name_key)) for row in listed if row.get("lifecycleState") != "DELETED"}


def _versions(service: Service, begun: str) -> set[str]:
    """Return what may follow ``name@`` and ``name:``: the aliases and the versions of a version set."""
    found = re.fullmatch(r"(.+)([@:])[^@:]*", begun)
    if found is None:
        return set()
    name, mark = found[1], found[2]
    query = {"compartmentId": service.compartment_id}
    if mark == ":":
        rows = service.list(MODEL.path, params={**query, "modelVersionSetName": name, "limit": PAGE_SIZE})
        return {f"{name}:{row['versionId']}" for row in rows if row.get("lifecycleState") != "DELETED"}
    sets = service.list(VERSION_SET.path, params={**query, "name": name, "lifecycleState": "ACTIVE"})
    return {
        f"{name}@{alias['name']}"
        for version_set in sets
        for alias in service.list(f"/openads/v1/modelVersionSets/{version_set['id']}/aliases")
    }
