"""``runtime.yaml`` as one object."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ads.errors import ArtifactsNotAvailableError
from ads.model.runtime.document import RuntimeDocument, content_of
from ads.model.runtime.model_deployment_details import ModelDeploymentDetails
from ads.model.runtime.model_provenance_details import ModelProvenanceDetails

__all__ = ["RuntimeInfo"]


@dataclass(repr=False)
class RuntimeInfo(RuntimeDocument):
    """The content of ``runtime.yaml``. Edit its fields, then :meth:`save`."""

    _parts: ClassVar[dict[str, type[RuntimeDocument]]] = {
        "model_deployment": ModelDeploymentDetails,
        "model_provenance": ModelProvenanceDetails,
    }

    model_artifact_version: str = ""
    model_deployment: ModelDeploymentDetails = field(default_factory=ModelDeploymentDetails)
    model_provenance: ModelProvenanceDetails = field(default_factory=ModelProvenanceDetails)

    @classmethod
    def from_env(cls) -> RuntimeInfo:
        """Return a new object with what the environment variables tell, for the current artifact version."""
        from ads.artifact.runtime_yaml import MODEL_ARTIFACT_VERSION

        return cls(model_artifact_version=MODEL_ARTIFACT_VERSION, model_provenance=ModelProvenanceDetails.from_env())

    @classmethod
    def from_yaml(
        cls,
        yaml_string: str | None = None,
        uri: str | None = None,
        loader: Any = None,  # noqa: ARG003 - the reader is always the safe one
        **storage_options: Any,
    ) -> RuntimeInfo:
        """Return the content of a ``runtime.yaml``, checked.

        An object read from a local file is saved there again. Raises ``FileNotFoundError``, and
        :class:`~ads.errors.ArtifactError` (a ``ValueError``) when a key is missing or has the wrong type.
        """
        from ads.artifact import runtime_yaml

        document = runtime_yaml.parse(content_of(yaml_string, uri, storage_options))
        runtime_yaml.check(document)
        info = cls.from_dict(document, ignore_unknown=True)
        if not yaml_string and uri:
            info.model_provenance.training_code.artifact_directory = os.path.dirname(str(uri)) or "."  # noqa: PTH120
        return info

    def save(self, storage_options: dict[str, Any] | None = None) -> None:
        """Write ``runtime.yaml`` into the folder ``model_provenance.training_code.artifact_directory``.

        Raises :class:`~ads.errors.ArtifactsNotAvailableError` when that is empty.
        """
        from ads.artifact.layout import RUNTIME_YAML

        folder = self.model_provenance.training_code.artifact_directory
        if not folder:
            raise ArtifactsNotAvailableError(
                "The runtime information belongs to no artifact folder yet.",
                hint="Call prepare(), or set model_provenance.training_code.artifact_directory.",
            )
        self.to_yaml(uri=f"{folder.rstrip('/')}/{RUNTIME_YAML}", **(storage_options or {}))
