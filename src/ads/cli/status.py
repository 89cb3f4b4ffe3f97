"""``ads status``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from ads.cli import exit_codes
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.output import Column
from ads.cli.references import DEPLOYMENT, MODEL, PAGE_SIZE
from ads.errors import ServiceUnreachable

__all__ = ["status"]

COLUMNS = (
    Column("service", lambda row: row["state"], state=True),
    Column("address", lambda row: row.get("url")),
    Column("version", lambda row: row.get("version")),
    Column("process", lambda row: row.get("pid")),
    Column("replica limits", lambda row: row.get("replicaLimits")),
    Column("data directory", lambda row: row.get("home")),
    Column("models", lambda row: _counted(row.get("models"))),
    Column("deployments", lambda row: _counted(row.get("deployments"))),
)


@command("status", example="ads status\nads status -q || ads serve --detach")
@pass_invocation
def status(invocation: Invocation) -> int:
    """Say what runs, where, and how many models and deployments it has.

    Exit status: 0 when the service answers, 3 when none runs, 6 when it doesn't answer. -q prints its address.
    """
    from ads.client.finder import member_of

    home = invocation.home
    found = home.read_service_file()
    remote = bool(invocation.settings.url)
    try:
        service = invocation.service
    except ServiceUnreachable:
        if remote:
            raise
        member = member_of(home)
        if member is not None:
            told = {"state": "running", "version": member.version, "pid": member.pid, "home": str(home.root)}
            if invocation.output.format != "quiet":  # it has no address to print
                invocation.output.record(told, COLUMNS)
            invocation.output.hint("It is a member of a cluster without a gateway: gateways are the way to it.")
            return exit_codes.OK
        _tell_nothing_runs(invocation, crashed=found is not None)
        return exit_codes.NOT_FOUND
    about = service.about
    local = None if remote and (found is None or found.url != service.url) else found
    invocation.output.record(
        {
            "state": "running",
            "url": service.url,
            "version": about.get("version"),
            "pid": local.pid if local else None,
            "replicaLimits": about.get("replicaLimits"),
            "home": str(home.root) if local else None,
            "models": _states(invocation, MODEL.path),
            "deployments": _states(invocation, DEPLOYMENT.path),
        },
        COLUMNS,
        id_key="url",
    )
    return exit_codes.OK


def _tell_nothing_runs(invocation: Invocation, *, crashed: bool) -> None:
    home = invocation.home
    output = invocation.output
    if output.format != "quiet":
        output.record({"state": "stopped", "home": str(home.root)}, COLUMNS)
    if crashed:
        output.talk(f"The last service ended without saying so; its logs are in {home.logs}.")
    output.hint("Start it: ads serve   (or in the background: ads serve --detach)")


def _states(invocation: Invocation, path: str) -> dict[str, int]:
    service = invocation.service
    listed = service.list(path, params={"compartmentId": service.compartment_id, "limit": PAGE_SIZE})
    counts = Counter(str(row.get("lifecycleState")) for row in listed)
    counts.pop("DELETED", None)
    return dict(sorted(counts.items()))


def _counted(states: Mapping[str, Any] | None) -> str | None:
    if states is None:
        return None
    parts = ", ".join(f"{count} {state}" for state, count in states.items())
    return f"{sum(states.values())} ({parts})" if parts else "0"
