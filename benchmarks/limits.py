"""What each part of the service takes by the number of deployments, credentials and lines: ``docs/scaling.md``.

    python benchmarks/limits.py [--deployments 10 1000 10000] [--parts control gateway identities logs]

No service is started: the controller's round, the gateway's tables and pools, the identities and the log writer are
called as the service calls them, on a catalog in a temporary folder, with replicas that are said to be ready.
Processor time is printed beside the clock, for a busy machine changes it least.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy.orm import Session

from ads.deploy.controller import Controller
from ads.deploy.engines.base import ReplicaId, ReplicaOrder, ReplicaReport
from ads.deploy.isolation import isolated_supplies
from ads.deploy.log_writer import LogWriter
from ads.deploy.placement import Machine
from ads.deploy.routes import ReplicaRoute, Route, Routes
from ads.gateway.limits import Limits
from ads.gateway.predictions import Predictions
from ads.home import Home
from ads.identity.ocid import new_ocid
from ads.identity.verifier import Verifier
from ads.registry.database import open_database
from ads.registry.deployments import insert_deployment
from ads.registry.events import Caller
from ads.registry.identities import Identities, ensure_defaults
from ads.registry.models import NewModel, create_model
from ads.registry.schema import upgrade
from ads.registry.tables import Artifact, Token
from ads.settings import Settings

PARTS = ("control", "gateway", "identities", "logs")
_CALLER = Caller("limits")
_MILLI, _MICRO = 1e3, 1e6


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deployments", type=int, nargs="+", default=[10, 1000, 10_000])
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--gateway-of", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.gateway_of is not None:
        print(json.dumps(gateway_alone(given.gateway_of)))
        return 0
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores\n", flush=True)
    measures: dict[str, Callable[[list[int]], list[tuple[str, ...]]]] = {
        "control": control,
        "gateway": gateway,
        "identities": identities,
        "logs": lambda _: logs(),
    }
    for part in given.parts:
        for line in measures[part](sorted(given.deployments)):
            print(f"| {' | '.join(line)} |", flush=True)
        print(flush=True)
    return 0


def took(call: Callable[[], object], times: int = 3) -> tuple[float, float]:
    """Return the middle of the seconds on the clock and of processor time."""
    clock, work = [], []
    for _ in range(times):
        before = time.perf_counter(), time.process_time()
        call()
        clock.append(time.perf_counter() - before[0])
        work.append(time.process_time() - before[1])
    return statistics.median(clock), statistics.median(work)


# -- the controller


class Ready:
    """An engine whose replicas are all ready, because nobody looks."""

    prepares_environments = False

    def __init__(self) -> None:
        self.reports: list[ReplicaReport] = []

    def list(self) -> list[ReplicaReport]:
        return self.reports

    def machine(self) -> Machine:
        return Machine(1 << 50)

    def socket(self, replica: ReplicaId) -> str:
        return f"/run/r/{replica}.sock"

    def start(self, order: ReplicaOrder) -> None:
        raise AssertionError(f"{order.id} is there already")

    def stop(self, replica: ReplicaId) -> None:
        raise AssertionError(f"{replica} is wanted")

    def kill(self, replica: ReplicaId) -> None:
        raise AssertionError(f"{replica} is well")

    def watch(self, ended: Callable[[], None], over: threading.Event) -> None:  # noqa: ARG002 - as every engine
        over.wait()


def control(numbers: list[int]) -> list[tuple[str, ...]]:
    """Return what a round of the reconcile loop takes, and publishing."""
    lines = [
        (
            "deployments",
            "a quiet round: ms",
            "of processor",
            "us for each",
            "routes.json: MB",
            "publishing a change: ms",
        ),
        ("---", *["--:"] * 5),
    ]
    with tempfile.TemporaryDirectory(prefix="ads-") as name:
        home, settings = Home(Path(name)), Settings(home=Path(name))
        home.create()
        database = open_database(settings, home)
        upgrade(database.engine)
        defaults, engine = ensure_defaults(database), Ready()
        controller = Controller(
            database,
            home,
            settings,
            engine,
            lambda source: home.blobs / source.sha256,
            isolated_supplies(home, settings),
        )
        there = 0
        with database.write() as session:
            model_id = _model(session, defaults)
        for number in numbers:
            with database.write() as session:
                for _ in range(number - there):
                    engine.reports.append(_deployed(session, defaults, model_id))
            there = number
            controller.round()  # this one publishes
            quiet = took(controller.round, 3 if number <= 1000 else 1)
            changing = took(lambda count=number: Routes(home).publish(_routes(count)), 1)  # type: ignore[misc]
            size = home.routes_file.stat().st_size
            lines.append(
                (
                    f"{number:,}",
                    f"{quiet[0] * _MILLI:,.0f}",
                    f"{quiet[1] * _MILLI:,.0f}",
                    f"{quiet[1] * _MICRO / number:,.0f}",
                    f"{size / 1e6:.2f}",
                    f"{changing[0] * _MILLI:,.0f}",
                )
            )
        controller.stop()
    return lines


def _model(session: Session, defaults: Any) -> str:
    model = create_model(session, _CALLER, NewModel(defaults.compartment_id, defaults.project_id))
    session.add(Artifact(model_id=model.id, sha256="0" * 64, md5="", size=1, file_name="a.zip", created_by="limits"))
    return model.id


def _deployed(session: Session, defaults: Any, model_id: str) -> ReplicaReport:
    """Add a deployment that serves with one replica; return what the engine says of that."""
    details = {
        "modelId": model_id,
        "instanceConfiguration": {
            "instanceShapeName": "VM.Standard.E4.Flex",
            "modelDeploymentInstanceShapeConfigDetails": {"ocpus": 1.0, "memoryInGBs": 16.0},
        },
        "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 1},
    }
    configuration = {"deploymentType": "SINGLE_MODEL", "modelConfigurationDetails": details}
    row = insert_deployment(
        session,
        {
            "compartment_id": defaults.compartment_id,
            "project_id": defaults.project_id,
            "model_id": model_id,
            "display_name": "limits",
            "configuration": configuration,
            "serving_configuration": configuration,
            "serving_revision": 1,
            "lifecycle_state": "ACTIVE",
            "created_by": "limits",
        },
    )
    status = {"state": "ready", "stages": [], "pid": os.getpid()}
    return ReplicaReport(ReplicaId.of(row.id, 1, 0), running=True, status=status)


# -- the gateway


def _routes(number: int, replicas: bool = True) -> Iterator[Route]:
    chain = (new_ocid("compartment"), new_ocid("tenancy"))
    for _ in range(number):
        deployment = new_ocid("datasciencemodeldeployment")
        replica = ReplicaRoute(f"{deployment[-12:]}-1-0", f"/tmp/limits/r/{deployment[-12:]}-1-0.sock", 1)
        places = (replica,) if replicas else ()
        yield Route(deployment, "limits", "ACTIVE", True, 60.0, 10**7, places, compartment_ids=chain, revision=1)


def gateway(numbers: list[int]) -> list[tuple[str, ...]]:
    """Return what the table costs a gateway: each number in a process of its own."""
    lines = [
        (
            "deployments",
            "reading the table: ms",
            "the same again: ms",
            "memory for each: kB",
            "a sweep: ms",
            "a report: ms",
        ),
        ("---", *["--:"] * 5),
    ]
    for number in numbers:
        command = [sys.executable, __file__, "--gateway-of", str(number)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        lines.append(
            (f"{number:,}", *(f"{found[key]:,.1f}" for key in ("first", "again", "kilobytes", "sweep", "report")))
        )
    return lines


def gateway_alone(number: int) -> dict[str, float]:
    """Return what a table of so many deployments without replicas takes in this process."""
    with tempfile.TemporaryDirectory(prefix="ads-") as name:
        home = Home(Path(name))
        home.create()
        Routes(home).publish(_routes(number, replicas=False))

        async def measured() -> dict[str, float]:
            predictions = Predictions(home, Limits(), time.monotonic)
            before = _resident()
            first = took(lambda: predictions.tables.refresh(force=True), 1)
            grown = _resident() - before
            again = took(lambda: predictions.tables.refresh(force=True), 1)
            sweep = took(lambda: predictions.sweep(time.monotonic()))
            report = took(predictions.signals)
            return {
                "first": first[1] * _MILLI,
                "again": again[1] * _MILLI,
                "kilobytes": grown / number,
                "sweep": sweep[1] * _MILLI,
                "report": report[1] * _MILLI,
            }

        return asyncio.run(measured())


def _resident() -> float:
    gc.collect()
    return psutil.Process().memory_info().rss / 1024


# -- credentials


def identities(numbers: list[int]) -> list[tuple[str, ...]]:
    """Return what one more token takes where there are so many already, and what a gateway reads."""
    lines = [("tokens", "one more, published: ms", "identities.json: MB", "reading it: ms"), ("---", *["--:"] * 3)]
    for number in numbers:
        with tempfile.TemporaryDirectory(prefix="ads-") as name:
            home, settings = Home(Path(name)), Settings(home=Path(name))
            home.create()
            database = open_database(settings, home)
            upgrade(database.engine)
            defaults = ensure_defaults(database)
            known = Identities(database, home)
            with database.write() as session:
                session.add_all(
                    Token(sha256=f"{each:064x}", user_id=defaults.user_id, name=f"token {each}")
                    for each in range(number)
                )
            clock, _ = took(known.publish, 1)
            content = home.identities_file.read_bytes()
            _, reading = took(lambda text=content: Verifier(json.loads(text)), 1)  # type: ignore[misc]
            lines.append(
                (f"{number:,}", f"{clock * _MILLI:,.0f}", f"{len(content) / 1e6:.2f}", f"{reading * _MILLI:,.0f}")
            )
            database.engine.dispose()
    return lines


# -- logs


def logs() -> list[tuple[str, ...]]:
    """Return how many lines a second one process can take from its children."""
    lines, each = 20_000, 100
    text = b"x" * (each - 1) + b"\n"
    with writer() as log:

        def write() -> None:
            for _ in range(lines // 100):
                log.write(text * 100)

        clock, work = took(write)
    return [
        ("lines of 100 bytes, 100 in a piece", "per second", "us of processor for a line"),
        ("---", "--:", "--:"),
        ("log writer of the supervisor", f"{lines / clock:,.0f}", f"{work * _MICRO / lines:.2f}"),
    ]


@contextmanager
def writer() -> Iterator[LogWriter]:
    with tempfile.TemporaryDirectory(prefix="ads-") as name:
        yield LogWriter(Path(name) / "log", 64 * 1024**2, 86400.0, timed=True)


if __name__ == "__main__":
    sys.exit(main())
