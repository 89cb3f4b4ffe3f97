"""A deployment's settings: the form, the YAML, and the way back."""

from __future__ import annotations

from typing import Any

import pytest

from ads.console.settings_form import body_of_form, body_of_yaml, form_of, variables_of, yaml_of
from ads.errors import ArtifactError, InputError

DEPLOYMENT: dict[str, Any] = {
    "id": "ocid1.datasciencemodeldeployment.oc1.local.x",
    "displayName": "churn: the API",
    "description": None,
    "freeformTags": {"cost": "12"},
    "definedTags": {},
    "categoryLogDetails": {},
    "lifecycleState": "ACTIVE",
    "modelDeploymentConfigurationDetails": {
        "deploymentType": "SINGLE_MODEL",
        "modelConfigurationDetails": {
            "modelId": "ocid1.datasciencemodel.oc1.local.y",
            "instanceConfiguration": {
                "instanceShapeName": "VM.Standard.E4.Flex",
                "modelDeploymentInstanceShapeConfigDetails": {"ocpus": 1, "memoryInGBs": 1.5},
            },
            "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 2},
        },
        "environmentConfigurationDetails": {
            "environmentConfigurationType": "DEFAULT",
            "environmentVariables": {"MODE": "on", "LEVEL": "1"},
        },
    },
}
CHANGEABLE = ("displayName", "freeformTags", "modelDeploymentConfigurationDetails")


def test_yaml_gives_back_exactly_what_may_be_changed() -> None:
    assert body_of_yaml(yaml_of(DEPLOYMENT)) == {name: DEPLOYMENT[name] for name in CHANGEABLE}


def test_numbers_and_flags_are_read_and_texts_stay_as_they_stand() -> None:
    text = """
displayName: 2024-01-01
freeformTags: {release: 3.10, nothing: null}
modelDeploymentConfigurationDetails:
  modelConfigurationDetails:
    scalingPolicy: {policyType: FIXED_SIZE, instanceCount: 3, isEnabled: true}
  environmentConfigurationDetails:
    environmentVariables: {FAST: yes, LEVEL: 010}
"""
    found = body_of_yaml(text)
    assert found["displayName"] == "2024-01-01"
    assert found["freeformTags"] == {"release": "3.10", "nothing": ""}
    configuration = found["modelDeploymentConfigurationDetails"]
    policy = configuration["modelConfigurationDetails"]["scalingPolicy"]
    assert policy == {"policyType": "FIXED_SIZE", "instanceCount": 3, "isEnabled": True}
    assert configuration["environmentConfigurationDetails"]["environmentVariables"] == {"FAST": "yes", "LEVEL": "010"}


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x",
        "displayName: !!python/object/apply:os.system [id]",
        "displayName: a\ndisplayName: b",
        "- 1",
        "displayName: [",
        "",
        "lifecycleState: ACTIVE",
        "modelDeploymentConfigurationDetails: {bandwidthMbps: .inf}",
    ],
)
def test_what_is_not_plain_yaml_of_known_attributes_is_refused(text: str) -> None:
    with pytest.raises((InputError, ArtifactError)):
        body_of_yaml(text)


def test_the_form_shows_the_settings_and_gives_them_back() -> None:
    shown = form_of(DEPLOYMENT)
    assert (shown["ocpus"], shown["memory"], shown["instances"], shown["bandwidth"]) == ("1", "1.5", 2, "")
    assert shown["variables"] == "MODE=on\nLEVEL=1"
    body = body_of_form(lambda name: str(shown[name]))
    assert body["displayName"] == "churn: the API"
    expected = dict(DEPLOYMENT["modelDeploymentConfigurationDetails"])
    model = {k: v for k, v in expected["modelConfigurationDetails"].items() if k != "modelId"}
    assert body["modelDeploymentConfigurationDetails"] == {**expected, "modelConfigurationDetails": model}


def test_fields_that_are_empty_are_left_out() -> None:
    found = body_of_form(lambda _: "")
    assert found["modelDeploymentConfigurationDetails"]["modelConfigurationDetails"] == {}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("ocpus", "-1", "OCPUs: '-1' is not a number above 0."),
        ("memory", "much", "Memory: 'much' is not a number above 0."),
        ("instances", "1.5", "Instances: '1.5' is not a whole number."),
        ("variables", "A=1\nB", "Line 2 of the environment variables is no NAME=value."),
        ("variables", "A=1\nA=2", "The environment variable A is there twice."),
    ],
)
def test_a_field_that_is_wrong_is_named(name: str, text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        body_of_form(lambda each: text if each == name else "")
    assert caught.value.message == said


def test_a_variable_may_hold_an_equals_sign() -> None:
    assert variables_of(" A = b=c \n\nB=") == {"A": "b=c", "B": ""}
