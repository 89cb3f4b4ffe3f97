"""Deployments as pods of a cluster: ``ads serve --engine kubernetes``, from ``deploy()`` to the prediction and back.

The cluster's API is a real HTTPS server that validates every object, its nodes are local processes that run the pods'
real commands. Everything else is as a user has it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ads.errors import DeploymentFailed
from ads.model.framework.sklearn_model import SklearnModel
from tests.helm_chart import objects, render
from tests.kubernetes_kubelet import IMAGE, Nodes, kubernetes
from tests.kubernetes_rules import Refusal
from tests.kubernetes_server import Asked, Cluster
from tests.own_service import OwnService, eventually

pytestmark = pytest.mark.timeout(390)

CHART = Path(__file__).resolve().parents[2] / "deploy" / "helm" / "openads"
DEPLOYMENTS = "/20190101/modelDeployments"


@pytest.fixture(scope="module")
def iris() -> Any:
    from sklearn.datasets import load_iris

    return load_iris(as_frame=True)


@pytest.fixture(scope="module")
def estimator(iris: Any) -> Any:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=500).fit(iris.data, iris.target)


@pytest.fixture
def played(tmp_path: Path) -> Iterator[tuple[Cluster, Nodes]]:
    with kubernetes(tmp_path) as (cluster, nodes, _):
        cluster.allowed = allowed_by_chart()
        yield cluster, nodes


def allowed_by_chart() -> Callable[[Asked], bool]:
    """Return who may do what as the chart's Role says: with these rights and no others everything here works."""
    values = {"engine": {"name": "kubernetes"}, "artifactStore": {"url": "s3://models"}}
    (role,) = [each for each in objects(render(CHART, values)) if each["kind"] == "Role"]
    given = {(resource, verb) for rule in role["rules"] for resource in rule["resources"] for verb in rule["verbs"]}
    return lambda asked: (asked.resource, asked.verb) in given


@pytest.fixture
def cluster(played: tuple[Cluster, Nodes]) -> Cluster:
    return played[0]


@pytest.fixture
def nodes(played: tuple[Cluster, Nodes]) -> Nodes:
    return played[1]


@pytest.fixture
def service(played: tuple[Cluster, Nodes], own_service: OwnService, tmp_path: Path) -> OwnService:
    own_service.use(engine="kubernetes", kubernetes_config=str(tmp_path / "kubeconfig"), kubernetes_image=IMAGE)
    own_service.start()
    return own_service


@pytest.fixture
def api(service: OwnService) -> Iterator[httpx.Client]:
    found = service.home.read_service_file()
    assert found is not None
    with httpx.Client(
        base_url=found.url, headers={"authorization": f"Bearer {found.token}"}, timeout=60, trust_env=False
    ) as client:
        yield client


@pytest.fixture
def model(iris: Any, estimator: Any, service: OwnService, tmp_path: Path) -> Any:
    made = SklearnModel(estimator, artifact_dir=str(tmp_path / "artifact"))
    made.prepare(X_sample=iris.data, y_sample=iris.target, inference_python_version="3.11")
    made.save(display_name="iris", reload=False)
    return made


def deploy(model: Any, instances: int = 1) -> str:
    deployment = model.deploy(
        display_name="iris",
        deployment_instance_shape="VM.Standard.E4.Flex",
        deployment_ocpus=1,
        deployment_memory_in_gbs=2,
        deployment_instance_count=instances,
        wait_for_completion=True,
        max_wait_time=600,
    )
    return str(deployment.model_deployment_id)


def predictor(api: httpx.Client, deployment: str, iris: Any, estimator: Any) -> Callable[[], bool]:
    """Return what predicts once and compares with the estimator."""
    rows = iris.data.head(3)
    expected = estimator.predict(rows).tolist()

    def predict() -> bool:
        answer = api.post(f"/{deployment}/predict", json=rows.to_dict("list"))
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"prediction": expected}
        return True

    return predict


def state(api: httpx.Client, deployment: str) -> str:
    return str(api.get(f"{DEPLOYMENTS}/{deployment}").json()["lifecycleState"])


def ready(cluster: Cluster) -> int:
    pods = [pod for pod in cluster.of("Pod") if not pod["metadata"].get("deletionTimestamp")]
    return sum(all(s["ready"] for s in pod["status"].get("containerStatuses") or [{"ready": False}]) for pod in pods)


