"""``ModelDeployer``: the older way to reach deployments. Each method is one call of ``ModelDeployment``."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ads.model.deployment import DEFAULT_POLL_INTERVAL, DEFAULT_WAIT_TIME
from ads.model.deployment.common.utils import State
from ads.model.deployment.model_deployment import ModelDeployment

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DEFAULT_POLL_INTERVAL", "DEFAULT_WAIT_TIME", "ModelDeployer"]


class ModelDeployer:
    """Deploys, lists, updates and deletes; ``ModelDeployment`` does the same without it."""

    def __init__(self, config: dict[str, Any] | None = None, ds_client: Any = None) -> None:  # noqa: ARG002 - OCI's
        warnings.warn("ModelDeployer is deprecated: use ModelDeployment.", DeprecationWarning, stacklevel=2)

    def deploy(
        self,
        properties: Any = None,
        wait_for_completion: bool = True,
        max_wait_time: float = DEFAULT_WAIT_TIME,
        poll_interval: float = DEFAULT_POLL_INTERVAL,
        **kwargs: Any,
    ) -> ModelDeployment:
        """Return a new deployment of ``properties``, a dictionary or ``ModelDeploymentProperties``."""
        given = properties.to_dict() if hasattr(properties, "to_dict") else dict(properties or {})
        deployment = ModelDeployment(properties={**given, **kwargs})
        return deployment.deploy(wait_for_completion, max_wait_time, poll_interval)

    def deploy_from_model_uri(
        self,
        model_uri: str,
        properties: Any = None,
        wait_for_completion: bool = True,
        max_wait_time: float = DEFAULT_WAIT_TIME,
        poll_interval: float = DEFAULT_POLL_INTERVAL,
        **kwargs: Any,
    ) -> ModelDeployment:
        """Return a new deployment of the model with this OCID, or of the artifact at this path."""
        kwargs["model_id"] = model_uri
        return self.deploy(properties, wait_for_completion, max_wait_time, poll_interval, **kwargs)

    def update(
        self,
        model_deployment_id: str,
        properties: Any = None,
        wait_for_completion: bool = True,
        max_wait_time: float = DEFAULT_WAIT_TIME,
        poll_interval: float = DEFAULT_POLL_INTERVAL,
        **kwargs: Any,
    ) -> ModelDeployment:
        """Change the given fields of a deployment and return it."""
        deployment = ModelDeployment.from_id(model_deployment_id)
        return deployment.update(properties, wait_for_completion, max_wait_time, poll_interval, **kwargs)

    def get_model_deployment(self, model_deployment_id: str) -> ModelDeployment:
        """Return the deployment with this OCID."""
        return ModelDeployment.from_id(model_deployment_id)

    def get_model_deployment_state(self, model_deployment_id: str) -> State:
        """Return the state of the deployment with this OCID."""
        return State.from_name(ModelDeployment.from_id(model_deployment_id).lifecycle_state)

    def delete(
        self,
        model_deployment_id: str,
        wait_for_completion: bool = True,
        max_wait_time: float = DEFAULT_WAIT_TIME,
        poll_interval: float = DEFAULT_POLL_INTERVAL,
    ) -> ModelDeployment:
        """Delete the deployment with this OCID and return it."""
        deployment = ModelDeployment.from_id(model_deployment_id)
        return deployment.delete(wait_for_completion, max_wait_time, poll_interval)

    def list_deployments(
        self, status: str | None = None, compartment_id: str | None = None, **kwargs: Any
    ) -> list[ModelDeployment]:
        """Return the deployments of a compartment."""
        return ModelDeployment.list(status, compartment_id, **kwargs)

    def show_deployments(self, status: str | None = None, compartment_id: str | None = None) -> pd.DataFrame:
        """Return the deployments of a compartment as a table with ``model_id, deployment_url, current_state``."""
        import pandas as pd

        found = ModelDeployment.list(status, compartment_id)
        rows = [(d.runtime.model_uri if d.runtime else None, d.url, d.lifecycle_state) for d in found]
        return pd.DataFrame(rows, columns=["model_id", "deployment_url", "current_state"])
