"""Replicas on nodes: machines that run them for a control plane and a gateway elsewhere, each a real service."""

from __future__ import annotations

import io
import os
import signal
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest
import requests
import s3fs

from tests.members import Cluster, Member
from tests.own_service import eventually
from tests.postgres import Postgres
from tests.runtime_yaml import RUNTIME
from tests.s3_server import s3_server, use_s3

if TYPE_CHECKING:
    from typing_extensions import Self

pytestmark = [pytest.mark.needs("postgres"), pytest.mark.timeout(390)]

SCORE = """
import os

def load_model():
    return {version}

def predict(data, model=load_model()):
    return {{"prediction": [x * 3 for x in data], "version": model, "pid": os.getpid()}}
"""
START_SECONDS = 120


def zipped(score: str, **files: str) -> bytes:
    """Return the archive of an artifact."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in {"score__py": score, "runtime__yaml": RUNTIME, **files}.items():
            archive.writestr(name.replace("__", "."), content)
    return buffer.getvalue()


def body_of(model: str, replicas: int) -> dict[str, Any]:
    """Return what a deployment is asked for with."""
    details = {
        "deploymentType": "SINGLE_MODEL",
        "modelConfigurationDetails": {
            "modelId": model,
            "instanceConfiguration": {"instanceShapeName": "VM.Standard.E4.Flex"},
            "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": replicas},
        },
    }
    return {"displayName": "nodes", "modelDeploymentConfigurationDetails": details}


class Load:
    """Predictions in some threads until the block ends; every answer that isn't the right one is kept."""

    def __init__(self, url: str, headers: dict[str, str], threads: int = 3) -> None:
        self.answers: list[dict[str, Any]] = []
        self.failed: list[tuple[int, str]] = []
        self._url = url
        self._headers = headers
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(90)

    def more(self, count: int = 50) -> None:
        """Return after so many more answers."""
        before = len(self.answers)
        eventually(lambda: len(self.answers) >= before + count, 60, "more answers")

    def _run(self, value: int) -> None:
        session = requests.Session()
        while not self._over.is_set():
            value += len(self._threads)
            answer = session.post(self._url, json=[value], headers=self._headers, timeout=60)
            if answer.status_code != 200 or answer.json()["prediction"] != [3 * value]:
                self.failed.append((answer.status_code, answer.text))
            else:
                self.answers.append(answer.json())
            time.sleep(0.002)


