"""The chart in a cluster: control plane and gateway as its pods, replicas as the engine's, and a prediction.

The cluster is played (``kubernetes_kubelet``), with PostgreSQL and a shared folder as the store; the rest is as it is:
what the chart renders is all that the processes are told.
"""

from __future__ import annotations

import base64
import secrets
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ads.model.framework.sklearn_model import SklearnModel
from tests.helm_chart import objects, render
from tests.kubernetes_kubelet import Nodes, kubernetes
from tests.kubernetes_server import NAMESPACE, Cluster, moment
from tests.own_service import eventually, forget_configuration
from tests.postgres import Postgres

pytestmark = [pytest.mark.needs("postgres"), pytest.mark.timeout(390)]

CHART = Path(__file__).resolve().parents[2] / "deploy" / "helm" / "openads"
IMAGE = "shop/openads:1"
ENTRY_POINT = ["python", "-m", "ads.export.service"]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


@pytest.fixture(params=["kubernetes", "nodes"])
def values(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    store = tmp_path / "store"
    store.mkdir()
    return {
        "image": {"repository": "shop/openads", "tag": "1"},
        "artifactStore": {"url": f"file://{store}"},
        "control": {"replicas": 1, "port": free_port()},
        "gateway": {"replicas": 1, "port": free_port(), "autoscaling": {"enabled": False}},
        "engine": {"name": request.param},
        "nodes": {"replicas": 1},
        "settings": {"predict_timeout": "50"},
    }


@pytest.fixture
def installed(tmp_path: Path, values: dict[str, Any], postgres: Postgres) -> Iterator[tuple[Cluster, Nodes]]:
    """The cluster with the chart's objects and the two secrets that it names."""
    told = {"cluster-key": secrets.token_urlsafe(32), "database-url": postgres.create(empty=True)}
    data = {name: base64.b64encode(text.encode()).decode() for name, text in told.items()}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "openads"}, "data": data}
    found = objects(render(CHART, values, "shop", NAMESPACE))
    with kubernetes(tmp_path) as (cluster, nodes, _):
        nodes.images[IMAGE] = ENTRY_POINT
        nodes.names[f"http://shop-gateway.{NAMESPACE}.svc:80"] = f"http://127.0.0.1:{values['gateway']['port']}"
        rules = [rule for each in found if each["kind"] == "Role" for rule in each["rules"]]
        given = {(what, verb) for rule in rules for what in rule["resources"] for verb in rule["verbs"]}
        cluster.allowed = lambda asked: (asked.resource, asked.verb) in given
        for each in [secret, *found]:
            each["metadata"] |= {"uid": str(uuid.uuid4()), "creationTimestamp": moment(), "namespace": NAMESPACE}
            cluster.add(each["kind"], each)
        yield cluster, nodes


def pod_of(cluster: Cluster, component: str) -> dict[str, Any]:
    labels = [(pod, pod["metadata"]["labels"].get("app.kubernetes.io/component")) for pod in cluster.of("Pod")]
    (found,) = [pod for pod, label in labels if label == component]
    return found


def is_ready(cluster: Cluster, component: str) -> bool:
    return all(
        state["ready"] for state in pod_of(cluster, component)["status"].get("containerStatuses") or [{"ready": 0}]
    )


def test_the_chart_brings_up_a_service_that_deploys_and_predicts(
    installed: tuple[Cluster, Nodes], values: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    cluster, nodes = installed
    deployments = cluster.of("Deployment")
    eventually(lambda: len(cluster.of("Pod")) == len(deployments), what="the pods")
    for component in ("control", "gateway"):
        eventually(lambda component=component: is_ready(cluster, component), 180, f"the {component}")
    control = pod_of(cluster, "control")["metadata"]["name"]
    token = (nodes.folder / control / "data" / "admin-token").read_text().strip()
    url = f"http://127.0.0.1:{values['gateway']['port']}"
    forget_configuration(monkeypatch, tmp_path / "home")
    monkeypatch.setenv("OPENADS_URL", url)
    monkeypatch.setenv("OPENADS_TOKEN", token)

    iris = load_iris(as_frame=True)
    estimator = LogisticRegression(max_iter=500).fit(iris.data, iris.target)
    model = SklearnModel(estimator, artifact_dir=str(tmp_path / "artifact"))
    model.prepare(X_sample=iris.data, y_sample=iris.target, inference_python_version="3.11")
    model.save(display_name="iris", reload=False)
    model.deploy(
        display_name="iris",
        deployment_instance_shape="VM.Standard.E4.Flex",
        deployment_ocpus=1,
        deployment_memory_in_gbs=2,
        max_wait_time=600,
    )
    rows = iris.data.head(3)
    answer = httpx.post(
        f"{model.model_deployment.url}/predict",
        json=rows.to_dict("list"),
        headers={"authorization": f"Bearer {token}"},
        timeout=60,
        trust_env=False,
    )
    assert (answer.status_code, answer.json()) == (200, {"prediction": estimator.predict(rows).tolist()})
    said = "\n".join(text for _, text in nodes.logs[(control, "control")])
    assert "Ready:" in said  # and what the processes wrote to their logs is where clusters look for it
    model.delete(delete_associated_model_deployment=True)
    eventually(lambda: cluster.of("ReplicaSet") == [], 120, "the end of the replicas")
