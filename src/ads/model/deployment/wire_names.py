"""The keys of the REST body that the parts of a deployment become, under the names that programs read them by."""

from __future__ import annotations

from typing import ClassVar

__all__ = ["InfrastructureWireNames", "RuntimeWireNames"]

_CONFIGURATION = "model_deployment_configuration_details"


class InfrastructureWireNames:
    """What ``ModelDeploymentInfrastructure`` is called in the REST body."""

    CONST_ACCESS = "access"
    CONST_PREDICT = "predict"
    CONST_CATEGORY_LOG_DETAILS = "categoryLogDetails"
    CONST_DEPLOYMENT_TYPE = "deploymentType"
    CONST_MODEL_DEPLOYMENT_CONFIG_DETAILS = "modelDeploymentConfigurationDetails"
    CONST_MODEL_CONFIG_DETAILS = "modelConfigurationDetails"
    CONST_STREAM_CONFIG_DETAILS = "streamConfigurationDetails"
    CONST_INSTANCE_CONFIG = "instanceConfiguration"
    CONST_INSTANCE_SHAPE_NAME = "instanceShapeName"
    CONST_MODEL_DEPLOYMENT_INSTANCE_SHAPE_CONFIG_DETAILS = "modelDeploymentInstanceShapeConfigDetails"
    CONST_MODEL_DEPLOYMENT_RESOURCE_CONFIGURATION = "modelDeploymentResourceConfiguration"
    CONST_RESOURCE_REQUEST_CONFIGURATION = "resourceRequestConfiguration"
    CONST_SCALING_POLICY = "scalingPolicy"
    CONST_POLICY_TYPE = "policyType"
    CONST_INSTANCE_COUNT = "instanceCount"
    CONST_COMPUTE_TARGET_ID = "computeTargetId"
    CONST_GPUS = "gpus"
    CONST_GPU_COUNT = "gpuCount"
    MODEL_CONFIG_DETAILS_PATH = f"{_CONFIGURATION}.model_configuration_details"
    MODEL_INFRA_CONFIG_DETAILS_PATH = f"{_CONFIGURATION}.infrastructure_configuration_details"

    shape_config_details_attribute_map: ClassVar[dict[str, str]] = {"ocpus": "ocpus", "memoryInGBs": "memory_in_gbs"}
    access_log_attribute_map: ClassVar[dict[str, str]] = {"logGroupId": "log_group_id", "logId": "log_id"}
    predict_log_attribute_map: ClassVar[dict[str, str]] = {"logGroupId": "log_group_id", "logId": "log_id"}
    compute_target_details_attribute_map: ClassVar[dict[str, str]] = {
        "computeTargetId": "compute_target_id",
        "gpuCount": "gpu_count",
    }
    sub_level_attribute_maps: ClassVar[dict[str, dict[str, str]]] = {
        "shapeConfigDetails": shape_config_details_attribute_map,
        "accessLog": access_log_attribute_map,
        "predictLog": predict_log_attribute_map,
        "computeTargetDetails": compute_target_details_attribute_map,
    }
    payload_attribute_map: ClassVar[dict[str, str]] = {
        "projectId": "project_id",
        "compartmentId": "compartment_id",
        "shapeName": f"{MODEL_CONFIG_DETAILS_PATH}.instance_configuration.instance_shape_name",
        "shapeConfigDetails": (
            f"{MODEL_CONFIG_DETAILS_PATH}.instance_configuration.model_deployment_instance_shape_config_details"
        ),
        "replica": f"{MODEL_CONFIG_DETAILS_PATH}.scaling_policy.instance_count",
        "bandwidthMbps": f"{MODEL_CONFIG_DETAILS_PATH}.bandwidth_mbps",
        "accessLog": "category_log_details.access",
        "predictLog": "category_log_details.predict",
        "computeTargetDetails": MODEL_INFRA_CONFIG_DETAILS_PATH,
    }


class RuntimeWireNames:
    """What ``ModelDeploymentRuntime`` is called in the REST body."""

    CONST_ENVIRONMENT_CONFIG_DETAILS = "environmentConfigurationDetails"
    CONST_ENVIRONMENT_CONFIG_TYPE = "environmentConfigurationType"
    CONST_ENVIRONMENT_VARIABLES = "environmentVariables"
    ENVIRONMENT_CONFIG_DETAILS_PATH = f"{_CONFIGURATION}.environment_configuration_details"
    MODEL_CONFIG_DETAILS_PATH = f"{_CONFIGURATION}.model_configuration_details"
    MODEL_GROUP_CONFIG_DETAILS_PATH = f"{_CONFIGURATION}.model_group_configuration_details"
    STREAM_CONFIG_DETAILS_PATH = f"{_CONFIGURATION}.stream_configuration_details"

    payload_attribute_map: ClassVar[dict[str, str]] = {
        "modelUri": f"{MODEL_CONFIG_DETAILS_PATH}.model_id",
        "modelGroupId": f"{MODEL_GROUP_CONFIG_DETAILS_PATH}.model_group_id",
        "env": f"{ENVIRONMENT_CONFIG_DETAILS_PATH}.environment_variables",
        "inputStreamIds": f"{STREAM_CONFIG_DETAILS_PATH}.input_stream_ids",
        "outputStreamIds": f"{STREAM_CONFIG_DETAILS_PATH}.output_stream_ids",
    }
    """Keys of the description, and where they stand in the REST body."""
