"""``ads deployments logs``, and ``ads logs`` for short."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from ads.cli import exit_codes, references
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.output import plain
from ads.cli.reference_argument import reference_argument
from ads.cli.references import DEPLOYMENT
from ads.errors import ServiceTimeout, ServiceUnavailable, ServiceUnreachable

__all__ = ["logs", "unseen"]

_LOOK_EVERY = 0.5
_FOLLOWED_LINES = 1000

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
    if not follow:
        _show(invocation, reference, log_type, lines, whole=invocation.format == "json")
        return exit_codes.OK
    with contextlib.suppress(KeyboardInterrupt):
        deployment_id, seen = _show(invocation, reference, log_type, lines)
        _follow(invocation, deployment_id, log_type, seen)
    return exit_codes.INTERRUPTED


def _show(
    invocation: Invocation, reference: str, log_type: str, lines: int, *, whole: bool = False
) -> tuple[str, list[Line]]:
    """Write the last lines, ``whole`` as one JSON list, and return the deployment's id with them."""
    deployment = references.find(invocation.service, DEPLOYMENT, reference)
    seen = _fetch(invocation, deployment["id"], log_type, lines)
    if whole:
        invocation.output.json(seen)
    else:
        _write(invocation, seen)
    if not seen:
        invocation.output.talk(f"The {log_type} log of {deployment['displayName']!r} is empty.")
    return str(deployment["id"]), seen


def _follow(invocation: Invocation, deployment_id: str, log_type: str, seen: Sequence[Line]) -> NoReturn:
    lost = False
    while True:
        time.sleep(_LOOK_EVERY)
        try:
            current = _fetch(invocation, deployment_id, log_type, _FOLLOWED_LINES)
        except (ServiceUnreachable, ServiceUnavailable, ServiceTimeout):
            if not lost:
                invocation.output.talk("The service doesn't answer; trying again.")
            lost = True
            continue
        lost = False
        _write(invocation, unseen(seen, current))
        seen = current


def unseen(seen: Sequence[Line], current: Sequence[Line]) -> list[Line]:
    """Return what ``current`` has after the longest end of ``seen`` that it repeats.

    Both are the last lines of one log at two moments; ``current`` may reach further back. Without anything in common
    the log was rotated or ran far ahead, and all of ``current`` is new.
    """
    if not seen:
        return list(current)
    for end in range(len(current), 0, -1):
        length = min(end, len(seen))
        if list(current[end - length : end]) == list(seen[-length:]):
            return list(current[end:])
    return list(current)


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
