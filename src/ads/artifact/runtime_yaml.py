"""``runtime.yaml``: the environment that the model needs, and where it came from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ads.artifact import plain_yaml
from ads.artifact.layout import RUNTIME_YAML
from ads.artifact.yaml_reader import MAX_BYTES, parse_mapping
from ads.errors import ArtifactError

__all__ = ["MODEL_ARTIFACT_VERSION", "check", "parse", "problems", "python_version", "read", "text", "write"]

MODEL_ARTIFACT_VERSION = "3.0"

_ENV_TYPES = ("data_science", "published")
_TRAINING_ENV_KEYS = ("TRAINING_ENV_PATH", "TRAINING_ENV_SLUG", "TRAINING_ENV_TYPE", "TRAINING_PYTHON_VERSION")
_INFERENCE_ENV_KEYS = ("INFERENCE_ENV_PATH", "INFERENCE_ENV_SLUG", "INFERENCE_ENV_TYPE", "INFERENCE_PYTHON_VERSION")
_PROVENANCE_TEXTS = (
    "PROJECT_OCID",
    "TENANCY_OCID",
    "TRAINING_COMPARTMENT_OCID",
    "TRAINING_REGION",
    "TRAINING_RESOURCE_OCID",
    "USER_OCID",
    "VM_IMAGE_INTERNAL_ID",
)


def read(folder: Path | str) -> dict[str, Any]:
    """Return the content of ``runtime.yaml`` in ``folder``; every scalar is text or ``None``.

    Raises ``FileNotFoundError``, or :class:`~ads.errors.ArtifactError` when it isn't acceptable YAML.
    """
    with (Path(folder) / RUNTIME_YAML).open("rb") as file:
        return parse(file.read(1024 * 1024))


def parse(content: bytes) -> dict[str, Any]:
    """Return the mapping in ``content``. Raises :class:`~ads.errors.ArtifactError`."""
    plain = plain_yaml.parse(content) if len(content) <= MAX_BYTES else None
    return plain if plain is not None else parse_mapping(content, RUNTIME_YAML)


def check(document: Mapping[str, Any]) -> None:
    """Raise :class:`~ads.errors.ArtifactError` naming the first problem of ``document``, if it has one."""
    found = problems(document)
    if found:
        raise ArtifactError(f"{RUNTIME_YAML}: {found[0]}", hint="Correct the file, or call prepare() again.")


def problems(document: Mapping[str, Any]) -> list[str]:
    """Return a sentence for everything in ``document`` that can't be used; none when it is fine."""
    found: list[str] = []
    if document.get("MODEL_ARTIFACT_VERSION") is None:
        found.append("MODEL_ARTIFACT_VERSION is missing.")
    deployment = document.get("MODEL_DEPLOYMENT")
    environment = deployment.get("INFERENCE_CONDA_ENV") if isinstance(deployment, dict) else None
    if not isinstance(environment, dict):
        found.append("MODEL_DEPLOYMENT.INFERENCE_CONDA_ENV is missing or not a mapping.")
    else:
        found.extend(_environment_problems(environment))
    if "MODEL_PROVENANCE" not in document:
        found.append("MODEL_PROVENANCE is missing.")
    elif document["MODEL_PROVENANCE"]:
        found.extend(_provenance_problems(document["MODEL_PROVENANCE"]))
    return found


def python_version(document: Mapping[str, Any]) -> str:
    """Return ``INFERENCE_PYTHON_VERSION`` of a parsed ``runtime.yaml``, ``""`` when it isn't there."""
    place: Any = document
    for key in ("MODEL_DEPLOYMENT", "INFERENCE_CONDA_ENV", "INFERENCE_PYTHON_VERSION"):
        place = place.get(key) if isinstance(place, dict) else None
    return place if isinstance(place, str) else ""


def text(document: Mapping[str, Any]) -> str:
    """Return ``document`` as YAML: keys sorted and in upper case, two spaces a level, an empty line first.

    Values are text, ``None`` or further mappings.
    """
    return plain_yaml.text(document)


def write(folder: Path | str, document: Mapping[str, Any]) -> None:
    """Write ``document`` as ``runtime.yaml`` into ``folder``."""
    (Path(folder) / RUNTIME_YAML).write_text(text(document), encoding="utf-8")


def _environment_problems(environment: Mapping[str, Any]) -> list[str]:
    found = _unknown(environment, _INFERENCE_ENV_KEYS, "INFERENCE_CONDA_ENV")
    for key in ("INFERENCE_ENV_PATH", "INFERENCE_PYTHON_VERSION"):
        if not isinstance(environment.get(key), str):
            found.append(f"INFERENCE_CONDA_ENV.{key} is missing or not text.")
    for key in ("INFERENCE_ENV_SLUG", "INFERENCE_ENV_TYPE"):
        if not isinstance(environment.get(key, ""), str | None):
            found.append(f"INFERENCE_CONDA_ENV.{key} is not text.")
    kind = environment.get("INFERENCE_ENV_TYPE")
    if isinstance(kind, str) and kind and kind not in _ENV_TYPES:
        found.append(f"INFERENCE_CONDA_ENV.INFERENCE_ENV_TYPE is {kind[:60]!r}, not one of {', '.join(_ENV_TYPES)}.")
    return found


def _provenance_problems(provenance: object) -> list[str]:
    if not isinstance(provenance, dict):
        return ["MODEL_PROVENANCE is not a mapping."]
    found = _unknown(provenance, (*_PROVENANCE_TEXTS, "TRAINING_CODE", "TRAINING_CONDA_ENV"), "MODEL_PROVENANCE")
    for key in _PROVENANCE_TEXTS:
        required = key in {"PROJECT_OCID", "TRAINING_COMPARTMENT_OCID"}
        value = provenance.get(key)
        if key not in provenance or not (isinstance(value, str) or (value is None and not required)):
            found.append(f"MODEL_PROVENANCE.{key} is missing or not text.")
    code = provenance.get("TRAINING_CODE")
    if not isinstance(code, dict) or not isinstance(code.get("ARTIFACT_DIRECTORY"), str):
        found.append("MODEL_PROVENANCE.TRAINING_CODE.ARTIFACT_DIRECTORY is missing or not text.")
    training = provenance.get("TRAINING_CONDA_ENV")
    if not isinstance(training, dict):
        return [*found, "MODEL_PROVENANCE.TRAINING_CONDA_ENV is missing or not a mapping."]
    found.extend(_unknown(training, _TRAINING_ENV_KEYS, "TRAINING_CONDA_ENV"))
    found.extend(
        f"TRAINING_CONDA_ENV.{key} is missing or not text."
        for key in _TRAINING_ENV_KEYS
        if key not in training or not isinstance(training[key], str | None)
    )
    return found


def _unknown(section: Mapping[str, Any], known: tuple[str, ...], name: str) -> list[str]:
    return [f"{name} has the unknown key {key[:60]!r}." for key in section if key not in known]
