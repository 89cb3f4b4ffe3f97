"""Deployments as the REST interface writes them. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ads.errors import InputError
from ads.model.builder import unknown_argument
from ads.model.deployment.model_deployment_infrastructure import (
    DEFAULT_MEMORY_IN_GBS,
    DEFAULT_OCPUS,
    DEFAULT_REPLICA,
    DEFAULT_SHAPE_NAME,
    ModelDeploymentInfrastructure,
)
from ads.model.deployment.model_deployment_runtime import (
    ModelDeploymentCondaRuntime,
    ModelDeploymentContainerRuntime,
    ModelDeploymentMode,
    ModelDeploymentRuntime,
    OCIModelDeploymentRuntimeType,
)

if TYPE_CHECKING:
    from ads.model.deployment.model_deployment import ModelDeployment

__all__ = ["configuration", "create_body", "model_id_of", "parts_from_wire", "update_body"]

_CONFIGURATION = "modelDeploymentConfigurationDetails"
_MODEL = "modelConfigurationDetails"
_ENVIRONMENT = "environmentConfigurationDetails"


def create_body(deployment: ModelDeployment, infrastructure: Any, runtime: Any, model_id: str) -> dict[str, Any]:
    """Return the body of ``POST /modelDeployments``."""
    body = {
        "displayName": deployment.display_name,
        "description": deployment.description,
        "freeformTags": deployment.freeform_tags,
        "definedTags": deployment.defined_tags,
        "projectId": infrastructure.project_id,
        "compartmentId": infrastructure.compartment_id,
        _CONFIGURATION: configuration(infrastructure, runtime, model_id),
        "categoryLogDetails": _logs(infrastructure),
    }
    return {key: value for key, value in body.items() if value is not None}


def configuration(
    infrastructure: ModelDeploymentInfrastructure, runtime: ModelDeploymentRuntime, model_id: str
) -> dict[str, Any]:
    """Return the complete configuration, with the defaults of what was left out."""
    shape = infrastructure.shape_name or DEFAULT_SHAPE_NAME
    instance: dict[str, Any] = {"instanceShapeName": shape}
    if shape.endswith("Flex"):
        details = infrastructure.shape_config_details
        instance["modelDeploymentInstanceShapeConfigDetails"] = {
            "ocpus": float(details.get("ocpus") or DEFAULT_OCPUS),
            "memoryInGBs": float(details.get("memoryInGBs") or DEFAULT_MEMORY_IN_GBS),
        }
    for key in ("subnetId", "privateEndpointId", "capacityReservationIds"):
        if infrastructure.get_spec(key):
            instance[key] = infrastructure.get_spec(key)
    found: dict[str, Any] = {
        "deploymentType": "SINGLE_MODEL_FLEX" if infrastructure.compute_target_details else "SINGLE_MODEL",
        _MODEL: {
            "modelId": model_id,
            "instanceConfiguration": instance,
            "scalingPolicy": _scaling(infrastructure),
        },
        _ENVIRONMENT: _environment(infrastructure, runtime),
    }
    if infrastructure.bandwidth_mbps:
        found[_MODEL]["bandwidthMbps"] = infrastructure.bandwidth_mbps  # it is enforced, so never a default
    if infrastructure.compute_target_details:
        found["infrastructureConfigurationDetails"] = infrastructure.compute_target_details
    if runtime.deployment_mode == ModelDeploymentMode.STREAM:
        if not (runtime.input_stream_ids and runtime.output_stream_ids):
            raise InputError(
                "A streaming deployment needs input and output streams.",
                hint="Set input_stream_ids and output_stream_ids, or use HTTPS_ONLY.",
            )
        found["streamConfigurationDetails"] = {
            "inputStreamIds": runtime.input_stream_ids,
            "outputStreamIds": runtime.output_stream_ids,
        }
    return found


def _scaling(infrastructure: ModelDeploymentInfrastructure) -> dict[str, Any]:
    rules = infrastructure.auto_scaling
    if not rules:
        return {"policyType": "FIXED_SIZE", "instanceCount": infrastructure.replica or DEFAULT_REPLICA}
    policy: dict[str, Any] = {
        "policyType": "AUTOSCALING",
        "isEnabled": rules.get("isEnabled", True),
        "autoScalingPolicies": [
            {
                "autoScalingPolicyType": "THRESHOLD",
                "minimumInstanceCount": rules["minimumInstanceCount"],
                "maximumInstanceCount": rules["maximumInstanceCount"],
                "initialInstanceCount": rules["initialInstanceCount"],
                "rules": [
                    {
                        "metricExpressionRuleType": "PREDEFINED_EXPRESSION",
                        "metricType": str(rules["scalingType"]).upper(),
                        "scaleInConfiguration": _threshold(rules["scaleInThreshold"]),
                        "scaleOutConfiguration": _threshold(rules["scaleOutThreshold"]),
                    }
                ],
            }
        ],
    }
    if rules.get("coolDownInSeconds") is not None:
        policy["coolDownInSeconds"] = rules["coolDownInSeconds"]
    return policy


def _threshold(value: Any) -> dict[str, Any]:
    return {"scalingConfigurationType": "THRESHOLD", "threshold": value}


def _environment(infrastructure: ModelDeploymentInfrastructure, runtime: ModelDeploymentRuntime) -> dict[str, Any]:
    variables = {str(k): str(v) for k, v in runtime.env.items()}
    if infrastructure.web_concurrency is not None:
        variables["WEB_CONCURRENCY"] = str(infrastructure.web_concurrency)
    found: dict[str, Any] = {
        "environmentConfigurationType": runtime.environment_config_type,
        "environmentVariables": variables,
    }
    if isinstance(runtime, ModelDeploymentContainerRuntime):
        if runtime.inference_server:
            variables["CONTAINER_TYPE"] = str(runtime.inference_server).upper()
        for key in ("image", "imageDigest", "cmd", "entrypoint", "serverPort", "healthCheckPort"):
            if runtime.get_spec(key):
                found[key] = runtime.get_spec(key)
    return found


def _logs(infrastructure: ModelDeploymentInfrastructure) -> dict[str, Any]:
    if infrastructure.log_id:
        both = {"logId": infrastructure.log_id, "logGroupId": infrastructure.log_group_id}
        return {"access": both, "predict": dict(both)}
    found = {"access": infrastructure.access_log, "predict": infrastructure.predict_log}
    return {name: {"logId": log["logId"], "logGroupId": log["logGroupId"]} for name, log in found.items() if log}


def update_body(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of ``PUT /modelDeployments/{id}`` that changes exactly the given fields, and nothing else.

    Raises InputError for a field that no deployment has, naming the nearest one.
    """
    body: dict[str, Any] = {}
    for name, value in arguments.items():
        if name not in _UPDATES:
            raise unknown_argument("A deployment's update", name, _UPDATES)
        if value is not None:
            _UPDATES[name](body, value)
    for log in body.get("categoryLogDetails", {}).values():
        if not log.get("logGroupId") or not log.get("logId"):
            raise InputError("A log needs both its log group and its id.", hint="Pass the log_group_id and the log_id.")
    return body


