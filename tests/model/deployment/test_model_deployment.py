from __future__ import annotations

from typing import Any

import pytest

from ads.errors import (
    Conflict,
    DeploymentFailed,
    InputError,
    MissingModelDeploymentIdError,
    ModelDeploymentPredictError,
    NotActiveDeploymentError,
    NotSupported,
    ServiceTimeout,
)
from ads.model.deployment import (
    ModelDeployer,
    ModelDeployment,
    ModelDeploymentCondaRuntime,
    ModelDeploymentContainerRuntime,
    ModelDeploymentInfrastructure,
    ModelDeploymentProperties,
)
from ads.model.deployment.common.utils import State

MODEL = "ocid1.datasciencemodel.oc1.local.m"
ID = "ocid1.datasciencemodeldeployment.oc1.local.d"
PATH = f"/20190101/modelDeployments/{ID}"
WORK = {"opc-work-request-id": "w1"}


def described(**changes: Any) -> dict[str, Any]:
    return {
        "id": ID,
        "displayName": "churn",
        "lifecycleState": "ACTIVE",
        "lifecycleDetails": None,
        "modelDeploymentUrl": f"http://127.0.0.1/{ID}",
        "compartmentId": "c1",
        "projectId": "p1",
        "createdBy": "u1",
        "timeCreated": "2026-01-31T10:15:30Z",
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {
                "modelId": MODEL,
                "bandwidthMbps": 10,
                "instanceConfiguration": {
                    "instanceShapeName": "VM.Standard.E4.Flex",
                    "modelDeploymentInstanceShapeConfigDetails": {"ocpus": 1.0, "memoryInGBs": 16.0},
                },
                "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 1},
            },
            "environmentConfigurationDetails": {
                "environmentConfigurationType": "DEFAULT",
                "environmentVariables": {"A": "b"},
            },
        },
        "categoryLogDetails": {"access": {"logId": "al", "logGroupId": "lg"}},
        **changes,
    }


def new(**kwargs: Any) -> ModelDeployment:
    return ModelDeployment(
        display_name="churn",
        infrastructure=ModelDeploymentInfrastructure(),
        runtime=ModelDeploymentCondaRuntime(model_uri=MODEL),
        **kwargs,
    )


def work_request(server: Any, *states: str) -> None:
    replies = [
        server.reply(content={"id": "w1", "status": s, "percentComplete": 100 if s in {"SUCCEEDED", "FAILED"} else 10})
        for s in states
    ]
    server.on("GET", "/20190101/workRequests/w1", replies)


@pytest.fixture
def deployable(remote: Any) -> Any:
    created = remote.reply(content=described(lifecycleState="CREATING"), headers=WORK)
    remote.on("POST", "/20190101/modelDeployments", created)
    remote.on("GET", PATH, remote.reply(content=described()))
    work_request(remote, "IN_PROGRESS", "SUCCEEDED")
    return remote


def test_deploying_with_defaults_sends_the_documented_body(deployable: Any) -> None:
    deployment = new().deploy()
    assert deployment.state is State.ACTIVE
    assert deployment.id == deployment.model_deployment_id == ID
    (create,) = deployable.requests("POST", "/20190101/modelDeployments")
    assert "opc-retry-token" in create.headers
    assert create.json == {
        "displayName": "churn",
        "projectId": "p1",
        "compartmentId": "c1",
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {
                "modelId": MODEL,
                "instanceConfiguration": {
                    "instanceShapeName": "VM.Standard.E4.Flex",
                    "modelDeploymentInstanceShapeConfigDetails": {"ocpus": 1.0, "memoryInGBs": 16.0},
                },
                "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 1},
            },
            "environmentConfigurationDetails": {
                "environmentConfigurationType": "DEFAULT",
                "environmentVariables": {},
            },
        },
        "categoryLogDetails": {},
    }