class Service:
    """Two control planes, a gateway and two nodes."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        for name in ("control-a", "control-b"):
            cluster.start(name, "control", engine="nodes")
        self.gateway = cluster.start("gateway", "gateway")
        self.nodes = {name: cluster.start(name, "node") for name in ("node-a", "node-b")}
        cluster.await_all()

    def call(self, method: str, path: str, **more: Any) -> requests.Response:
        answer = requests.request(method, f"{self.gateway.url}{path}", headers=self.cluster.headers, timeout=90, **more)
        assert answer.ok, answer.text
        return answer

    def model(self, score: str, **files: str) -> str:
        about = self.call("GET", "/openads/v1/service").json()
        place = {"compartmentId": about["compartmentId"], "projectId": about["projectId"]}
        model = str(self.call("POST", "/20190101/models", json=place).json()["id"])
        self.call("POST", f"/20190101/models/{model}/artifact", data=zipped(score, **files))
        return model

    def deploy(self, model: str, replicas: int) -> str:
        about = self.call("GET", "/openads/v1/service").json()
        place = {"compartmentId": about["compartmentId"], "projectId": about["projectId"]}
        answer = self.call("POST", "/20190101/modelDeployments", json={**place, **body_of(model, replicas)})
        return str(answer.json()["id"])

    def state(self, deployment: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/20190101/modelDeployments/{deployment}").json())

    def wait(self, deployment: str, *states: str) -> dict[str, Any]:
        eventually(lambda: self.state(deployment)["lifecycleState"] in states, START_SECONDS, f"{states}")
        return self.state(deployment)

    def replicas(self) -> dict[str, list[int]]:
        """Return the pids of the replicas of each node."""
        return {
            name: [pid for child, pid in node.children().items() if child.startswith("replica/")]
            for name, node in self.nodes.items()
            if node.process.poll() is None
        }

    def counts(self) -> list[int]:
        return [len(pids) for pids in self.replicas().values()]

    def load(self, deployment: str) -> Load:
        return Load(f"{self.gateway.url}/{deployment}/predict", self.cluster.headers)

    def crash(self, node: str) -> None:
        """kill -9 the supervisor of a node: the system ends its children."""
        member: Member = self.nodes[node]
        children = [psutil.Process(pid) for pid in member.children().values()]
        os.kill(member.process.pid, signal.SIGKILL)
        member.process.wait(60)
        psutil.wait_procs(children, 60)


@pytest.fixture
def service(own_postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """A cluster of five members on PostgreSQL and S3."""
    with s3_server(tmp_path) as url:
        use_s3(monkeypatch, url)
        s3fs.S3FileSystem(endpoint_url=url, skip_instance_cache=True).mkdir("cluster")
        cluster = Cluster(own_postgres, Path(tempfile.mkdtemp(prefix="oan")), "s3://cluster/artifacts")
        try:
            yield Service(cluster)
        finally:
            cluster.remove()


def test_two_replicas_are_spread_and_a_node_that_dies_fails_nobody(service: Service) -> None:
    deployment = service.deploy(service.model(SCORE.format(version=1)), 2)
    assert service.wait(deployment, "ACTIVE", "FAILED")["lifecycleState"] == "ACTIVE"
    assert service.counts() == [1, 1]
    with service.load(deployment) as load:
        load.more()
        assert len({answer["pid"] for answer in load.answers}) == 2

        service.crash("node-a")
        load.more()
        eventually(lambda: service.counts() == [2], START_SECONDS, "the replica on the other node")
        eventually(lambda: len({each["pid"] for each in load.answers[-40:]}) == 2, 60, "both on the other node")

        service.nodes["node-a"] = service.cluster.start("node-a", "node")
        service.cluster.await_all()
        load.more()
        assert service.counts() == [0, 2]

        second = service.model(SCORE.format(version=2))
        service.call("PUT", f"/20190101/modelDeployments/{deployment}", json=body_of(second, 2))
        eventually(lambda: load.answers[-1]["version"] == 2, START_SECONDS, "the new model")
        service.wait(deployment, "ACTIVE")
        eventually(lambda: service.counts() == [1, 1], START_SECONDS, "both nodes")
        load.more()
    assert load.failed == []
    assert {answer["version"] for answer in load.answers[-20:]} == {2}


def test_an_environment_that_fails_on_a_node_says_why_and_the_end_leaves_nothing(service: Service) -> None:
    broken = service.deploy(service.model(SCORE.format(version=1), requirements__txt="six==999.0\n"), 1)
    found = service.wait(broken, "FAILED", "ACTIVE")
    assert found["lifecycleState"] == "FAILED"
    assert "six" in found["lifecycleDetails"]
    raising = service.deploy(service.model("raise OSError('no weights today')"), 1)
    assert "no weights today" in service.wait(raising, "FAILED", "ACTIVE")["lifecycleDetails"]

    good = service.deploy(service.model(SCORE.format(version=1)), 3)
    service.wait(good, "ACTIVE")
    assert sorted(service.counts()) == [1, 2]
    service.call("DELETE", f"/20190101/modelDeployments/{good}")
    service.wait(good, "DELETED")
    assert service.counts() == [0, 0]
    assert service.cluster.query("SELECT count(*) FROM replica_orders") == [(0,)]


def test_nodes_answer_without_database_and_leader_and_one_that_was_away_stops_what_is_not_its_own(
    service: Service,
) -> None:
    deployment = service.deploy(service.model(SCORE.format(version=1)), 2)
    service.wait(deployment, "ACTIVE")
    postgres: Any = service.cluster._postgres
    with service.load(deployment) as load:
        load.more()
        before = service.replicas()
        postgres.stop()
        killed = before["node-a"][0]
        os.kill(killed, signal.SIGKILL)  # the supervisor alone brings it back
        eventually(lambda: service.replicas()["node-a"] not in ([], [killed]), 60, "the replica's process")
        load.more()
        postgres.start()
        load.more(200)
        assert service.replicas()["node-b"] == before["node-b"]

        after, (epoch, leader) = service.replicas(), service.cluster.leader()
        service.cluster.named(leader).crash()
        eventually(lambda: service.cluster.leader()[0] > epoch, 60, "another leader")
        load.more(200)
        assert service.replicas() == after
        assert service.cluster.query("SELECT count(*) FROM replica_orders") == [(2,)]

        agent = psutil.Process(service.nodes["node-a"].children()["node"])
        agent.suspend()  # its heart doesn't beat any more, while its replica goes on
        eventually(lambda: service.counts() == [1, 2], START_SECONDS, "the replica on the other node")
        load.more()
        agent.resume()
        eventually(lambda: service.counts() == [0, 2], START_SECONDS, "the end of what isn't its own")
        load.more()
    assert load.failed == []
