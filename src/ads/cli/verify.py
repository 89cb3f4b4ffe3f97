"""``ads verify``: an artifact in its own environment, asked as a deployment would be."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ads.cli import payload, prediction_file
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation

if TYPE_CHECKING:
    from ads.cli.trial import Trial

__all__ = ["unpacked", "verify"]

_WORDS = {"start": "the process started", "import": "score.py is imported", "load": "the model is loaded"}


def _sample(rows: int | None) -> str:
    return "none in the artifact" if rows is None else f"{rows} rows reproduced"


@command(
    "verify",
    example="""
        ads verify churn/
        ads verify churn.zip --input customers.csv
    """,
)
@click.argument("path", type=click.Path(path_type=Path), metavar="PATH")
@click.option(
    "--input",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Predict these rows too: .csv, .json, .jsonl or .parquet.",
)
@click.option(
    "--timeout", type=float, default=600.0, show_default=True, metavar="SECONDS", help="Longest time to load."
)
@pass_invocation
def verify(invocation: Invocation, path: Path, file: Path | None, timeout: float) -> None:
    """Load the artifact at PATH, a folder or a zip file, in a process of its own, and let it predict.

    The environment is the one that a deployment on this machine would use; it is built first when it has to be. The
    model must reproduce the artifact's sample; then it gets the rows of --input, whose predictions are printed.
    No service is needed, and nothing is registered.
    """
    from ads.cli.trial import on_trial

    output = invocation.output
    with unpacked(path) as folder, on_trial(invocation.home, folder, timeout, output.talk) as trial:
        answer = None if file is None else _answer(trial, folder, file, timeout)
        seconds = {stage["name"]: float(stage["seconds"]) for stage in trial.stages}
        facts = {
            "environment": trial.environment,
            "loadSeconds": seconds.get("import", 0.0) + seconds.get("load", 0.0),
            "sampleRows": trial.rows,
        }
    if output.format == "json":
        output.json({**facts, **({} if file is None else {"answer": answer})})
        return
    if output.format == "human":
        _talk(invocation, facts, seconds)
    if file is not None:
        _print(invocation, answer)
    output.success("A deployment would answer like this." if file else "A deployment of it would start.")
    output.hint(f"Deploy it: ads deploy {shlex.quote(str(path) if '/' in str(path) else f'{path}/')}")


def _talk(invocation: Invocation, facts: dict[str, Any], seconds: dict[str, float]) -> None:
    output = invocation.output
    output.talk(f"environment: {facts['environment']}")
    for name, words in _WORDS.items():
        if name in seconds:
            output.talk(f"  {seconds[name]:6.2f} s  {words}")
    output.talk(f"  {seconds.get('parity', 0.0):6.2f} s  sample: {_sample(facts['sampleRows'])}")


def _answer(trial: Trial, folder: Path, file: Path, timeout: float) -> Any:
    if not payload.is_table(file):
        return trial.predict(payload.from_file(file), timeout)
    schema = folder / "input_schema.json"
    dtypes = payload.dtypes_of(schema.read_text("utf-8") if schema.is_file() else None)
    table = payload.read_table(file, dtypes)
    return prediction_file.joined([trial.predict(batch.body, timeout) for batch in table.batches()])


def _print(invocation: Invocation, answer: Any) -> None:
    import json

    from ads.cli.output import plain

    lists = prediction_file.lists_of(answer)
    if invocation.format == "quiet" and lists is not None and "prediction" in lists:
        for prediction in lists["prediction"]:
            invocation.output.text(plain(prediction))
        return
    invocation.output.text(json.dumps(answer, ensure_ascii=False))


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Yield the folder of an artifact: itself, or what is in the archive. Raises as :func:`local` does."""
    import tempfile

    from ads.cli.artifact_files import local

    local(path)
    if path.is_dir():
        yield path
        return
    from ads.artifact.archive import extract

    with tempfile.TemporaryDirectory(prefix="openads-") as scratch:
        extract(path, Path(scratch) / "artifact")
        yield Path(scratch) / "artifact"