def test_logs_environment_and_scaling_reach_the_service(deployable: Any) -> None:
    infrastructure = (
        ModelDeploymentInfrastructure(web_concurrency=3, replica=2)
        .with_shape_config_details(ocpus=2, memory_in_gbs=32)
        .with_access_log("lg", "al")
        .with_auto_scaling("cpu_utilization", maximum_instance_count=5)
    )
    runtime = ModelDeploymentCondaRuntime(model_uri=MODEL, env={"KEY": 1})
    ModelDeployment(display_name="x", infrastructure=infrastructure, runtime=runtime).deploy()
    body = deployable.requests("POST", "/20190101/modelDeployments")[0].json
    details = body["modelDeploymentConfigurationDetails"]
    policy = details["modelConfigurationDetails"]["scalingPolicy"]["autoScalingPolicies"][0]
    assert body["categoryLogDetails"] == {"access": {"logId": "al", "logGroupId": "lg"}}
    assert details["environmentConfigurationDetails"]["environmentVariables"] == {"KEY": "1", "WEB_CONCURRENCY": "3"}
    counts = [policy[f"{name}InstanceCount"] for name in ("minimum", "initial", "maximum")]
    assert counts == [1, 2, 5]
    assert policy["rules"][0]["metricType"] == "CPU_UTILIZATION"


def test_a_failed_deployment_raises_with_cause_hint_and_log(deployable: Any) -> None:
    work_request(deployable, "FAILED")
    failed = described(lifecycleState="FAILED", lifecycleDetails="load_model() returned None.\nReturn the model.")
    deployable.on("GET", PATH, deployable.reply(content=failed))
    errors = [{"code": "x", "message": "m", "timestamp": "2026-01-31T10:15:30Z"}]
    deployable.on("GET", "/20190101/workRequests/w1/errors", deployable.reply(content=errors))
    lines = [{"time": "2026-01-31T10:15:30Z", "type": "predict", "message": "Traceback: boom"}]
    deployable.on("GET", f"/openads/v1/deployments/{ID}/logs", deployable.reply(content={"lines": lines}))
    deployment = new()
    with pytest.raises(DeploymentFailed) as caught:
        deployment.deploy()
    assert caught.value.cause == "load_model() returned None."
    assert caught.value.hint == "Return the model."
    assert caught.value.log_tail == "Traceback: boom"
    assert deployment.lifecycle_state == "FAILED"
    assert new().deploy(raise_on_failure=False).state is State.FAILED


def test_waiting_ends_when_its_time_is_up_and_says_that_the_deployment_goes_on(deployable: Any) -> None:
    work_request(deployable, "IN_PROGRESS")
    with pytest.raises(ServiceTimeout, match="goes on"):
        new().deploy(max_wait_time=0.1)


def test_not_waiting_returns_at_once(deployable: Any) -> None:
    work_request(deployable, "IN_PROGRESS")
    assert new().deploy(wait_for_completion=False).id == ID
    assert not deployable.requests("GET", "/20190101/workRequests/w1")


def test_a_deployment_without_its_parts_is_refused(remote: Any) -> None:
    with pytest.raises(ValueError, match="with_infrastructure"):
        ModelDeployment().deploy()
    with pytest.raises(ValueError, match="with_model_uri"):
        ModelDeployment(infrastructure=ModelDeploymentInfrastructure(), runtime=ModelDeploymentCondaRuntime()).deploy()
    with pytest.raises(NotSupported):
        ModelDeployment(
            infrastructure=ModelDeploymentInfrastructure(), runtime=ModelDeploymentCondaRuntime(model_group_id="g")
        ).deploy()
    assert not remote.requests("POST", "/20190101/modelDeployments")


@pytest.fixture
def deployed(deployable: Any) -> ModelDeployment:
    found = ModelDeployment.from_id(ID)
    deployable.seen.clear()
    return found


def test_an_update_sends_the_given_fields_and_never_renames(deployable: Any, deployed: ModelDeployment) -> None:
    deployable.on("PUT", PATH, deployable.reply(202, headers=WORK))
    deployed.update(description="new text")
    assert deployable.requests("PUT", PATH)[0].json == {"description": "new text"}


def test_an_update_can_change_size_model_and_logs(deployable: Any, deployed: ModelDeployment) -> None:
    deployable.on("PUT", PATH, deployable.reply(202, headers=WORK))
    deployed.update(instance_count=3, model_id="ocid1.other", access_log={"log_group_id": "g", "log_id": "l"})
    body = deployable.requests("PUT", PATH)[0].json
    assert body == {
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {
                "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 3},
                "modelId": "ocid1.other",
            },
        },
        "categoryLogDetails": {"access": {"logGroupId": "g", "logId": "l"}},
    }


