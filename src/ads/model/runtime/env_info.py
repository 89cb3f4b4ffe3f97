"""The environment that a model was trained in, and the one that it is deployed in."""

from __future__ import annotations

import os
from abc import ABC
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from ads.artifact.conda_packs import (
    DEFAULT_BUCKET,
    DEFAULT_NAMESPACE,
    PUBLISHED,
    SERVICE_PACK,
    CondaPack,
    resolve,
    resolve_path,
)
from ads.model.runtime.document import RuntimeDocument

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "CONDA_BUCKET_NAME",
    "CONDA_BUCKET_NS",
    "DEFAULT_CONDA_BUCKET_NAME",
    "INFERENCE_ENV_SCHEMA_PATH",
    "PACK_TYPE",
    "TRAINING_ENV_SCHEMA_PATH",
    "EnvInfo",
    "InferenceEnvInfo",
    "TrainingEnvInfo",
]

DEFAULT_CONDA_BUCKET_NAME = DEFAULT_BUCKET
CONDA_BUCKET_NAME = os.environ.get("CONDA_BUCKET_NAME", DEFAULT_BUCKET)
CONDA_BUCKET_NS = os.environ.get("CONDA_BUCKET_NS", DEFAULT_NAMESPACE)
_SCHEMAS = os.path.join(os.path.dirname(__file__), "schemas")  # noqa: PTH118, PTH120 - pathlib is slow to import
INFERENCE_ENV_SCHEMA_PATH = os.path.join(_SCHEMAS, "inference_env.json")  # noqa: PTH118
"""A JSON schema of the inference environment in ``runtime.yaml``, for editors."""
TRAINING_ENV_SCHEMA_PATH = os.path.join(_SCHEMAS, "training_env.json")  # noqa: PTH118
"""A JSON schema of the training environment in ``runtime.yaml``, for editors."""


class PACK_TYPE(Enum):  # noqa: N801 - a public name
    """Whether a pack comes with the service or from a user's bucket."""

    SERVICE_PACK = SERVICE_PACK
    USER_CUSTOM_PACK = PUBLISHED


class EnvInfo(ABC):  # noqa: B024 - the two classes below differ only in the names of their fields
    """A conda environment as ``runtime.yaml`` describes it."""

    _purpose: ClassVar[str] = ""

    @classmethod
    def from_slug(
        cls,
        env_slug: str,
        namespace: str = CONDA_BUCKET_NS,
        bucketname: str = CONDA_BUCKET_NAME,
        auth: dict[str, Any] | None = None,  # noqa: ARG003 - the catalog needs none
    ) -> Self:
        """Return the environment that a slug stands for, from the catalog that ships with this package.

        Raises :class:`~ads.errors.CondaPackNotFound` (a ``ValueError``) that names the closest known slugs.
        """
        return cls._from_pack(resolve(env_slug, namespace=namespace, bucket=bucketname))

    @classmethod
    def from_path(cls, env_path: str, auth: dict[str, Any] | None = None) -> Self:  # noqa: ARG003
        """Return the environment at a full path ``oci://bucket@namespace/…``.

        The slug is the path's last part; the Python version comes from the catalog or the slug, else it is empty.
        Raises :class:`~ads.errors.CondaPackNotFound` (a ``ValueError``) for anything else.
        """
        return cls._from_pack(resolve_path(env_path))

    @classmethod
    def _from_pack(cls, pack: CondaPack) -> Self:
        prefix = cls._purpose
        return cls(
            **{
                f"{prefix}_env_slug": pack.slug,
                f"{prefix}_env_type": pack.type,
                f"{prefix}_env_path": pack.path,
                f"{prefix}_python_version": pack.python,
            }
        )


@dataclass(repr=False)
class InferenceEnvInfo(EnvInfo, RuntimeDocument):
    """The environment that a model is deployed in."""

    _purpose: ClassVar[str] = "inference"

    inference_env_slug: str = ""
    inference_env_type: str = ""
    inference_env_path: str = ""
    inference_python_version: str = ""


@dataclass(repr=False)
class TrainingEnvInfo(EnvInfo, RuntimeDocument):
    """The environment that a model was trained in."""

    _purpose: ClassVar[str] = "training"

    training_env_slug: str = ""
    training_env_type: str = ""
    training_env_path: str = ""
    training_python_version: str = ""