def _put(*path: str, **constants: Any) -> Callable[[dict[str, Any], Any], None]:
    """Return a function that puts a value at this place of a body, with what must stand next to it."""

    def put(body: dict[str, Any], value: Any) -> None:
        place = body
        for step in path[:-1]:
            place = place.setdefault(step, {})
            if step == _CONFIGURATION:
                place.setdefault("deploymentType", "SINGLE_MODEL")
        place.update(constants)
        place[path[-1]] = value

    return put


def _put_log(*kinds: str, key: str | None = None) -> Callable[[dict[str, Any], Any], None]:
    def put(body: dict[str, Any], value: Any) -> None:
        for kind in kinds:
            log = body.setdefault("categoryLogDetails", {}).setdefault(kind, {})
            if key is not None:
                log[key] = value
            else:
                log["logGroupId"] = value.get("logGroupId", value.get("log_group_id"))
                log["logId"] = value.get("logId", value.get("log_id"))

    return put


_INSTANCE = (_CONFIGURATION, _MODEL, "instanceConfiguration")
_SHAPE_DETAILS = (*_INSTANCE, "modelDeploymentInstanceShapeConfigDetails")
_SCALING = (_CONFIGURATION, _MODEL, "scalingPolicy")


def _put_variables(body: dict[str, Any], value: Any) -> None:
    place = body.setdefault(_CONFIGURATION, {"deploymentType": "SINGLE_MODEL"}).setdefault(_ENVIRONMENT, {})
    place.setdefault("environmentConfigurationType", OCIModelDeploymentRuntimeType.CONDA)
    place.setdefault("environmentVariables", {}).update({str(k): str(v) for k, v in value.items()})


def _put_container(key: str) -> Callable[[dict[str, Any], Any], None]:
    return _put(_CONFIGURATION, _ENVIRONMENT, key, environmentConfigurationType=OCIModelDeploymentRuntimeType.CONTAINER)


