"""``ads deployments``: what is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from ads.cli import references
from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.confirmation import confirm
from ads.cli.invocation import Invocation
from ads.cli.moments import ago, moment
from ads.cli.output import Column
from ads.cli.reference_argument import reference_argument
from ads.cli.references import DEPLOYMENT, MODEL, PAGE_SIZE, name_to_paste, short_id
from ads.errors import Conflict, DeploymentFailed, NotFound

__all__ = ["delete", "deployments", "info", "ls", "restart", "start", "stop"]

deployments = LazyGroup(
    "deployments",
    sections={
        "Look": {
            "ls": LazyCommand("ads.cli.deployments:ls", "List the deployments, newest first."),
            "info": LazyCommand("ads.cli.deployments:info", "Show one deployment: state, endpoint, model."),
            "logs": LazyCommand("ads.cli.logs:logs", "Show or follow what a deployment writes."),
        },
        "Change": {
            "stop": LazyCommand("ads.cli.deployments:stop", "Stop serving; the deployment stays."),
            "start": LazyCommand("ads.cli.deployments:start", "Serve a stopped deployment again."),
            "restart": LazyCommand("ads.cli.deployments:restart", "Replace all replicas, without a gap."),
            "delete": LazyCommand("ads.cli.deployments:delete", "Delete a deployment; its model stays."),
        },
        "Versions and size": {
            "update": LazyCommand("ads.cli.rollouts:update", "Serve another model: rolling, canary or shadow."),
            "rollback": LazyCommand("ads.cli.rollouts:rollback", "Return to what served before."),
            "promote": LazyCommand("ads.cli.rollouts:promote", "Let a rollout's candidate take over."),
            "abort": LazyCommand("ads.cli.rollouts:abort", "Give up a rollout."),
            "pause": LazyCommand("ads.cli.rollouts:pause", "Hold a rollout."),
            "resume": LazyCommand("ads.cli.rollouts:resume", "Go on with a rollout."),
            "traffic": LazyCommand("ads.cli.rollouts:traffic", "Show or set who gets which requests."),
            "revisions": LazyCommand("ads.cli.rollouts:revisions", "List what was served."),
            "follow": LazyCommand("ads.cli.rollouts:follow", "Serve what an alias points at."),
            "scale": LazyCommand("ads.cli.rollouts:scale", "Set the number of instances."),
            "limit": LazyCommand("ads.cli.rollouts:limit", "Set how many predictions a second are answered."),
            "capture": LazyCommand("ads.cli.capture:capture", "Keep a sample of the requests, or fetch it."),
        },
    },
    example="""
        ads deployments ls
        ads deployments info churn
        ads deployments logs churn -f
    """,
    help="List, inspect, follow, stop and start deployments.",
)


STATES = ("ACTIVE", "CREATING", "DELETED", "DELETING", "FAILED", "INACTIVE", "NEEDS_ATTENTION", "UPDATING")


def _configuration(row: Mapping[str, Any]) -> Mapping[str, Any]:
    details = row.get("modelDeploymentConfigurationDetails") or {}
    return details.get("modelConfigurationDetails") or {}


def _endpoint(row: Mapping[str, Any]) -> str | None:
    url = row.get("modelDeploymentUrl")
    return f"{url}/predict" if url else None


def _shape(row: Mapping[str, Any]) -> str | None:
    instance = _configuration(row).get("instanceConfiguration") or {}
    shape = instance.get("modelDeploymentInstanceShapeConfigDetails") or {}
    parts = [str(instance.get("instanceShapeName") or "")]
    if shape.get("ocpus"):
        parts.append(f"{shape['ocpus']:g} OCPU, {shape.get('memoryInGBs') or 0:g} GB")
    return ", ".join(part for part in parts if part) or None


LIST_COLUMNS = (
    Column("NAME", lambda row: row.get("displayName"), foldable=True),
    Column("STATE", lambda row: row.get("lifecycleState"), state=True),
    Column("MODEL", lambda row: row.get("modelName"), foldable=True),
    Column("CREATED", lambda row: row.get("timeCreated"), ago),
    Column("ID", lambda row: row.get("id"), short_id),
)

INFO_COLUMNS = (
    Column("name", lambda row: row.get("displayName")),
    Column("id", lambda row: row.get("id")),
    Column("state", lambda row: row.get("lifecycleState"), state=True),
    Column("details", lambda row: row.get("lifecycleDetails")),
    Column("description", lambda row: row.get("description")),
    Column("endpoint", _endpoint),
    Column("model", lambda row: row.get("modelName")),
    Column("model id", lambda row: _configuration(row).get("modelId")),
    Column("instances", lambda row: (_configuration(row).get("scalingPolicy") or {}).get("instanceCount")),
    Column("shape", _shape),
    Column("created", lambda row: row.get("timeCreated"), moment),
    Column("tags", lambda row: row.get("freeformTags") or None),
    Column("project", lambda row: row.get("projectId")),
)


@command("ls", example="ads deployments ls\nads deployments ls --state ACTIVE -q")
@click.option("--all", "everything", is_flag=True, help="Deleted deployments too.")
@click.option(
    "--state",
    metavar="STATE",
    shell_complete=lambda _context, _parameter, begun: [state for state in STATES if state.startswith(begun.upper())],
    help="Only deployments in this state, for example ACTIVE or FAILED.",
)
@pass_invocation
def ls(invocation: Invocation, everything: bool, state: str | None) -> None:
    """List the deployments, newest first."""
    params = {
        "compartmentId": invocation.service.compartment_id,
        "sortBy": "timeCreated",
        "sortOrder": "DESC",
        "limit": PAGE_SIZE,
    }
    if state:
        params["lifecycleState"] = state.upper()
    listed = invocation.service.list(DEPLOYMENT.path, params=params)
    rows = [row for row in listed if everything or state or row.get("lifecycleState") != "DELETED"]
    invocation.output.table(_with_names(invocation, rows), LIST_COLUMNS)
    failed = next((row for row in rows if row.get("lifecycleState") == "FAILED"), None)
    if failed:
        invocation.output.hint(f"See why it failed: ads deployments info {name_to_paste(failed)}")
    if not rows:
        invocation.output.talk(f"No deployment is {state.upper()}." if state else "No deployments yet.")
        invocation.output.hint("Make one from Python: model.deploy(display_name=…)")


@command("info", example="ads deployments info churn")
@reference_argument(DEPLOYMENT)
@pass_invocation
def info(invocation: Invocation, reference: str) -> None:
    """Show the deployment REF. --format json shows everything that the service knows of it."""
    found = references.find(invocation.service, DEPLOYMENT, reference)
    invocation.output.record(_with_names(invocation, [found])[0], INFO_COLUMNS)
    state = found.get("lifecycleState")
    if state == "ACTIVE":
        invocation.output.hint(f"Ask it: ads predict {reference} --input rows.json")
    elif state in ("FAILED", "NEEDS_ATTENTION"):
        invocation.output.hint(f"See why: ads deployments logs {reference}")
    elif state == "INACTIVE":
        invocation.output.hint(f"Serve it again: ads deployments start {reference}")


def _with_names(invocation: Invocation, deployments: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """Return the deployments with the names of their models, for people: what a program reads stays as it is stored."""
    if invocation.format != "human":
        return deployments
    models = [_configuration(row).get("modelId") for row in deployments]
    names = {model_id: _model_name(invocation, model_id) for model_id in {*models} if model_id}
    return [{**row, "modelName": names.get(model_id)} for row, model_id in zip(deployments, models, strict=True)]


def _model_name(invocation: Invocation, model_id: str) -> str | None:
    try:
        name: str | None = invocation.service.get_json(f"{MODEL.path}/{model_id}").get("displayName")
    except NotFound:
        return None
    return name


_wait_option = click.option("--no-wait", is_flag=True, help="Return at once; don't wait until it is done.")
_timeout_option = click.option(
    "--timeout", type=float, default=900.0, show_default=True, metavar="SECONDS", help="Longest time to wait."
)


@command("stop", example="ads deployments stop churn")
@reference_argument(DEPLOYMENT)
@_wait_option
@_timeout_option
@pass_invocation
def stop(invocation: Invocation, reference: str, no_wait: bool, timeout: float) -> None:
    """Stop serving the deployment REF. It keeps its endpoint and can be started again. Stopping twice is no error."""
    found = references.find(invocation.service, DEPLOYMENT, reference)
    if found.get("lifecycleState") != "INACTIVE":
        _act(invocation, found, "deactivate", f"Stopping {found['displayName']!r}", no_wait, timeout)
    _tell_id(invocation, found)
    invocation.output.success(f"Deployment {found['displayName']!r} {'is being stopped' if no_wait else 'is stopped'}.")
    invocation.output.hint(f"Serve it again: ads deployments start {reference}")


@command("start", example="ads deployments start churn")
@reference_argument(DEPLOYMENT)
@_wait_option
@_timeout_option
@pass_invocation
def start(invocation: Invocation, reference: str, no_wait: bool, timeout: float) -> None:
    """Serve the stopped deployment REF again, at the same endpoint. Starting twice is no error."""
    found = references.find(invocation.service, DEPLOYMENT, reference)
    if found.get("lifecycleState") != "ACTIVE":
        _act(invocation, found, "activate", f"Starting {found['displayName']!r}", no_wait, timeout)
    _tell_id(invocation, found)
    invocation.output.success(f"Deployment {found['displayName']!r} {'is being started' if no_wait else 'is active'}.")
    invocation.output.hint(f"Ask it: ads predict {reference} --input rows.json")


@command("restart", example="ads deployments restart churn")
@reference_argument(DEPLOYMENT)
@_timeout_option
@pass_invocation
def restart(invocation: Invocation, reference: str, timeout: float) -> None:
    """Replace the replicas of the deployment REF. It answers throughout; one that is stopped is started."""
    found = references.find(invocation.service, DEPLOYMENT, reference)
    if found.get("lifecycleState") == "INACTIVE":
        _act(invocation, found, "activate", f"Starting {found['displayName']!r}", False, timeout)
    else:
        what = f"Restarting {found['displayName']!r}"
        _act(invocation, found, "restart", what, False, timeout, place="/openads/v1/deployments")
    _tell_id(invocation, found)
    invocation.output.success(f"Deployment {found['displayName']!r} is active again.")
    invocation.output.hint(f"Follow its log: ads deployments logs {reference} -f")


@command("delete", example="ads deployments delete churn\nads deployments delete k3q7zabc --yes")
@reference_argument(DEPLOYMENT)
@click.option("--dry-run", is_flag=True, help="Show what would go, and delete nothing.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@_wait_option
@_timeout_option
@pass_invocation
def delete(invocation: Invocation, reference: str, dry_run: bool, yes: bool, no_wait: bool, timeout: float) -> None:
    """Delete the deployment REF and its endpoint. Its model stays registered."""
    found = references.find(invocation.service, DEPLOYMENT, reference)
    if dry_run:
        invocation.output.table(_with_names(invocation, [found]), LIST_COLUMNS)
        invocation.output.talk("Nothing was deleted: that was a dry run.")
        return
    named = f"{found['displayName']!r} ({short_id(found['id'])}, {found['lifecycleState']})"
    confirm(invocation.output, f"Delete the deployment {named} and its endpoint?", yes)
    _act(invocation, found, None, f"Deleting {found['displayName']!r}", no_wait, timeout)
    _tell_id(invocation, found)
    invocation.output.success(f"Deployment {found['displayName']!r} {'is being deleted' if no_wait else 'is deleted'}.")


def _act(
    invocation: Invocation,
    deployment: Mapping[str, Any],
    action: str | None,
    what: str,
    no_wait: bool,
    timeout: float,
    place: str = DEPLOYMENT.path,
) -> None:
    """Ask for an action (None: delete) and wait for its work request unless told otherwise."""
    from ads.client import wait_for_work_request

    path = f"{place}/{deployment['id']}"
    service = invocation.service
    try:
        answer = service.request("POST", f"{path}/actions/{action}") if action else service.request("DELETE", path)
    except Conflict as error:
        error.hint = error.hint or f"See its state: ads deployments info {name_to_paste(deployment)}"
        raise
    work_request_id = answer.headers.get("opc-work-request-id")
    if not work_request_id or no_wait:
        return
    ended = wait_for_work_request(
        service,
        work_request_id,
        label=what,
        max_wait_time=timeout,
        poll_interval=1.0,
        interrupted="It goes on in the service.",
    )
    if ended.failed:
        reasons = " ".join(ended.errors) or "the service gave no reason"
        raise DeploymentFailed(
            f"{what} failed: {reasons}", hint=f"See its log: ads deployments logs {name_to_paste(deployment)}"
        )


def _tell_id(invocation: Invocation, deployment: Mapping[str, Any]) -> None:
    """Print the id of what was changed, for programs that go on with it."""
    if invocation.format == "quiet":
        invocation.output.text(str(deployment["id"]))
    elif invocation.format == "json":
        invocation.output.json(invocation.service.get_json(f"{DEPLOYMENT.path}/{deployment['id']}"))
