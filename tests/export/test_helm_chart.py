"""The chart of the service: valid objects whatever is asked for, no secrets in them, rights only where needed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ads.settings import setting_names
from tests.helm_chart import Refused, objects, render

CHART = Path(__file__).resolve().parents[2] / "deploy" / "helm" / "openads"
MINORS = ("1.35", "1.36", "1.37")
STORE = {"artifactStore": {"url": "s3://models/openads"}}
VALUES: dict[str, dict[str, Any]] = {
    "least": {},
    "kubernetes": {
        "engine": {
            "name": "kubernetes",
            "kubernetes": {
                "namespace": "models",
                "pod": {
                    "nodeSelector": {"pool": "gpu"},
                    "variables": {"UV_DEFAULT_INDEX": "https://index.shop/simple"},
                },
            },
        }
    },
    "kubernetes-closed": {
        "engine": {"name": "kubernetes", "kubernetes": {"egress": []}},
        "networkPolicy": {"callers": [{"namespaceSelector": {"matchLabels": {"team": "shop"}}}]},
    },
    "ray": {"engine": {"name": "ray", "rayAddress": "ray://ray-head:10001"}},
    "everything": {
        "image": {"digest": f"sha256:{'0' * 64}", "pullSecrets": ["registry", "other"], "pullPolicy": "Always"},
        "artifactStore": {"credentials": "openads-s3"},
        "settings": {"predict_timeout": "30", "rate_limit": "100"},
        "control": {"replicas": 3, "nodeSelector": {"disk": "ssd"}, "podAnnotations": {"a": "b"}},
        "gateway": {
            "tlsSecret": "shop-tls",
            "autoscaling": {"enabled": False},
            "service": {"type": "LoadBalancer", "port": 443, "annotations": {"cloud": "x"}},
            "tolerations": [{"key": "edge", "operator": "Exists"}],
        },
        "nodes": {"replicas": 5, "tolerations": [{"operator": "Exists"}], "nodeSelector": {"gpu": "no"}},
        "serviceAccount": {"annotations": {"role": "openads"}},
        "networkPolicy": {"enabled": False},
    },
}


def rendered(values: dict[str, Any], name: str = "shop") -> list[dict[str, Any]]:
    store = {**STORE["artifactStore"], **values.get("artifactStore", {})}
    return objects(render(CHART, {**values, "artifactStore": store}, name))


def named(found: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (one,) = [each for each in found if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return one


def variables(found: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    containers = [
        (each["metadata"]["name"], container)
        for each in found
        if each["kind"] == "Deployment"
        for container in each["spec"]["template"]["spec"]["containers"]
    ]
    return {name: {each["name"]: each for each in container["env"]} for name, container in containers}


@pytest.mark.parametrize("name", VALUES)
def test_every_object_is_valid_strictly(name: str) -> None:
    from kubernetes_validate import validate

    found = rendered(VALUES[name])
    assert {"Deployment", "Service", "PodDisruptionBudget", "ServiceAccount"} <= {each["kind"] for each in found}
    keys = [(each["kind"], each["metadata"]["name"], each["metadata"].get("namespace")) for each in found]
    assert len(set(keys)) == len(keys)
    for minor in MINORS:
        for each in found:
            validate(each, minor, strict=True)


@pytest.mark.parametrize("name", VALUES)
def test_every_variable_is_a_setting_and_no_secret_stands_in_a_manifest(name: str) -> None:
    known = {f"OPENADS_{each.upper()}" for each in setting_names()}
    for own in variables(rendered(VALUES[name])).values():
        assert {each for each in own if each.startswith("OPENADS_")} <= known
        for secret in ("OPENADS_CLUSTER_KEY", "OPENADS_DATABASE_URL"):
            assert "value" not in own[secret]
            assert own[secret]["valueFrom"]["secretKeyRef"]["name"] == "openads"
    assert not [each for each in rendered(VALUES[name]) if each["kind"] == "Secret"]


@pytest.mark.parametrize("name", VALUES)
def test_no_pod_has_rights_and_every_selector_finds_its_pods(name: str) -> None:
    found = rendered(VALUES[name])
    for each in found:
        if each["kind"] != "Deployment":
            continue
        template = each["spec"]["template"]
        assert each["spec"]["selector"]["matchLabels"].items() <= template["metadata"]["labels"].items()
        assert template["spec"]["securityContext"]["runAsNonRoot"] is True
        assert template["spec"]["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in template["spec"]["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["requests"]
            mounts = {mount["name"] for mount in container["volumeMounts"]}
            assert mounts == {volume["name"] for volume in template["spec"]["volumes"]}
    labels = [each["spec"]["template"]["metadata"]["labels"] for each in found if each["kind"] == "Deployment"]
    for each in found:
        if each["metadata"]["name"].endswith("-replicas"):
            continue
        if each["kind"] == "PodDisruptionBudget":
            chosen = each["spec"]["selector"]["matchLabels"].items()
        elif each["kind"] == "Service":
            chosen = each["spec"]["selector"].items()
        else:
            continue
        assert len([one for one in labels if chosen <= one.items()]) == 1


def test_rights_are_given_only_to_the_kubernetes_engine() -> None:
    for name in ("least", "ray", "everything"):
        found = rendered(VALUES[name])
        assert not [each for each in found if each["kind"].startswith(("Role", "ClusterRole"))]
        control = named(found, "Deployment", "shop-control")["spec"]["template"]["spec"]
        assert control["automountServiceAccountToken"] is False
    found = rendered(VALUES["kubernetes"])
    assert (
        named(found, "Deployment", "shop-control")["spec"]["template"]["spec"]["automountServiceAccountToken"] is True
    )
    assert (
        named(found, "Deployment", "shop-gateway")["spec"]["template"]["spec"]["automountServiceAccountToken"] is False
    )
    role, binding = named(found, "Role", "shop-replicas"), named(found, "RoleBinding", "shop-replicas")
    assert role["metadata"]["namespace"] == binding["metadata"]["namespace"] == "models"
    assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "shop-control", "namespace": "serving"}]
    secrets = [set(rule["verbs"]) for rule in role["rules"] if "secrets" in rule["resources"]]
    assert secrets == [{"create", "patch", "delete"}]
    assert "*" not in json.dumps(role["rules"])


def test_what_the_engine_is_told_is_what_it_reads(tmp_path: Path) -> None:
    import yaml

    from ads.deploy.engines.kubernetes_placement import placement_of

    found = rendered(VALUES["kubernetes"])
    own = variables(found)["shop-control"]
    assert own["OPENADS_KUBERNETES_SERVICE_URL"]["value"] == "http://shop-gateway.serving.svc:80"
    assert own["OPENADS_KUBERNETES_IMAGE"]["value"] == "openads:0.1.0"
    assert own["OPENADS_KUBERNETES_NAMESPACE"]["value"] == "models"
    (text,) = named(found, "ConfigMap", "shop-replicas")["data"].values()
    file = tmp_path / "pod.yaml"
    file.write_text(text)
    placement = placement_of(str(file))
    assert placement.pod == {"nodeSelector": {"pool": "gpu"}}
    assert placement.variables == {"UV_DEFAULT_INDEX": "https://index.shop/simple"}
    fields = json.loads((CHART / "values.schema.json").read_text())["properties"]["engine"]["properties"]["kubernetes"]
    for name, schema in fields["properties"]["pod"]["properties"].items():
        example: Any = {"object": {}, "array": [], "string": "x"}[schema["type"]]
        file.write_text(yaml.safe_dump({name: example}))
        placement_of(str(file))


def test_replicas_ports_are_open_to_the_service_and_nobody_else() -> None:
    from ads.deploy.engines.kubernetes_objects import REPLICA_PORT, STATUS_PORT

    policy = named(rendered(VALUES["kubernetes-closed"]), "NetworkPolicy", "shop-replicas")
    (ingress,) = policy["spec"]["ingress"]
    assert [port["port"] for port in ingress["ports"]] == [REPLICA_PORT, STATUS_PORT]
    assert len(ingress["from"]) == 1
    assert len(policy["spec"]["egress"]) == 2  # DNS, and the gateways for the models


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"gatway": {}}, "gatway"),
        ({"gateway": {"replica": 1}}, "replica"),
        ({"settings": {"predict_timeuot": "3"}}, "predict_timeuot"),
        ({"settings": {"cluster_key": "secret"}}, "cluster_key"),
        ({"engine": {"name": "local"}}, "local"),
        ({"image": {"digest": "sha256:1"}}, "sha256:1"),
        ({"control": {"resources": {"requests": {"cpu": "much"}}}}, "much"),
        ({"artifactStore": {"url": ""}}, "artifactStore.url must name the store"),
        ({"engine": {"name": "ray"}}, "engine.rayAddress must name"),
    ],
)
def test_what_makes_no_sense_is_refused(values: dict[str, Any], expected: str) -> None:
    with pytest.raises(Refused, match=re.escape(expected)):
        rendered(values)


def test_the_schema_knows_every_setting_that_may_be_given() -> None:
    known = set(json.loads((CHART / "values.schema.json").read_text())["properties"]["settings"]["properties"])
    given = {
        name.removeprefix("OPENADS_").lower()
        for values in VALUES.values()
        for own in variables(rendered(values)).values()
        for name in own
    }
    given -= known
    elsewhere = {"url", "token", "compartment_id", "project_id", "no_progress", "kubernetes_config"}
    assert known | given | elsewhere == set(setting_names())


def test_long_names_stay_valid_and_the_notes_say_what_to_do() -> None:
    found = rendered({}, "a-release-whose-name-is-as-long-as-helm-allows-it")
    assert all(len(each["metadata"]["name"]) <= 53 for each in found)
    notes = render(CHART, STORE)["NOTES.txt"]
    assert "create secret generic openads" in notes
    assert "http://shop-gateway.serving.svc:80" in notes


def test_every_value_is_described_and_versions_agree() -> None:
    import yaml

    from ads import __version__

    described = (CHART / "README.md").read_text()
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())["properties"]
    assert set(values) == set(schema) - {"global"}
    for section, content in values.items():
        assert f"`{section}" in described
        for name in content:
            assert name in described, f"{section}.{name}"
    about = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert about["version"] == about["appVersion"] == __version__


def test_the_image_holds_what_the_service_needs_pinned_and_runs_without_rights() -> None:
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    folder = CHART.parents[1] / "image"
    lines = [each for each in (folder / "requirements.txt").read_text().splitlines() if each and each[0] != "#"]
    assert all("==" in line for line in lines)
    pinned = {canonicalize_name(Requirement(line).name) for line in lines}
    from importlib.metadata import requires

    for text in requires("openads") or ():
        needed = Requirement(text)
        if needed.marker is None or needed.marker.evaluate({"python_version": "3.11", "extra": "k8s"}):
            assert canonicalize_name(needed.name) in pinned, needed
    dockerfile = (folder / "Dockerfile").read_text()
    assert "USER 65532:65532" in dockerfile
    assert ":latest" not in dockerfile
    assert 'ENTRYPOINT ["python", "-m", "ads.export.service"]' in dockerfile
