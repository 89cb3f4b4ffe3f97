"""What a deployment's configuration asks of this machine: how many replicas, their limits, their environment."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ads.deploy.autoscale import Policy, parse_threshold_policy
from ads.errors import InputError

__all__ = [
    "MOST_REPLICAS",
    "DeploymentSpec",
    "merge_configuration",
    "needs_new_replicas",
    "parse_spec",
    "with_defaults",
]

MOST_REPLICAS = 64
_GIB = 1024**3
_SMALLEST_MEMORY = 1.0
_THREADS_PER_OCPU = 2  # an OCPU is one physical core with two hardware threads
_MOST_VARIABLE_BYTES = 64 * 1024  # a process can't be started with much more
_RESERVED = ("OPENADS_",)
_MODEL = "modelConfigurationDetails"
_KNOWN: dict[tuple[str, ...], frozenset[str]] = {
    (): frozenset(
        {
            "deploymentType",
            "updateType",
            _MODEL,
            "environmentConfigurationDetails",
            "streamConfigurationDetails",
            "infrastructureConfigurationDetails",
            "modelGroupConfigurationDetails",
        }
    ),
    (_MODEL,): frozenset(
        {
            "modelId",
            "instanceConfiguration",
            "scalingPolicy",
            "bandwidthMbps",
            "maximumBandwidthMbps",
            "modelArtifactSignatureId",
        }
    ),
    (_MODEL, "instanceConfiguration"): frozenset(
        {
            "instanceShapeName",
            "modelDeploymentInstanceShapeConfigDetails",
            "subnetId",
            "privateEndpointId",
            "networkAccessType",
            "capacityReservationIds",
        }
    ),
    (_MODEL, "instanceConfiguration", "modelDeploymentInstanceShapeConfigDetails"): frozenset(
        {"ocpus", "memoryInGBs", "cpuBaseline"}
    ),
    (_MODEL, "scalingPolicy"): frozenset(
        {"policyType", "instanceCount", "coolDownInSeconds", "isEnabled", "autoScalingPolicies"}
    ),
}


@dataclass(frozen=True)
class DeploymentSpec:
    """A checked configuration. ``memory_bytes`` 0 means no limit; ``threads`` is what BLAS and OpenMP may use.

    Each of ``instances`` is ``workers`` replicas; with a ``policy`` the instances are those to begin with.
    """

    model_id: str
    instances: int
    workers: int
    shape: str
    threads: int
    memory_bytes: int
    environment: Mapping[str, str]
    bandwidth_mbps: int | None = None
    policy: Policy | None = None
    ocpus: float = 0.0
    """As asked for; 0: not said."""

    @property
    def replicas(self) -> int:
        """How many replicas there are to begin with."""
        return self.instances * self.workers


def parse_spec(configuration: Mapping[str, Any], processors: int | None = None) -> DeploymentSpec:
    """Return what ``modelDeploymentConfigurationDetails`` asks for. Names of shapes are accepted as they are.

    Raises InputError naming the attribute that is missing, wrong or unknown, and for model groups and containers,
    which no engine here has.
    """
    _require_known(configuration)
    deployment_type = _text(configuration, "deploymentType")
    if deployment_type != "SINGLE_MODEL":
        raise InputError(f"deploymentType {deployment_type!r} is not available here.", hint="Use SINGLE_MODEL.")
    model = _object(configuration, "modelConfigurationDetails")
    instance = _object(model, "instanceConfiguration", "modelConfigurationDetails.")
    shape = _text(instance, "instanceShapeName", "instanceConfiguration.")
    sizes = _object(instance, "modelDeploymentInstanceShapeConfigDetails", "instanceConfiguration.", required=False)
    variables = _variables(configuration)
    workers = _workers(variables)
    policy = _object(model, "scalingPolicy", "modelConfigurationDetails.", required=False)
    instances, autoscaling = _instances(policy, workers)
    return DeploymentSpec(
        model_id=_text(model, "modelId", "modelConfigurationDetails."),
        instances=instances,
        workers=workers,
        policy=autoscaling,
        shape=shape,
        threads=_threads(sizes, processors or os.cpu_count() or 1),
        memory_bytes=_memory(sizes),
        ocpus=_number(sizes, "ocpus") or 0.0,
        environment=variables,
        bandwidth_mbps=_integer(model, "bandwidthMbps", "modelConfigurationDetails.", None),
    )


def with_defaults(configuration: Mapping[str, Any]) -> dict[str, Any]:
    """Return a checked configuration with the parts that clients read and may leave out when they write."""
    model = dict(configuration["modelConfigurationDetails"])
    policy = {"policyType": "FIXED_SIZE", **(model.get("scalingPolicy") or {})}
    model["scalingPolicy"] = {"instanceCount": 1, **policy} if policy["policyType"] == "FIXED_SIZE" else policy
    environment = {"environmentConfigurationType": "DEFAULT", "environmentVariables": {}}
    given = configuration.get("environmentConfigurationDetails") or {}
    return {
        **configuration,
        "modelConfigurationDetails": model,
        "environmentConfigurationDetails": {**environment, **given},
    }


def merge_configuration(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``old`` with what ``new`` names replaced, level by level; what ``new`` leaves out or null stays.

    Maps that are the user's own (environment variables) are replaced as a whole, as are lists and, where its type
    changes, the scaling policy.
    """
    merged = dict(old)
    for key, value in new.items():
        if value is None or key == "updateType":
            continue
        before = merged.get(key)
        whole = key == "environmentVariables" or (key == "scalingPolicy" and _other_type(before, value))
        if isinstance(value, Mapping) and isinstance(before, Mapping) and not whole:
            merged[key] = merge_configuration(before, value)
        else:
            merged[key] = value
    return merged


