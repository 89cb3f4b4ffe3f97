"""The model catalog: registrations, lists, searches and transfers, beside MLflow's registry, on this machine.

    make catalog
    python benchmarks/catalog.py --leave-out transfer mlflow
    python benchmarks/catalog.py --models 10000 --seconds 1
    python benchmarks/catalog.py --postgres --leave-out transfer mlflow

Everything goes over HTTP on 127.0.0.1 through the whole service: gateway, control plane, SQLite with a commit that
survives a power cut. The clients are threads of this process, one connection each, and share the machine with the
service, so their own work is part of the figures; MLflow, its own server with its own SQLite in an environment that uv
makes in ``.venv-mlflow``, gets the same clients in the same run, by turns in short rounds. A registration is what
``save()`` does: the entry with metadata and schema, its provenance, its artifact. The tables name the load of the
machine before each part, because other work on it makes every figure worse, and the processor time that the server
took for one request, which depends on it less.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from catalog_load import Client
from catalog_mlflow import compare, comparison, mlflow_server
from catalog_subject import MODELS, Row, Running, artifact, entry, environment_of, load, ms, name_of, our_service
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
PARTS = ("register", "mlflow", "lists", "transfer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=2, help="for each figure")
    parser.add_argument("--rounds", type=int, default=2, help="of the comparison with MLflow, by turns")
    parser.add_argument("--home", type=Path, help="keeps the large catalog for the next run")
    parser.add_argument("--models", type=int, default=100_000, help="in the large catalog")
    parser.add_argument("--size", default="2GiB", help="of the artifact that is transferred")
    parser.add_argument("--leave-out", nargs="*", choices=PARTS, default=[], metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--postgres", action="store_true", help="on a server that this starts, instead of on SQLite")
    parser.add_argument("--folder", type=Path, help="on the disk to measure; else the temporary folder")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers end as well
    parts = [part for part in PARTS if part not in chosen.leave_out]
    console = Console(width=132)
    with (
        tempfile.TemporaryDirectory(prefix="openads-catalog-", dir=chosen.folder) as name,
        databases(postgres=chosen.postgres) as new_database,
    ):
        folder = Path(name)
        with our_service(folder / "home", new_database()) as service:
            if "register" in parts:
                show(console, "Registering", registrations(service, chosen.seconds * 2))
            if "mlflow" in parts:
                with mlflow_server(folder / "mlflow") as server:
                    compare(console, comparison(service, server, chosen.seconds, chosen.rounds))
        if "lists" in parts:
            homes = (folder / "small", folder / "large" if chosen.postgres else chosen.home or folder / "large")
            lists(console, homes, (new_database(), new_database()), chosen.models, chosen.seconds)
    if "transfer" in parts:
        command = [sys.executable, str(HERE / "transfer.py"), "--size", chosen.size]
        subprocess.run([*command, *(["--folder", str(chosen.folder)] if chosen.folder else [])], check=True)
        console.print(f"load {load():.1f}")


@contextmanager
def databases(*, postgres: bool) -> Iterator[Callable[[], str]]:
    """Give what makes the URL of a new catalog's database: an empty one for SQLite in the data directory."""
    if not postgres:
        yield lambda: ""
        return
    sys.path.insert(0, str(HERE.parent))
    from tests.postgres import Postgres

    server = Postgres(durable=True)
    try:
        yield server.create
    finally:
        server.close()


PROVENANCE = {"gitBranch": "main", "gitCommit": "0" * 40, "repositoryUrl": "https://example.com/models.git"}


def registrations(service: Running, seconds: float) -> list[Row]:
    def register(client: Client, number: int) -> None:
        body = {**service.place, **entry(number)}
        model = client.send("POST", MODELS, body)["id"]
        client.send("POST", f"{MODELS}/{model}/provenance", PROVENANCE)
        client.send("POST", f"{MODELS}/{model}/artifact", artifact(number), content_type="application/octet-stream")

    what = "registration: entry, provenance, artifact"
    return [service.measured(what, register, clients, seconds) for clients in (1, 16)]


def lists(console: Console, homes: tuple[Path, Path], databases: tuple[str, str], most: int, seconds: float) -> None:
    """Measure reading in a small and in a large catalog, and print both beside each other."""
    small = min(1000, most)
    catalogs = list(zip(homes, databases, (small, most), strict=True))
    for home, database, models in catalogs:
        if not (home / "catalog.db").exists():
            began = time.perf_counter()
            command = [sys.executable, str(HERE / "catalog_fill.py"), str(home), "0", str(models)]
            subprocess.run(command, env=environment_of(database), check=True)
            console.print(f"filled with {models:,} models in {time.perf_counter() - began:.0f} s")
    found: list[list[Row]] = []
    for home, database, models in catalogs:
        with our_service(home, database) as service:
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
        "list 50 by state": lambda: f"{MODELS}?{place}&limit=50&sortBy=lifecycleState&sortOrder=ASC",
        "list of the INACTIVE by name": lambda: f"{MODELS}?{place}&limit=50&lifecycleState=INACTIVE&sortBy=displayName",
        "list of one display name": lambda: f"{MODELS}?{place}&displayName={name_of(numbers.randrange(models))}",
        "list of one project, ACTIVE": lambda: (
            f"{MODELS}?{place}&limit=50&lifecycleState=ACTIVE&projectId={service.place['projectId']}"
        ),
        "search: a rare word": lambda: f"{search}{numbers.randrange(models):06d}",
        "search: frequent words": lambda: f"{search}{quote('churn region')}",
        "search: framework and metric": lambda: f"{search}{quote('framework:xgboost auc>0.95')}",
        "search: what nothing fits": lambda: f"{search}{quote('framework:xgboost framework:pytorch')}",
        "search: without a framework": lambda: f"{search}{quote('churn -framework:xgboost -state:inactive')}",
        "search: a beginning, by name": lambda: f"{search}{quote('reg* chu*')}&sortBy=displayName",
        "search, best metric first": lambda: f"{search}{quote('tag.team:team3')}&sortBy=auc&sortOrder=DESC",
        "resolve a name": lambda: f"/openads/v1/models/resolve?reference={name_of(numbers.randrange(models))}",
    }
    return [
        service.measured(what, lambda client, _number, path=path: client.send("GET", path()), 1, seconds)
        for what, path in asked.items()
    ]


def show(console: Console, title: str, rows: list[Row]) -> None:
    about = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    table = Table(title=f"{title} ({about})")
    for column in ("", "clients", "per second", "p50 ms", "p99 ms", "CPU ms", "load before"):
        table.add_column(column, justify="left" if column == "" else "right")
    for what, clients, found, before, cpu in rows:
        cells = (f"{found.per_second:.0f}", ms(found.p50), ms(found.p99), ms(cpu), f"{before:.1f}")
        table.add_row(what, str(clients), *cells)
    console.print(table)


if __name__ == "__main__":
    main()