def test_an_update_without_fields_sends_the_whole_description(deployable: Any, deployed: ModelDeployment) -> None:
    deployable.on("PUT", PATH, deployable.reply(202, headers=WORK))
    deployed.with_display_name("renamed").update()
    body = deployable.requests("PUT", PATH)[0].json
    assert body["displayName"] == "renamed"
    assert body["modelDeploymentConfigurationDetails"]["modelConfigurationDetails"]["modelId"] == MODEL
    assert "compartmentId" not in body


def test_an_unknown_field_is_refused_with_the_nearest_one(deployed: ModelDeployment) -> None:
    with pytest.raises(InputError, match="instance_count"):
        deployed.update(instance_counts=3)


def test_a_log_without_its_group_is_refused(deployed: ModelDeployment) -> None:
    with pytest.raises(ValueError, match="log group"):
        deployed.update(access_log_id="l")


def test_restart_leaves_no_gap_where_the_service_knows_how(deployable: Any, deployed: ModelDeployment) -> None:
    deployable.on("POST", f"/openads/v1/deployments/{ID}/actions/restart", deployable.reply(202, headers=WORK))
    deployed.restart()
    assert [seen.path.rsplit("/", 1)[-1] for seen in deployable.seen if seen.method == "POST"] == ["restart"]


def test_restart_stops_and_starts_in_oci(deployable: Any, deployed: ModelDeployment) -> None:
    for action in ("deactivate", "activate"):
        deployable.on("POST", f"{PATH}/actions/{action}", deployable.reply(202, headers=WORK))
    deployed.restart()
    posts = [seen.path.rsplit("/", 1)[-1] for seen in deployable.seen if seen.method == "POST"]
    assert posts == ["restart", "deactivate", "activate"]


def test_delete_returns_the_deleted_deployment(deployable: Any, deployed: ModelDeployment) -> None:
    deployable.on("DELETE", PATH, deployable.reply(202, headers=WORK))
    deployable.on("GET", PATH, deployable.reply(content=described(lifecycleState="DELETED")))
    assert deployed.delete().state is State.DELETED


def test_an_action_in_the_wrong_state_is_a_conflict(deployable: Any, deployed: ModelDeployment) -> None:
    message = {"code": "Conflict", "message": "It is ACTIVE already."}
    deployable.on("POST", f"{PATH}/actions/activate", deployable.reply(409, message))
    with pytest.raises(Conflict, match="ACTIVE already"):
        deployed.activate()


def test_verbs_without_a_deployment_say_so() -> None:
    for verb in ("update", "activate", "deactivate", "delete", "restart", "sync", "logs"):
        with pytest.raises(MissingModelDeploymentIdError, match="deploy"):
            getattr(ModelDeployment(), verb)()
    assert ModelDeployment().state is State.UNKNOWN


def test_a_prediction_is_one_request(deployable: Any, deployed: ModelDeployment) -> None:
    deployable.on("POST", f"/{ID}/predict", deployable.reply(content={"prediction": [1]}))
    assert deployed.predict(data={"a": [1]}, headers={"x-mine": "1"}) == {"prediction": [1]}
    (seen,) = deployable.seen
    assert (seen.path, seen.json) == (f"/{ID}/predict", {"a": [1]})
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["x-mine"] == "1"


def test_bytes_and_falsy_data_are_sent_as_they_are(deployable: Any, deployed: ModelDeployment) -> None:
    deployable.on("POST", f"/{ID}/predict", deployable.reply(content={"prediction": []}))
    deployed.predict(data=b"\x00\x01")
    deployed.predict(data=[])
    first, second = deployable.seen
    assert (first.body, first.headers["content-type"]) == (b"\x00\x01", "application/octet-stream")
    assert second.json == []


