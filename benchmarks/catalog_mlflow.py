"""MLflow's registry beside ours: its own server with its own SQLite, the same clients, by turns."""

from __future__ import annotations

import itertools
import os
import random
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from catalog_load import Client, Measured
from catalog_subject import MODELS, Row, Running, entry, ms
from rich.console import Console
from rich.table import Table

__all__ = ["compare", "comparison", "mlflow_server"]

HERE = Path(__file__).resolve().parent
MLFLOW = "3.17.2"
MLFLOW_FOLDER = HERE.parent / ".venv-mlflow"


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


def comparison(service: Running, server: Running, seconds: float, rounds: int) -> list[tuple[Row, Row]]:
    """Measure creating, getting and listing here and there by turns, among some hundred entries."""
    sides = ((service, OURS), (server, THEIRS))
    known = [prepared(each, create) for each, (create, *_) in sides]
    fresh = itertools.count(1000)

    def measured(side: int, place: int, clients: int) -> Row:
        (each, acts), there = sides[side], known[side]

        def once(client: Client, number: int) -> object:
            return acts[place](client, each, next(fresh) if place == 0 else there[number % len(there)])

        return each.measured(COMPARED[place], once, clients, seconds / rounds)

    found = []
    for clients in (1, 16):
        for place in range(len(COMPARED)):
            turns = [[measured(side, place, clients) for side in (0, 1)] for _ in range(rounds)]
            found.append((together([turn[0] for turn in turns]), together([turn[1] for turn in turns])))
    return found


def prepared(server: Running, create: Callable[..., object]) -> list[object]:
    """Make the hundred entries that are got and listed, with several clients: one after the other takes minutes."""
    made: list[object] = []
    numbers = iter(range(100))
    lock = threading.Lock()

    def work() -> None:
        client = Client(server.port, server.token)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            made.append(create(client, server, number))

    workers = [threading.Thread(target=work) for _ in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if len(made) < 100:
        raise SystemExit(f"only {len(made)} of 100 entries could be made")
    return made


def together(rows: list[Row]) -> Row:
    """Return the rounds of one figure as one: all that was done, the middle of the rounds' latencies, the worst p99."""
    times = sum(row.found.times for row in rows)
    lasted = sum(row.found.times / row.found.per_second for row in rows)
    p50, p99 = statistics.median(row.found.p50 for row in rows), max(row.found.p99 for row in rows)
    cpu = sum(row.cpu * row.found.times for row in rows) / times
    found = Measured(times / lasted, p50, p99, times)
    return Row(rows[0].what, rows[0].clients, found, max(row.load for row in rows), cpu)


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
