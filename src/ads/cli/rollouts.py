"""``ads deployments update`` and the verbs around it: from one version to another, shares of the requests, size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from ads.cli import references
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.moments import moment
from ads.cli.output import Column
from ads.cli.reference_argument import reference_argument
from ads.cli.references import DEPLOYMENT, name_to_paste, short_id
from ads.errors import DeploymentFailed, InputError

__all__ = [
    "abort",
    "follow",
    "limit",
    "pause",
    "promote",
    "resume",
    "revisions",
    "rollback",
    "scale",
    "traffic",
    "update",
]

_OWN = "/openads/v1/deployments"

_wait_option = click.option("--no-wait", is_flag=True, help="Return at once; don't wait until it is done.")
_timeout_option = click.option(
    "--timeout", type=float, default=3600.0, show_default=True, metavar="SECONDS", help="Longest time to wait."
)

TRAFFIC_COLUMNS = (
    Column("REVISION", lambda row: row.get("revision")),
    Column("SHARE", lambda row: f"{row.get('weight')} %"),
    Column("REPLICAS", lambda row: row.get("replicas")),
    Column("MODEL", lambda row: row.get("reference") or row.get("modelId"), short_id),
)

REVISION_COLUMNS = (
    Column("REVISION", lambda row: row.get("revision")),
    Column("MODEL", lambda row: row.get("reference") or row.get("modelId"), short_id),
    Column("REPEATS", lambda row: row.get("origin")),
    Column("CREATED", lambda row: row.get("timeCreated"), moment),
    Column("SERVED", lambda row: row.get("timeServed"), moment),
)


@command(
    "update",
    example="ads deployments update churn churn:13\nads deployments update churn churn:13 --canary 5,25,100 --bake 60",
)
@reference_argument(DEPLOYMENT)
@click.argument("model", metavar="MODELREF")
@click.option("--canary", metavar="PERCENT,…", help="Shares of the requests that it gets, step by step.")
@click.option("--shadow", is_flag=True, help="Only copies of requests; compare its answers.")
@click.option("--bake", type=float, metavar="SECONDS", help="How long each step is watched.")
@click.option("--spare", type=int, metavar="N", help="Replicas beyond the wanted number: one after the other.")
@click.option("--gate", "gates", multiple=True, metavar="NAME=NUMBER", help="errorRate, p95Ratio, leastRequests, …")
@_wait_option
@_timeout_option
@pass_invocation
def update(
    invocation: Invocation,
    reference: str,
    model: str,
    canary: str | None,
    shadow: bool,
    bake: float | None,
    spare: int | None,
    gates: tuple[str, ...],
    no_wait: bool,
    timeout: float,
) -> None:
    """Serve MODELREF in the deployment REF, without a gap; a bad one goes back by itself."""
    if canary and shadow:
        raise InputError("--canary and --shadow exclude each other.")
    strategy = "canary" if canary else "shadow" if shadow else "rolling"
    body: dict[str, Any] = {
        "modelId" if model.startswith("ocid1.") else "reference": model,
        "strategy": strategy,
        "steps": _percentages(canary) if canary else None,
        "bakeSeconds": bake,
        "spare": spare,
        "gates": dict(map(_gate, gates)) or None,
    }
    found = references.find(invocation.service, DEPLOYMENT, reference)
    what = f"Rolling out {model} to {found['displayName']!r}"
    no_wait = no_wait or shadow  # a shadow ends when somebody says so
    given = {name: value for name, value in body.items() if value is not None}
    _order(invocation, found, "POST", "/rollouts", given, what, no_wait, timeout)
    _done(invocation, found, "is being rolled out" if no_wait else "serves", model)
    if shadow:
        invocation.output.hint(f"See what it answers otherwise: ads deployments traffic {reference}")


@command("rollback", example="ads deployments rollback churn-api\nads deployments rollback churn-api --revision 3")
@reference_argument(DEPLOYMENT)
@click.option("--revision", type=int, metavar="N", help="A revision that served once; else the one before.")
@_wait_option
@_timeout_option
@pass_invocation
def rollback(invocation: Invocation, reference: str, revision: int | None, no_wait: bool, timeout: float) -> None:
    """Return to what the deployment REF served before. A rollout that is under way is aborted."""
    found = references.find(invocation.service, DEPLOYMENT, reference)
    under_way = revision is None and invocation.service.get_json(f"{_OWN}/{found['id']}").get("rollout") is not None
    if under_way:
        _order(invocation, found, "POST", "/rollouts/abort", None, "", True, timeout)
    else:
        body = {} if revision is None else {"revision": revision}
        what = f"Rolling {found['displayName']!r} back"
        _order(invocation, found, "POST", "/rollback", body, what, no_wait, timeout)
    _done(invocation, found, "returned to", "what it served before")


def _verb(name: str, done: str, help_: str) -> click.Command:
    @command(name, example=f"ads deployments {name} churn-api")
    @reference_argument(DEPLOYMENT)
    @pass_invocation
    def act(invocation: Invocation, reference: str) -> None:
        found = references.find(invocation.service, DEPLOYMENT, reference)
        _order(invocation, found, "POST", f"/rollouts/{name}", None, "", True, 0)
        _done(invocation, found, done, "")

    act.help = help_
    return act


promote = _verb("promote", "is promoting its candidate", "Let the candidate of REF's rollout take over now.")
abort = _verb("abort", "returned to what it served", "Give up REF's rollout.")
pause = _verb("pause", "stays at this step", "Hold REF's rollout at its present step.")
resume = _verb("resume", "goes on with its rollout", "Go on with REF's paused rollout.")


@command(
    "traffic",
    example="ads deployments traffic churn-api\nads deployments traffic churn-api 3=90 4=10 --rule X-Beta=1:4",
)
@reference_argument(DEPLOYMENT)
@click.argument("shares", nargs=-1, metavar="[REVISION=PERCENT]…")
@click.option("--rule", "rules", multiple=True, metavar="HEADER=VALUE:REVISION", help="Requests with this header.")
@click.option("--sticky", metavar="HEADER", help="The header whose value keeps a caller with its revision.")
@pass_invocation
def traffic(
    invocation: Invocation, reference: str, shares: tuple[str, ...], rules: tuple[str, ...], sticky: str | None
) -> None:
    """Show who gets the requests of the deployment REF, or share them out."""
    found = references.find(invocation.service, DEPLOYMENT, reference)
    if shares:
        body: dict[str, Any] = {
            "traffic": [{"revision": revision, "weight": weight} for revision, weight in map(_share, shares)],
            "rules": [_rule(rule) for rule in rules] or None,
            "sticky": sticky,
        }
        given = {name: value for name, value in body.items() if value is not None}
        _order(invocation, found, "PUT", "/traffic", given, "", True, 0)
    elif rules or sticky:
        raise InputError("--rule and --sticky need shares.", hint="For example 3=90 4=10.")
    now = invocation.service.get_json(f"{_OWN}/{found['id']}")
    if invocation.format == "json":
        invocation.output.json(now)
        return
    invocation.output.table(now["traffic"], TRAFFIC_COLUMNS, id_key="revision")
    rollout = now.get("rollout")
    if rollout:
        told = f"{rollout['strategy']} to revision {rollout['revision']}: {rollout['state']}"
        compared = f", {rollout['disagreed']} of {rollout['compared']} answers differ" if rollout["compared"] else ""
        invocation.output.talk(f"{told}{' (paused)' if rollout['paused'] else ''}{compared}")
    if now.get("follows"):
        invocation.output.talk(f"It follows {now['follows']}.")


@command("revisions", example="ads deployments revisions churn-api")
@reference_argument(DEPLOYMENT)
@pass_invocation
def revisions(invocation: Invocation, reference: str) -> None:
    """List what the deployment REF served, newest first."""
    found = references.find(invocation.service, DEPLOYMENT, reference)
    rows = invocation.service.get_json(f"{_OWN}/{found['id']}/revisions")["items"]
    invocation.output.table(rows, REVISION_COLUMNS, id_key="revision")


@command("follow", example="ads deployments follow churn-api churn@champion\nads deployments follow churn-api --none")
@reference_argument(DEPLOYMENT)
@click.argument("alias", required=False, metavar="[NAME@ALIAS]")
@click.option("--none", "nothing", is_flag=True, help="Follow nothing any more.")
@click.option("--canary", metavar="PERCENT,…", help="How each move is rolled out; else all at once.")
@click.option("--bake", type=float, metavar="SECONDS", help="How long each step is watched.")
@pass_invocation
def follow(
    invocation: Invocation, reference: str, alias: str | None, nothing: bool, canary: str | None, bake: float | None
) -> None:
    """Let the deployment REF serve what an alias points at, whenever it moves."""
    if (alias is None) == (not nothing):
        raise InputError("follow needs an alias, or --none.", hint="For example churn@champion.")
    body: dict[str, Any] = {"reference": alias}
    if canary:
        body |= {"strategy": "canary", "steps": _percentages(canary)}
    if bake is not None:
        body["bakeSeconds"] = bake
    found = references.find(invocation.service, DEPLOYMENT, reference)
    _order(invocation, found, "PUT", "/follow", body, "", True, 0)
    _done(invocation, found, "follows", alias or "nothing")


@command(
    "scale", example="ads deployments scale churn-api 3\nads deployments scale churn-api --min 0 --max 4 --target 8"
)
@reference_argument(DEPLOYMENT)
@click.argument("instances", type=int, required=False)
@click.option("--min", "minimum", type=int, metavar="N", help="Fewest instances; 0 ends an idle deployment's last one.")
@click.option("--max", "maximum", type=int, metavar="N", help="Most instances.")
@click.option("--target", type=float, metavar="N", help="Requests in flight for each replica.")
@_wait_option
@_timeout_option
@pass_invocation
def scale(
    invocation: Invocation,
    reference: str,
    instances: int | None,
    minimum: int | None,
    maximum: int | None,
    target: float | None,
    no_wait: bool,
    timeout: float,
) -> None:
    """Have so many INSTANCES of the deployment REF, or as many as the load asks for. Nothing is started afresh."""
    pairs = {"minimum": minimum, "maximum": maximum, "targetInFlight": target}
    by_load = {name: value for name, value in pairs.items() if value is not None}
    if (instances is None) == (not by_load):
        raise InputError("scale needs a number, or --min and --max.")
    found = references.find(invocation.service, DEPLOYMENT, reference)
    if instances is None:
        _order(invocation, found, "PUT", "/autoscaling", by_load, "", True, timeout)
        _done(invocation, found, "is scaled", "by its load")
        return
    if invocation.service.get_json(f"{_OWN}/{found['id']}").get("autoscaling"):
        _order(invocation, found, "PUT", "/autoscaling", {"enabled": False}, "", True, timeout)
    policy = {"scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": instances}}
    details = {"deploymentType": "SINGLE_MODEL", "modelConfigurationDetails": policy}
    body = {"modelDeploymentConfigurationDetails": details}
    what = f"Scaling {found['displayName']!r}"
    _order(invocation, found, "PUT", "", body, what, no_wait, timeout, DEPLOYMENT.path)
    _done(invocation, found, "has", f"{instances} instances")


@command("limit", example="ads deployments limit churn-api 50\nads deployments limit churn-api --none")
@reference_argument(DEPLOYMENT)
@click.argument("rate", type=float, required=False)
@click.option("--none", "nothing", is_flag=True, help="No limit of its own any more.")
@pass_invocation
def limit(invocation: Invocation, reference: str, rate: float | None, nothing: bool) -> None:
    """Let the deployment REF answer RATE predictions a second at most; beyond that callers get 429."""
    if (rate is None) == (not nothing):
        raise InputError("limit needs predictions a second, or --none.", hint="For example 50.")
    found = references.find(invocation.service, DEPLOYMENT, reference)
    _order(invocation, found, "PUT", "/limits", {"rateLimit": rate}, "", True, 0)
    _done(invocation, found, "answers", "without a limit of its own" if rate is None else f"{rate:g} a second at most")


def _order(
    invocation: Invocation,
    deployment: Mapping[str, Any],
    method: str,
    suffix: str,
    body: Any,
    what: str,
    no_wait: bool,
    timeout: float,
    place: str = _OWN,
) -> None:
    """Ask for a change, and wait for its end unless told otherwise."""
    from ads.client import wait_for_work_request

    answer = invocation.service.request(method, f"{place}/{deployment['id']}{suffix}", json=body)
    work_request_id = answer.headers.get("opc-work-request-id")
    if no_wait or not work_request_id:
        return
    told = "It goes on in the service."
    ended = wait_for_work_request(
        invocation.service, work_request_id, label=what, max_wait_time=timeout, poll_interval=1.0, interrupted=told
    )
    if ended.failed:
        reasons = " ".join(ended.errors) or "the service gave no reason"
        hint = f"See its log: ads deployments logs {name_to_paste(deployment)}"
        raise DeploymentFailed(f"{what} failed: {reasons}", hint=hint)


def _done(invocation: Invocation, deployment: Mapping[str, Any], verb: str, rest: str) -> None:
    if invocation.format == "quiet":
        invocation.output.text(str(deployment["id"]))
    elif invocation.format == "json":
        invocation.output.json(invocation.service.get_json(f"{_OWN}/{deployment['id']}"))
    invocation.output.success(f"Deployment {deployment['displayName']!r} {verb} {rest}".rstrip() + ".")


def _percentages(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError as error:
        raise InputError(f"{text!r} is no list of percentages.", hint="For example 5,25,100.") from error


def _gate(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        number = float(value)
    except ValueError as error:
        raise InputError(f"{text!r} is no gate.", hint="For example errorRate=0.02.") from error
    return name, int(number) if number.is_integer() else number


def _share(text: str) -> tuple[int, int]:
    revision, _, weight = text.partition("=")
    if not (revision.isdigit() and weight.isdigit()):
        raise InputError(f"{text!r} is no share.", hint="For example 3=90: revision 3 gets 90 %.")
    return int(revision), int(weight)


def _rule(text: str) -> dict[str, Any]:
    pair, _, revision = text.rpartition(":")
    header, _, value = pair.partition("=")
    if not (header and value and revision.isdigit()):
        raise InputError(f"{text!r} is no rule.", hint="For example X-Beta=1:4: such requests go to revision 4.")
    return {"header": header, "value": value, "revision": int(revision)}
