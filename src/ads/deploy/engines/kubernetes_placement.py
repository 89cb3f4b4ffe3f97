"""What the operator says of the pods of all replicas: the file that the setting ``kubernetes_pod`` names."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from ads.deploy.engines.kubernetes_objects import Placement
from ads.errors import SettingError

__all__ = ["placement_of"]

_FIELDS: dict[str, type] = {
    "affinity": dict,
    "imagePullSecrets": list,
    "nodeSelector": dict,
    "priorityClassName": str,
    "runtimeClassName": str,
    "schedulerName": str,
    "serviceAccountName": str,
    "tolerations": list,
}
_VARIABLES = "variables"


def placement_of(path: str) -> Placement:
    """Return what the file (YAML) says; nothing for an empty path. Raises SettingError for what isn't known.

    It may have these fields of a pod's specification, and ``variables`` for the container that prepares a model.
    """
    import yaml

    if not path:
        return Placement()
    try:
        content = yaml.safe_load(Path(path).expanduser().read_text("utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingError(f"The file {path} of kubernetes_pod can't be read: {error}.", hint="Correct it.") from error
    if not isinstance(content, dict):
        raise SettingError(
            f"The file {path} of kubernetes_pod is no object.", hint=f"It may have {', '.join(_FIELDS)}."
        )
    variables = content.pop(_VARIABLES, None) or {}
    for name, value in content.items():
        _check(path, name, value)
    if not isinstance(variables, dict) or not all(isinstance(text, str) for pair in variables.items() for text in pair):
        raise SettingError(f"The variables in {path} must have texts as names and values.", hint="Put them in quotes.")
    return Placement(content, variables)


def _check(path: str, name: Any, value: Any) -> None:
    wanted = _FIELDS.get(name)
    if wanted is None:
        near = difflib.get_close_matches(str(name), [*_FIELDS, _VARIABLES], 1)
        known = f"It may have {', '.join(_FIELDS)} and {_VARIABLES}."
        raise SettingError(
            f"The file {path} of kubernetes_pod says {name!r}, which can't be set there.",
            hint=f"Did you mean {near[0]}?" if near else known,
        )
    if not isinstance(value, wanted):
        raise SettingError(f"{name} in the file {path} must be a {wanted.__name__}.", hint="See the documentation.")
