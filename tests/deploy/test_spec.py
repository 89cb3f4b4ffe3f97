from __future__ import annotations

from typing import Any

import pytest

from ads.deploy.spec import merge_configuration, needs_new_replicas, parse_spec, with_defaults
from ads.errors import InputError


def configuration(**changes: Any) -> dict[str, Any]:
    model = {
        "modelId": "ocid1.datasciencemodel.oc1..m",
        "bandwidthMbps": 10,
        "instanceConfiguration": {
            "instanceShapeName": "VM.Standard.E4.Flex",
            "modelDeploymentInstanceShapeConfigDetails": {"ocpus": 1.0, "memoryInGBs": 16.0},
        },
        "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 2},
    }
    variables = changes.pop("variables", {})
    return {
        "deploymentType": "SINGLE_MODEL",
        "modelConfigurationDetails": {**model, **changes},
        "environmentConfigurationDetails": {
            "environmentConfigurationType": "DEFAULT",
            "environmentVariables": variables,
        },
    }


def test_what_the_clients_send_is_understood() -> None:
    spec = parse_spec(configuration(variables={"WEB_CONCURRENCY": "3", "X": "y"}), processors=8)
    assert (spec.replicas, spec.threads, spec.memory_bytes, spec.shape) == (6, 2, 16 << 30, "VM.Standard.E4.Flex")
    assert spec.environment == {"WEB_CONCURRENCY": "3", "X": "y"}


@pytest.mark.parametrize("shape", ["VM.Standard2.1", "VM.GPU3.1", "Standard_NC6s_v3", "my laptop"])
def test_any_shape_is_accepted(shape: str) -> None:
    spec = parse_spec(configuration(instanceConfiguration={"instanceShapeName": shape}), processors=4)
    assert (spec.shape, spec.threads, spec.memory_bytes) == (shape, 4, 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"modelId": None}, "modelId is missing"),
        ({"modelId": 3}, "modelId must be a text"),
        ({"instanceConfiguration": None}, "instanceConfiguration is missing"),
        ({"instanceConfiguration": {}}, "instanceShapeName is missing"),
        ({"scalingPolicy": {"instanceCount": 0}}, "instanceCount"),
        ({"scalingPolicy": {"instanceCount": True}}, "instanceCount"),
        ({"scalingPolicy": {"instanceCount": 1000}}, "1000 replicas"),
        ({"scalingPolicy": {"policyType": "AUTOSCALING"}}, "autoScalingPolicies"),
        ({"scalingPolicy": {"policyType": "SOMETIMES"}}, "SOMETIMES"),
        ({"scalingPolicy": {"instanceCounts": 1}}, "scalingPolicy.instanceCounts is no attribute"),
        ({"bandwidthMbs": 1}, "Did you mean bandwidthMbps"),
        ({"variables": {"WEB_CONCURRENCY": "many"}}, "WEB_CONCURRENCY"),
        ({"variables": {"OPENADS_LIFELINE": "1"}}, "reserved"),
        ({"variables": {"A": 1}}, "text"),
        ({"variables": {"A=B": "x"}}, "name"),
        ({"variables": {"A": "x\0"}}, "text"),
    ],
)
def test_what_cannot_be_used_is_named(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        parse_spec(configuration(**changes))


def test_a_container_is_refused_with_the_way_out() -> None:
    details = {
        **configuration(),
        "environmentConfigurationDetails": {"environmentConfigurationType": "OCIR_CONTAINER", "image": "x"},
    }
    with pytest.raises(InputError, match="no containers"):
        parse_spec(details)


def test_an_update_changes_what_it_names_and_nothing_else() -> None:
    old = configuration(variables={"A": "1", "B": "2"})
    change = {
        "updateType": "LIVE",
        "modelConfigurationDetails": {"scalingPolicy": {"instanceCount": 5}, "bandwidthMbps": None},
        "environmentConfigurationDetails": {"environmentVariables": {"A": "3"}},
    }
    new = merge_configuration(old, change)
    assert parse_spec(new).replicas == 5
    assert parse_spec(new).environment == {"A": "3"}
    assert new["modelConfigurationDetails"]["bandwidthMbps"] == 10
    assert "updateType" not in new
    assert parse_spec(old).replicas == 2


def test_only_what_a_process_cannot_change_asks_for_new_replicas() -> None:
    old = parse_spec(configuration())
    assert not needs_new_replicas(old, parse_spec(configuration(scalingPolicy={"instanceCount": 4})))
    assert not needs_new_replicas(old, parse_spec(configuration(bandwidthMbps=20)))
    assert needs_new_replicas(old, parse_spec(configuration(variables={"A": "1"})))
    assert needs_new_replicas(old, parse_spec(configuration(modelId="other")))


def test_clients_always_read_the_discriminators() -> None:
    details = configuration(scalingPolicy=None)
    del details["environmentConfigurationDetails"]
    full = with_defaults(details)
    assert full["modelConfigurationDetails"]["scalingPolicy"] == {"policyType": "FIXED_SIZE", "instanceCount": 1}
    assert full["environmentConfigurationDetails"]["environmentConfigurationType"] == "DEFAULT"