def _other_type(before: Any, after: Any) -> bool:
    return (
        isinstance(before, Mapping)
        and isinstance(after, Mapping)
        and (after.get("policyType", before.get("policyType")) != before.get("policyType"))
    )


def needs_new_replicas(old: DeploymentSpec, new: DeploymentSpec) -> bool:
    """Tell whether running replicas of ``old`` can't serve as replicas of ``new``; their number alone is no reason."""
    return (old.model_id, old.threads, old.memory_bytes, dict(old.environment)) != (
        new.model_id,
        new.threads,
        new.memory_bytes,
        dict(new.environment),
    )


def _instances(policy: Mapping[str, Any], workers: int) -> tuple[int, Policy | None]:
    """Return with how many instances to begin, and the rules for other numbers."""
    kind = policy.get("policyType", "FIXED_SIZE")
    if kind == "AUTOSCALING":
        found = parse_threshold_policy(policy)
        entry = policy["autoScalingPolicies"][0]
        instances, most = entry["initialInstanceCount"], entry["maximumInstanceCount"]
    elif kind == "FIXED_SIZE":
        found = None
        instances = most = _integer(policy, "instanceCount", "scalingPolicy.", 1) or 0
    else:
        raise InputError(
            f"scalingPolicy.policyType {kind!r} is not available here.", hint="Use FIXED_SIZE or AUTOSCALING."
        )
    if not 1 <= most * workers <= MOST_REPLICAS:
        raise InputError(
            f"{most} instances of {workers} processes (WEB_CONCURRENCY) are {most * workers} replicas.",
            hint=f"Ask for 1 to {MOST_REPLICAS} in all.",
        )
    return instances, found


def _workers(variables: Mapping[str, str]) -> int:
    text = variables.get("WEB_CONCURRENCY", "1")
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise InputError(f"WEB_CONCURRENCY is {text!r}, not a whole number of at least 1.")
    return int(text)


def _require_known(configuration: Mapping[str, Any]) -> None:
    """Refuse attributes that nobody would read: a setting that is misspelt must not look as if it were in force."""
    for path, known in _KNOWN.items():
        place: Any = configuration
        for step in path:
            place = place.get(step) if isinstance(place, Mapping) else None
        if not isinstance(place, Mapping):
            continue
        for name in place:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, 1)
                raise InputError(
                    f"{'.'.join((*path, str(name)))} is no attribute of a deployment.",
                    hint=f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(sorted(known))}.",
                )


def _threads(sizes: Mapping[str, Any], processors: int) -> int:
    ocpus = _number(sizes, "ocpus")
    return processors if ocpus is None else max(1, min(processors, round(ocpus * _THREADS_PER_OCPU)))


def _memory(sizes: Mapping[str, Any]) -> int:
    gigabytes = _number(sizes, "memoryInGBs")
    return 0 if gigabytes is None else int(max(gigabytes, _SMALLEST_MEMORY) * _GIB)


def _variables(configuration: Mapping[str, Any]) -> dict[str, str]:
    details = _object(configuration, "environmentConfigurationDetails", required=False)
    kind = details.get("environmentConfigurationType", "DEFAULT")
    if kind != "DEFAULT":
        raise InputError(
            f"environmentConfigurationType {kind!r} is not available: this engine runs no containers.",
            hint="Leave the image out; the model's environment is built from its requirements.",
        )
    variables = _object(details, "environmentVariables", "environmentConfigurationDetails.", required=False)
    for name, value in variables.items():
        if not isinstance(value, str) or "\0" in value or not name or "=" in name or "\0" in name:
            raise InputError(f"The environment variable {name!r} must have a name and a text as its value.")
        if name.startswith(_RESERVED):
            raise InputError(f"The environment variable {name!r} is reserved.", hint="Choose another name.")
    if sum(len(name.encode()) + len(value.encode()) for name, value in variables.items()) > _MOST_VARIABLE_BYTES:
        raise InputError(f"The environment variables have more than {_MOST_VARIABLE_BYTES} bytes in all.")
    return dict(variables)


def _object(parent: Mapping[str, Any], key: str, path: str = "", *, required: bool = True) -> Mapping[str, Any]:
    value = parent.get(key)
    if value is None and not required:
        return {}
    if not isinstance(value, Mapping):
        raise InputError(f"{path}{key} is missing." if value is None else f"{path}{key} must be an object.")
    return value


def _text(parent: Mapping[str, Any], key: str, path: str = "") -> str:
    value = parent.get(key)
    if not isinstance(value, str) or not value:
        raise InputError(f"{path}{key} is missing." if value is None else f"{path}{key} must be a text.")
    return value


def _integer(parent: Mapping[str, Any], key: str, path: str, default: int | None) -> int | None:
    value = parent.get(key)
    if value is None:
        return default
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InputError(f"{path}{key} must be a whole number of at least 1.")
    return value


def _number(parent: Mapping[str, Any], key: str) -> float | None:
    value = parent.get(key)
    if value is None:
        return None
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 < value < 1e6:
        raise InputError(f"modelDeploymentInstanceShapeConfigDetails.{key} must be a number above 0.")
    return float(value)
