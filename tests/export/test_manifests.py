"""Manifests against the schemas of Kubernetes, and what they promise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.kubernetes_kubelet import kubernetes

MINORS = ("1.35", "1.36", "1.37")
"""The last three whose schemas the package ``kubernetes-validate`` carries."""


def objects(text: str) -> dict[str, dict[str, Any]]:
    return {each["kind"]: each for each in yaml.safe_load_all(text)}


@pytest.fixture
def plain(export: Any, artifact: Path) -> dict[str, dict[str, Any]]:
    printed = export("kubernetes", f"{artifact}/", "--image", "shop/iris:3", "--cpus", "500m", "--memory", "3Gi")
    return objects(printed.stdout)


def test_every_object_is_valid_strictly(plain: dict[str, dict[str, Any]]) -> None:
    from kubernetes_validate import validate

    wanted = ["Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"]
    assert list(plain) == wanted
    for minor in MINORS:
        for each in plain.values():
            assert validate(each, minor, strict=True) == minor


def test_a_wrong_object_would_be_noticed(plain: dict[str, dict[str, Any]]) -> None:
    from kubernetes_validate import ValidationError, validate

    plain["Deployment"]["spec"]["template"]["spec"]["containers"][0]["imagee"] = "typo"
    with pytest.raises(ValidationError):
        validate(plain["Deployment"], MINORS[-1], strict=True)


def test_the_objects_belong_together(plain: dict[str, dict[str, Any]]) -> None:
    deployment = plain["Deployment"]
    pod = deployment["spec"]["template"]
    labels = pod["metadata"]["labels"]
    name = deployment["metadata"]["name"]
    assert name == "iris-model"
    selectors = [
        deployment["spec"]["selector"]["matchLabels"],
        plain["Service"]["spec"]["selector"],
        plain["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        plain["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    ]
    assert all(selector.items() <= labels.items() for selector in selectors)
    assert plain["HorizontalPodAutoscaler"]["spec"]["scaleTargetRef"]["name"] == name
    assert "replicas" not in deployment["spec"]  # the autoscaler's
    assert plain["NetworkPolicy"]["spec"]["egress"] == []


def test_a_pod_has_no_rights_and_says_how_it_is(plain: dict[str, dict[str, Any]]) -> None:
    spec = plain["Deployment"]["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["image"] == "shop/iris:3"
    assert container["resources"]["requests"] == {"cpu": "500m", "memory": "3Gi"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/health/ready", "port": "http"}
    assert {"startupProbe", "livenessProbe"} <= set(container)
    assert container["env"][0]["valueFrom"]["secretKeyRef"] == {"name": "iris-model-token", "key": "token"}


def test_files_and_a_list(export: Any, artifact: Path, tmp_path: Path) -> None:
    export("kubernetes", f"{artifact}/", "--output", "manifests")
    found = sorted(path.name for path in (tmp_path / "manifests").iterdir())
    assert found == [
        "autoscaler.yaml",
        "deployment.yaml",
        "disruption-budget.yaml",
        "network-policy.yaml",
        "service.yaml",
    ]
    listed = json.loads(export("kubernetes", f"{artifact}/", "--format", "json").stdout)
    assert (listed["kind"], len(listed["items"])) == ("List", 5)


def test_apply_sends_them_to_the_cluster(export: Any, artifact: Path, tmp_path: Path) -> None:
    with kubernetes(tmp_path, nodes=False) as (cluster, _, config):
        arguments = ["kubernetes", f"{artifact}/", "--image", "shop/iris:3", "--apply"]
        said = export(*arguments, variables={"KUBECONFIG": str(config)}).stderr
        assert "Deployment iris-model is in models" in said
        assert "no secret iris-model-token" in said
        kinds = ["Deployment", "Service", "HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"]
        assert [kind for kind, _ in cluster.objects] == kinds
        versions = {kind: found["metadata"]["resourceVersion"] for (kind, _), found in cluster.objects.items()}
        export(*arguments, variables={"KUBECONFIG": str(config)})
        again = {kind: found["metadata"]["resourceVersion"] for (kind, _), found in cluster.objects.items()}
        assert again == versions  # the same once more changes nothing
        cluster.allowed = lambda asked: asked.resource != "deployments"
        refused = export(*arguments, variables={"KUBECONFIG": str(config)}, code=1).stderr
        assert "403" in refused
    gone = export(*arguments, variables={"KUBECONFIG": str(tmp_path / "none")}, code=2).stderr
    assert "can't be read" in gone


def test_kserve(export: Any, artifact: Path) -> None:
    (service,) = objects(export("kubernetes", f"{artifact}/", "--kserve", "--least", "1").stdout).values()
    assert (service["apiVersion"], service["kind"]) == ("serving.kserve.io/v1beta1", "InferenceService")
    predictor = service["spec"]["predictor"]
    assert (predictor["minReplicas"], predictor["maxReplicas"]) == (1, 6)
    (container,) = predictor["containers"]
    assert container["name"] == "kserve-container"
    # But for the fields that are KServe's own, a predictor is the specification of a pod.
    from kubernetes_validate import validate

    for own in ("minReplicas", "maxReplicas", "scaleMetric", "scaleTarget"):
        del predictor[own]
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "predictor"}, "spec": predictor}
    for minor in MINORS:
        validate(pod, minor, strict=True)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--memory", "much"], "no quantity"),
        (["--least", "3", "--most", "2"], "--most is less than --least"),
    ],
)
def test_what_makes_no_sense_is_refused(export: Any, artifact: Path, arguments: list[str], expected: str) -> None:
    assert expected in export("kubernetes", f"{artifact}/", *arguments, code=2).stderr
