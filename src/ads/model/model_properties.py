"""The properties that prepare, save and deploy remember, so that they need to be given once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ads.model.base_properties import BaseProperties

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ModelProperties"]


@dataclass(repr=False)
class ModelProperties(BaseProperties):
    """Every field is optional. What is passed to ``prepare``, ``save`` or ``deploy`` is stored here and used again."""

    inference_conda_env: str | None = None
    inference_python_version: str | None = None
    training_conda_env: str | None = None
    training_python_version: str | None = None
    training_resource_id: str | None = None
    training_script_path: str | None = None
    training_id: str | None = None
    compartment_id: str | None = None
    project_id: str | None = None
    bucket_uri: str | None = None
    remove_existing_artifact: bool | None = None
    overwrite_existing_artifact: bool | None = None
    deployment_instance_shape: str | None = None
    deployment_instance_subnet_id: str | None = None
    deployment_instance_private_endpoint_id: str | None = None
    deployment_instance_count: int | None = None
    deployment_bandwidth_mbps: int | None = None
    deployment_log_group_id: str | None = None
    deployment_access_log_id: str | None = None
    deployment_predict_log_id: str | None = None
    deployment_memory_in_gbs: float | int | None = None
    deployment_ocpus: float | int | None = None
    deployment_image: str | None = None

    def _adjust_with_env(self, environment: Mapping[str, str]) -> Self:
        for name, variables in {
            "project_id": ("PROJECT_OCID",),
            "training_resource_id": ("JOB_RUN_OCID", "NB_SESSION_OCID"),
            "compartment_id": ("JOB_RUN_COMPARTMENT_OCID", "NB_SESSION_COMPARTMENT_OCID"),
        }.items():
            value = next((environment[variable] for variable in variables if environment.get(variable)), None)
            if value:
                self.with_prop(name, value)
        return self
