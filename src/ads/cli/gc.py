"""``ads gc``: what nobody needs any more."""

from __future__ import annotations

import re
from typing import Any

import click

from ads.cli.commands import command, pass_invocation
from ads.cli.confirmation import confirm
from ads.cli.invocation import Invocation
from ads.cli.moments import size
from ads.cli.output import Column

__all__ = ["age_option", "collect", "gc"]

_PATH = "/openads/v1/gc"
_TIMEOUT = 3600.0
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

COLUMNS = (
    Column("KIND", lambda row: row["kind"]),
    Column("SIZE", lambda row: row["bytes"], size),
    Column("WHAT", lambda row: row["what"], foldable=True),
    Column("WHY", lambda row: row["why"], foldable=True),
)


def _seconds(_context: click.Context, _parameter: click.Parameter, value: str) -> int:
    """Read a length of time: ``90s``, ``30m``, ``12h``, ``7d``."""
    found = re.fullmatch(r"([0-9]{1,6})([smhd]?)", value)
    if not found:
        raise click.BadParameter(f"{value!r} is not a length of time; write 90s, 30m, 12h or 7d.")
    return int(found[1]) * _UNITS[found[2] or "s"]


age_option = click.option(
    "--older-than",
    metavar="AGE",
    callback=_seconds,
    default="24h",
    show_default=True,
    help="Leave alone what is younger: 90s, 30m, 12h, 7d.",
)
"""The option of commands that remove what nobody needs."""


@command(
    "gc",
    example="""
        ads gc --dry-run
        ads gc
        ads gc --older-than 7d --yes
    """,
)
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@age_option
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@pass_invocation
def gc(invocation: Invocation, dry_run: bool, older_than: int, yes: bool) -> None:
    """Remove what nobody needs any more: bytes of deleted models, uploads that never ended, unused environments.

    Shows what, why and how many bytes. Nothing that a model, an object or a deployment uses is touched.
    """
    collect(invocation, _PATH, dry_run, older_than, yes)


def collect(invocation: Invocation, path: str, dry_run: bool, older_than: int, yes: bool) -> None:
    """Show what nobody needs, as the service tells at ``path``, and remove it after asking."""
    output = invocation.output
    params = {"olderThanSeconds": older_than}
    found = invocation.service.request("GET", path, params=params, timeout=_TIMEOUT).json()
    if dry_run or not found["count"]:
        _show(invocation, found)
        output.talk(_summary(found, "would go") if found["count"] else "Nothing to remove.")
        return
    if not yes:
        _show(invocation, found)
    confirm(output, f"Remove {found['count']} things, {size(found['bytes'])}?", yes)
    gone = invocation.service.request("POST", path, params=params, timeout=_TIMEOUT).json()
    if yes:
        _show(invocation, gone)
    output.success(_summary(gone, "are gone"))


def _show(invocation: Invocation, found: dict[str, Any]) -> None:
    invocation.output.table(found["items"], COLUMNS, id_key="what")
    hidden = found["count"] - len(found["items"])
    if hidden > 0:
        invocation.output.talk(f"… and {hidden} smaller things.")


def _summary(found: dict[str, Any], verb: str) -> str:
    return f"{found['count']} things {verb}: {size(found['bytes'])}."
