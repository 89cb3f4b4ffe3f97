"""``ads deploy``: from a folder, an archive or a registered model to an endpoint."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ads.cli import references
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.model_changes import artifact_options, registration_of
from ads.cli.output import Column
from ads.cli.reference_argument import reference_argument
from ads.cli.references import DEPLOYMENT, MODEL, name_to_paste
from ads.cli.registering import Registration, body_for, name_of, register, require_checked
from ads.errors import DeploymentFailed, InputError, NotFound

if TYPE_CHECKING:
    from ads.client import WorkRequest

__all__ = ["deploy"]

_DEFAULT_SHAPE = "VM.Standard.E4.Flex"
_TAIL = 20


@command(
    "deploy",
    example="""
        ads deploy churn@champion
        ads deploy churn/ --name churn-api --replicas 2
        ads deploy churn:3 --env LOG_LEVEL=debug --dry-run
    """,
)
@reference_argument(MODEL, "reference")
@click.option("--name", metavar="NAME", help="What the deployment is called. Default: as the model.")
@click.option("--shape", metavar="SHAPE", default=_DEFAULT_SHAPE, show_default=True, help="Kind of machine.")
@click.option("--ocpus", type=float, metavar="N", default=1.0, show_default=True, help="Cores, for shapes named Flex.")
@click.option(
    "--memory", type=float, metavar="GB", default=16.0, show_default=True, help="Memory, for shapes named Flex."
)
@click.option("--replicas", type=click.IntRange(1), default=1, show_default=True, help="How many replicas.")
@click.option("--env", "variables", multiple=True, metavar="NAME=VALUE", help="A variable for score.py; may repeat.")
@click.option("--wait/--no-wait", default=True, help="Wait until it answers. Default: wait.")
@click.option(
    "--timeout", type=float, default=1200.0, show_default=True, metavar="SECONDS", help="Longest time to wait."
)
@click.option("--dry-run", is_flag=True, help="Check, show what would be sent, and change nothing.")
@artifact_options
@pass_invocation
def deploy(invocation: Invocation, /, reference: str, **given: Any) -> None:
    """Deploy the model REF, or the artifact at a path, and print the endpoint.

    A path ends in / or .zip, or has a / in it; it is registered first, as ads models create does with the same options,
    under the name of its set or its folder.
    Waiting shows each step with its seconds. Ctrl-C ends the waiting, not the deployment.
    """
    from ads.cli.model_body import pairs
    from ads.client.references import is_path

    variables = pairs("--env", given["variables"])
    path = Path(reference) if is_path(reference) else None
    registration = _registration(path, given)
    if given["dry_run"]:
        _show_plan(invocation, reference, path, registration, given, variables)
        return
    if path is not None:
        registered = register(invocation, path, registration)
        invocation.output.success(f"Model {registered.display_name!r} is registered.")
        reference = registered.reference
    model = _model(invocation, reference)
    body = _body(model, given, variables)
    service = invocation.service
    answer = service.request("POST", DEPLOYMENT.path, json=body, retry_token=True)
    made = answer.json()
    if given["wait"]:
        _wait(invocation, made, str(answer.headers["opc-work-request-id"]), given["timeout"])
        made = service.get_json(f"{DEPLOYMENT.path}/{made['id']}")
    _tell(invocation, made, waited=given["wait"])


def _registration(path: Path | None, given: dict[str, Any]) -> Registration:
    registration = registration_of(None, given)
    if path is None and any(given[name] for name in ("version_set", "label", "tags", "metrics", "no_check")):
        raise click.UsageError(
            "--set, --label, --tag, --metric and --no-check are for a path that is registered first."
        )
    return registration


def _model(invocation: Invocation, reference: str) -> dict[str, Any]:
    try:
        model = references.find(invocation.service, MODEL, reference)
    except NotFound as error:
        if Path(reference).is_dir():
            error.hint = f"There is a folder of that name. Register and deploy it: ads deploy {reference}/"
        raise
    if model.get("lifecycleState") != "ACTIVE":
        raise InputError(
            f"The model {model['displayName']!r} is {model.get('lifecycleState')}, so it can't be deployed.",
            hint="See those that can: ads models ls",
        )
    return model


def _body(model: Mapping[str, Any], given: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any]:
    instance: dict[str, Any] = {"instanceShapeName": given["shape"]}
    if given["shape"].endswith("Flex"):
        instance["modelDeploymentInstanceShapeConfigDetails"] = {
            "ocpus": given["ocpus"],
            "memoryInGBs": given["memory"],
        }
    body: dict[str, Any] = {
        "displayName": given["name"] or model["displayName"],
        "compartmentId": model["compartmentId"],
        "projectId": model["projectId"],
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {
                "modelId": model.get("id", "(the model that is registered first)"),
                "instanceConfiguration": instance,
                "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": given["replicas"]},
            },
        },
    }
    if given["description"]:
        body["description"] = given["description"]
    if variables:
        body["modelDeploymentConfigurationDetails"]["environmentConfigurationDetails"] = {
            "environmentConfigurationType": "DEFAULT",
            "environmentVariables": dict(variables),
        }
    return body


def _configuration(row: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = row["modelDeploymentConfigurationDetails"]["modelConfigurationDetails"]
    return found


PLAN_COLUMNS = (
    Column("would register", lambda row: row.get("register")),
    Column("as", lambda row: row.get("model")),
    Column("would deploy", lambda row: row["deployment"]["displayName"]),
    Column("model", lambda row: _configuration(row["deployment"])["modelId"]),
    Column("shape", lambda row: _configuration(row["deployment"])["instanceConfiguration"]["instanceShapeName"]),
    Column("replicas", lambda row: _configuration(row["deployment"])["scalingPolicy"]["instanceCount"]),
)


def _show_plan(
    invocation: Invocation,
    reference: str,
    path: Path | None,
    registration: Registration,
    given: Mapping[str, Any],
    variables: Mapping[str, str],
) -> None:
    """Check everything that can be checked before anything changes, and show what would be sent."""
    if path is None:
        model = _model(invocation, reference)
        plan: dict[str, Any] = {"deployment": _body(model, given, variables)}
    else:
        if registration.checked:
            require_checked(path)
        described = body_for(invocation.service, path, registration)
        plan = {
            "register": str(path),
            "model": name_of(path, registration),
            "deployment": _body(described, given, variables),
        }
    invocation.output.record(plan, PLAN_COLUMNS, id_key="model")
    invocation.output.talk("Nothing was changed: that was a dry run.")


def _wait(invocation: Invocation, deployment: Mapping[str, Any], work_request_id: str, timeout: float) -> None:
    from ads.client import wait_for_work_request

    named = name_to_paste(deployment)
    ended = wait_for_work_request(
        invocation.service,
        work_request_id,
        label=f"Deploying {deployment['displayName']!r}",
        max_wait_time=timeout,
        poll_interval=1.0,
        interrupted=f"The deployment goes on in the service. Look at it: ads deployments info {named}",
    )
    if ended.failed:
        raise _failure(invocation, deployment, ended)


def _failure(invocation: Invocation, deployment: Mapping[str, Any], ended: WorkRequest) -> DeploymentFailed:
    from ads.errors import AdsError

    reasons = " ".join(ended.errors) or "the service gave no reason."
    tail: list[str] = []
    try:
        found = invocation.service.get_json(
            f"/openads/v1/deployments/{deployment['id']}/logs", params={"type": "predict", "limit": _TAIL}
        )
        tail = [str(line.get("message") or "") for line in found.get("lines") or found.get("items") or []]
    except AdsError:  # what went wrong first is what the user must see
        pass
    named = name_to_paste(deployment)
    return DeploymentFailed(
        f"The deployment {deployment['displayName']!r} failed: {reasons}",
        log_tail="\n".join(tail),
        hint=f"Correct the artifact, then: ads deployments delete {named} --yes, and deploy again. "
        f"Its log: ads logs {named}",
    )


def _tell(invocation: Invocation, made: Mapping[str, Any], *, waited: bool) -> None:
    output, named = invocation.output, name_to_paste(made)
    if output.format == "json":
        output.json(made)
    elif output.format == "quiet":
        output.text(str(made["id"]))
    else:
        output.text(f"{made.get('modelDeploymentUrl')}/predict")
    if waited:
        output.success(f"Deployment {made['displayName']!r} answers.")
        output.hint(f"Ask it: ads predict {named} --input rows.csv")
    else:
        output.success(f"Deployment {made['displayName']!r} is being made.")
    output.hint(f"Follow it: ads logs {named} -f")