def scale(api: httpx.Client, deployment: str, instances: int) -> None:
    policy = {"policyType": "FIXED_SIZE", "instanceCount": instances}
    details = {"deploymentType": "SINGLE_MODEL", "modelConfigurationDetails": {"scalingPolicy": policy}}
    answer = api.put(f"{DEPLOYMENTS}/{deployment}", json={"modelDeploymentConfigurationDetails": details})
    assert answer.status_code in (200, 202), answer.text
    eventually(lambda: state(api, deployment) == "ACTIVE", 120, "the deployment after scaling")


def test_from_deploy_to_deletion(
    model: Any, api: httpx.Client, cluster: Cluster, service: OwnService, iris: Any, estimator: Any
) -> None:
    deployment = deploy(model)
    predict = predictor(api, deployment, iris, estimator)
    assert predict()
    (pod,) = cluster.of("Pod")
    container = pod["spec"]["containers"][0]
    assert container["resources"]["limits"] == {"cpu": "2000m", "memory": str(2 * 1024**3)}
    assert pod["spec"]["automountServiceAccountToken"] is False
    (secret,) = cluster.of("Secret")
    assert secret["data"]["key"] not in str(pod)
    log = service.home.deployment(deployment) / "predict.log"
    eventually(lambda: "bytes fetched and compared" in log.read_text(), what="the pod's lines in the log")

    scale(api, deployment, 2)
    eventually(lambda: ready(cluster) == 2, 120, "two pods")
    assert len({pod["spec"]["nodeName"] for pod in cluster.of("Pod")}) == 2
    assert predict()
    before = {pod["metadata"]["name"] for pod in cluster.of("Pod")}
    restarted = api.post(f"/openads/v1/deployments/{deployment}/actions/restart")
    assert restarted.status_code in (200, 202), restarted.text
    while state(api, deployment) != "ACTIVE":
        assert predict()  # while pods take each other's place nobody is refused
    assert not before & {pod["metadata"]["name"] for pod in cluster.of("Pod") if ready(cluster)} or predict()
    eventually(lambda: not before & {pod["metadata"]["name"] for pod in cluster.of("Pod")}, 120, "the old pods' end")
    scale(api, deployment, 1)
    eventually(lambda: len(cluster.of("Pod")) == 1, 120, "one pod")
    assert predict()

    assert api.delete(f"{DEPLOYMENTS}/{deployment}").status_code in (202, 204)
    for kind in ("ReplicaSet", "Pod", "Secret"):
        eventually(lambda kind=kind: cluster.of(kind) == [], 120, f"the end of every {kind}")


