"""A deployment's settings as a form and as YAML, and back to the body that the API takes. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from ads.artifact.yaml_reader import parse_mapping
from ads.errors import InputError

__all__ = ["body_of_form", "body_of_yaml", "form_of", "variables_of", "yaml_of"]

_MODEL = "modelConfigurationDetails"
_ENVIRONMENT = "environmentConfigurationDetails"
_CONFIGURATION = "modelDeploymentConfigurationDetails"
_SHOWN = ("displayName", "description", "freeformTags", "definedTags", "categoryLogDetails", _CONFIGURATION)
_TEXTS = frozenset({"environmentVariables", "freeformTags"})
"""Mappings whose values are texts, whatever they look like."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def form_of(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the fields of the form hold for a deployment as the API shows it."""
    configuration = deployment[_CONFIGURATION]
    model = configuration.get(_MODEL) or {}
    instance = model.get("instanceConfiguration") or {}
    sizes = instance.get("modelDeploymentInstanceShapeConfigDetails") or {}
    policy = model.get("scalingPolicy") or {}
    variables = (configuration.get(_ENVIRONMENT) or {}).get("environmentVariables") or {}
    return {
        "displayName": deployment.get("displayName") or "",
        "description": deployment.get("description") or "",
        "shape": instance.get("instanceShapeName") or "",
        "ocpus": _plain(sizes.get("ocpus")),
        "memory": _plain(sizes.get("memoryInGBs")),
        "instances": policy.get("instanceCount", "") if policy.get("policyType", "FIXED_SIZE") == "FIXED_SIZE" else "",
        "bandwidth": model.get("bandwidthMbps") or "",
        "variables": "\n".join(f"{name}={value}" for name, value in variables.items()),
    }


def body_of_form(field: Callable[[str], str]) -> dict[str, Any]:
    """Return the body for an update, or for a new deployment's settings. Fields that are empty are left out.

    Raises InputError that names the field.
    """
    sizes = {"ocpus": _number("OCPUs", field("ocpus")), "memoryInGBs": _number("Memory", field("memory"))}
    instance = {
        "instanceShapeName": field("shape") or None,
        "modelDeploymentInstanceShapeConfigDetails": _given(sizes) or None,
    }
    instances = _whole("Instances", field("instances"))
    model = {
        "instanceConfiguration": _given(instance) or None,
        "scalingPolicy": None if instances is None else {"policyType": "FIXED_SIZE", "instanceCount": instances},
        "bandwidthMbps": _whole("Bandwidth", field("bandwidth")),
    }
    variables = variables_of(field("variables"))
    return {
        **({"displayName": field("displayName")} if field("displayName") else {}),
        "description": field("description"),
        _CONFIGURATION: {
            "deploymentType": "SINGLE_MODEL",
            _MODEL: _given(model),
            _ENVIRONMENT: {"environmentConfigurationType": "DEFAULT", "environmentVariables": variables},
        },
    }


def variables_of(text: str) -> dict[str, str]:
    """Return the environment variables of lines ``NAME=value``. Raises InputError naming the line."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        name, mark, value = line.partition("=")
        if not mark or not _NAME.fullmatch(name.strip()):
            raise InputError(f"Line {number} of the environment variables is no NAME=value.")
        if name.strip() in found:
            raise InputError(f"The environment variable {name.strip()} is there twice.")
        found[name.strip()] = value.strip()
    return found


def yaml_of(deployment: Mapping[str, Any]) -> str:
    """Return a deployment as the API shows it as YAML: what may be changed, under the API's names."""
    import yaml

    shown = {name: deployment[name] for name in _SHOWN if deployment.get(name) not in (None, {}, "")}
    text: str = yaml.safe_dump(shown, sort_keys=False, allow_unicode=True, default_flow_style=False, width=100)
    return text


def body_of_yaml(text: str) -> dict[str, Any]:
    """Return the body for an update. Raises InputError that says which line is no YAML, or what is no attribute."""
    import yaml

    content = text.encode()
    texts = parse_mapping(content, "The YAML")  # refuses aliases, tags, duplicate keys, depth: what follows is harmless
    unknown = [name for name in texts if name not in _SHOWN]
    if unknown:
        raise InputError(f"{unknown[0]} can't be changed, or is not known.", hint=f"Known: {', '.join(_SHOWN)}.")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = _typed(texts, yaml.load(content, Loader=loader), "")  # noqa: S506 - it is the safe one
    return found


def _typed(texts: Any, values: Any, place: str) -> Any:
    """Return numbers and flags as such, and what is a text, or must be one, as it stands in the YAML."""
    if isinstance(texts, dict):
        inside = {str(key): value for key, value in values.items()} if isinstance(values, dict) else {}
        if place.rpartition(".")[2] in _TEXTS:
            return {key: text if isinstance(text, str) else "" for key, text in texts.items()}
        return {key: _typed(text, inside.get(key), f"{place}.{key}".lstrip(".")) for key, text in texts.items()}
    if isinstance(texts, list):
        return [_typed(text, value, place) for text, value in zip(texts, values, strict=True)]
    if isinstance(values, float) and not math.isfinite(values):
        raise InputError(f"{place} is not a finite number.")
    return values if isinstance(values, (bool, int, float)) else texts


def _plain(value: Any) -> str:
    return "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _number(name: str, text: str) -> float | None:
    try:
        value = float(text) if text else None
    except ValueError:
        value = math.nan
    if value is not None and not (math.isfinite(value) and value > 0):
        raise InputError(f"{name}: {text[:40]!r} is not a number above 0.")
    return None if value is None else int(value) if value.is_integer() else value


def _whole(name: str, text: str) -> int | None:
    value = _number(name, text)
    if isinstance(value, float):
        raise InputError(f"{name}: {text[:40]!r} is not a whole number.")
    return value
