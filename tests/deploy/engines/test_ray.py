"""What the engine decides by itself: what Ray is asked for, where replicas rather run, how they are reported."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ads.deploy.engines.base import ReplicaId, ReplicaOrder
from ads.deploy.engines.ray import RayEngine
from ads.deploy.engines.ray_kit import kit
from ads.deploy.engines.ray_link import RayLink
from ads.deploy.engines.ray_logs import ReplicaLogs
from ads.deploy.engines.ray_placing import (
    NOT_IN_PLACE,
    Needs,
    Node,
    machine_of,
    needs_of,
    no_place,
    node_for,
    report_of,
)
from ads.deploy.engines.supervisor_client import EngineUnavailable
from ads.deploy.log_files import predict_log
from ads.deploy.observation import observe
from ads.errors import SettingError
from ads.home import Home
from ads.settings import Settings
from tests.own_service import eventually

ID = ReplicaId("abcdefghijkl", 1, 0)
GIB = 1024**3
READY = {"state": "ready", "port": 4711, "stages": [], "error": None}


def node(id_: str, **resources: float) -> Node:
    return Node(id_, f"host-{id_}", {"CPU": 8.0, "memory": 64.0 * GIB, **resources})


def entry(silent: float = 0.1, **report: Any) -> dict[str, Any]:
    told = {
        "node": "a", "host": "10.0.0.7", "key": "00" * 32, "sha256": "", "pid": 9, "running": True, "restarts": 0,
        "exit": "", "started": 5.0, "status": READY, "was_ready": False,
    }  # fmt: skip
    return {"report": {**told, **report}, "silent": silent, "age": 3.0, "lines": []}


def order(**more: Any) -> ReplicaOrder:
    parts = {
        "id": ID, "python": None, "artifact": Path("/a"), "folder": Path("/f"), "log": Path("/l"), "memory_bytes": 0,
        "environment": {}, "processors": 2,
    }  # fmt: skip
    return ReplicaOrder(**{**parts, **more})


def test_a_replica_takes_what_its_shape_has() -> None:
    assert needs_of(order()) == Needs(2, 0, 0)
    assert needs_of(order(processors=0)) == Needs(1, 0, 0)
    assert needs_of(order(memory_bytes=GIB, on_device=True)) == Needs(2, GIB, 1)


def test_replicas_of_a_deployment_are_spread_over_nodes() -> None:
    nodes, needs = [node("a"), node("b"), node("c")], Needs(2, 0, 0)
    placed: list[str] = []
    for _ in range(6):
        placed.append(node_for(needs, nodes, placed, placed))
    assert sorted(placed) == ["a", "a", "b", "b", "c", "c"]
    assert node_for(needs, nodes, ["a"], ["a", "b", "b"]) == "c"


def test_a_node_that_could_never_hold_it_is_no_choice() -> None:
    small = node("a", CPU=1.0)
    assert node_for(Needs(2, 0, 0), [small, node("b"), node("c")], ["b"], ["b"]) == "c"
    assert node_for(Needs(2, 0, 0), [small, node("b")], [], []) == ""
    assert node_for(Needs(2, 0, 1), [node("a"), node("b")], [], []) == ""


def test_the_cluster_is_the_sum_of_its_nodes() -> None:
    machine = machine_of([node("a", GPU=2.0), node("b")])
    assert (machine.processors, machine.memory_bytes, machine.devices) == (16, 128 * GIB, {"0": 0, "1": 0})


def test_why_there_was_no_place_is_told_with_numbers() -> None:
    assert (
        "2 processors, 99.0 GiB of memory of one node, and none of 1"
        in no_place(Needs(2, 99 * GIB, 0), [node("a")], 600)["message"]
    )
    assert "each is full" in no_place(Needs(2, 0, 0), [node("a")], 600)["message"]


def test_a_ready_replica_is_reported_with_its_address_and_key() -> None:
    report = report_of(ID, 60.0, None, entry(), {"state": "RUNNING", "message": ""})
    assert (report.address, report.key, report.age) == ("tcp://10.0.0.7:4711", "00" * 32, 3.0)
    assert observe(report, serving=True, start_timeout=600).phase == "ready"
    assert report_of(ID, 60.0, None, entry(host="fd00::1"), None).address == "tcp://[fd00::1]:4711"


@pytest.mark.parametrize("told", [None, entry(silent=30.0), entry(gone=True)])
def test_what_ray_serve_has_to_place_is_starting(told: dict[str, Any] | None) -> None:
    report = report_of(ID, 60.0, None, told, {"state": "DEPLOYING", "message": ""})
    assert (report.address, report.status) == ("", None)
    assert observe(report, serving=True, start_timeout=600).phase == "starting"


def test_a_replica_that_could_not_be_ordered_or_placed_failed() -> None:
    failure = {"code": "x", "message": "It could not be.", "hint": "Do something."}
    report = report_of(ID, 1.0, failure, None, None)
    assert "It could not be" in observe(report, serving=False, start_timeout=600).cause
    given_up = report_of(ID, 1.0, None, None, {"state": "DEPLOY_FAILED", "message": "no such package"})
    assert "no such package" in observe(given_up, serving=False, start_timeout=600).cause
    lost = entry(
        status={"state": "failed", "error": {"code": NOT_IN_PLACE, "message": "The disk is full.", "hint": ""}}
    )
    report = report_of(ID, 1.0, None, lost, {"state": "DEPLOYING", "message": ""})
    assert "The disk is full" in observe(report, serving=False, start_timeout=600).cause
    for each in (report, given_up):  # what has served is ordered anew, perhaps for another node
        assert observe(each, serving=True, start_timeout=600).phase == "lost"


def test_a_worker_that_ends_while_it_starts_fails_the_revision() -> None:
    told = entry(running=False, restarts=1, exit="exit code 3", status=None)
    report = report_of(ID, 1.0, None, told, {"state": "DEPLOYING", "message": ""})
    assert "exit code 3" in observe(report, serving=False, start_timeout=600).cause


def test_what_travels_to_nodes_needs_nothing_that_they_lack(tmp_path: Path) -> None:
    sha256, data = kit()
    assert kit() == (sha256, data)
    assert hashlib.sha256(data).hexdigest() == sha256
    zipfile.ZipFile(io.BytesIO(data)).extractall(tmp_path)
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import ads.deploy.engines.ray_node as n; print(n.__file__)"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.startswith(str(tmp_path)), done.stderr
    assert (tmp_path / "ads" / "worker" / "launch.py").is_file()


def test_lines_are_written_once(tmp_path: Path) -> None:
    home = Home(tmp_path)
    deployment = "ocid1.x.abcdefghijkl"
    home.deployment(deployment).mkdir(parents=True)
    logs = ReplicaLogs(home, Settings(home=tmp_path))
    logs.add("n", ID, [(1, "one\n"), (2, "t\x1bwo\n")])
    logs.add("n", ID, [(2, "t\x1bwo\n"), (3, "three\n")])
    assert predict_log(home, deployment).read_text() == "one\nt\\x1bwo\nthree\n"
    assert logs.seen() == {"n": 3}


def test_without_ray_it_is_said_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(SettingError, match="Ray Serve") as caught:
        RayEngine(Home(tmp_path), Settings(home=tmp_path), "service")
    assert caught.value.hint == 'pip install "openads[ray]"'


@pytest.mark.needs("ray")
def test_a_cluster_that_is_not_there_makes_no_crash_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_AUTH_MODE", "disabled")
    link = RayLink("127.0.0.1:1", "openads-test-")
    said = set()

    def told() -> bool:
        with pytest.raises(EngineUnavailable) as caught:
            link.ask("nodes")
        said.add(str(caught.value.hint))
        return "it is being connected to" not in caught.value.message

    eventually(told, 180, "the end of the attempt")
    assert said == {"Start the cluster (ray start --head), or correct the setting ray_address."}
    link.close()
