"""``ads predict``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ads.cli import payload, references
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.output import plain
from ads.cli.reference_argument import reference_argument
from ads.cli.references import DEPLOYMENT
from ads.errors import NotActiveDeploymentError, ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["predict"]

# In these states there are replicas that answer; during an update the old ones do.
_ANSWERING = {"ACTIVE", "UPDATING", "NEEDS_ATTENTION"}


@command(
    "predict",
    example="""
        ads predict churn --data '[{"age": 42, "plan": "basic"}]'
        ads predict churn --input customers.csv -q > predictions.txt
        cat rows.json | ads predict churn
    """,
)
@reference_argument(DEPLOYMENT)
@click.option("--data", metavar="JSON", help="The rows themselves, as JSON.")
@click.option(
    "--input",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False, allow_dash=True),
    help="A .json file, a .csv file with a header line, or - for JSON on stdin.",
)
@click.option("--timeout", type=float, metavar="SECONDS", help="Longest time to wait for the answer.")
@pass_invocation
def predict(invocation: Invocation, reference: str, data: str | None, file: Path | None, timeout: float | None) -> None:
    """Send data to the deployment REF and print its answer as JSON; with -q one prediction a line.

    Data comes from --data, --input or stdin. JSON is sent as it is: a list of rows, one row, or whatever the
    model's own score.py takes.
    """
    body = _body(data, file)
    service = invocation.service
    deployment = references.find(service, DEPLOYMENT, reference)
    _require_answering(deployment, reference)
    began = time.perf_counter()
    try:
        answer = service.request(
            "POST",
            f"/{deployment['id']}/predict",
            content=body,
            headers={"content-type": "application/json"},
            timeout=timeout or invocation.settings.predict_timeout + 5,
        )
    except ServiceError as error:
        error.hint = _hint(error, deployment, reference)
        raise
    _write(invocation, answer.text, time.perf_counter() - began)


def _body(data: str | None, file: Path | None) -> bytes:
    if data is not None and file is not None:
        raise click.UsageError("Give either --data or --input, not both.")
    if data is not None:
        return payload.from_json(data, "--data")
    if file is not None and str(file) != "-":
        return payload.from_file(file)
    if file is None and sys.stdin.isatty():
        raise click.UsageError("There is no data to send: give --data, --input, or JSON on stdin.")
    return payload.from_json(sys.stdin.read(), "stdin")


def _require_answering(deployment: Mapping[str, Any], reference: str) -> None:
    state = deployment.get("lifecycleState")
    if state in _ANSWERING:
        return
    hints = {
        "INACTIVE": f"Start it: ads deployments start {reference}",
        "FAILED": f"See why: ads deployments logs {reference}",
        "CREATING": f"It is not ready yet; follow it: ads deployments logs {reference} -f",
    }
    raise NotActiveDeploymentError(
        str(state),
        message=f"The deployment {reference!r} is {state}, so it answers no predictions.",
        hint=hints.get(str(state), "See what is served: ads deployments ls --state ACTIVE"),
    )


def _hint(error: ServiceError, deployment: Mapping[str, Any], reference: str) -> str:
    if error.status == 400:
        details = deployment.get("modelDeploymentConfigurationDetails") or {}
        model_id = (details.get("modelConfigurationDetails") or {}).get("modelId", "REF")
        return f"See which columns its model takes: ads models info {model_id}"
    if error.status == 500:
        return f"See what the model's code said: ads deployments logs {reference}"
    return error.hint


def _write(invocation: Invocation, text: str, seconds: float) -> None:
    output = invocation.output
    predictions = _predictions(text)
    if output.format == "quiet" and predictions is not None:
        for prediction in predictions:
            output.text(plain(prediction))
        return
    output.text(text.rstrip("\n"))
    if output.for_people and predictions is not None:
        count = len(predictions)
        output.talk(f"{count} prediction{'' if count == 1 else 's'} in {seconds * 1000:.0f} ms")


def _predictions(text: str) -> list[Any] | None:
    """Return the list under ``prediction`` of an answer, if that is its form."""
    try:
        found = json.loads(text)["prediction"]
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return found if isinstance(found, list) else None
