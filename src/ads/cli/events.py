"""``ads events``: who changed what."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from typing import Any

import click

from ads.cli import exit_codes
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.moments import ago
from ads.cli.output import Column, Output, plain
from ads.cli.references import short_id

__all__ = ["events"]

_EVENTS = "/openads/v1/events"
_MOST_CHANGES = 3
_LONGEST_VALUE = 40


def _who(row: Mapping[str, Any]) -> str:
    return str(row.get("principalName") or short_id(str(row.get("principal") or "")))


def _what(row: Mapping[str, Any]) -> str:
    return str(row.get("resourceName") or short_id(str(row.get("resourceId") or "")))


def _change(row: Mapping[str, Any]) -> str | None:
    """Return what is another value now, shortly: ``state ACTIVE → DELETED``."""
    before, after = row.get("from"), row.get("to")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return None
    keys = [key for key in after if before.get(key) != after[key]]
    changes = [f"{key} {_short(before.get(key))} → {_short(after[key])}" for key in keys[:_MOST_CHANGES]]
    more = len(keys) - _MOST_CHANGES
    return "; ".join([*changes, *([f"and {more} more"] if more > 0 else [])]) or None


def _short(value: Any) -> str:
    text = plain(value) or "-"
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


COLUMNS = (
    Column("TIME", lambda row: row.get("time"), ago),
    Column("WHO", _who, foldable=True),
    Column("ACTION", lambda row: row.get("action")),
    Column("WHAT", _what, foldable=True),
    Column("CHANGE", _change, foldable=True),
    Column("ID", lambda row: row.get("resourceId"), short_id),
)


@command(
    "events",
    example="""
        ads events
        ads events -f
        ads events --action model.create --format json
    """,
)
@click.argument("verb", required=False, type=click.Choice(["ls"]), metavar="[ls]", expose_value=False)
@click.option("-f", "--follow", is_flag=True, help="Go on with new events as they happen, until Ctrl-C.")
@click.option(
    "-n", "--lines", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many of the last."
)
@click.option("--after", type=click.IntRange(0), metavar="NUMBER", help="All after this number instead of the last.")
@click.option("--action", metavar="ACTION", help="Only this action, such as model.create.")
@click.option("--resource", metavar="OCID", help="Only what happened to this thing.")
@click.option("--principal", metavar="OCID", help="Only what this user did.")
@pass_invocation
def events(invocation: Invocation, /, follow: bool, lines: int, after: int | None, **only: Any) -> int:
    """Show who changed what, the latest last. -q prints the events' numbers.

    With -f the connection is made again whenever it breaks, and no event is missed or shown twice.
    """
    output = invocation.output
    params = {"action": only["action"], "resourceId": only["resource"], "principal": only["principal"]}
    params = {key: value for key, value in params.items() if value}
    if not follow:
        if not output.table(_past(invocation, params, lines, after), COLUMNS, id_key="seq"):
            output.talk("Nothing happened yet." if not params else "Nothing of that happened.")
        return exit_codes.OK
    with contextlib.suppress(KeyboardInterrupt):
        _follow(invocation, params, lines, after)
    return exit_codes.INTERRUPTED


def _follow(invocation: Invocation, params: dict[str, Any], lines: int, after: int | None) -> None:
    from ads.client.event_stream import follow_events

    output = invocation.output
    shown = _past(invocation, params, lines, after)
    for row in shown:
        _write(output, row)
    last = max((int(row["seq"]) for row in shown), default=after or _newest(invocation))
    lost = "The connection to the service broke; trying again."
    for row in follow_events(invocation.service, last, params, lambda: output.talk(lost)):
        _write(output, row)


def _past(invocation: Invocation, params: dict[str, Any], lines: int, after: int | None) -> list[dict[str, Any]]:
    """Return events in the order in which they happened: all after a number, or the last few."""
    service = invocation.service
    if after is not None:
        return list(service.list(_EVENTS, params={**params, "after": str(after), "limit": "1000"}))
    from itertools import islice

    listed = service.list(_EVENTS, params={**params, "limit": str(min(lines, 1000)), "sortOrder": "DESC"})
    return sorted(islice(listed, lines), key=lambda row: int(row["seq"]))


def _newest(invocation: Invocation) -> int:
    newest = _past(invocation, {}, 1, None)
    return int(newest[0]["seq"]) if newest else 0


def _write(output: Output, row: dict[str, Any]) -> None:
    """Write one event on one line, as following goes."""
    if output.format == "json":
        output.text(json.dumps(row, ensure_ascii=False))
    elif output.format == "quiet":
        output.text(plain(row["seq"]))
    elif output.for_people:
        parts = [plain(row.get("time"))[:19].replace("T", " "), _who(row), row.get("action"), _what(row), _change(row)]
        output.text("  ".join(plain(part) for part in parts if part))
    else:
        output.text("\t".join(plain(column.value(row)) for column in COLUMNS))
