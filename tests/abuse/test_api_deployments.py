"""Section 3.7 of the catalogue of abuse: what is asked of deployments."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest

from tests.own_service import eventually

from .conftest import Open
from .test_api import DEPLOYMENTS, MODELS, home, refused

__all__ = ["home"]

SCORE = "def load_model():\n    return 1\n\n\ndef predict(data, model=None):\n    return {'prediction': data}\n"


def model_with_artifact(service: Open, home: dict[str, str]) -> str:
    model_id = service.model(compartment=home["compartmentId"], project=home["projectId"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("score.py", SCORE)
        target.writestr("runtime.yaml", "MODEL_ARTIFACT_VERSION: '3.0'\n")
    named = {"content-type": "application/octet-stream", "content-disposition": 'attachment; filename="a.zip"'}
    assert service.admin.ask("POST", f"{MODELS}/{model_id}/artifact", buffer.getvalue(), named).status == 204
    return model_id


def deployment(home: dict[str, str], model_id: str, **configuration: Any) -> dict[str, Any]:
    shape = {"instanceShapeName": "VM.Standard2.1"}
    scaling = {"policyType": "FIXED_SIZE", "instanceCount": 1}
    environment = configuration.pop("environment", None)
    return {
        **home,
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {
                "modelId": model_id,
                "instanceConfiguration": shape,
                "scalingPolicy": scaling,
                **configuration,
            },
            **({} if environment is None else {"environmentConfigurationDetails": environment}),
        },
    }


@pytest.fixture(scope="module")
def active(service: Open, home: dict[str, str]) -> tuple[str, str]:
    """A deployment that serves, and its model."""
    model_id = model_with_artifact(service, home)
    made = service.admin.ask("POST", DEPLOYMENTS, deployment(home, model_id))
    assert made.status == 200, made
    path = f"{DEPLOYMENTS}/{made.body['id']}"
    eventually(lambda: service.admin.ask("GET", path).body["lifecycleState"] == "ACTIVE", 90, "the deployment")
    return made.body["id"], model_id


def test_3_7_14_deleting_twice_and_deleting_what_is_in_use(service: Open, active: tuple[str, str], home: Any) -> None:
    model_id = service.model(home["compartmentId"], home["projectId"])
    assert service.admin.ask("DELETE", f"{MODELS}/{model_id}").status == 204
    refused(service.admin.ask("DELETE", f"{MODELS}/{model_id}"), 404)
    assert refused(service.admin.ask("DELETE", f"{MODELS}/{active[1]}"), 409) == "Conflict"
    deploying = model_with_artifact(service, home)
    made = service.admin.ask("POST", DEPLOYMENTS, deployment(home, deploying)).body["id"]
    assert refused(service.admin.ask("DELETE", f"{MODELS}/{deploying}"), 409) == "Conflict"
    path = f"{DEPLOYMENTS}/{made}"
    eventually(lambda: service.admin.ask("GET", path).body["lifecycleState"] == "ACTIVE", 90, "the deployment")
    assert service.admin.ask("DELETE", path).status == 202


def test_3_7_15_deploying_what_can_t_be_deployed(service: Open, home: dict[str, str]) -> None:
    bare = service.model(home["compartmentId"], home["projectId"])
    refused(service.admin.ask("POST", DEPLOYMENTS, deployment(home, bare)), 400, 404, 409)
    service.admin.ask("DELETE", f"{MODELS}/{bare}")
    for model_id in (bare, "ocid1.datasciencemodel.oc1.local.nothing", "x", ""):
        refused(service.admin.ask("POST", DEPLOYMENTS, deployment(home, model_id)), 400, 404, 409)


def test_3_7_16_two_groups_of_options_at_once_are_one_update(service: Open, active: tuple[str, str]) -> None:
    """OCI's clients send the whole configuration with every update, so a change of several parts must be taken."""
    path = f"{DEPLOYMENTS}/{active[0]}"
    change = {
        "displayName": "both",
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {"instanceConfiguration": {"instanceShapeName": "VM.Standard2.2"}},
        },
    }
    assert service.admin.ask("PUT", path, change).status == 202
    eventually(lambda: service.admin.ask("GET", path).body["lifecycleState"] == "ACTIVE", 90, "the update")
    found = service.admin.ask("GET", path).body
    instance = found["modelDeploymentConfigurationDetails"]["modelConfigurationDetails"]["instanceConfiguration"]
    assert (found["displayName"], instance["instanceShapeName"]) == ("both", "VM.Standard2.2")


def test_3_7_17_actions_in_the_wrong_state(service: Open, home: dict[str, str], active: tuple[str, str]) -> None:
    path = f"{DEPLOYMENTS}/{active[0]}"
    refused(service.admin.ask("POST", f"{path}/actions/activate", b""), 409)
    model_id = service.model(home["compartmentId"], home["projectId"])
    refused(service.admin.ask("POST", f"{MODELS}/{model_id}/actions/activate", b""), 409)
    assert service.admin.ask("POST", f"{MODELS}/{model_id}/actions/deactivate", b"").status == 200
    refused(service.admin.ask("POST", f"{MODELS}/{model_id}/actions/deactivate", b""), 409)


SIZES: dict[str, dict[str, Any]] = {
    "no instances": {"scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 0}},
    "fewer than none": {"scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": -1}},
    "a million": {"scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 10**6}},
    "a text": {"scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": "1"}},
    "half of one": {"scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 0.5}},
    "no bandwidth": {"bandwidthMbps": 0},
    "an unknown policy": {"scalingPolicy": {"policyType": "BOGUS"}},
}


@pytest.mark.parametrize("name", SIZES)
def test_3_7_18_sizes_that_can_t_be(service: Open, home: dict[str, str], active: tuple[str, str], name: str) -> None:
    answer = service.admin.ask("POST", DEPLOYMENTS, deployment(home, active[1], **SIZES[name]))
    assert refused(answer, 400) in {"LimitExceeded", "InvalidParameter"}


VARIABLES: dict[str, dict[str, Any]] = {
    "1 MB": {"A": "x" * 1_000_000},
    "NUL": {"A": "a\0b"},
    "NUL in a name": {"A\0": "b"},
    "an equals sign": {"A=B": "c"},
    "no name": {"": "x"},
    "no text": {"A": 1},
}


@pytest.mark.parametrize("name", VARIABLES)
def test_3_7_19_environment_variables(service: Open, home: dict[str, str], active: tuple[str, str], name: str) -> None:
    environment = {"environmentConfigurationType": "DEFAULT", "environmentVariables": VARIABLES[name]}
    answer = service.admin.ask("POST", DEPLOYMENTS, deployment(home, active[1], environment=environment))
    refused(answer, 400)


@pytest.mark.parametrize("name", ["LD_PRELOAD", "PYTHONPATH"])
def test_3_7_18_and_19_what_is_taken_as_it_is(service: Open, home: Any, active: tuple[str, str], name: str) -> None:
    """Documented: who may deploy may run code in the replica anyway, and the name of a shape is a label here."""
    environment = {"environmentConfigurationType": "DEFAULT", "environmentVariables": {name: "/nowhere"}}
    shape = {"instanceShapeName": "VM.OfTomorrow"}
    body = deployment(home, active[1], environment=environment, instanceConfiguration=shape)
    made = service.admin.ask("POST", DEPLOYMENTS, body)
    assert made.status == 200, made
    path = f"{DEPLOYMENTS}/{made.body['id']}"
    eventually(lambda: service.admin.ask("GET", path).body["lifecycleState"] == "ACTIVE", 90, "the deployment")
    assert service.admin.ask("DELETE", path).status == 202