_UPDATES: dict[str, Callable[[dict[str, Any], Any], None]] = {
    "display_name": _put("displayName"),
    "description": _put("description"),
    "freeform_tags": _put("freeformTags"),
    "defined_tags": _put("definedTags"),
    "model_id": _put(_CONFIGURATION, _MODEL, "modelId"),
    "model_uri": _put(_CONFIGURATION, _MODEL, "modelId"),
    "bandwidth_mbps": _put(_CONFIGURATION, _MODEL, "bandwidthMbps"),
    "instance_shape": _put(*_INSTANCE, "instanceShapeName"),
    "shape_name": _put(*_INSTANCE, "instanceShapeName"),
    "subnet_id": _put(*_INSTANCE, "subnetId"),
    "private_endpoint_id": _put(*_INSTANCE, "privateEndpointId"),
    "ocpus": lambda body, value: _put(*_SHAPE_DETAILS, "ocpus")(body, float(value)),
    "memory_in_gbs": lambda body, value: _put(*_SHAPE_DETAILS, "memoryInGBs")(body, float(value)),
    "instance_count": _put(*_SCALING, "instanceCount", policyType="FIXED_SIZE"),
    "replica": _put(*_SCALING, "instanceCount", policyType="FIXED_SIZE"),
    "environment_variables": _put_variables,
    "env": _put_variables,
    "web_concurrency": lambda body, value: _put_variables(body, {"WEB_CONCURRENCY": value}),
    "image": _put_container("image"),
    "image_digest": _put_container("imageDigest"),
    "cmd": _put_container("cmd"),
    "entrypoint": _put_container("entrypoint"),
    "server_port": _put_container("serverPort"),
    "health_check_port": _put_container("healthCheckPort"),
    "access_log": _put_log("access"),
    "predict_log": _put_log("predict"),
    "access_log_group_id": _put_log("access", key="logGroupId"),
    "access_log_id": _put_log("access", key="logId"),
    "predict_log_group_id": _put_log("predict", key="logGroupId"),
    "predict_log_id": _put_log("predict", key="logId"),
    "log_group_id": _put_log("access", "predict", key="logGroupId"),
    "log_id": _put_log("access", "predict", key="logId"),
}


def model_id_of(content: Mapping[str, Any]) -> str:
    """Return the OCID of the model that a deployment serves."""
    model = (content.get(_CONFIGURATION) or {}).get(_MODEL) or {}
    return str(model.get("modelId") or "")


def parts_from_wire(content: Mapping[str, Any]) -> tuple[ModelDeploymentInfrastructure, ModelDeploymentRuntime]:
    """Return infrastructure and runtime for what the service wrote."""
    details = content.get(_CONFIGURATION) or {}
    model = details.get(_MODEL) or {}
    instance = model.get("instanceConfiguration") or {}
    scaling = model.get("scalingPolicy") or {}
    logs = content.get("categoryLogDetails") or {}
    environment = details.get(_ENVIRONMENT) or {}
    variables = dict(environment.get("environmentVariables") or {})
    infrastructure = ModelDeploymentInfrastructure(
        spec={
            "projectId": content.get("projectId"),
            "compartmentId": content.get("compartmentId"),
            "shapeName": instance.get("instanceShapeName"),
            "shapeConfigDetails": instance.get("modelDeploymentInstanceShapeConfigDetails"),
            "subnetId": instance.get("subnetId"),
            "privateEndpointId": instance.get("privateEndpointId"),
            "replica": scaling.get("instanceCount"),
            "autoScaling": _scaling_from_wire(scaling),
            "bandwidthMbps": model.get("bandwidthMbps"),
            "webConcurrency": variables.get("WEB_CONCURRENCY"),
            "accessLog": logs.get("access"),
            "predictLog": logs.get("predict"),
        }
    )
    kind = environment.get("environmentConfigurationType")
    container = kind == OCIModelDeploymentRuntimeType.CONTAINER
    streams = details.get("streamConfigurationDetails") or {}
    spec: dict[str, Any] = {"modelUri": model.get("modelId"), "env": variables or None, **streams}
    if streams:
        spec["deploymentMode"] = ModelDeploymentMode.STREAM
    if container:
        keys = ("image", "imageDigest", "cmd", "entrypoint", "serverPort", "healthCheckPort")
        spec |= {key: environment.get(key) for key in keys}
    runtime = ModelDeploymentContainerRuntime(spec=spec) if container else ModelDeploymentCondaRuntime(spec=spec)
    return infrastructure, runtime


def _scaling_from_wire(scaling: Mapping[str, Any]) -> dict[str, Any] | None:
    policies = scaling.get("autoScalingPolicies")
    if not policies:
        return None
    policy = policies[0]
    rule = policy["rules"][0]
    return {
        "scalingType": str(rule.get("metricType", "")).lower(),
        "minimumInstanceCount": policy.get("minimumInstanceCount"),
        "maximumInstanceCount": policy.get("maximumInstanceCount"),
        "initialInstanceCount": policy.get("initialInstanceCount"),
        "scaleInThreshold": (rule.get("scaleInConfiguration") or {}).get("threshold"),
        "scaleOutThreshold": (rule.get("scaleOutConfiguration") or {}).get("threshold"),
        "coolDownInSeconds": scaling.get("coolDownInSeconds"),
        "isEnabled": scaling.get("isEnabled", True),
    }
