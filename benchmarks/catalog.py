"""The model catalog: registrations, lists, searches and transfers, beside MLflow's registry, on this machine.

    make catalog
    python benchmarks/catalog.py --leave-out transfer mlflow
    python benchmarks/catalog.py --models 10000 --seconds 3

Everything goes over HTTP on 127.0.0.1 through the whole service: gateway, control plane, SQLite with a commit that
survives a power cut. The clients are threads of this process, one connection each, and share the machine with the
service, so their own work is part of the figures; MLflow, its own server with its own SQLite in an environment that uv
makes in ``.venv-mlflow``, gets the same clients in the same run. A registration is what ``save()`` does: the entry with
metadata and schema, its provenance, its artifact. The tables name the load of the machine before each part, because
other work on it makes every figure worse, and the processor time that the server took for one request, which depends on
it less.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from catalog_load import Client, Measured, measure
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
MLFLOW = "3.17.2"
MLFLOW_FOLDER = HERE.parent / ".venv-mlflow"
MODELS = "/20190101/models"
WORDS = ("churn", "fraud", "demand", "price", "risk", "segment", "quality", "energy", "claims", "basket")
FRAMEWORKS = ("scikit-learn", "xgboost", "lightgbm", "pytorch", "tensorflow")
PARTS = ("register", "mlflow", "lists", "transfer")


class Row(NamedTuple):
    """One line of the table. ``cpu`` are the milliseconds of processor time that the server took for one."""

    what: str
    clients: int
    found: Measured
    load: float
    cpu: float


class Running(NamedTuple):
    """Our service, or MLflow's server."""

    port: int
    token: str
    place: dict[str, str]
    pid: int

    def cpu(self) -> float:
        """Return the seconds of processor time of all its processes."""
        import psutil

        root = psutil.Process(self.pid)
        times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
        return sum(each.user + each.system + each.children_user + each.children_system for each in times)

    def measured(self, what: str, act: Callable[[Client, int], object], clients: int, seconds: float) -> Row:
        """Let clients do something for a while."""
        before, cpu = load(), self.cpu()
        found = measure(act, clients, seconds, self.port, self.token)
        return Row(what, clients, found, before, (self.cpu() - cpu) * 1000 / (found.times + 3 * clients))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=6, help="for each figure")
    parser.add_argument("--models", type=int, default=100_000, help="in the large catalog")
    parser.add_argument("--size", default="2GiB", help="of the artifact that is transferred")
    parser.add_argument("--leave-out", nargs="*", choices=PARTS, default=[], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--folder", type=Path, help="on the disk to measure; else the temporary folder")
    chosen = parser.parse_args()
    parts = [part for part in PARTS if part not in chosen.leave_out]
    console = Console(width=132)
    with tempfile.TemporaryDirectory(prefix="openads-catalog-", dir=chosen.folder) as name:
        folder = Path(name)
        with our_service(folder / "home") as service:
            if "register" in parts:
                show(console, "Registering", registrations(service, chosen.seconds))
            if "mlflow" in parts:
                with mlflow_server(folder / "mlflow") as server:
                    compare(console, comparison(service, server, chosen.seconds))
        if "lists" in parts:
            lists(console, folder / "lists", chosen.models, chosen.seconds)
    if "transfer" in parts:
        command = [sys.executable, str(HERE / "transfer.py"), "--size", chosen.size]
        subprocess.run([*command, *(["--folder", str(chosen.folder)] if chosen.folder else [])], check=True)
        console.print(f"load {load():.1f}")


def load() -> float:
    return os.getloadavg()[0]


@contextmanager
def our_service(home: Path) -> Iterator[Running]:
    home.mkdir(parents=True, exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENADS_")}
    environment |= {"OPENADS_HOME": str(home), "OPENADS_PORT": "0"}
    start = [sys.executable, "-c", "from ads.client import Service; Service.find()"]
    subprocess.run(start, env=environment, check=True)
    about = json.loads((home / "service.json").read_text())
    port = int(about["url"].rpartition(":")[2])
    facts = Client(port, about["token"]).send("GET", "/openads/v1/service")
    try:
        place = {"compartmentId": facts["compartmentId"], "projectId": facts["projectId"]}
        yield Running(port, about["token"], place, about["pid"])
    finally:
        subprocess.run([sys.executable, "-m", "ads.service", "stop", "--home", str(home)], check=True, timeout=60)


@contextmanager
def mlflow_server(folder: Path) -> Iterator[Running]:
    python = MLFLOW_FOLDER / "bin" / "python"
    if not (MLFLOW_FOLDER / f".installed-{MLFLOW}").exists():
        from uv import find_uv_bin

        subprocess.run([find_uv_bin(), "venv", "--quiet", "--clear", str(MLFLOW_FOLDER)], check=True)
        install = [find_uv_bin(), "pip", "install", "--quiet", "--python", str(python), f"mlflow=={MLFLOW}"]
        subprocess.run(install, check=True)
        (MLFLOW_FOLDER / f".installed-{MLFLOW}").touch()
    folder.mkdir()
    port = free_port()
    arguments = [
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--artifacts-destination",
        f"{folder}/artifacts",
    ]
    environment = {**os.environ, "PATH": f"{MLFLOW_FOLDER / 'bin'}:{os.environ['PATH']}"}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [str(python), "-m", "mlflow", "server", *arguments, "--host", "127.0.0.1", "--port", str(port)],
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_for(port)
        yield Running(port, "", {}, server.pid)
    finally:
        os.killpg(server.pid, 9)
        server.wait(30)


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 240
    while True:
        try:
            client = Client(port)
            client.connection.request("GET", "/health")
            if client.connection.getresponse().status == 200:
                return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit("MLflow's server did not start")
        time.sleep(0.2)


def entry(number: int) -> dict[str, Any]:
    """Return what a client says of a model: about what prepare() and save() find out."""
    word = WORDS[number % len(WORDS)]
    columns = [
        {"name": f"{word}_{place}", "dtype": "float64", "feature_type": "Continuous", "required": True, "order": place}
        for place in range(4)
    ]
    metadata = {
        "Framework": FRAMEWORKS[number % len(FRAMEWORKS)],
        "FrameworkVersion": f"1.{number % 7}.0",
        "Algorithm": ("RandomForestClassifier", "GradientBoosting", "LinearModel")[number % 3],
        "UseCaseType": "binary_classification",
        "Hyperparameters": json.dumps({"max_depth": number % 12, "n_estimators": 100, "learning_rate": 0.1}),
    }
    auc = round(0.5 + (number * 7919 % 100_000) / 200_000, 6)
    return {
        "displayName": f"{word}-{number:06d}",
        "description": f"predicts {word} for region {number % 50}",
        "freeformTags": {"team": f"team{number % 20}", "stage": "test"},
        "definedMetadataList": [{"key": key, "value": value} for key, value in metadata.items()],
        "customMetadataList": [
            {"key": "auc", "value": str(auc), "category": "Performance"},
            {"key": "CondaEnvironment", "value": "mlcpuv1", "category": "Training Environment"},
        ],
        "inputSchema": json.dumps({"schema": columns, "version": "1.1"}),
    }


def artifact(number: int) -> bytes:
    """Return a small archive, no two alike."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("score.py", "def load_model(): return 1\ndef predict(data, model=None): return {}\n")
        target.writestr("runtime.yaml", "MODEL_ARTIFACT_VERSION: '3.0'\n")
        target.writestr("model.bin", random.Random(number).randbytes(10_000))
    return buffer.getvalue()


PROVENANCE = {"gitBranch": "main", "gitCommit": "0" * 40, "repositoryUrl": "https://example.com/models.git"}


def registrations(service: Running, seconds: float) -> list[Row]:
    def register(client: Client, number: int) -> None:
        body = {**service.place, **entry(number)}
        model = client.send("POST", MODELS, body)["id"]
        client.send("POST", f"{MODELS}/{model}/provenance", PROVENANCE)
        client.send("POST", f"{MODELS}/{model}/artifact", artifact(number), content_type="application/octet-stream")

    what = "registration: entry, provenance, artifact"
    return [service.measured(what, register, clients, seconds) for clients in (1, 16)]


def our_create(client: Client, server: Running, number: int) -> object:
    body = {**server.place, **entry(number)}
    return client.send("POST", MODELS, body)["id"]


def our_get(client: Client, _server: Running, model: Any) -> object:
    return client.send("GET", f"{MODELS}/{model}")


def our_list(client: Client, server: Running, _model: Any) -> object:
    return client.send("GET", f"{MODELS}?compartmentId={server.place['compartmentId']}&limit=100")


def their_create(client: Client, _server: Running, number: int) -> object:
    """Make a registered model with the same words in its description and tags: one request, as ours."""
    about = entry(number)
    tags = [{"key": item["key"], "value": item["value"]} for item in about["definedMetadataList"]]
    body = {"name": f"m{number}-{random.random()}", "description": about["description"], "tags": tags}
    return client.send("POST", "/api/2.0/mlflow/registered-models/create", body)["registered_model"]["name"]


def their_get(client: Client, _server: Running, name: Any) -> object:
    return client.send("GET", f"/api/2.0/mlflow/registered-models/get?name={quote(name)}")


def their_list(client: Client, _server: Running, _name: Any) -> object:
    return client.send("GET", "/api/2.0/mlflow/registered-models/search?max_results=100")


OURS: tuple[Callable[..., object], ...] = (our_create, our_get, our_list)
THEIRS: tuple[Callable[..., object], ...] = (their_create, their_get, their_list)
COMPARED = ("create an entry", "get one", "list 100")


def comparison(service: Running, server: Running, seconds: float) -> list[tuple[Row, Row]]:
    """Measure creating, getting and listing here and there by turns, among some hundred entries."""
    known: list[list[object]] = []
    for each, (create, *_) in ((service, OURS), (server, THEIRS)):
        maker = Client(each.port, each.token)
        known.append([create(maker, each, number) for number in range(100)])

    def measured(side: int, place: int, clients: int) -> Row:
        each, act, there = (service, server)[side], (OURS, THEIRS)[side][place], known[side]

        def once(client: Client, number: int) -> object:
            return act(client, each, number + 1000 if place == 0 else there[number % len(there)])

        return each.measured(COMPARED[place], once, clients, seconds / 2)

    return [
        (measured(0, place, clients), measured(1, place, clients))
        for clients in (1, 16)
        for place in range(len(COMPARED))
    ]


def lists(console: Console, home: Path, most: int, seconds: float) -> None:
    """Measure reading in a small and in a large catalog, and print both beside each other."""
    small = min(1000, most)
    found: list[list[Row]] = []
    filled = 0
    for models in (small, most):
        began = time.perf_counter()
        command = [sys.executable, str(HERE / "catalog_fill.py"), str(home), str(filled), str(models)]
        subprocess.run(command, check=True)
        if models > filled:
            console.print(f"filled up to {models:,} models in {time.perf_counter() - began:.0f} s")
        filled = models
        with our_service(home) as service:
            found.append(readings(service, models, seconds))
    table = Table(title=f"Reading, one client; milliseconds; goal: p99 ≤ 20 ms with {most:,} models")
    for column in ("", f"{small:,}: p50", "p99", "load", f"{most:,}: p50", "p99", "load"):
        table.add_column(column, justify="left" if column == "" else "right")
    for first, second in zip(*found, strict=True):
        cells = [text for row in (first, second) for text in (ms(row.found.p50), ms(row.found.p99), f"{row.load:.1f}")]
        table.add_row(first.what, *cells)
    console.print(table)


def readings(service: Running, models: int, seconds: float) -> list[Row]:
    place = f"compartmentId={service.place['compartmentId']}"
    search = f"/openads/v1/models/search?{place}&limit=50&query="
    client = Client(service.port, service.token)
    listed = client.send("GET", f"{MODELS}?{place}&limit=500")
    known = [row["id"] for row in listed]
    numbers = random.Random(1)
    asked: dict[str, Callable[[], str]] = {
        "get one": lambda: f"{MODELS}/{numbers.choice(known)}",
        "list, newest 50": lambda: f"{MODELS}?{place}&limit=50&sortBy=timeCreated&sortOrder=DESC",
        "list 50 by name": lambda: f"{MODELS}?{place}&limit=50&sortBy=displayName&sortOrder=ASC",
        "list of one display name": lambda: f"{MODELS}?{place}&displayName={name_of(numbers.randrange(models))}",
        "list of one project, ACTIVE": lambda: (
            f"{MODELS}?{place}&limit=50&lifecycleState=ACTIVE&projectId={service.place['projectId']}"
        ),
        "search: a rare word": lambda: f"{search}{numbers.randrange(models):06d}",
        "search: frequent words": lambda: f"{search}{quote('churn region')}",
        "search: framework and metric": lambda: f"{search}{quote('framework:xgboost auc>0.95')}",
        "search: what nothing fits": lambda: f"{search}{quote('framework:xgboost framework:pytorch')}",
        "search, best metric first": lambda: f"{search}{quote('tag.team:team3')}&sortBy=auc&sortOrder=DESC",
        "resolve a name": lambda: f"/openads/v1/models/resolve?reference={name_of(numbers.randrange(models))}",
    }
    return [
        service.measured(what, lambda client, _number, path=path: client.send("GET", path()), 1, min(seconds, 3))
        for what, path in asked.items()
    ]


def name_of(number: int) -> str:
    return f"{WORDS[number % len(WORDS)]}-{number:06d}"


def ms(value: float) -> str:
    return f"{value:.1f}"


def show(console: Console, title: str, rows: list[Row]) -> None:
    about = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    table = Table(title=f"{title} ({about})")
    for column in ("", "clients", "per second", "p50 ms", "p99 ms", "CPU ms", "load before"):
        table.add_column(column, justify="left" if column == "" else "right")
    for what, clients, found, before, cpu in rows:
        cells = (f"{found.per_second:.0f}", ms(found.p50), ms(found.p99), ms(cpu), f"{before:.1f}")
        table.add_row(what, str(clients), *cells)
    console.print(table)


def compare(console: Console, found: list[tuple[Row, Row]]) -> None:
    table = Table(
        title=f"Beside MLflow {MLFLOW}, its own server and SQLite; requests per second; goal: 5 times as many"
    )
    for column in ("", "clients", "here", "p99 ms", "CPU ms", "load", "MLflow", "p99 ms", "CPU ms", "load", "times"):
        table.add_column(column, justify="left" if column == "" else "right")
    for here, row in found:
        times = here.found.per_second / row.found.per_second
        cells = [
            text
            for each in (here, row)
            for text in (f"{each.found.per_second:.0f}", ms(each.found.p99), ms(each.cpu), f"{each.load:.1f}")
        ]
        table.add_row(row.what, str(row.clients), *cells, f"{times:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
