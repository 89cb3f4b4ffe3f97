"""``ads predict``."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ads.cli import payload, prediction_file, references
from ads.cli.batch import Wanted, is_batch, predict_batch
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.output import plain
from ads.cli.reference_argument import complete_path, reference_argument
from ads.cli.references import DEPLOYMENT, MODEL
from ads.errors import NotActiveDeploymentError, NotFound, NotPermitted, ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["columns_of", "predict", "require_answering"]

# In these states there are replicas that answer; during an update the old ones do.
_ANSWERING = {"ACTIVE", "UPDATING", "NEEDS_ATTENTION"}


@command(
    "predict",
    example="""
        ads predict churn --data '[{"age": 42, "plan": "basic"}]'
        ads predict churn --input customers.csv --output predictions.csv
        ads predict churn@champion --input s3://bucket/customers/ --output s3://bucket/scored/
        cat rows.json | ads predict churn -q
    """,
)
@reference_argument(DEPLOYMENT)
@click.option("--data", metavar="JSON", help="The rows themselves, as JSON.")
@click.option(
    "--input",
    "source",
    metavar="FILE",
    shell_complete=complete_path,
    help="A .csv file with a header line, .json, .jsonl, .parquet, or - for JSON on stdin; with --output a folder too.",
)
@click.option(
    "--output",
    "target",
    metavar="FILE",
    shell_complete=complete_path,
    help="Write the rows with their predictions there: .csv, .parquet, .jsonl, or a folder; the answer alone: .json.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "deployment", "ray"]),
    help="For --output: replicas started for this, here or on a Ray cluster, or the deployment. Default: by REF.",
)
@click.option(
    "--keep",
    default="all",
    show_default=True,
    metavar="COLUMNS",
    help="For --output: which columns of the input go along: all, none, or names with commas.",
)
@click.option(
    "--column", default="prediction", show_default=True, metavar="NAME", help="For --output: the predictions' name."
)
@click.option(
    "--errors",
    type=click.Choice(["stop", "keep"]),
    default="stop",
    show_default=True,
    help="For --output: what a row that can't be predicted does: end everything, or have its reason in a column.",
)
@click.option(
    "--workers",
    type=click.IntRange(1, 256),
    metavar="N",
    help="Most processes at once; more than one where that pays. Default: one for each core.",
)
@click.option("--rows", type=click.IntRange(1), metavar="N", help="Rows in one request. Default: as suits the file.")
@click.option("--timeout", type=float, metavar="SECONDS", help="Longest time to wait for an answer.")
@pass_invocation
def predict(
    invocation: Invocation,
    /,
    reference: str,
    data: str | None,
    source: str | None,
    target: str | None,
    timeout: float | None,
    **job: Any,
) -> None:
    """Send data to the deployment REF and print its answer as JSON; with -q one prediction a line.

    Data comes from --data, --input or stdin. The cells of a .csv file become what the model's columns are, and a long
    table goes in several requests. JSON is sent as it is: a list of rows, one row, or whatever score.py takes.

    With --output a table of any length is scored in chunks: files and folders, here or at addresses such as s3://. REF
    may then name a model, or an artifact's folder, which is scored by processes of its own. The output appears whole or
    not at all; after a kill the same command goes on, and what was scored isn't scored again.
    """
    if source is not None and target is not None and is_batch(source, target):
        if data is not None:
            raise click.UsageError("Give either --data or --input, not both.")
        predict_batch(invocation, Wanted(reference, source, target, timeout=timeout, **job))
        return
    file, written = _local_file(source), None if target is None else Path(target)
    _predict_once(invocation, reference, data, file, written, timeout)


def _local_file(source: str | None) -> Path | None:
    if source is None or source == "-":
        return None if source is None else Path("-")
    path = Path(source)
    if not path.exists():
        raise click.BadParameter(f"File {source!r} does not exist.", param_hint="'--input'")
    if path.is_dir() or "://" in source:
        raise click.UsageError(f"{source} is more than one answer can hold: give --output too.")
    return path


def _predict_once(
    invocation: Invocation,
    reference: str,
    data: str | None,
    file: Path | None,
    target: Path | None,
    timeout: float | None,
) -> None:
    """Send everything now and show or write the answer."""
    if target is not None:
        prediction_file.require_known(target)
    given = None if file is not None and payload.is_table(file) else _body(data, file)
    if given is None and data is not None:
        raise click.UsageError("Give either --data or --input, not both.")
    service = invocation.service
    deployment = references.find(service, DEPLOYMENT, reference)
    require_answering(deployment, reference)
    table = None if given is not None or file is None else payload.read_table(file, columns_of(invocation, deployment))
    began = time.perf_counter()
    texts: list[str] = []
    for batch in table.batches() if table is not None else [payload.Batch(given or b"")]:
        try:
            answer = service.request(
                "POST",
                f"/{deployment['id']}/predict",
                content=batch.body,
                headers={"content-type": "application/json"},
                timeout=timeout or invocation.settings.predict_timeout + 5,
            )
        except ServiceError as error:
            error.hint = _hint(error, deployment, reference)
            raise
        texts.append(answer.text)
    _conclude(invocation, texts, table, target, time.perf_counter() - began)


def columns_of(invocation: Invocation, deployment: Mapping[str, Any]) -> dict[str, str]:
    """Return the dtypes of the columns that the deployment's model takes; none where they can't be known."""
    from ads.model.deployment.deployment_wire import model_id_of

    try:
        model = invocation.service.get_json(f"{MODEL.path}/{model_id_of(deployment)}")
    except (NotFound, NotPermitted):  # who may predict may not see the model; its cells are guessed then
        return {}
    return payload.dtypes_of(model.get("inputSchema"))


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


def require_answering(deployment: Mapping[str, Any], reference: str) -> None:
    """Raise :class:`~ads.errors.NotActiveDeploymentError` unless the deployment has replicas that answer."""
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


def _conclude(
    invocation: Invocation, texts: list[str], table: payload.Table | None, target: Path | None, seconds: float
) -> None:
    output = invocation.output
    text = texts[0].rstrip("\n")
    if len(texts) > 1:
        text = json.dumps(prediction_file.joined([_parsed(one) for one in texts]), ensure_ascii=False)
    predictions = _predictions(text)
    if target is not None:
        prediction_file.write(target, _parsed(text), table)
        output.success(f"{_counted(predictions)} in {target}, after {seconds:.1f} s.")
        return
    if output.format == "quiet" and predictions is not None:
        for prediction in predictions:
            output.text(plain(prediction))
        return
    output.text(text)
    if output.for_people and predictions is not None:
        output.talk(f"{_counted(predictions)} in {seconds * 1000:.0f} ms")


def _counted(predictions: list[Any] | None) -> str:
    if predictions is None:
        return "The answer is"
    return f"{len(predictions)} prediction{'' if len(predictions) == 1 else 's'}"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _predictions(text: str) -> list[Any] | None:
    """Return the list under ``prediction`` of an answer, if that is its form."""
    try:
        found = json.loads(text)["prediction"]
    except (ValueError, KeyError, TypeError, IndexError):
        return None
    return found if isinstance(found, list) else None
