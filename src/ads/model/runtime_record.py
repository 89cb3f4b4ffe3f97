"""What ``runtime.yaml`` says of a model: where it was trained and where it is to run."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING, Any

from ads.errors import InputError

if TYPE_CHECKING:
    from ads.artifact.conda_packs import CondaPack
    from ads.model.options import PrepareOptions

__all__ = ["resolve_packs", "runtime_document"]

_PROVENANCE = {
    "PROJECT_OCID": ("PROJECT_OCID", "PIPELINE_PROJECT_OCID"),
    "TENANCY_OCID": ("TENANCY_OCID",),
    "TRAINING_COMPARTMENT_OCID": ("NB_SESSION_COMPARTMENT_OCID", "JOB_RUN_COMPARTMENT_OCID"),
    "TRAINING_REGION": ("NB_REGION", "OCI_RESOURCE_REGION"),
    "TRAINING_RESOURCE_OCID": ("JOB_RUN_OCID", "NB_SESSION_OCID"),
    "USER_OCID": ("USER_OCID",),
    "VM_IMAGE_INTERNAL_ID": ("VM_ID",),
}
"""Keys of the provenance section and the variables of notebook sessions and jobs that fill them."""


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
    running = ".".join(platform.python_version_tuple()[:2])
    python = options.inference_python_version or (inference.python if inference else running)
    trained_on = options.training_python_version or (training.python if training else running)
    return {
        "MODEL_ARTIFACT_VERSION": "3.0",
        "MODEL_DEPLOYMENT": {
            "INFERENCE_CONDA_ENV": {
                "INFERENCE_ENV_PATH": inference.path if inference else "",
                "INFERENCE_ENV_SLUG": inference.slug if inference else "",
                "INFERENCE_ENV_TYPE": inference.type if inference else "",
                "INFERENCE_PYTHON_VERSION": python,
            }
        },
        "MODEL_PROVENANCE": {
            **{key: _first_set(names) for key, names in _PROVENANCE.items()},
            # The folder's own path would tell of the machine it was made on.
            "TRAINING_CODE": {"ARTIFACT_DIRECTORY": "."},
            "TRAINING_CONDA_ENV": {
                "TRAINING_ENV_PATH": training.path if training else "",
                "TRAINING_ENV_SLUG": training.slug if training else "",
                "TRAINING_ENV_TYPE": training.type if training else "",
                "TRAINING_PYTHON_VERSION": trained_on,
            },
        },
    }


def _pack(slug_or_path: str | None, namespace: str) -> CondaPack | None:
    if not slug_or_path:
        return None
    from ads.artifact.conda_packs import resolve

    return resolve(slug_or_path, namespace=namespace)


def _first_set(names: tuple[str, ...]) -> str:
    return next((os.environ[name] for name in names if os.environ.get(name)), "")