def test_frames_and_arrays_go_in_the_envelope(deployable: Any, deployed: ModelDeployment) -> None:
    import numpy as np
    import pandas as pd

    deployable.on("POST", f"/{ID}/predict", deployable.reply(content={"prediction": [1]}))
    deployed.predict(data=pd.DataFrame({"a": [1.5]}), auto_serialize_data=True)
    deployed.predict(data=np.array([[1.5]]), auto_serialize_data=True)
    frame, array = (seen.json for seen in deployable.seen)
    assert frame["data"] == {"a": [1.5]}
    assert array["data_type"] == "<class 'numpy.ndarray'>"
    with pytest.raises(TypeError, match="auto_serialize_data"):
        deployed.predict(data=pd.DataFrame({"a": [1.5]}))


def test_a_busy_endpoint_is_asked_again(deployable: Any, deployed: ModelDeployment) -> None:
    busy = deployable.reply(503, {"code": "ServiceUnavailable", "message": "busy"}, headers={"retry-after": "0.01"})
    deployable.on("POST", f"/{ID}/predict", [busy, deployable.reply(content={"prediction": [1]})])
    assert deployed.predict(data=[1]) == {"prediction": [1]}


def test_an_error_is_never_returned_as_a_prediction(deployable: Any, deployed: ModelDeployment) -> None:
    broken = {"code": "InternalServerError", "message": "score.py raised KeyError: 'a'"}
    deployable.on("POST", f"/{ID}/predict", deployable.reply(500, broken))
    with pytest.raises(ModelDeploymentPredictError, match="KeyError") as caught:
        deployed.predict(data=[1])
    assert (caught.value.status, caught.value.service_code) == (500, "InternalServerError")
    assert caught.value.request_id == "req-1"


def test_an_inactive_deployment_is_named_as_such(deployable: Any, deployed: ModelDeployment) -> None:
    deployable.on("GET", PATH, deployable.reply(content=described(lifecycleState="INACTIVE")))
    with pytest.raises(NotActiveDeploymentError, match=r"churn is INACTIVE(.|\n)*activate"):
        deployed.predict(data=[1])
    assert [s.method for s in deployable.seen] == ["POST", "GET"]


def test_no_data_or_twice_is_refused(deployed: ModelDeployment) -> None:
    for arguments in ({}, {"data": [1], "json_input": [1]}):
        with pytest.raises(AttributeError, match="predict"):
            deployed.predict(**arguments)
    with pytest.raises(ValueError, match="go together"):
        deployed.predict(data=[1], model_name="x")


def test_what_no_json_can_carry_is_refused_here(deployed: ModelDeployment) -> None:
    for data in ([float("nan")], {"a": {1, 2}}, object()):
        with pytest.raises(TypeError, match="JSON"):
            deployed.predict(data=data)
    with pytest.raises(InputError, match="OCID"):
        ModelDeployment.from_id("../models")


def test_list_filters_by_state(deployable: Any) -> None:
    deployable.on("GET", "/20190101/modelDeployments", deployable.reply(content=[described()]))
    table = ModelDeployment.list_df(status="active")
    assert list(table.columns) == ["deployment_id", "deployment_url", "current_state"]
    assert table.iloc[0].tolist() == [ID, f"http://127.0.0.1/{ID}", "ACTIVE"]
    query = deployable.requests("GET", "/20190101/modelDeployments")[0].query
    assert "lifecycleState=ACTIVE" in query
    assert "compartmentId=c1" in query
    with pytest.raises(ValueError, match="States"):
        ModelDeployment.list(status="sleeping")


def test_logs_are_shown_as_a_table(deployable: Any, deployed: ModelDeployment, capsys: Any) -> None:
    def lines(seen: Any) -> Any:
        kind = "access" if "type=access" in seen.query else "predict"
        second = "2" if kind == "access" else "1"
        line = {"time": f"2026-01-31T10:15:3{second}Z", "type": kind, "message": f"from {kind}"}
        return deployable.reply(content={"lines": [line]})

    deployable.on("GET", f"/openads/v1/deployments/{ID}/logs", lines)
    table = deployed.show_logs()
    assert list(table.columns) == ["type", "id", "message", "time"]
    assert table["message"].tolist() == ["from predict", "from access"]
    deployed.logs("access").tail()
    assert capsys.readouterr().out == "[A] 2026-01-31T10:15:32Z from access\n"
    with pytest.raises(ValueError, match="access, predict"):
        deployed.logs("other")


