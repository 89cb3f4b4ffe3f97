"""The argument REF of a command, with completion of names in the shell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ads.cli.invocation import Invocation
from ads.cli.references import PAGE_SIZE, Noun
from ads.errors import AdsError

__all__ = ["reference_argument"]

_F = TypeVar("_F", bound=Callable[..., Any])


def reference_argument(noun: Noun) -> Callable[[_F], _F]:
    """Make the decorator that gives a command its ``reference`` argument, a thing of the kind ``noun``."""

    def complete(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
        try:
            service = context.ensure_object(Invocation).service
            listed = service.list(noun.path, params={"compartmentId": service.compartment_id, "limit": PAGE_SIZE})
            names = {str(row.get("displayName")) for row in listed if row.get("lifecycleState") != "DELETED"}
        except AdsError:  # a shell that completes is no place for errors
            return []
        return sorted(name for name in names if name.startswith(begun))

    return click.argument("reference", metavar="REF", shell_complete=complete)
