"""The interface that the older record of a deployment has in common with OCI's."""

from __future__ import annotations

import pytest

from ads.errors import InputError, NotSupported
from ads.model.deployment import ModelDeploymentProperties
from ads.model.deployment.common.utils import OCIClientManager, send_request
from ads.model.deployment.oci_resource import MergeStrategy, OCIResource

pytestmark = pytest.mark.filterwarnings("ignore:ModelDeploymentProperties is deprecated")
ID = "ocid1.datasciencemodeldeployment.oc1.local.d"
PATH = f"/20190101/modelDeployments/{ID}"
FOUND = {
    "id": ID,
    "displayName": "churn",
    "lifecycleState": "ACTIVE",
    "compartmentId": "c1",
    "projectId": "p1",
    "modelDeploymentConfigurationDetails": {
        "deploymentType": "SINGLE_MODEL",
        "modelConfigurationDetails": {
            "modelId": "ocid1.datasciencemodel.oc1.local.m",
            "bandwidthMbps": 10,
            "instanceConfiguration": {
                "instanceShapeName": "VM.Standard.E4.Flex",
                "modelDeploymentInstanceShapeConfigDetails": {"ocpus": 1.0, "memoryInGBs": 16.0},
            },
            "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 2},
        },
        "environmentConfigurationDetails": {"environmentConfigurationType": "DEFAULT", "environmentVariables": {}},
    },
    "categoryLogDetails": {"access": {"logId": "al", "logGroupId": "lg"}},
}


def test_a_record_is_read_by_its_ocid_and_follows_the_service(remote):
    remote.on("GET", PATH, [remote.reply(content=FOUND), remote.reply(content={**FOUND, "displayName": "renamed"})])
    record = ModelDeploymentProperties.from_ocid(ID)
    assert (record.name, record.instance_count, record.ocpus, record.access_log_id) == ("churn", 2, 1.0, "al")
    assert record.model_id == "ocid1.datasciencemodel.oc1.local.m"
    record.name = "mine"
    assert record.sync().name == "renamed"
    assert record.status == "ACTIVE"


def test_merging_keeps_what_the_service_does_not_say():
    record = ModelDeploymentProperties(display_name="mine", description="kept")
    record.update_from_oci_model({"displayName": "theirs", "description": None}, MergeStrategy.MERGE)
    assert record.to_dict() == {"display_name": "theirs", "description": "kept"}
    record.update_from_oci_model({"displayName": "theirs", "description": None})
    assert record.to_dict() == {"display_name": "theirs"}


def test_other_forms_of_a_record():
    record = ModelDeploymentProperties(model_id="m", display_name="churn", freeform_tags={"team": "x"})
    assert record.serialize() == {"modelId": "m", "displayName": "churn", "freeformTags": {"team": "x"}}
    assert ModelDeploymentProperties.deserialize(record.serialize()).to_dict() == record.to_dict()
    assert record.to_dict(flatten=True) == {"model_id": "m", "display_name": "churn", "team": "x"}
    assert "display_name: churn" in record.to_yaml()
    record.description = "set as an attribute"
    assert record.to_dict()["description"] == "set as an attribute"
    with pytest.raises(NotSupported):
        ModelDeploymentProperties.deserialize({}, to_cls="int")


def test_a_record_without_an_ocid_says_so(monkeypatch):
    record = ModelDeploymentProperties(display_name="churn")
    assert record.status is None
    for verb in (record.sync, record.delete):
        with pytest.raises(InputError, match="no deployment yet"):
            verb()


def test_compartment_and_project_come_from_the_environment(monkeypatch):
    for name in ("NB_SESSION_COMPARTMENT_OCID", "PROJECT_COMPARTMENT_OCID", "JOB_RUN_COMPARTMENT_OCID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("PIPELINE_RUN_COMPARTMENT_OCID", raising=False)
    with pytest.raises(ValueError, match="No compartment"):
        OCIResource.check_compartment_id(None)
    monkeypatch.setenv("NB_SESSION_COMPARTMENT_OCID", "c1")
    monkeypatch.setenv("PROJECT_OCID", "p1")
    record = ModelDeploymentProperties(project_id="mine")
    record.load_properties_from_env()
    assert (record.compartment_id, record.project_id) == ("c1", "mine")
    assert OCIResource.check_compartment_id(None) == "c1"


@pytest.mark.needs("oci")
def test_the_public_client_reads_what_we_write(remote):
    from oci.data_science.models import CreateModelDeploymentDetails

    made = ModelDeploymentProperties(display_name="churn", project_id="p1").to_oci_model(CreateModelDeploymentDetails)
    assert (made.display_name, made.project_id) == ("churn", "p1")
    again = ModelDeploymentProperties.from_oci_model(made)
    assert again.to_dict() == {"display_name": "churn", "project_id": "p1"}
    with pytest.raises(NotSupported, match="profile"):
        OCIClientManager().ds_client  # noqa: B018 - making it is what fails


def test_a_plain_request_gets_the_decoded_answer(remote):
    remote.on("POST", f"/{ID}/predict", remote.reply(content={"prediction": [1]}))
    address = f"{remote.url}/{ID}/predict"
    assert send_request([[1.0]], address, is_json_payload=True) == {"prediction": [1]}
    assert send_request(b"raw", address) == {"prediction": [1]}
    sent = remote.seen[-1]
    assert sent.headers["authorization"] == "Bearer the-token"
    assert send_request({"a": 1}, address, dry_run=True, is_json_payload=True) == b'{"a": 1}'
    with pytest.raises(TypeError, match="is_json_payload"):
        send_request([1], address)
    with pytest.raises(InputError, match="no address"):
        send_request(b"", "file:///etc/passwd")