DESCRIPTION = """
kind: deployment
type: modelDeployment
spec:
  displayName: my deployment
  freeformTags: {team: x}
  infrastructure:
    kind: infrastructure
    type: datascienceModelDeployment
    spec:
      compartmentId: c
      shapeName: VM.Standard.E4.Flex
      shapeConfigDetails: {ocpus: 2, memoryInGBs: 32}
      replica: 2
      accessLog: {logGroupId: lg, logId: al}
  runtime:
    kind: runtime
    type: conda
    spec:
      modelUri: ocid1.datasciencemodel.x
      deploymentMode: HTTPS_ONLY
      env: {KEY: value}
"""


def test_a_description_survives_yaml(tmp_path: Any) -> None:
    deployment = ModelDeployment.from_yaml(DESCRIPTION)
    assert deployment.infrastructure is not None
    assert deployment.infrastructure.replica == 2
    assert isinstance(deployment.runtime, ModelDeploymentCondaRuntime)
    path = str(tmp_path / "d.yaml")
    deployment.to_yaml(uri=path)
    again = ModelDeployment.from_yaml(uri=path)
    assert again.to_dict() == deployment.to_dict()
    text = deployment.to_yaml()
    assert text is not None
    assert text.startswith("\n")


def test_unknown_types_in_a_description_are_not_supported() -> None:
    for wrong in (DESCRIPTION.replace("type: conda", "type: vm"), DESCRIPTION.replace("datascienceModelDepl", "x")):
        with pytest.raises(NotImplementedError):
            ModelDeployment.from_yaml(wrong)


def test_what_the_service_describes_round_trips(deployed: ModelDeployment) -> None:
    assert deployed.infrastructure is not None
    assert deployed.infrastructure.access_log == {"logGroupId": "lg", "logId": "al"}
    assert deployed.runtime is not None
    assert deployed.runtime.model_uri == MODEL
    assert deployed.runtime.env == {"A": "b"}
    assert ModelDeployment.from_dict(deployed.to_dict()).to_dict() == deployed.to_dict()


def test_a_container_is_described_with_its_image(deployable: Any) -> None:
    runtime = ModelDeploymentContainerRuntime(model_uri=MODEL).with_image("img").with_server_port(5000)
    runtime.with_inference_server("triton")
    ModelDeployment(infrastructure=ModelDeploymentInfrastructure(), runtime=runtime).deploy()
    body = deployable.requests("POST", "/20190101/modelDeployments")[0].json
    assert body["modelDeploymentConfigurationDetails"]["environmentConfigurationDetails"] == {
        "environmentConfigurationType": "OCIR_CONTAINER",
        "environmentVariables": {"CONTAINER_TYPE": "TRITON"},
        "image": "img",
        "serverPort": 5000,
    }


def test_the_older_classes_still_deploy(deployable: Any) -> None:
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        properties = ModelDeploymentProperties(model_id=MODEL, DISPLAY_NAME="old", instance_count=2)
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        deployer = ModelDeployer()
    assert deployer.deploy(properties).id == ID
    body = deployable.requests("POST", "/20190101/modelDeployments")[0].json
    policy = body["modelDeploymentConfigurationDetails"]["modelConfigurationDetails"]["scalingPolicy"]
    assert (body["displayName"], policy["instanceCount"]) == ("old", 2)
    with pytest.raises(AttributeError):
        properties.with_prop("colour", "red")


def test_a_description_starts_with_placeholders_and_the_defaults():
    place = ModelDeploymentInfrastructure().init(replica=3)
    assert place.compartment_id == "{Provide a compartment OCID}"
    assert (place.replica, place.shape_name) == (3, "VM.Standard.E4.Flex")
    conda = ModelDeploymentCondaRuntime(model_uri=MODEL).init()
    assert (conda.model_uri, conda.deployment_mode) == (MODEL, "HTTPS_ONLY")
    container = ModelDeploymentContainerRuntime().init()
    assert container.image.startswith("{Provide")
    deployment = ModelDeployment().with_infrastructure(place).with_runtime(container)
    assert ModelDeployment.from_yaml(deployment.to_yaml()).to_dict() == deployment.to_dict()
    with pytest.raises(TypeError, match="replica"):
        place.init(replicas=3)
