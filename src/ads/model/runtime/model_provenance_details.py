"""The part of ``runtime.yaml`` that says where a model comes from."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ads.model.runtime.document import RuntimeDocument
from ads.model.runtime.env_info import TrainingEnvInfo

__all__ = ["MODEL_PROVENANCE_SCHEMA_PATH", "ModelProvenanceDetails", "TrainingCode"]

MODEL_PROVENANCE_SCHEMA_PATH = os.path.join(os.path.dirname(__file__), "schemas", "model_provenance.json")  # noqa: PTH118, PTH120
"""A JSON schema of the provenance in ``runtime.yaml``, for editors."""

_VARIABLES = {
    "project_ocid": ("PROJECT_OCID", "PIPELINE_PROJECT_OCID"),
    "tenancy_ocid": ("TENANCY_OCID",),
    "training_compartment_ocid": (
        "NB_SESSION_COMPARTMENT_OCID",
        "JOB_RUN_COMPARTMENT_OCID",
        "PIPELINE_RUN_COMPARTMENT_OCID",
        "PROJECT_COMPARTMENT_OCID",
    ),
    "training_region": ("OCI_RESOURCE_REGION", "NB_REGION"),
    "training_resource_ocid": ("JOB_RUN_OCID", "PIPELINE_RUN_OCID", "NB_SESSION_OCID"),
    "user_ocid": ("USER_OCID",),
    "vm_image_internal_id": ("VM_IMAGE_INTERNAL_ID", "VM_ID"),
}
"""The fields and the variables of notebook sessions, jobs and pipeline runs that fill them, the first one set wins."""


@dataclass(repr=False)
class TrainingCode(RuntimeDocument):
    """Where the artifact lies. In files always ``.``: a path on the author's machine says nothing elsewhere."""

    artifact_directory: str = ""

    def to_dict(self, side_effect: str = "lower", **_: Any) -> dict[str, Any]:
        """Return the content; an absolute folder is shown as ``.`` in the form for files (upper-case keys)."""
        for_file = side_effect == "upper"
        folder = "." if for_file and self.artifact_directory else self.artifact_directory
        return {"ARTIFACT_DIRECTORY" if for_file else "artifact_directory": folder}


@dataclass(repr=False)
class ModelProvenanceDetails(RuntimeDocument):
    """Project, tenancy, training environment and so on; ``""`` for what isn't known."""

    _parts: ClassVar[dict[str, type[RuntimeDocument]]] = {
        "training_code": TrainingCode,
        "training_conda_env": TrainingEnvInfo,
    }

    project_ocid: str = ""
    tenancy_ocid: str = ""
    training_code: TrainingCode = field(default_factory=TrainingCode)
    training_compartment_ocid: str = ""
    training_conda_env: TrainingEnvInfo = field(default_factory=TrainingEnvInfo)
    training_region: str = ""
    training_resource_ocid: str = ""
    user_ocid: str = ""
    vm_image_internal_id: str = ""

    @classmethod
    def from_env(cls) -> ModelProvenanceDetails:
        """Return what the environment variables of a notebook session, job or pipeline run tell."""
        values = {
            name: next((os.environ[variable] for variable in variables if os.environ.get(variable)), "")
            for name, variables in _VARIABLES.items()
        }
        values["training_region"] = values["training_region"] or _region_from_metadata()
        return cls(**values)  # type: ignore[arg-type]


def _region_from_metadata() -> str:
    try:
        region = json.loads(os.environ.get("OCI_REGION_METADATA", ""))["regionIdentifier"]
    except (ValueError, KeyError, TypeError):
        return ""
    return region if isinstance(region, str) else ""
