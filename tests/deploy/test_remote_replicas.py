"""Replicas that listen on TCP, and engines that make environments elsewhere."""

from __future__ import annotations

import json
import os
import signal
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ads.deploy.engines.local import LocalEngine
from ads.deploy.environment_supplies import Supplies
from ads.deploy.preparation import Preparations
from ads.registry.deployments import ModelSource

from .conftest import SCORE, Machine, wait_until


def test_a_replica_on_tcp_is_routed_with_its_key_and_found_again_after_its_death(
    machine: Callable[..., Machine],
) -> None:
    m = machine(listen="127.0.0.1")
    deployment = m.create(m.model(SCORE.format(number=7)), replicas=2)
    m.wait(deployment, "ACTIVE")
    assert m.ask(deployment) == [[1, 7], [1, 7]]
    route = m.routes(deployment)
    assert route is not None
    places = [(each["socket"], each["key"]) for each in route["replicas"]]
    assert len({key for _, key in places}) == len(places) == 2
    assert all(len(key) == 64 for _, key in places)
    assert stat.S_IMODE(m.home.routes_file.stat().st_mode) == 0o600
    keys = list(m.home.deployment(deployment).glob("*/key"))
    assert [stat.S_IMODE(path.stat().st_mode) for path in keys] == [0o600, 0o600]
    for pid in (child.pid for child in m.replicas()):
        words = Path(f"/proc/{pid}/cmdline").read_bytes()
        assert not any(key.encode() in words for _, key in places)

    killed = m.replicas()[0].pid
    assert killed
    os.kill(killed, signal.SIGKILL)

    def back() -> bool:
        found = m.routes(deployment)
        assert found is not None
        return len(found["replicas"]) == 2 and killed not in {child.pid for child in m.replicas()}

    def answered() -> bool:
        try:
            return m.ask(deployment) == [[1, 7], [1, 7]]
        except (OSError, StopIteration):
            return False

    wait_until(back, 60)
    wait_until(answered, 60)


def test_where_environments_are_made_elsewhere_the_engine_gets_the_archive(
    machine: Callable[..., Machine], monkeypatch: Any
) -> None:
    m = machine()
    m.stop_controller()
    monkeypatch.setattr(LocalEngine, "prepares_environments", False)
    orders: list[Any] = []
    monkeypatch.setattr(LocalEngine, "start", lambda _self, order: orders.append(order))
    m.start_controller()
    model = m.model(SCORE.format(number=1), requirements__txt="nothing-of-this-name==9.9\n")
    deployment = m.create(model)
    wait_until(lambda: orders)
    order = orders[0]
    assert order.python is None
    assert order.deployment_id == deployment
    assert order.archive == m.home.blobs / order.source.sha256
    assert (order.artifact / "score.py").exists()
    assert not list(m.home.environments.glob("[!.]*"))
    wait_until(lambda: any("environment: made where the replicas run" in line for line in m.work(deployment)[1]))


def test_a_model_by_reference_is_given_as_the_folder_of_its_files(machine: Callable[..., Machine]) -> None:
    m = machine()

    def archive(_source: ModelSource) -> Path:
        folder = m.home.artifacts / ".fetched"
        folder.mkdir()
        (folder / "score.py").write_text("")
        return folder

    woken = threading.Event()
    preparations = Preparations(m.home, archive, Supplies(60.0), woken.set, environments=False)
    source = ModelSource("a" * 64, 1, by_reference=True)
    preparations.begin(("d", 1), source, lambda _line: None)
    assert woken.wait(60)
    prepared = preparations.done(("d", 1))
    assert prepared is not None
    assert prepared.source == source
    assert prepared.archive == prepared.artifact
    assert prepared.environment is None
    preparations.stop()


def test_a_status_tells_the_port_alone_where_there_is_one(machine: Callable[..., Machine]) -> None:
    m = machine()
    deployment = m.create(m.model(SCORE.format(number=1)))
    m.wait(deployment, "ACTIVE")
    (status,) = m.home.deployment(deployment).glob("*/status.json")
    assert "port" not in json.loads(status.read_text())
