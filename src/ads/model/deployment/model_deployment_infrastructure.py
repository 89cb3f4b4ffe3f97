"""Where and with how much a deployment runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ads.errors import InputError
from ads.model.builder import Builder
from ads.model.deployment.wire_names import InfrastructureWireNames

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ModelDeploymentInfrastructure"]

DEFAULT_BANDWIDTH_MBPS = 10
DEFAULT_REPLICA = 1
DEFAULT_SHAPE_NAME = "VM.Standard.E4.Flex"
DEFAULT_OCPUS = 1
DEFAULT_MEMORY_IN_GBS = 16
MODEL_DEPLOYMENT_INFRASTRUCTURE_TYPE = "datascienceModelDeployment"
MODEL_DEPLOYMENT_INFRASTRUCTURE_KIND = "infrastructure"


class ModelDeploymentInfrastructure(InfrastructureWireNames, Builder):
    """Compartment, project, shape, replicas, bandwidth, logs. What is left out gets its default when it is deployed."""

    CONST_PROJECT_ID = "projectId"
    CONST_COMPARTMENT_ID = "compartmentId"
    CONST_SHAPE_NAME = "shapeName"
    CONST_SHAPE_CONFIG_DETAILS = "shapeConfigDetails"
    CONST_OCPUS = "ocpus"
    CONST_MEMORY_IN_GBS = "memoryInGBs"
    CONST_REPLICA = "replica"
    CONST_BANDWIDTH_MBPS = "bandwidthMbps"
    CONST_WEB_CONCURRENCY = "webConcurrency"
    CONST_ACCESS_LOG = "accessLog"
    CONST_PREDICT_LOG = "predictLog"
    CONST_LOG_GROUP_ID = "logGroupId"
    CONST_LOG_ID = "logId"
    CONST_SUBNET_ID = "subnetId"
    CONST_PRIVATE_ENDPOINT_ID = "privateEndpointId"
    CONST_CAPACITY_RESERVATION_IDS = "capacityReservationIds"
    CONST_COMPUTE_TARGET_DETAILS = "computeTargetDetails"
    CONST_AUTO_SCALING = "autoScaling"
    CONST_SCALING_TYPE = "scalingType"
    CONST_MINIMUM_INSTANCE_COUNT = "minimumInstanceCount"
    CONST_MAXIMUM_INSTANCE_COUNT = "maximumInstanceCount"
    CONST_INITIAL_INSTANCE_COUNT = "initialInstanceCount"
    CONST_SCALE_IN_THRESHOLD = "scaleInThreshold"
    CONST_SCALE_OUT_THRESHOLD = "scaleOutThreshold"
    CONST_COOL_DOWN_IN_SECONDS = "coolDownInSeconds"
    CONST_IS_ENABLED = "isEnabled"
    CONST_SCALING_TYPE_CPU_UTILIZATION = "cpu_utilization"
    CONST_SCALING_TYPE_MEMORY_UTILIZATION = "memory_utilization"
    CONST_SUPPORTED_AUTO_SCALING_TYPES = ("cpu_utilization", "memory_utilization")

    attribute_map: ClassVar[dict[str, str]] = {
        CONST_PROJECT_ID: "project_id",
        CONST_COMPARTMENT_ID: "compartment_id",
        CONST_SHAPE_NAME: "shape_name",
        CONST_SHAPE_CONFIG_DETAILS: "shape_config_details",
        CONST_REPLICA: "replica",
        CONST_BANDWIDTH_MBPS: "bandwidth_mbps",
        CONST_WEB_CONCURRENCY: "web_concurrency",
        CONST_ACCESS_LOG: "access_log",
        CONST_PREDICT_LOG: "predict_log",
        CONST_LOG_GROUP_ID: "log_group_id",
        CONST_LOG_ID: "log_id",
        CONST_SUBNET_ID: "subnet_id",
        CONST_PRIVATE_ENDPOINT_ID: "private_endpoint_id",
        CONST_CAPACITY_RESERVATION_IDS: "capacity_reservation_ids",
        CONST_COMPUTE_TARGET_DETAILS: "compute_target_details",
        CONST_AUTO_SCALING: "auto_scaling",
    }

    def _take(self, key: str, value: Any) -> None:
        """Set one value; the parts are accepted in snake_case too."""
        if isinstance(value, Mapping) and key == self.CONST_SHAPE_CONFIG_DETAILS:
            details = {("memoryInGBs" if k == "memory_in_gbs" else k): v for k, v in value.items()}
            self.set_spec(key, details)
        elif isinstance(value, Mapping) and key in {self.CONST_ACCESS_LOG, self.CONST_PREDICT_LOG}:
            self.set_spec(
                key, _log(value.get("logGroupId", value.get("log_group_id")), value.get("logId", value.get("log_id")))
            )
        else:
            self.set_spec(key, value)

    def init(self, **kwargs: Any) -> Self:
        """Return the object with a value everywhere that a description needs one: placeholders and the defaults."""
        start = {
            self.CONST_COMPARTMENT_ID: "{Provide a compartment OCID}",
            self.CONST_PROJECT_ID: "{Provide a project OCID}",
            self.CONST_SHAPE_NAME: DEFAULT_SHAPE_NAME,
            self.CONST_SHAPE_CONFIG_DETAILS: {
                self.CONST_OCPUS: DEFAULT_OCPUS,
                self.CONST_MEMORY_IN_GBS: DEFAULT_MEMORY_IN_GBS,
            },
            self.CONST_REPLICA: DEFAULT_REPLICA,
            self.CONST_BANDWIDTH_MBPS: DEFAULT_BANDWIDTH_MBPS,
        }
        return self.fill(start, kwargs)

    @property
    def kind(self) -> str:
        """The word ``infrastructure``."""
        return MODEL_DEPLOYMENT_INFRASTRUCTURE_KIND

    @property
    def type(self) -> str:
        """The word ``datascienceModelDeployment``."""
        return MODEL_DEPLOYMENT_INFRASTRUCTURE_TYPE

    @property
    def project_id(self) -> Any:
        """The OCID of the project."""
        return self.get_spec(self.CONST_PROJECT_ID)

    def with_project_id(self, project_id: str) -> Self:
        """Set the project."""
        return self.set_spec(self.CONST_PROJECT_ID, project_id)

    @property
    def compartment_id(self) -> Any:
        """The OCID of the compartment."""
        return self.get_spec(self.CONST_COMPARTMENT_ID)

    def with_compartment_id(self, compartment_id: str) -> Self:
        """Set the compartment."""
        return self.set_spec(self.CONST_COMPARTMENT_ID, compartment_id)

    @property
    def shape_name(self) -> Any:
        """The name of the machine's shape."""
        return self.get_spec(self.CONST_SHAPE_NAME)

    def with_shape_name(self, shape_name: str) -> Self:
        """Set the machine's shape, such as ``VM.Standard.E4.Flex``."""
        return self.set_spec(self.CONST_SHAPE_NAME, shape_name)

    @property
    def shape_config_details(self) -> Any:
        """``{"ocpus": …, "memoryInGBs": …}`` of a flexible shape."""
        return self.get_spec(self.CONST_SHAPE_CONFIG_DETAILS, {})

    def with_shape_config_details(self, ocpus: float, memory_in_gbs: float, **kwargs: Any) -> Self:
        """Set the cores and the memory in gigabytes of a flexible shape."""
        details = {self.CONST_OCPUS: ocpus, self.CONST_MEMORY_IN_GBS: memory_in_gbs, **kwargs}
        return self.set_spec(self.CONST_SHAPE_CONFIG_DETAILS, details)

    @property
    def replica(self) -> Any:
        """The number of replicas."""
        return self.get_spec(self.CONST_REPLICA)

    def with_replica(self, replica: int) -> Self:
        """Set the number of replicas."""
        return self.set_spec(self.CONST_REPLICA, replica)

    @property
    def bandwidth_mbps(self) -> Any:
        """The bandwidth of the endpoint in Mbit/s."""
        return self.get_spec(self.CONST_BANDWIDTH_MBPS)

    def with_bandwidth_mbps(self, bandwidth_mbps: int) -> Self:
        """Set the bandwidth of the endpoint in Mbit/s."""
        return self.set_spec(self.CONST_BANDWIDTH_MBPS, bandwidth_mbps)

    @property
    def web_concurrency(self) -> Any:
        """How many processes serve within one replica."""
        return self.get_spec(self.CONST_WEB_CONCURRENCY)

    def with_web_concurrency(self, web_concurrency: int) -> Self:
        """Set how many processes serve within one replica; it reaches them as ``WEB_CONCURRENCY``."""
        return self.set_spec(self.CONST_WEB_CONCURRENCY, web_concurrency)

    @property
    def access_log(self) -> Any:
        """``{"logGroupId": …, "logId": …}`` of the access log."""
        return self.get_spec(self.CONST_ACCESS_LOG, {})

    def with_access_log(self, log_group_id: str, log_id: str) -> Self:
        """Set where requests are logged."""
        return self.set_spec(self.CONST_ACCESS_LOG, _log(log_group_id, log_id))

    @property
    def predict_log(self) -> Any:
        """``{"logGroupId": …, "logId": …}`` of the predict log."""
        return self.get_spec(self.CONST_PREDICT_LOG, {})

    def with_predict_log(self, log_group_id: str, log_id: str) -> Self:
        """Set where the output of score.py is logged."""
        return self.set_spec(self.CONST_PREDICT_LOG, _log(log_group_id, log_id))

    @property
    def log_group_id(self) -> Any:
        """The log group of both logs."""
        return self.get_spec(self.CONST_LOG_GROUP_ID)

    def with_log_group_id(self, log_group_id: str) -> Self:
        """Set the log group of both logs; wins over those set for one of them."""
        return self.set_spec(self.CONST_LOG_GROUP_ID, log_group_id)

    @property
    def log_id(self) -> Any:
        """The log for both."""
        return self.get_spec(self.CONST_LOG_ID)

    def with_log_id(self, log_id: str) -> Self:
        """Set one log for both; wins over those set for one of them."""
        return self.set_spec(self.CONST_LOG_ID, log_id)

    @property
    def subnet_id(self) -> Any:
        """The subnet."""
        return self.get_spec(self.CONST_SUBNET_ID)

    def with_subnet_id(self, subnet_id: str) -> Self:
        """Set the subnet; kept for OCI, without meaning on one machine."""
        return self.set_spec(self.CONST_SUBNET_ID, subnet_id)

    @property
    def private_endpoint_id(self) -> Any:
        """The private endpoint."""
        return self.get_spec(self.CONST_PRIVATE_ENDPOINT_ID)

    def with_private_endpoint_id(self, private_endpoint_id: str) -> Self:
        """Set the private endpoint; kept for OCI, without meaning on one machine."""
        return self.set_spec(self.CONST_PRIVATE_ENDPOINT_ID, private_endpoint_id)

    @property
    def capacity_reservation_ids(self) -> Any:
        """The capacity reservations."""
        return self.get_spec(self.CONST_CAPACITY_RESERVATION_IDS)

    def with_capacity_reservation_ids(self, capacity_reservation_ids: list[str]) -> Self:
        """Set the capacity reservations; kept for OCI, without meaning on one machine."""
        return self.set_spec(self.CONST_CAPACITY_RESERVATION_IDS, capacity_reservation_ids)

    @property
    def compute_target_details(self) -> Any:
        """The compute target."""
        return self.get_spec(self.CONST_COMPUTE_TARGET_DETAILS)

    def with_compute_target(self, compute_target_details: dict[str, Any]) -> Self:
        """Set the compute target, which makes this a ``SINGLE_MODEL_FLEX`` deployment."""
        return self.set_spec(self.CONST_COMPUTE_TARGET_DETAILS, compute_target_details)

    @property
    def auto_scaling(self) -> Any:
        """The rules for adding and removing replicas."""
        return self.get_spec(self.CONST_AUTO_SCALING)

    def with_auto_scaling(
        self,
        scaling_type: str,
        minimum_instance_count: int | None = None,
        maximum_instance_count: int | None = None,
        initial_instance_count: int | None = None,
        scale_in_threshold: int | None = None,
        scale_out_threshold: int | None = None,
        cool_down_in_seconds: int | None = None,
        is_enabled: bool | None = None,
    ) -> Self:
        """Set the rules for adding and removing replicas.

        ``scaling_type`` is ``cpu_utilization`` or ``memory_utilization``. Defaults: at least 1 and at most 3 replicas,
        beginning with ``replica``; one less below 30 % utilization, one more above 70 %; enabled. Raises InputError for
        another type.
        """
        if scaling_type not in self.CONST_SUPPORTED_AUTO_SCALING_TYPES:
            raise InputError(
                f"{scaling_type!r} is no type of autoscaling.",
                hint=f"Types: {', '.join(self.CONST_SUPPORTED_AUTO_SCALING_TYPES)}.",
            )
        rules = {
            self.CONST_SCALING_TYPE: scaling_type,
            self.CONST_MINIMUM_INSTANCE_COUNT: _given(minimum_instance_count, 1),
            self.CONST_MAXIMUM_INSTANCE_COUNT: _given(maximum_instance_count, 3),
            self.CONST_INITIAL_INSTANCE_COUNT: _given(initial_instance_count, self.replica or DEFAULT_REPLICA),
            self.CONST_SCALE_IN_THRESHOLD: _given(scale_in_threshold, 30),
            self.CONST_SCALE_OUT_THRESHOLD: _given(scale_out_threshold, 70),
            self.CONST_COOL_DOWN_IN_SECONDS: cool_down_in_seconds,
            self.CONST_IS_ENABLED: _given(is_enabled, True),
        }
        return self.set_spec(self.CONST_AUTO_SCALING, {k: v for k, v in rules.items() if v is not None})


def _given(value: Any, default: Any) -> Any:
    return default if value is None else value


def _log(log_group_id: Any, log_id: Any) -> dict[str, str]:
    if not log_group_id:
        raise InputError("A log needs its log group.", hint="Pass log_group_id too.")
    return {"logGroupId": log_group_id, "logId": log_id}
