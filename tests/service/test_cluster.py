"""Parts of the service on several machines: a change by way of one is in force at all, and nobody else gets in."""

from __future__ import annotations

import contextlib
import http.client
import time
from pathlib import Path

import pytest
import requests

from ads.identity.cluster_key import PROOF, proof, proof_key
from tests.faults.test_kill import SCORE, deploy
from tests.members import Cluster, cluster  # noqa: F401 - a fixture
from tests.own_service import eventually

pytestmark = [pytest.mark.needs("postgres"), pytest.mark.timeout(300)]


def test_the_roles_are_one_service(
    cluster: Cluster,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, role in (("c", "control"), ("n", "node"), ("g", "gateway"), ("a", "all")):
        cluster.start(name, role, engine="nodes")
    cluster.await_all()
    doors = [cluster.members["g"], cluster.members["a"]]
    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "client"))
    monkeypatch.setenv("OPENADS_URL", doors[0].url)
    monkeypatch.setenv("OPENADS_TOKEN", cluster.token)
    model = deploy(tmp_path / "artifact", replicas=1)
    path = "/" + model.model_deployment.url.rpartition("/")[2]

    # A deployment that is ACTIVE is so at every gateway, and so is what decides who may ask it.
    for number in range(3):
        made = requests.post(
            f"{doors[number % 2].url}/openads/v1/tokens",
            json={"name": f"token {number}"},
            headers=cluster.headers,
            timeout=60,
        ).json()
        given = {"Authorization": f"Bearer {made['token']}"}
        for door in doors:
            answer = requests.post(f"{door.url}{path}/predict", json=[1, 2], headers=given, timeout=60)
            assert (answer.status_code, answer.json()) == (200, {"prediction": [38, 69]})
            for _ in range(3):  # whichever control plane answers
                assert requests.get(f"{door.url}/openads/v1/tokens", headers=given, timeout=60).status_code == 200
        gone = requests.delete(f"{doors[1].url}/openads/v1/tokens/{made['id']}", headers=cluster.headers, timeout=60)
        assert gone.status_code == 204
        for door in doors:
            assert requests.post(f"{door.url}{path}/predict", json=[1], headers=given, timeout=60).status_code == 401

    # Charts of load count what every gateway saw; the leader's metrics are at each of them.
    for door in doors:
        eventually(lambda door=door: 'openads_deployments{state="ACTIVE"} 1' in cluster.get(door, "/metrics").text)

    only_gateways_get_in(cluster)
    console(cluster, path)


def only_gateways_get_in(cluster: Cluster) -> None:  # noqa: F811
    for address in [each["control"] for each in cluster.live().values() if each["control"]]:
        for key, expected in (("", 401), ("k" * 40, 401), (cluster.key, 200)):
            for path in ("/openads/v1/service", "/console/login", "/nothing"):
                given = {PROOF.decode(): proof(proof_key(key), b"GET", path.encode(), time.time()).decode()}
                host, _, port = address.rpartition(":")
                with contextlib.closing(http.client.HTTPConnection(host, int(port), timeout=60)) as connection:
                    connection.request("GET", path, headers={**cluster.headers, **(given if key else {})})
                    status = connection.getresponse().status
                assert (status == 401) == (expected == 401), (path, status)


def console(cluster: Cluster, path: str) -> None:  # noqa: F811
    """Who logs in at one gateway is logged in at the other, and predicts whichever control plane answers."""
    first, second = cluster.members["g"], cluster.members["a"]
    session = requests.Session()
    link = requests.post(f"{first.url}/openads/v1/consoleLinks", json={}, headers=cluster.headers, timeout=60).json()
    page = session.get(f"{first.url}{link['path']}", timeout=60)
    assert page.status_code == 200, page.text
    cookies = session.cookies.get_dict()
    for door in (first, second):
        for _ in range(3):
            seen = requests.get(f"{door.url}/console/deployments{path}", cookies=cookies, timeout=60)
            assert seen.status_code == 200
            assert "recorder" in seen.text


HANGS = SCORE.replace("    return {", "    while data == [666]:\n        pass\n    return {")


def test_what_gateways_see_reaches_the_leader(
    cluster: Cluster,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, role in (("c", "control"), ("d", "control"), ("n", "node"), ("g", "gateway")):
        cluster.start(name, role, engine="nodes", predict_timeout="5")
    cluster.await_all()
    door = cluster.members["g"]
    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "client"))
    monkeypatch.setenv("OPENADS_URL", door.url)
    monkeypatch.setenv("OPENADS_TOKEN", cluster.token)
    monkeypatch.setattr("tests.faults.test_kill.SCORE", HANGS)
    model = deploy(tmp_path / "artifact", replicas=1)
    url = model.model_deployment.url
    path = "/" + url.rpartition("/")[2]

    def predicts(value: int = 1) -> requests.Response:
        return requests.post(f"{door.url}{path}/predict", json=[value], headers=cluster.headers, timeout=60)

    assert predicts().status_code == 200
    assert predicts(666).status_code == 504
    # Nobody but the node's supervisor can end what hangs: the gateway tells the leader, and that the node.
    eventually(lambda: predicts().status_code == 200, 120, "a replica in place of the one that hung")

    policy = {"minimum": 0, "maximum": 1, "targetInFlight": 1.0, "scaleInAfterSeconds": 1}
    scaled = requests.put(
        f"{door.url}/openads/v1/deployments{path}/autoscaling", json=policy, headers=cluster.headers, timeout=60
    )
    assert scaled.status_code == 200, scaled.text
    about = f"/openads/v1/deployments{path}"

    def replicas() -> int:
        return sum(part["replicas"] for part in cluster.get(door, about).json()["traffic"])

    eventually(lambda: replicas() == 0, 120, "the end of the last replica")
    assert predicts().status_code == 200  # a request that waits calls the leader
    eventually(lambda: replicas() == 1, what="the replica that answered")
