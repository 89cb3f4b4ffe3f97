"""Deployments on a real Ray cluster of three nodes: served, lost, scaled, updated, told of, and cleaned up."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from ads.errors import DeploymentFailed
from ads.model.framework.sklearn_model import SklearnModel
from tests.e2e.rollout_service import Rolling, register, token
from tests.own_service import OwnService, eventually
from tests.ray_cluster import RayCluster, ray_cluster

pytestmark = [pytest.mark.needs("ray"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def cluster() -> Iterator[RayCluster]:
    """A head without processors and two nodes for replicas."""
    with ray_cluster(2) as found:
        yield found


@pytest.fixture(scope="module")
def service(cluster: RayCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnService]:
    """A service whose replicas run on the cluster."""
    with pytest.MonkeyPatch.context() as patch:
        found = OwnService(tmp_path_factory.mktemp("ray") / "home", patch)
        for name, value in cluster.variables.items():
            patch.setenv(name, value)
        found.use(engine="ray", ray_address=cluster.address)
        yield found
        found.stop()
        eventually(lambda: found.processes() == [], what="the end of every process of the service")


@pytest.fixture
def deployed(service: OwnService) -> Iterator[Any]:
    """Makes deployments, which are deleted at the end."""
    made: list[Rolling] = []

    def deploy(model: str, name: str, instances: int = 1) -> Rolling:
        made.append(Rolling(model, name, instances))
        return made[-1]

    yield deploy
    for each in made:
        each.deployment.delete()


def hosts_of(service: OwnService, rolling: Rolling) -> list[str]:
    """Return the host of each replica that gateways know."""
    routes = json.loads(service.home.routes_file.read_text())["deployments"]
    found = next((each for each in routes if each["id"] == rolling.id), {"replicas": []})
    return [replica["socket"].removeprefix("tcp://").rpartition(":")[0] for replica in found["replicas"]]


def bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {token()}"}


def nodes_of(cluster: RayCluster, rolling: Rolling) -> set[int]:
    """Return the nodes on which workers of a deployment run."""
    mark = f"{rolling.id[-12:]}-"
    found = set()
    for node in (1, 2):
        for process in cluster.processes(node):
            with contextlib.suppress(psutil.Error):
                words = process.cmdline()
                if any("launch.py" in word for word in words) and any(mark in word for word in words):
                    found.add(node)
    return found


def scale(rolling: Rolling, instances: int) -> None:
    """Ask for another number of replicas."""
    policy = {"scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": instances}}
    details = {"deploymentType": "SINGLE_MODEL", "modelConfigurationDetails": policy}
    body = {"modelDeploymentConfigurationDetails": details}
    rolling.service.request("PUT", f"/20190101/modelDeployments/{rolling.id}", json=body)


def test_three_models_are_served_through_the_gateway(service: OwnService, deployed: Any, tmp_path: Path) -> None:
    rows = load_iris(as_frame=True).data
    estimator = LogisticRegression(max_iter=500).fit(rows, load_iris().target)
    model = SklearnModel(estimator, artifact_dir=str(tmp_path / "iris"))
    model.prepare(X_sample=rows.head(5), force_overwrite=True)
    model.save(display_name="iris")
    deployment = model.deploy(display_name="iris on ray")
    others = [deployed(register(version), f"plain {version}") for version in (1, 2)]
    assert model.predict(rows.head(20))["prediction"] == estimator.predict(rows.head(20)).tolist()
    for version, other in enumerate(others, 1):
        answer = requests.post(f"{other.url}/predict", json=[3], headers=bearer(), timeout=60)
        assert answer.json() == {"prediction": [100], "version": version}
    described = requests.get(f"{deployment.url}/openapi.json", headers=bearer(), timeout=60)
    assert "sepal length (cm)" in described.text
    model.delete(delete_associated_model_deployment=True)


def test_scaling_from_one_to_four_and_back_under_load_fails_nothing(service: OwnService, deployed: Any) -> None:
    rolling = deployed(register(1), "scaled")
    with rolling.load() as load:
        for instances in (4, 1):
            scale(rolling, instances)
            eventually(lambda n=instances: len(hosts_of(service, rolling)) == n, 180, f"{instances} replicas")
            eventually(lambda: rolling.look()["lifecycleState"] == "ACTIVE", 180, "ACTIVE")
            load.more()
    load.require_all_right()


def test_a_control_plane_that_is_killed_finds_what_runs(service: OwnService, deployed: Any) -> None:
    rolling = deployed(register(1), "found again")
    before = hosts_of(service, rolling)
    with rolling.load() as load:
        first = service.kill("control")
        eventually(lambda: service.children().get("control") not in (None, first), what="another control plane")
        eventually(lambda: rolling.look()["lifecycleState"] == "ACTIVE", what="an answer of it")
        load.more()
    load.require_all_right()
    assert hosts_of(service, rolling) == before


def test_a_model_that_fails_says_why_and_leaves_nothing(service: OwnService) -> None:
    model = register("no_such_thing")  # type: ignore[arg-type] # what load_model() returns
    with pytest.raises(DeploymentFailed, match="no_such_thing"):
        Rolling(model, "broken")


def test_a_lost_node_costs_no_request(service: OwnService, deployed: Any, cluster: RayCluster) -> None:
    rolling = deployed(register(1), "spread", instances=2)
    eventually(lambda: len(hosts_of(service, rolling)) == 2, what="two replicas")
    assert nodes_of(cluster, rolling) == {1, 2}
    with rolling.load() as load:
        load.more()
        cluster.kill(2)
        load.more()
        eventually(lambda: len(hosts_of(service, rolling)) == 1, what="a route without the lost node")
        load.more()
        eventually(lambda: len(hosts_of(service, rolling)) == 2, 180, "a replica in place of the lost one")
        load.more()
    load.require_all_right()


def test_a_table_is_scored_on_the_cluster_as_on_this_machine(cluster: RayCluster, tmp_path: Path) -> None:
    data = load_iris(as_frame=True)
    model = SklearnModel(LogisticRegression(max_iter=500).fit(data.data, data.target), artifact_dir=str(tmp_path / "m"))
    model.prepare(X_sample=data.data, force_overwrite=True)
    table = data.data.astype(object)
    table.iloc[7, 0] = "wide"
    table.to_json(tmp_path / "in.jsonl", orient="records", lines=True)
    for engine in ("local", "ray"):
        argv = [sys.executable, "-m", "ads.cli", "predict", f"{tmp_path}/m", "--input", f"{tmp_path}/in.jsonl"]
        argv += ["--output", f"{tmp_path}/{engine}.jsonl", "--engine", engine, "--errors", "keep", "--rows", "40"]
        variables = {**os.environ, **cluster.variables, "OPENADS_HOME": f"{tmp_path}/h"}
        variables["OPENADS_RAY_ADDRESS"] = cluster.address
        done = subprocess.run(argv, capture_output=True, text=True, timeout=500, check=False, env=variables)
        assert done.returncode == 0, done.stderr
    lines = (tmp_path / "ray.jsonl").read_text().splitlines()
    assert lines == (tmp_path / "local.jsonl").read_text().splitlines()
    assert len(lines) == len(table)
    assert "wide" in json.loads(lines[7])["error"]
