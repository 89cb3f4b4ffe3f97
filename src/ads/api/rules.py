"""What a caller must be allowed to do for each route. A route that is not listed here answers nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fastapi import Request

from ads.errors import NotPermitted

__all__ = ["RULES", "Verb", "authorize"]

Verb = Literal["inspect", "read", "use", "manage"]
"""OCI's four verbs, each of which includes those before it."""

_SCIENCE = "/20190101"
_OPEN = "/openads/v1"
_GROUPS = "/20200531/logGroups"
_BUCKET = "/n/{namespace}/b/{bucket}"

_ATTACHED_FILES: dict[tuple[str, str], Verb] = {
    (method, f"{_SCIENCE}/models/{{model_id}}/{kind}Metadata/{{key:path}}/artifact{suffix}"): "use"
    if change
    else "read"
    for kind in ("custom", "defined")
    for suffix, change, methods in (("", True, ("POST", "PUT", "DELETE")), ("/content", False, ("HEAD", "GET")))
    for method in methods
}

RULES: Mapping[tuple[str, str], Verb] = {
    ("POST", f"{_SCIENCE}/projects"): "manage",
    ("GET", f"{_SCIENCE}/projects"): "inspect",
    ("GET", f"{_SCIENCE}/projects/{{project_id}}"): "read",
    ("PUT", f"{_SCIENCE}/projects/{{project_id}}"): "use",
    ("DELETE", f"{_SCIENCE}/projects/{{project_id}}"): "manage",
    ("POST", f"{_SCIENCE}/projects/{{project_id}}/actions/changeCompartment"): "manage",
    ("POST", f"{_SCIENCE}/models"): "manage",
    ("GET", f"{_SCIENCE}/models"): "inspect",
    ("GET", f"{_SCIENCE}/models/{{model_id}}"): "read",
    ("PUT", f"{_SCIENCE}/models/{{model_id}}"): "use",
    ("DELETE", f"{_SCIENCE}/models/{{model_id}}"): "manage",
    ("POST", f"{_SCIENCE}/models/{{model_id}}/actions/activate"): "use",
    ("POST", f"{_SCIENCE}/models/{{model_id}}/actions/deactivate"): "use",
    ("POST", f"{_SCIENCE}/models/{{model_id}}/actions/changeCompartment"): "manage",
    ("POST", f"{_SCIENCE}/models/{{model_id}}/artifact"): "manage",
    ("POST", f"{_SCIENCE}/models/{{model_id}}/actions/exportArtifact"): "manage",
    ("POST", f"{_SCIENCE}/models/{{model_id}}/actions/importArtifact"): "read",
    ("POST", f"{_SCIENCE}/models/{{model_id}}/actions/registerArtifactReference"): "manage",
    ("POST", f"{_SCIENCE}/models/{{model_id}}/actions/restore"): "use",
    ("HEAD", f"{_SCIENCE}/models/{{model_id}}/artifact/content"): "read",
    ("GET", f"{_SCIENCE}/models/{{model_id}}/artifact/content"): "read",
    ("POST", f"{_SCIENCE}/models/{{model_id}}/provenance"): "manage",
    ("GET", f"{_SCIENCE}/models/{{model_id}}/provenance"): "read",
    ("PUT", f"{_SCIENCE}/models/{{model_id}}/provenance"): "use",
    **_ATTACHED_FILES,
    ("POST", f"{_SCIENCE}/modelVersionSets"): "manage",
    ("GET", f"{_SCIENCE}/modelVersionSets"): "inspect",
    ("GET", f"{_SCIENCE}/modelVersionSets/{{set_id}}"): "read",
    ("PUT", f"{_SCIENCE}/modelVersionSets/{{set_id}}"): "use",
    ("DELETE", f"{_SCIENCE}/modelVersionSets/{{set_id}}"): "manage",
    ("POST", f"{_SCIENCE}/modelVersionSets/{{set_id}}/actions/changeCompartment"): "manage",
    ("POST", f"{_SCIENCE}/modelDeployments"): "manage",
    ("GET", f"{_SCIENCE}/modelDeployments"): "inspect",
    ("GET", f"{_SCIENCE}/modelDeployments/{{deployment_id}}"): "read",
    ("PUT", f"{_SCIENCE}/modelDeployments/{{deployment_id}}"): "use",
    ("DELETE", f"{_SCIENCE}/modelDeployments/{{deployment_id}}"): "manage",
    ("POST", f"{_SCIENCE}/modelDeployments/{{deployment_id}}/actions/activate"): "use",
    ("POST", f"{_SCIENCE}/modelDeployments/{{deployment_id}}/actions/deactivate"): "use",
    ("POST", f"{_SCIENCE}/modelDeployments/{{deployment_id}}/actions/changeCompartment"): "manage",
    ("GET", f"{_SCIENCE}/modelDeploymentShapes"): "inspect",
    ("GET", f"{_SCIENCE}/fastLaunchJobConfigs"): "inspect",
    ("GET", f"{_SCIENCE}/workRequests"): "inspect",
    ("GET", f"{_SCIENCE}/workRequests/{{work_request_id}}"): "read",
    ("GET", f"{_SCIENCE}/workRequests/{{work_request_id}}/logs"): "read",
    ("GET", f"{_SCIENCE}/workRequests/{{work_request_id}}/errors"): "read",
    ("DELETE", f"{_SCIENCE}/workRequests/{{work_request_id}}"): "manage",
    ("POST", "/20190909/search"): "read",
    ("POST", _GROUPS): "manage",
    ("GET", _GROUPS): "inspect",
    ("GET", f"{_GROUPS}/{{group_id}}"): "read",
    ("POST", f"{_GROUPS}/{{group_id}}/logs"): "manage",
    ("GET", f"{_GROUPS}/{{group_id}}/logs"): "inspect",
    ("GET", f"{_GROUPS}/{{group_id}}/logs/{{log_id}}"): "read",
    ("GET", "/20200531/workRequests/{work_request_id}"): "read",
    ("GET", "/n"): "inspect",
    ("GET", "/n/{namespace}"): "inspect",
    ("POST", "/n/{namespace}/b"): "manage",
    ("GET", "/n/{namespace}/b"): "inspect",
    ("HEAD", _BUCKET): "inspect",
    ("GET", _BUCKET): "read",
    ("POST", _BUCKET): "manage",
    ("DELETE", _BUCKET): "manage",
    ("GET", f"{_BUCKET}/o"): "inspect",
    ("GET", f"{_BUCKET}/objectversions"): "inspect",
    ("POST", f"{_BUCKET}/actions/copyObject"): "manage",
    ("POST", f"{_BUCKET}/actions/renameObject"): "manage",
    ("GET", "/workRequests/{work_request_id}"): "read",
    ("PUT", f"{_BUCKET}/o/{{name:path}}"): "manage",
    ("HEAD", f"{_BUCKET}/o/{{name:path}}"): "inspect",
    ("GET", f"{_BUCKET}/o/{{name:path}}"): "read",
    ("DELETE", f"{_BUCKET}/o/{{name:path}}"): "manage",
    ("POST", f"{_BUCKET}/u"): "manage",
    ("GET", f"{_BUCKET}/u"): "inspect",
    ("PUT", f"{_BUCKET}/u/{{name:path}}"): "manage",
    ("GET", f"{_BUCKET}/u/{{name:path}}"): "inspect",
    ("POST", f"{_BUCKET}/u/{{name:path}}"): "manage",
    ("DELETE", f"{_BUCKET}/u/{{name:path}}"): "manage",
    ("POST", f"{_BUCKET}/p"): "manage",
    ("GET", f"{_BUCKET}/p"): "manage",
    ("GET", f"{_BUCKET}/p/{{request_id}}"): "manage",
    ("DELETE", f"{_BUCKET}/p/{{request_id}}"): "manage",
    # What a link opens is done on behalf of its maker, who must have had the right to make it.
    ("HEAD", f"/p/{{token}}{_BUCKET}/o/{{name:path}}"): "read",
    ("GET", f"/p/{{token}}{_BUCKET}/o/{{name:path}}"): "read",
    ("PUT", f"/p/{{token}}{_BUCKET}/o/{{name:path}}"): "manage",
    ("GET", f"{_OPEN}/deployments/{{deployment_id}}/logs"): "read",
    ("POST", f"{_OPEN}/deployments/{{deployment_id}}/actions/restart"): "use",
    ("GET", f"{_OPEN}/service"): "inspect",
    ("POST", f"{_OPEN}/keys"): "manage",
    ("GET", f"{_OPEN}/keys"): "inspect",
    ("DELETE", f"{_OPEN}/keys/{{fingerprint}}"): "manage",
    ("POST", f"{_OPEN}/tokens"): "manage",
    ("GET", f"{_OPEN}/tokens"): "inspect",
    ("DELETE", f"{_OPEN}/tokens/{{token_id}}"): "manage",
    ("GET", "/20160918/users/{user_id}"): "inspect",
    ("POST", "/20180409/resources"): "inspect",
}


async def authorize(request: Request) -> None:
    """Return when the caller may use the route. There is one principal so far, the administrator, who may do all."""
    route = request.scope.get("route")
    if (request.method, getattr(route, "path", "")) not in RULES:
        raise NotPermitted("The route has no rule, so nobody may use it.")
