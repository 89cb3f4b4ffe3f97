"""``ads deployments logs``, and ``ads logs`` for short."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from typing import Any

import click

from ads.cli import exit_codes, references
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.output import plain
from ads.cli.reference_argument import reference_argument
from ads.cli.references import DEPLOYMENT

__all__ = ["logs"]

Line = dict[str, Any]


@command(
    "logs",
    example="""
        ads deployments logs churn          # or shorter: ads logs churn
        ads deployments logs churn -f
        ads deployments logs churn --type access -n 1000 --format json
    """,
)
@reference_argument(DEPLOYMENT)
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines as they come, until Ctrl-C.")
@click.option(
    "--type",
    "log_type",
    type=click.Choice(["predict", "access"]),
    default="predict",
    show_default=True,
    help="What the model's code and the replicas write, or one line per request.",
)
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(1, 1000),
    metavar="COUNT",
    default=100,
    show_default=True,
    help="How many of the last lines.",
)
@pass_invocation
def logs(invocation: Invocation, reference: str, follow: bool, log_type: str, lines: int) -> int:
    """Show the last lines of what the deployment REF writes. With -f a service that restarts is waited for."""
    deployment = references.find(invocation.service, DEPLOYMENT, reference)
    if not follow:
        _show(invocation, deployment, log_type, lines)
        return exit_codes.OK
    with contextlib.suppress(KeyboardInterrupt):
        _follow(invocation, deployment, log_type, lines)
    return exit_codes.INTERRUPTED


def _show(invocation: Invocation, deployment: Line, log_type: str, lines: int) -> None:
    """Write the last lines, as JSON as one list."""
    found = _fetch(invocation, deployment["id"], log_type, lines)
    if invocation.format == "json":
        invocation.output.json(found)
    else:
        _write(invocation, found)
    if not found:
        invocation.output.talk(f"The {log_type} log of {deployment['displayName']!r} is empty.")


def _follow(invocation: Invocation, deployment: Line, log_type: str, lines: int) -> None:
    from ads.client.log_stream import follow_lines

    deployment_id = deployment["id"]
    if not _fetch(invocation, deployment_id, log_type, 1):
        name = deployment["displayName"]
        invocation.output.talk(f"The {log_type} log of {name!r} is empty so far; waiting for its first line.")
    away = [False]

    def lost() -> None:
        if not away[0]:
            invocation.output.talk("The service doesn't answer; trying again.")
        away[0] = True

    for line in follow_lines(invocation.service, deployment_id, log_type, lines, lost=lost):
        away[0] = False
        _write(invocation, [line])


def _fetch(invocation: Invocation, deployment_id: str, log_type: str, limit: int) -> list[Line]:
    path = f"/openads/v1/deployments/{deployment_id}/logs"
    content = invocation.service.get_json(path, params={"type": log_type, "limit": limit})
    found: list[Line] = content.get("lines") or content.get("items") or []
    return found


def _write(invocation: Invocation, lines: Sequence[Line]) -> None:
    output = invocation.output
    for line in lines:
        if output.format == "json":
            output.text(json.dumps(line, ensure_ascii=False))
        else:
            parts = (plain(line.get("time")), _shown(line))
            output.text(" ".join(part for part in parts if part))


def _shown(line: Line) -> str:
    """Return a line's message with its indentation, without what could steer a terminal; a request as its key facts."""
    message = str(line.get("message") or "")
    request = _request(message) if line.get("type") == "access" else None
    if request is not None:
        return "  ".join(
            (
                f"{request.get('status', '---')} {request.get('milliseconds', 0):>8.1f} ms",
                f"{request.get('bytesIn', 0):>7} → {request.get('bytesOut', 0)} bytes",
                plain(request.get("replica")),
                plain(request.get("requestId")),
            )
        ).rstrip()
    return "".join(c if c.isprintable() or c == "\t" else " " for c in message)


def _request(message: str) -> dict[str, Any] | None:
    try:
        found = json.loads(message)
    except ValueError:
        return None
    return found if isinstance(found, dict) and isinstance(found.get("milliseconds", 0), int | float) else None
