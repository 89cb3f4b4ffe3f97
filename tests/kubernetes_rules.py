"""What a cluster refuses: what breaks the published schemas, and the rules that they don't hold."""

from __future__ import annotations

import re
from typing import Any

MINORS = ("1.35", "1.36", "1.37")
_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_LABEL = re.compile(r"([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?")

Object = dict[str, Any]


class Refusal(Exception):
    def __init__(self, code: int, message: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.headers = code, message, headers or {}


def check(kind: str, name: str, wanted: Object) -> None:
    """Refuse what a cluster would: by the schemas, and by the rules that they don't hold."""
    from kubernetes_validate import ValidationError, validate

    if wanted.get("kind") != kind or wanted.get("metadata", {}).get("name") != name:
        raise Refusal(400, "the name or the kind of the object is not that of the address")
    try:
        for minor in MINORS:
            validate(wanted, minor, strict=True)
    except ValidationError as error:
        raise Refusal(422, f"{kind} is invalid: {error.message}") from None
    if not _NAME.fullmatch(name):
        raise Refusal(422, f"metadata.name: Invalid value: {name!r}")
    for about in (wanted["metadata"], wanted.get("spec", {}).get("template", {}).get("metadata", {})):
        for key, value in about.get("labels", {}).items():
            if not _LABEL.fullmatch(value) or len(key.rpartition("/")[2]) > 63:
                raise Refusal(422, f"metadata.labels: Invalid value: {value!r}")
    template = wanted.get("spec", {}).get("template")
    if template is not None:
        chosen = wanted["spec"]["selector"]["matchLabels"].items()
        if not chosen <= template["metadata"]["labels"].items():
            raise Refusal(422, "`selector` does not match template `labels`")
        check_pod(template["spec"])


def check_pod(spec: Object) -> None:
    volumes = {volume["name"] for volume in spec.get("volumes", ())}
    for container in [*spec.get("initContainers", ()), *spec["containers"]]:
        for mount in container.get("volumeMounts", ()):
            if mount["name"] not in volumes:
                raise Refusal(422, f"volumeMounts: Not found: {mount['name']!r}")
        for port in container.get("ports", ()):
            if len(port.get("name", "")) > 15:
                raise Refusal(422, "ports.name: must be no more than 15 characters")
        limits = container.get("resources", {}).get("limits", {})
        requests = container.get("resources", {}).get("requests", {})
        if "nvidia.com/gpu" in requests and requests["nvidia.com/gpu"] != limits.get("nvidia.com/gpu"):
            raise Refusal(422, "resources.limits: must be equal to nvidia.com/gpu request")