def test_killed_processes_lost_nodes_and_an_api_that_is_away(
    model: Any, api: httpx.Client, cluster: Cluster, nodes: Nodes, service: OwnService, iris: Any, estimator: Any
) -> None:
    deployment = deploy(model, 2)
    predict = predictor(api, deployment, iris, estimator)
    eventually(lambda: ready(cluster) == 2, 120, "two pods")

    first = cluster.of("Pod")[0]["metadata"]["name"]
    os.kill(nodes.pods[first].replica(), signal.SIGKILL)
    for _ in range(20):
        assert predict()  # the other one answers
    restarted = lambda: cluster.get("Pod", first)["status"]["containerStatuses"][0]["restartCount"] == 1  # noqa: E731
    eventually(restarted, 120, "the process that the cluster started again")
    eventually(lambda: ready(cluster) == 2, 120, "two pods again")

    def away(asked: Asked) -> str | None:
        raise Refusal(503, "the API is being upgraded")

    cluster.fault = away
    service.kill("control")
    for _ in range(20):
        assert predict()  # neither the API nor the control plane are needed for that
    cluster.fault = lambda _asked: None
    eventually(lambda: state(api, deployment) == "ACTIVE", 120, "the control plane")
    assert len(cluster.of("ReplicaSet")) == 2

    lost = cluster.get("Pod", first)["spec"]["nodeName"]
    nodes.lose(lost)
    for _ in range(20):
        assert predict()
    eventually(lambda: ready(cluster) == 2, 120, "a pod on the node that is left")
    assert {pod["spec"]["nodeName"] for pod in cluster.of("Pod")} == set(nodes.nodes)
    assert len(cluster.of("ReplicaSet")) == 2


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "kubernetes_image is ''"),
        ({"kubernetes_image": IMAGE, "kubernetes_config": "/no/such/file"}, "can't be read"),
        ({"kubernetes_image": IMAGE, "kubernetes_pod": "/no/such/file"}, "kubernetes_pod can't be read"),
        ({"kubernetes_image": IMAGE, "kubernetes_service_url": "shop"}, "can't fetch models from 'shop'"),
    ],
)
def test_what_the_engine_lacks_is_said_at_the_start(
    own_service: OwnService, tmp_path: Path, settings: dict[str, str], expected: str
) -> None:
    with kubernetes(tmp_path, nodes=False) as (_, _, config):
        own_service.use(**{"engine": "kubernetes", "kubernetes_config": str(config), **settings})
        command = [sys.executable, "-m", "ads.service"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    assert expected in done.stderr


def test_an_image_that_is_not_there_fails_in_words(model: Any, nodes: Nodes, cluster: Cluster) -> None:
    nodes.images.clear()
    with pytest.raises(DeploymentFailed, match=r"The image shop/openads:test can't be pulled: .*not found"):
        deploy(model)
    eventually(lambda: cluster.of("ReplicaSet") == [], 60, "the end of what can't run")


def test_a_model_that_does_not_load_fails_with_its_cause(cluster: Cluster, service: OwnService, tmp_path: Path) -> None:
    from ads.model.generic_model import GenericModel

    folder = tmp_path / "broken"
    folder.mkdir()
    script = "def load_model():\n    return None\n\ndef predict(data, model=None):\n    return 1\n"
    (folder / "score.py").write_text(script)
    (folder / "model.bin").write_text("")
    broken = GenericModel(artifact_dir=str(folder), serialize=False)
    broken.prepare(model_file_name="model.bin", force_overwrite=True)
    broken.save(display_name="broken", reload=False)
    with pytest.raises(DeploymentFailed, match=r"load_model\(\) in score.py returned None"):
        deploy(broken)


SLOW = """\
import json, time

def load_model():
    return 1

def predict(data, model=None):
    if data == {"wait": True}:
        time.sleep(600)
    return {"prediction": [1]}
"""


def test_a_prediction_that_hangs_costs_the_process_and_not_the_pod(
    played: tuple[Cluster, Nodes], own_service: OwnService, tmp_path: Path
) -> None:
    from ads.model.generic_model import GenericModel

    cluster, _ = played
    own_service.use(engine="kubernetes", kubernetes_config=str(tmp_path / "kubeconfig"), kubernetes_image=IMAGE)
    own_service.use(predict_timeout="3")
    own_service.start()
    found = own_service.home.read_service_file()
    assert found is not None
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "score.py").write_text(SLOW)
    (folder / "model.bin").write_text("")
    model = GenericModel(artifact_dir=str(folder), serialize=False)
    model.prepare(model_file_name="model.bin", force_overwrite=True)
    model.save(display_name="slow", reload=False)
    deployment = deploy(model)
    before = cluster.of("Pod")[0]["metadata"]["name"]
    with httpx.Client(headers={"authorization": f"Bearer {found.token}"}, timeout=60, trust_env=False) as client:
        url = f"{found.url}/{deployment}/predict"
        assert client.post(url, json={}).json() == {"prediction": [1]}
        assert client.post(url, json={"wait": True}).status_code in (500, 503, 504)
        eventually(lambda: client.post(url, json={}).status_code == 200, 120, "an answer of the next process")
    (pod,) = cluster.of("Pod")
    assert pod["metadata"]["name"] == before
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 1


def test_without_rights_the_operator_is_told_what_to_do(model: Any, cluster: Cluster, service: OwnService) -> None:
    allowed = cluster.allowed
    cluster.allowed = lambda asked: allowed(asked) and (asked.resource, asked.verb) != ("replicasets", "patch")
    deployment = model.deploy(
        display_name="iris",
        deployment_instance_shape="VM.Standard.E4.Flex",
        deployment_ocpus=1,
        deployment_memory_in_gbs=2,
        wait_for_completion=False,
    )
    log = service.home.logs / "control.log"
    eventually(lambda: "engine.name=kubernetes" in log.read_text(), 60, "the hint in the control plane's log")
    cluster.allowed = allowed
    eventually(lambda: ready(cluster) == 1, 120, "the pod, once it may be made")
    deployment.delete(wait_for_completion=True)
