"""The part of ``runtime.yaml`` that a deployment reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from ads.model.runtime.document import RuntimeDocument
from ads.model.runtime.env_info import InferenceEnvInfo

__all__ = ["ModelDeploymentDetails"]


@dataclass(repr=False)
class ModelDeploymentDetails(RuntimeDocument):
    """What a deployment needs: its environment."""

    _parts: ClassVar[dict[str, type[RuntimeDocument]]] = {"inference_conda_env": InferenceEnvInfo}

    inference_conda_env: InferenceEnvInfo = field(default_factory=InferenceEnvInfo)
