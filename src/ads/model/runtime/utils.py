"""The catalog of service packs and the checks of ``runtime.yaml``, under the names that users know."""

from __future__ import annotations

from typing import Any

from ads.artifact import runtime_yaml
from ads.artifact.conda_packs import SERVICE_PACK, catalog
from ads.errors import ArtifactError
from ads.model.runtime.env_info import INFERENCE_ENV_SCHEMA_PATH, TRAINING_ENV_SCHEMA_PATH
from ads.model.runtime.model_provenance_details import MODEL_PROVENANCE_SCHEMA_PATH

__all__ = [
    "INFERENCE_ENV_SCHEMA_PATH",
    "MODEL_PROVENANCE_SCHEMA_PATH",
    "SERVICE_PACKS",
    "TRAINING_ENV_SCHEMA_PATH",
    "SchemaValidator",
    "get_service_packs",
]

SERVICE_PACKS = "service_packs"


def get_service_packs(
    namespace: str,
    bucketname: str,
    auth: dict[str, Any] | None = None,  # noqa: ARG001 - the catalog needs none
) -> tuple[dict[str, tuple[str, str]], dict[str, tuple[str, str]]]:
    """Return the known service packs twice: slug and Python by path, path and Python by slug. No network is used."""
    packs = {
        name: pack
        for name, pack in catalog(namespace=namespace, bucket=bucketname).items()
        if pack.type == SERVICE_PACK
    }
    by_path = {pack.path: (pack.slug, pack.python) for pack in packs.values()}
    return by_path, {name: (pack.path, pack.python) for name, pack in packs.items()}


class SchemaValidator:
    """Checks the content of a ``runtime.yaml``."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document

    @property
    def problems(self) -> list[str]:
        """A sentence for everything that can't be used."""
        return runtime_yaml.problems(self.document)

    def validate(self) -> None:
        """Raise :class:`~ads.errors.ArtifactError` (a ``ValueError``) that names every problem."""
        found = self.problems
        if found:
            raise ArtifactError(f"runtime.yaml: {' '.join(found)}", hint="Correct the file, or call prepare() again.")
