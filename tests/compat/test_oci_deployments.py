"""Every operation on deployments of the ``oci`` client, from creation over predictions to deletion."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.own_service import eventually

from .conftest import Sdk
from .test_oci_science import STALE, details, listed, refused

pytestmark = pytest.mark.needs("oci")


@pytest.mark.operations(
    "science.create_model_deployment",
    "science.get_model_deployment",
    "science.list_model_deployments",
    "science.update_model_deployment",
    "science.delete_model_deployment",
    "science.activate_model_deployment",
    "science.deactivate_model_deployment",
    "science.change_model_deployment_compartment",
    "science.list_model_deployment_shapes",
    "science.list_fast_launch_job_configs",
    "science.list_model_deployment_model_states",
    "inference.predict",
    "inference.predict_with_response_stream",
    "search.search_resources",
)
def test_deployments(sdk: Sdk, place: dict[str, str], models: Any, elsewhere: str, iris_zip: bytes) -> None:
    import oci

    home = place["compartmentId"]
    shapes = [row.name for row in sdk.science.list_model_deployment_shapes(home, limit=1000).data]
    assert "VM.Standard.E4.Flex" in shapes
    assert sdk.science.list_fast_launch_job_configs(home).data == []
    model = sdk.science.create_model(details(place, "CreateModelDetails")).data
    configuration = models.SingleModelDeploymentConfigurationDetails(
        model_configuration_details=models.ModelConfigurationDetails(
            model_id=model.id,
            instance_configuration=models.InstanceConfiguration(instance_shape_name="VM.Standard2.1"),
            scaling_policy=models.FixedSizeScalingPolicy(instance_count=1),
        )
    )
    new = details(
        place, "CreateModelDeploymentDetails", display_name="d", model_deployment_configuration_details=configuration
    )
    assert refused(409, sdk.science.create_model_deployment, new) == "Conflict"  # without an artifact
    sdk.science.create_model_artifact(model.id, iris_zip, content_disposition='attachment; filename="a.zip"')
    token = uuid.uuid4().hex
    made = sdk.science.create_model_deployment(new, opc_retry_token=token)
    assert sdk.science.create_model_deployment(new, opc_retry_token=token).data.id == made.data.id
    found = made.data
    assert found.lifecycle_state == "CREATING"
    assert found.model_deployment_url.endswith(f"/{found.id}")
    assert found.model_deployment_configuration_details.deployment_type == "SINGLE_MODEL"

    def wait(answer: Any, state: str, operation: str) -> None:
        work = answer.headers["opc-work-request-id"]
        eventually(lambda: sdk.science.get_work_request(work).data.percent_complete == 100, 60, state)
        assert sdk.science.get_work_request(work).data.operation_type == f"MODEL_DEPLOYMENT_{operation}"
        assert sdk.science.list_work_request_logs(work).data[-1].message
        assert sdk.science.get_model_deployment(found.id).data.lifecycle_state == state

    wait(made, "ACTIVE", "CREATE")
    rows = "[[5.1, 3.5, 1.4, 0.2]]"
    assert sdk.inference.predict(found.id, rows).data.replace(" ", "") == '{"prediction":[0]}'
    assert refused(409, sdk.inference.predict_with_response_stream, found.id, rows) == "ExternalServerIncorrectState"
    assert refused(400, sdk.inference.predict, found.id, "{") == "CannotParseRequest"
    (state,) = sdk.science.list_model_deployment_model_states(found.id, home).data
    assert (state.model_id, state.state) == (model.id, "SUCCESS")
    assert found.id in listed(sdk.science.list_model_deployments, home, lifecycle_state="ACTIVE")
    query = f"query datasciencemodeldeployment resources where ModelId='{model.id}'"
    hits = sdk.search.search_resources(oci.resource_search.models.StructuredSearchDetails(query=query)).data.items
    assert [(hit.identifier, hit.lifecycle_state) for hit in hits] == [(found.id, "ACTIVE")]
    free = oci.resource_search.models.FreeTextSearchDetails(text=model.id)
    assert [hit.identifier for hit in sdk.search.search_resources(free).data.items] == [model.id]
    assert refused(409, sdk.science.delete_model, model.id) == "Conflict"
    assert refused(409, sdk.science.activate_model_deployment, found.id) == "Conflict"

    change = models.UpdateModelDeploymentDetails(display_name="renamed")
    assert refused(412, sdk.science.update_model_deployment, found.id, change, if_match=STALE) == "NoEtagMatch"
    updated = sdk.science.update_model_deployment(found.id, change)
    assert (updated.status, updated.data) == (202, None)
    wait(updated, "ACTIVE", "UPDATE")
    assert sdk.science.get_model_deployment(found.id).data.display_name == "renamed"
    wait(sdk.science.deactivate_model_deployment(found.id), "INACTIVE", "DEACTIVATE")
    assert refused(404, sdk.inference.predict, found.id, rows) == "NotAuthorizedOrNotFound"
    moved = models.ChangeModelDeploymentCompartmentDetails(compartment_id=elsewhere)
    sdk.science.change_model_deployment_compartment(found.id, moved)
    assert listed(sdk.science.list_model_deployments, elsewhere) == [found.id]
    wait(sdk.science.activate_model_deployment(found.id), "ACTIVE", "ACTIVATE")
    wait(sdk.science.delete_model_deployment(found.id), "DELETED", "DELETE")
    assert refused(404, sdk.inference.predict, found.id, rows) == "NotAuthorizedOrNotFound"
    assert refused(404, sdk.science.delete_model_deployment, found.id) == "NotAuthorizedOrNotFound"
    assert sdk.science.delete_model(model.id).status == 204
