"""What ``ads predict --output`` does for tables: a batch job, through replicas of its own or a deployment."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.cli import payload, references
from ads.cli.references import DEPLOYMENT, MODEL
from ads.errors import InputError, NotFound, ServiceError

if TYPE_CHECKING:
    from ads.batch.askers import Running
    from ads.batch.job import Outcome
    from ads.batch.scoring import Asker
    from ads.cli.invocation import Invocation

__all__ = ["Wanted", "is_batch", "predict_batch"]

_TABLES = (".csv", ".jsonl", ".ndjson", ".parquet")
_EXCHANGE = re.compile(r" \([A-Z]+ /\S* answered \d{3}[^()]*\)$")
_MOST_WORKERS = 8
_MOST_WORKERS_OF_A_CLUSTER = 64
_ROWS_OVER_HTTP = 2000
_TOLD_TO_ROWS = (400, 413, 422, 500)
_LONGEST_START = 600.0


@dataclass(frozen=True)
class Wanted:
    """What the options of ``ads predict`` say. ``engine`` None: what REF names decides."""

    reference: str
    source: str
    target: str
    engine: str | None = None
    keep: str = "all"
    column: str = "prediction"
    errors: str = "stop"
    workers: int | None = None
    rows: int | None = None
    timeout: float | None = None


@dataclass(frozen=True)
class _Engine:
    """Who predicts. ``model`` says which model it is, as exactly as can be known."""

    model: str
    dtypes: dict[str, str]
    make: Callable[[], Asker]
    rows: int | None
    words: str
    workers: int


def is_batch(source: str, target: str | None) -> bool:
    """Return whether this is a table or a folder of tables that becomes one."""
    if target is None or target.lower().endswith(".json"):
        return False
    return source.lower().endswith(_TABLES) or "://" in source or Path(source).is_dir()


def predict_batch(invocation: Invocation, wanted: Wanted) -> None:
    """Run the job and say what came of it."""
    from ads.batch.job import Job, run
    from ads.batch.places import Place
    from ads.batch.writing import Layout

    output = invocation.output
    source, target = Place.of(wanted.source), Place.of(wanted.target)
    source.inputs()  # refused before anything is fetched or started
    workers = wanted.workers or min(_cores(), _MOST_WORKERS)
    began = time.perf_counter()
    with _engine(invocation, wanted, workers) as engine, _bar(invocation) as bar:
        workers = engine.workers
        job = Job(
            source=source,
            output=target,
            model=engine.model,
            dtypes=engine.dtypes,
            layout=Layout(_kept(wanted.keep), wanted.column, errors=wanted.errors == "keep"),
            workers=workers,
            chunk_rows=wanted.rows or engine.rows,
            keep_going=wanted.errors == "keep",
        )
        try:
            outcome = run(job, engine.make, bar)
        except KeyboardInterrupt:
            output.talk(f"What is scored stays at {target}.parts: the same command goes on from there.")
            raise
    _tell(invocation, target, outcome, engine, time.perf_counter() - began)


def _tell(invocation: Invocation, target: object, outcome: Outcome, engine: _Engine, seconds: float) -> None:
    output = invocation.output
    if output.format == "json":
        numbers = {"rows": outcome.rows, "resumed": outcome.resumed, "failed": outcome.failed}
        output.json({"output": str(target), **numbers, "seconds": round(seconds, 3)})
        return
    if output.format == "quiet":
        output.text(str(target))
        return
    rate = f", {(outcome.rows - outcome.resumed) / max(seconds, 1e-9):,.0f} rows a second" if seconds > 1 else ""
    output.success(
        f"{outcome.rows:,} prediction{'' if outcome.rows == 1 else 's'} in {target}, "
        f"after {seconds:.1f} s, {engine.words}{rate}."
    )
    if outcome.resumed:
        output.talk(f"{outcome.resumed:,} of them were there from before.")
    if outcome.failed:
        output.warn(f"{outcome.failed:,} rows have no prediction; the column 'error' says why.")


def _kept(text: str) -> tuple[str, ...] | None:
    if text == "all":
        return None
    return () if text == "none" else tuple(name.strip() for name in text.split(",") if name.strip())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _engine(invocation: Invocation, wanted: Wanted, workers: int) -> Iterator[_Engine]:
    """Yield a deployment where REF names one, else replicas of the model's own."""
    from ads.client.references import is_path

    if is_path(wanted.reference):
        if wanted.engine == "deployment":
            raise InputError(f"{wanted.reference} is a path, not a deployment.", hint="Leave --engine out.")
        deployment = None
    else:
        deployment = _deployment(invocation, wanted)
        if deployment is not None and wanted.engine not in ("local", "ray"):
            yield _endpoint(invocation, wanted, deployment, workers)
            return
    with _artifact(invocation, wanted, deployment) as folder:
        own = (
            _on_ray(invocation, wanted, folder)
            if wanted.engine == "ray"
            else _here(invocation, wanted, workers, folder)
        )
        with own as engine:
            yield engine


def _deployment(invocation: Invocation, wanted: Wanted) -> dict[str, Any] | None:
    """Return the deployment that REF names; None where it names a model, and that may be meant."""
    if wanted.reference.lower().startswith("ocid1.datasciencemodel.") and wanted.engine != "deployment":
        return None
    try:
        return references.find(invocation.service, DEPLOYMENT, wanted.reference)
    except NotFound:
        if wanted.engine == "deployment":
            raise
        return None


