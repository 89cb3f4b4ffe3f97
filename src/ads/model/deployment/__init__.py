"""Deployments: their description, their life, their endpoint. Names are loaded when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ads.model.deployment.model_deployer import ModelDeployer
    from ads.model.deployment.model_deployment import ModelDeployment
    from ads.model.deployment.model_deployment_infrastructure import ModelDeploymentInfrastructure
    from ads.model.deployment.model_deployment_properties import ModelDeploymentProperties
    from ads.model.deployment.model_deployment_runtime import (
        ModelDeploymentCondaRuntime,
        ModelDeploymentContainerRuntime,
        ModelDeploymentMode,
        ModelDeploymentRuntime,
    )

__all__ = [
    "DEFAULT_POLL_INTERVAL",
    "DEFAULT_WAIT_TIME",
    "ModelDeployer",
    "ModelDeployment",
    "ModelDeploymentCondaRuntime",
    "ModelDeploymentContainerRuntime",
    "ModelDeploymentInfrastructure",
    "ModelDeploymentMode",
    "ModelDeploymentProperties",
    "ModelDeploymentRuntime",
]

DEFAULT_WAIT_TIME = 1200
DEFAULT_POLL_INTERVAL = 10

_MODULES = {
    "ModelDeployer": "model_deployer",
    "ModelDeployment": "model_deployment",
    "ModelDeploymentCondaRuntime": "model_deployment_runtime",
    "ModelDeploymentContainerRuntime": "model_deployment_runtime",
    "ModelDeploymentInfrastructure": "model_deployment_infrastructure",
    "ModelDeploymentMode": "model_deployment_runtime",
    "ModelDeploymentProperties": "model_deployment_properties",
    "ModelDeploymentRuntime": "model_deployment_runtime",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value
