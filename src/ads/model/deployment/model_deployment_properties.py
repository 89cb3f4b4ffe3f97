"""``ModelDeploymentProperties``: the older way to describe a deployment, by a flat list of properties."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ads.errors import InputError
from ads.model.builder import unknown_argument
from ads.model.deployment.model_deployment_infrastructure import ModelDeploymentInfrastructure
from ads.model.deployment.model_deployment_runtime import ModelDeploymentCondaRuntime
from ads.model.deployment.oci_resource import OCIResource

if TYPE_CHECKING:
    from typing_extensions import Self

    from ads.model.deployment.deployment_description import DeploymentDescription

__all__ = ["ModelDeploymentProperties", "describe", "fields_of"]

_NAMES = (
    "id",
    "model_id",
    "display_name",
    "description",
    "freeform_tags",
    "defined_tags",
    "project_id",
    "compartment_id",
    "instance_shape",
    "instance_count",
    "bandwidth_mbps",
    "memory_in_gbs",
    "ocpus",
    "scaling_type",
    "minimum_instance_count",
    "maximum_instance_count",
    "initial_instance_count",
    "scale_in_threshold",
    "scale_out_threshold",
    "cool_down_in_seconds",
    "is_enabled",
    "access_log_group_id",
    "access_log_id",
    "predict_log_group_id",
    "predict_log_id",
    "environment_variables",
)


class ModelDeploymentProperties(OCIResource):
    """A flat list of properties; names are taken without regard to case.

    ``ModelDeployment`` with infrastructure and runtime says the same with more structure.
    """

    CONST_SCALING_TYPE_FIXED = "fixed"
    CONST_SCALING_TYPE_CPU_UTILIZATION = "cpu_utilization"
    CONST_SCALING_TYPE_MEMORY_UTILIZATION = "memory_utilization"
    CONST_SUPPORTED_AUTO_SCALING_TYPES = ("cpu_utilization", "memory_utilization")
    CONST_SUPPORTED_SCALING_TYPES = ("fixed", "cpu_utilization", "memory_utilization")
    sub_properties: ClassVar[list[str]] = list(_NAMES[2:])

    def __init__(
        self,
        model_id: str | None = None,
        model_uri: str | None = None,
        oci_model_deployment: Any = None,
        config: dict[str, Any] | None = None,  # noqa: ARG002 - OCI's; the service's own credential is used
        **kwargs: Any,
    ) -> None:
        warnings.warn(
            "ModelDeploymentProperties is deprecated: describe a ModelDeployment with infrastructure and runtime.",
            DeprecationWarning,
            stacklevel=2,
        )
        self._values: dict[str, Any] = {}
        if oci_model_deployment is not None:
            self.update_from_oci_model(oci_model_deployment)
        self.with_prop("model_id", model_id or model_uri)
        for name, value in kwargs.items():
            self.with_prop(name, value)

    def __getattr__(self, name: str) -> Any:
        if name in _NAMES:
            return self._values.get(name)
        raise AttributeError(f"ModelDeploymentProperties has no property {name!r}.")

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _NAMES:
            self.with_prop(name, value)
        else:
            object.__setattr__(self, name, value)

    def with_prop(self, property_name: str, value: Any) -> Self:
        """Set one property. Raises AttributeError for an unknown one."""
        name = property_name.lower()
        if name not in _NAMES:
            raise AttributeError(str(unknown_argument("ModelDeploymentProperties", name, dict.fromkeys(_NAMES))))
        self._values[name] = value
        return self

    def with_instance_configuration(self, config: Mapping[str, Any]) -> Self:
        """Set shape, count, bandwidth, cores, memory and scaling from one dictionary."""
        for name, value in config.items():
            self.with_prop(name, value)
        return self

    def with_access_log(self, log_group_id: str, log_id: str) -> Self:
        """Set where requests are logged."""
        return self.with_category_log("access", log_group_id, log_id)

    def with_predict_log(self, log_group_id: str, log_id: str) -> Self:
        """Set where the output of score.py is logged."""
        return self.with_category_log("predict", log_group_id, log_id)

    def with_category_log(self, log_type: str, group_id: str, log_id: str) -> Self:
        """Set one of the two logs. Raises InputError for another type."""
        if log_type not in ("access", "predict"):
            raise InputError(f"{log_type!r} is no log of a deployment.", hint="Logs: access, predict.")
        return self.with_prop(f"{log_type}_log_group_id", group_id).with_prop(f"{log_type}_log_id", log_id)

    def with_logging_configuration(
        self,
        access_log_group_id: str,
        access_log_id: str,
        predict_log_group_id: str | None = None,
        predict_log_id: str | None = None,
    ) -> Self:
        """Set both logs; the predict log goes where the access log goes unless told otherwise."""
        self.with_access_log(access_log_group_id, access_log_id)
        return self.with_predict_log(predict_log_group_id or access_log_group_id, predict_log_id or access_log_id)

    def build(self) -> dict[str, Any]:
        """Return the properties that are set."""
        return self.to_dict()

    def to_update_deployment(self) -> dict[str, Any]:
        """Return what ``ModelDeployment.update()`` takes of these properties."""
        return fields_of(self)


_ONLY_AT_CREATION = (
    "project_id",
    "compartment_id",
    "scaling_type",
    "minimum_instance_count",
    "maximum_instance_count",
    "initial_instance_count",
    "scale_in_threshold",
    "scale_out_threshold",
    "cool_down_in_seconds",
    "is_enabled",
)


def fields_of(properties: ModelDeploymentProperties) -> dict[str, Any]:
    """Return what ``ModelDeployment.update()`` takes of these properties."""
    return {name: value for name, value in properties.to_dict().items() if name not in (*_ONLY_AT_CREATION, "id")}


def describe(deployment: DeploymentDescription, properties: ModelDeploymentProperties | Mapping[str, Any]) -> None:
    """Describe ``deployment`` by these properties."""
    given = properties.to_dict() if isinstance(properties, ModelDeploymentProperties) else dict(properties)
    infrastructure = ModelDeploymentInfrastructure(
        project_id=given.get("project_id"),
        compartment_id=given.get("compartment_id"),
        shape_name=given.get("instance_shape"),
        replica=given.get("instance_count"),
        bandwidth_mbps=given.get("bandwidth_mbps"),
    )
    if given.get("ocpus") or given.get("memory_in_gbs"):
        infrastructure.with_shape_config_details(given.get("ocpus") or 1, given.get("memory_in_gbs") or 16)
    if given.get("scaling_type", "fixed") != "fixed":
        rules = {name: given.get(name) for name in _ONLY_AT_CREATION[3:]}
        infrastructure.with_auto_scaling(given["scaling_type"], **rules)
    if given.get("access_log_id"):
        infrastructure.with_access_log(given.get("access_log_group_id", ""), given["access_log_id"])
    if given.get("predict_log_id"):
        infrastructure.with_predict_log(given.get("predict_log_group_id", ""), given["predict_log_id"])
    runtime = ModelDeploymentCondaRuntime(model_uri=given.get("model_id"), env=given.get("environment_variables"))
    deployment.with_infrastructure(infrastructure).with_runtime(runtime)
    for key, name in (("displayName", "display_name"), ("description", "description")):
        deployment.set_spec(key, given.get(name))
    deployment.set_spec("freeformTags", given.get("freeform_tags")).set_spec("definedTags", given.get("defined_tags"))
