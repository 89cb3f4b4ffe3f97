"""What ``runtime.yaml`` says of a model: where it was trained and where it is to run."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Any

from ads.errors import InputError

if TYPE_CHECKING:
    from ads.artifact.conda_packs import CondaPack
    from ads.model.options import PrepareOptions

__all__ = ["resolve_packs", "runtime_document"]


def resolve_packs(options: PrepareOptions) -> tuple[CondaPack | None, CondaPack | None]:
    """Return the conda packs for inference and training; None where none is named.

    An unknown slug raises :class:`~ads.errors.CondaPackNotFound`, unless ``ignore_conda_error`` is set. A pack that
    doesn't say its Python needs ``inference_python_version``. Training falls back to the pack for inference.
    """
    if options.ignore_conda_error:
        return None, None
    inference = _pack(options.inference_conda_env, options.namespace)
    if inference is not None and not (inference.python or options.inference_python_version):
        raise InputError(
            f"The Python version of {inference.path} is not known.",
            hint='Pass inference_python_version, for example "3.11".',
        )
    training = _pack(options.training_conda_env, options.namespace) if options.training_conda_env else inference
    return inference, training


def runtime_document(
    options: PrepareOptions, inference: CondaPack | None, training: CondaPack | None
) -> dict[str, Any]:
    """Return the content of ``runtime.yaml``. Without packs it names the running Python and no environment."""
    from ads.model.runtime.runtime_info import RuntimeInfo

    running = ".".join(platform.python_version_tuple()[:2])
    info = RuntimeInfo.from_env()
    deployed = info.model_deployment.inference_conda_env
    deployed.inference_python_version = options.inference_python_version or (inference.python if inference else running)
    if inference is not None:
        deployed.inference_env_path, deployed.inference_env_slug = inference.path, inference.slug
        deployed.inference_env_type = inference.type
    trained = info.model_provenance.training_conda_env
    trained.training_python_version = options.training_python_version or (training.python if training else running)
    if training is not None:
        trained.training_env_path, trained.training_env_slug = training.path, training.slug
        trained.training_env_type = training.type
    # The folder's own path would tell of the machine it was made on.
    info.model_provenance.training_code.artifact_directory = "."
    return info.to_dict(side_effect="upper")


def _pack(slug_or_path: str | None, namespace: str) -> CondaPack | None:
    if not slug_or_path:
        return None
    from ads.artifact.conda_packs import resolve

    return resolve(slug_or_path, namespace=namespace)
