"""The description of a deployment: name, tags, infrastructure, runtime. No service is asked here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ads.errors import InputError, NotSupported
from ads.model.builder import Builder
from ads.model.deployment.model_deployment_infrastructure import (
    MODEL_DEPLOYMENT_INFRASTRUCTURE_TYPE,
    ModelDeploymentInfrastructure,
)
from ads.model.deployment.model_deployment_runtime import (
    ModelDeploymentCondaRuntime,
    ModelDeploymentContainerRuntime,
    ModelDeploymentRuntime,
    ModelDeploymentRuntimeType,
)

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["DeploymentDescription"]

MODEL_DEPLOYMENT_KIND = "deployment"
MODEL_DEPLOYMENT_TYPE = "modelDeployment"

_RUNTIMES: dict[str, type[ModelDeploymentRuntime]] = {
    ModelDeploymentRuntimeType.CONDA: ModelDeploymentCondaRuntime,
    ModelDeploymentRuntimeType.CONTAINER: ModelDeploymentContainerRuntime,
}


class DeploymentDescription(Builder):
    """The builder half of ``ModelDeployment``."""

    CONST_ID = "id"
    CONST_CREATED_BY = "createdBy"
    CONST_DISPLAY_NAME = "displayName"
    CONST_DESCRIPTION = "description"
    CONST_FREEFORM_TAG = "freeformTags"
    CONST_DEFINED_TAG = "definedTags"
    CONST_MODEL_DEPLOYMENT_URL = "modelDeploymentUrl"
    CONST_INFRASTRUCTURE = "infrastructure"
    CONST_RUNTIME = "runtime"
    CONST_LIFECYCLE_STATE = "lifecycleState"
    CONST_LIFECYCLE_DETAILS = "lifecycleDetails"
    CONST_TIME_CREATED = "timeCreated"
    CONST_UPDATE_TYPE = "updateType"

    attribute_map: ClassVar[dict[str, str]] = {
        CONST_ID: "id",
        CONST_CREATED_BY: "created_by",
        CONST_DISPLAY_NAME: "display_name",
        CONST_DESCRIPTION: "description",
        CONST_FREEFORM_TAG: "freeform_tags",
        CONST_DEFINED_TAG: "defined_tags",
        CONST_MODEL_DEPLOYMENT_URL: "model_deployment_url",
        CONST_INFRASTRUCTURE: "infrastructure",
        CONST_RUNTIME: "runtime",
        CONST_LIFECYCLE_STATE: "lifecycle_state",
        CONST_LIFECYCLE_DETAILS: "lifecycle_details",
        CONST_TIME_CREATED: "time_created",
    }

    initialize_spec_attributes: ClassVar[list[str]] = [
        "display_name",
        "description",
        "freeform_tags",
        "defined_tags",
        "infrastructure",
        "runtime",
    ]

    def _take(self, key: str, value: Any) -> None:
        """Set one value; the description of a part becomes the part."""
        if isinstance(value, Mapping) and key == self.CONST_INFRASTRUCTURE:
            value = _infrastructure_from(value)
        elif isinstance(value, Mapping) and key == self.CONST_RUNTIME:
            value = _runtime_from(value)
        self.set_spec(key, value)

    @property
    def kind(self) -> str:
        """The word ``deployment``."""
        return MODEL_DEPLOYMENT_KIND

    @property
    def type(self) -> str:
        """The word ``modelDeployment``."""
        return MODEL_DEPLOYMENT_TYPE

    @property
    def id(self) -> str | None:
        """The OCID, once the deployment was created."""
        return self._text(self.CONST_ID)

    @property
    def model_deployment_id(self) -> str | None:
        """The OCID, once the deployment was created."""
        return self.id

    @property
    def url(self) -> str | None:
        """The endpoint without ``/predict``, once the deployment was created."""
        return self._text(self.CONST_MODEL_DEPLOYMENT_URL)

    @property
    def created_by(self) -> str | None:
        """Who created the deployment."""
        return self._text(self.CONST_CREATED_BY)

    @property
    def lifecycle_state(self) -> str | None:
        """The state as last seen; :attr:`state` asks the service."""
        return self._text(self.CONST_LIFECYCLE_STATE)

    @property
    def lifecycle_details(self) -> str | None:
        """What the service says about the state."""
        return self._text(self.CONST_LIFECYCLE_DETAILS)

    @property
    def time_created(self) -> str | None:
        """When the deployment was created, as the service wrote it (RFC 3339, UTC)."""
        return self._text(self.CONST_TIME_CREATED)

    @property
    def display_name(self) -> str | None:
        """What people call the deployment."""
        return self._text(self.CONST_DISPLAY_NAME)

    def with_display_name(self, display_name: str) -> Self:
        """Set what people call the deployment."""
        return self.set_spec(self.CONST_DISPLAY_NAME, display_name)

    @property
    def description(self) -> str | None:
        """What the deployment is for."""
        return self._text(self.CONST_DESCRIPTION)

    def with_description(self, description: str) -> Self:
        """Set what the deployment is for."""
        return self.set_spec(self.CONST_DESCRIPTION, description)

    @property
    def freeform_tags(self) -> dict[str, str] | None:
        """Tags: name to text."""
        found: dict[str, str] | None = self.get_spec(self.CONST_FREEFORM_TAG)
        return found

    def with_freeform_tags(self, **kwargs: Any) -> Self:
        """Set the tags."""
        return self.set_spec(self.CONST_FREEFORM_TAG, kwargs)

    @property
    def defined_tags(self) -> dict[str, dict[str, object]] | None:
        """Tags in namespaces."""
        found: dict[str, dict[str, object]] | None = self.get_spec(self.CONST_DEFINED_TAG)
        return found

    def with_defined_tags(self, **kwargs: Any) -> Self:
        """Set the tags in namespaces."""
        return self.set_spec(self.CONST_DEFINED_TAG, kwargs)

    @property
    def infrastructure(self) -> ModelDeploymentInfrastructure | None:
        """Where and with how much the deployment runs."""
        found: ModelDeploymentInfrastructure | None = self.get_spec(self.CONST_INFRASTRUCTURE)
        return found

    def with_infrastructure(self, infrastructure: ModelDeploymentInfrastructure) -> Self:
        """Set where and with how much the deployment runs."""
        return self.set_spec(self.CONST_INFRASTRUCTURE, infrastructure)

    @property
    def runtime(self) -> ModelDeploymentRuntime | None:
        """What the deployment runs."""
        found: ModelDeploymentRuntime | None = self.get_spec(self.CONST_RUNTIME)
        return found

    def with_runtime(self, runtime: ModelDeploymentRuntime) -> Self:
        """Set what the deployment runs."""
        return self.set_spec(self.CONST_RUNTIME, runtime)

    def _text(self, key: str) -> str | None:
        value: str | None = self.get_spec(key)
        return value


def _infrastructure_from(description: Mapping[str, Any]) -> ModelDeploymentInfrastructure:
    kind = description.get("type", MODEL_DEPLOYMENT_INFRASTRUCTURE_TYPE)
    if kind != MODEL_DEPLOYMENT_INFRASTRUCTURE_TYPE:
        raise NotSupported(
            f"The infrastructure type {kind!r} is not supported.",
            hint=f"Use {MODEL_DEPLOYMENT_INFRASTRUCTURE_TYPE!r}.",
        )
    return ModelDeploymentInfrastructure.from_dict(description)


def _runtime_from(description: Mapping[str, Any]) -> ModelDeploymentRuntime:
    kind = description.get("type")
    if kind is None:
        raise InputError("The runtime's description has no 'type'.", hint=f"Types: {', '.join(_RUNTIMES)}.")
    if kind not in _RUNTIMES:
        raise NotSupported(f"The runtime type {kind!r} is not supported.", hint=f"Types: {', '.join(_RUNTIMES)}.")
    return _RUNTIMES[kind].from_dict(description)