def _endpoint(invocation: Invocation, wanted: Wanted, deployment: dict[str, Any], workers: int) -> _Engine:
    from ads.batch.askers import Endpoint
    from ads.cli.predict import columns_of, require_answering
    from ads.model.deployment.deployment_wire import model_id_of

    require_answering(deployment, wanted.reference)
    service = invocation.service
    timeout = wanted.timeout or invocation.settings.predict_timeout + 5

    def post(body: bytes) -> tuple[int, bytes]:
        try:
            answer = service.request(
                "POST",
                f"/{deployment['id']}/predict",
                content=body,
                headers={"content-type": "application/json"},
                timeout=timeout,
                repeatable=True,
            )
        except ServiceError as error:
            if error.status not in _TOLD_TO_ROWS:
                raise
            return error.status, json.dumps({"message": _EXCHANGE.sub("", error.message)}).encode()
        return 200, answer.content

    model = f"{deployment['id']} {model_id_of(deployment)}"
    words = f"by the deployment {deployment.get('displayName')!r}"
    return _Engine(model, columns_of(invocation, deployment), lambda: Endpoint(post), _ROWS_OVER_HTTP, words, workers)


@contextmanager
def _here(invocation: Invocation, wanted: Wanted, workers: int, folder: Path) -> Iterator[_Engine]:
    """Yield replicas that this job starts on this machine, in the model's own environment, and ends."""
    from ads.cli.trial import on_trial

    timeout = wanted.timeout or _LONGEST_START
    variables = {} if workers == 1 else {"OMP_NUM_THREADS": str(max(1, _cores() // workers))}
    words = "by a process of its own" if workers == 1 else f"by up to {workers} processes of its own"

    def start() -> AbstractContextManager[Running]:
        return on_trial(invocation.home, folder, timeout, invocation.output.talk, variables)

    yield _own_replicas(folder, timeout, start, words, workers)


@contextmanager
def _on_ray(invocation: Invocation, wanted: Wanted, folder: Path) -> Iterator[_Engine]:
    """Yield replicas that this job starts on a Ray cluster, one processor each, and ends."""
    from ads.batch.ray_replicas import RayReplicas

    timeout = wanted.timeout or _LONGEST_START
    address = invocation.settings.ray_address or "auto"
    with closing(RayReplicas(address, folder, invocation.settings.wheels)) as cluster:
        workers = wanted.workers or min(cluster.processors, _MOST_WORKERS_OF_A_CLUSTER)
        words = f"by up to {workers} {'process' if workers == 1 else 'processes'} of the Ray cluster"
        yield _own_replicas(folder, timeout, lambda: cluster.replica(timeout), words, workers)


def _own_replicas(
    folder: Path, timeout: float, start: Callable[[], AbstractContextManager[Running]], words: str, workers: int
) -> _Engine:
    from ads.batch.askers import OwnReplica

    def make() -> Asker:
        composed = (folder / "score_recipe.json").is_file()
        return OwnReplica(start, composed=composed, arrow=_has_arrow(), timeout=timeout)

    schema = folder / "input_schema.json"
    dtypes = payload.dtypes_of(schema.read_text("utf-8") if schema.is_file() else None)
    return _Engine(_digest(folder), dtypes, make, None, words, workers)


@contextmanager
def _artifact(invocation: Invocation, wanted: Wanted, deployment: dict[str, Any] | None) -> Iterator[Path]:
    """Yield the unpacked artifact that REF means."""
    import tempfile

    from ads.cli.verify import unpacked
    from ads.client.references import is_path
    from ads.model.artifact_transfer import fetch_artifact
    from ads.model.deployment.deployment_wire import model_id_of

    if is_path(wanted.reference):
        with unpacked(Path(wanted.reference).expanduser()) as folder:
            yield folder
        return
    service = invocation.service
    model_id = model_id_of(deployment) if deployment else references.find(service, MODEL, wanted.reference)["id"]
    with tempfile.TemporaryDirectory(prefix="openads-") as scratch:
        folder = Path(scratch) / "artifact"
        fetch_artifact(service, str(model_id), folder)
        yield folder


def _digest(folder: Path) -> str:
    """Return what changes with any byte of the artifact."""
    import hashlib

    found = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts):
        with path.open("rb") as file:
            inner = hashlib.sha256()
            while piece := file.read(1 << 20):
                inner.update(piece)
        found.update(f"{path.relative_to(folder)}\0{inner.hexdigest()}\n".encode())
    return found.hexdigest()


def _has_arrow() -> bool:
    import importlib.util

    return importlib.util.find_spec("pyarrow") is not None


@contextmanager
def _bar(invocation: Invocation) -> Iterator[Callable[[int, int | None], None]]:
    """Yield what draws how many rows are done, where somebody looks at a terminal."""
    if invocation.format != "human" or not invocation.output.stderr.isatty():
        yield lambda _rows, _total: None
        return
    from tqdm import tqdm

    with tqdm(unit=" rows", unit_scale=True, leave=False, delay=0.5, file=invocation.output.stderr) as bar:

        def draw(rows: int, total: int | None) -> None:
            bar.total = total
            bar.update(rows - bar.n)

        yield draw
