"""What a caller must be allowed to do for each route. A route that is not listed here answers nobody.

The verb is wanted in the compartment of what the path names; in those that ``compartmentId`` names in the query and the
body; and, where nothing says a compartment, in the tenancy. ``ANYWHERE`` and ``OWN`` are the exceptions.
"""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request
from starlette.concurrency import run_in_threadpool

from ads.api.context import context_of, permissions_of
from ads.api.places import TENANCY, compartments_named, place_in_path, related_places
from ads.errors import NotFound, NotPermitted, ServiceError
from ads.identity.access import Permissions, Verb, rank_of

__all__ = ["ANYWHERE", "OWN", "RULES", "authorize"]

_SCIENCE = "/20190101"
_OPEN = "/openads/v1"
_GROUPS = "/20200531/logGroups"
_BUCKET = "/n/{namespace}/b/{bucket}"
_UPLOADS = f"{_OPEN}/models/{{model_id}}/artifact/uploads"
_DEPLOYMENT = f"{_OPEN}/deployments/{{deployment_id}}"
_ALIASES = f"{_OPEN}/modelVersionSets/{{set_id}}/aliases"

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
    ("GET", f"{_OPEN}/models/{{model_id}}/labels"): "read",
    # Replicas on other machines come with passes of their own, each for one archive; nobody else gets anything here.
    ("GET", f"{_OPEN}/archives/{{archive_sha256}}"): "read",
    ("POST", _UPLOADS): "manage",
    ("GET", f"{_UPLOADS}/{{upload_id}}"): "manage",
    ("PUT", f"{_UPLOADS}/{{upload_id}}/parts/{{number}}"): "manage",
    ("POST", f"{_UPLOADS}/{{upload_id}}/commit"): "manage",
    ("DELETE", f"{_UPLOADS}/{{upload_id}}"): "manage",
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
    ("GET", f"{_SCIENCE}/modelDeployments/{{deployment_id}}/models/modelState"): "inspect",
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
    ("GET", "/workRequests"): "inspect",
    ("GET", "/workRequests/{work_request_id}"): "read",
    ("GET", "/workRequests/{work_request_id}/logs"): "read",
    ("GET", "/workRequests/{work_request_id}/errors"): "read",
    ("DELETE", "/workRequests/{work_request_id}"): "manage",
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
    ("GET", f"{_OPEN}/models/resolve"): "inspect",
    ("GET", f"{_OPEN}/models/search"): "inspect",
    ("GET", f"{_OPEN}/models/{{model_id}}/lineage"): "read",
    ("PUT", f"{_OPEN}/models/{{model_id}}/lineage"): "use",
    ("GET", f"{_OPEN}/events"): "inspect",
    ("GET", f"{_OPEN}/events/stream"): "inspect",
    ("POST", f"{_OPEN}/webhooks"): "manage",
    ("GET", f"{_OPEN}/webhooks"): "inspect",
    ("GET", f"{_OPEN}/webhooks/{{webhook_id}}"): "read",
    ("PUT", f"{_OPEN}/webhooks/{{webhook_id}}"): "manage",
    ("DELETE", f"{_OPEN}/webhooks/{{webhook_id}}"): "manage",
    ("POST", f"{_OPEN}/webhooks/{{webhook_id}}/actions/test"): "manage",
    ("GET", f"{_OPEN}/webhooks/{{webhook_id}}/deliveries"): "read",
    ("GET", _ALIASES): "inspect",
    ("GET", f"{_ALIASES}/{{alias}}"): "inspect",
    ("PUT", f"{_ALIASES}/{{alias}}"): "use",
    ("DELETE", f"{_ALIASES}/{{alias}}"): "use",
    ("GET", f"{_ALIASES}/{{alias}}/history"): "inspect",
    ("GET", f"{_OPEN}/deployments/{{deployment_id}}/logs"): "read",
    ("GET", f"{_OPEN}/deployments/{{deployment_id}}/logs/stream"): "read",
    ("POST", f"{_OPEN}/deployments/{{deployment_id}}/actions/restart"): "use",
    ("GET", f"{_DEPLOYMENT}/metrics"): "read",
    ("GET", f"{_DEPLOYMENT}/capture"): "read",
    ("PUT", f"{_DEPLOYMENT}/capture"): "manage",
    ("GET", f"{_DEPLOYMENT}/capture/files"): "manage",
    ("GET", f"{_DEPLOYMENT}/capture/files/{{name}}"): "manage",
    ("DELETE", f"{_DEPLOYMENT}/capture/files"): "manage",
    ("GET", f"{_OPEN}/metrics/summary"): "read",
    ("GET", _DEPLOYMENT): "read",
    ("GET", f"{_DEPLOYMENT}/revisions"): "read",
    ("GET", f"{_DEPLOYMENT}/rollouts"): "read",
    ("GET", f"{_DEPLOYMENT}/shadow"): "read",
    ("POST", f"{_DEPLOYMENT}/rollouts"): "use",
    ("POST", f"{_DEPLOYMENT}/rollouts/{{verb}}"): "use",
    ("POST", f"{_DEPLOYMENT}/rollback"): "use",
    ("PUT", f"{_DEPLOYMENT}/traffic"): "use",
    ("PUT", f"{_DEPLOYMENT}/follow"): "use",
    ("PUT", f"{_DEPLOYMENT}/autoscaling"): "use",
    ("PUT", f"{_DEPLOYMENT}/limits"): "use",
    ("GET", f"{_OPEN}/service"): "inspect",
    ("GET", f"{_OPEN}/openapi.json"): "inspect",
    ("GET", f"{_OPEN}/environments"): "inspect",
    ("POST", f"{_OPEN}/environments"): "manage",
    ("GET", f"{_OPEN}/environments/catalog"): "inspect",
    ("GET", f"{_OPEN}/environments/gc"): "inspect",
    ("POST", f"{_OPEN}/environments/gc"): "manage",
    ("GET", f"{_OPEN}/environments/{{environment_key}}"): "read",
    ("GET", f"{_OPEN}/gc"): "manage",
    ("POST", f"{_OPEN}/gc"): "manage",
    ("POST", f"{_OPEN}/keys"): "manage",
    ("GET", f"{_OPEN}/keys"): "inspect",
    ("DELETE", f"{_OPEN}/keys/{{fingerprint}}"): "manage",
    ("POST", f"{_OPEN}/tokens"): "manage",
    ("GET", f"{_OPEN}/tokens"): "inspect",
    ("DELETE", f"{_OPEN}/tokens/{{token_id}}"): "manage",
    ("POST", f"{_OPEN}/consoleLinks"): "inspect",
    ("POST", f"{_OPEN}/users"): "manage",
    ("GET", f"{_OPEN}/users"): "inspect",
    ("GET", f"{_OPEN}/users/{{user_id}}"): "inspect",
    ("PUT", f"{_OPEN}/users/{{user_id}}"): "manage",
    ("POST", f"{_OPEN}/users/{{user_id}}/actions/activate"): "manage",
    ("POST", f"{_OPEN}/users/{{user_id}}/actions/deactivate"): "manage",
    ("POST", f"{_OPEN}/grants"): "manage",
    ("GET", f"{_OPEN}/grants"): "inspect",
    ("DELETE", f"{_OPEN}/grants/{{grant_id}}"): "manage",
    ("POST", f"{_OPEN}/compartments"): "manage",
    ("GET", f"{_OPEN}/compartments"): "inspect",
    ("GET", f"{_OPEN}/compartments/{{compartment_id}}"): "inspect",
    ("PUT", f"{_OPEN}/compartments/{{compartment_id}}"): "manage",
    ("DELETE", f"{_OPEN}/compartments/{{compartment_id}}"): "manage",
    ("GET", "/20160918/users/{user_id}"): "inspect",
    ("POST", "/20180409/resources"): "inspect",
    ("POST", "/v2/repository/index"): "inspect",
    ("POST", "/v2/repository/models/{model_name}/load"): "use",
    ("POST", "/v2/repository/models/{model_name}/unload"): "use",
}


ANYWHERE = frozenset(
    {
        ("GET", f"{_OPEN}/service"),
        ("GET", f"{_SCIENCE}/modelDeploymentShapes"),
        ("GET", f"{_SCIENCE}/fastLaunchJobConfigs"),
        ("GET", "/n"),
        ("GET", "/n/{namespace}"),
        ("GET", "/20160918/users/{user_id}"),
        # These show only what the caller may see, wherever it lies.
        ("POST", "/20190909/search"),
        ("POST", "/20180409/resources"),
        ("POST", "/v2/repository/index"),
        ("GET", f"{_OPEN}/models/resolve"),
        ("GET", f"{_OPEN}/models/search"),
        ("GET", f"{_OPEN}/events"),
        ("GET", f"{_OPEN}/events/stream"),
        ("GET", f"{_OPEN}/metrics/summary"),
        ("GET", f"{_OPEN}/users"),
        ("GET", f"{_OPEN}/users/{{user_id}}"),
        ("GET", f"{_OPEN}/grants"),
        ("GET", f"{_OPEN}/compartments"),
        ("GET", f"{_OPEN}/openapi.json"),
        # These name a deployment by its name, and look themselves whether the caller may use it.
        ("POST", "/v2/repository/models/{model_name}/load"),
        ("POST", "/v2/repository/models/{model_name}/unload"),
    }
)
"""Routes that belong to no compartment: every credential may use them."""

OWN = frozenset(
    key for key in RULES if key[1].startswith((f"{_OPEN}/keys", f"{_OPEN}/tokens", f"{_OPEN}/consoleLinks"))
)
"""Routes about the caller's own credentials. Their handlers look after those of others."""

_NARROW = frozenset({("POST", f"{_OPEN}/tokens"), ("POST", f"{_OPEN}/consoleLinks")})
_OCI = ("/20190101/", "/20200531/", "/n/")


async def authorize(request: Request) -> None:
    """Return when the caller may use the route. Raises NotFound as if what it may not see weren't there."""
    key = (request.method, getattr(request.scope.get("route"), "path", ""))
    verb = RULES.get(key)
    if verb is None:
        raise NotPermitted("The route has no rule, so nobody may use it.")
    permissions = permissions_of(request)
    if permissions.unlimited:
        return
    if key in OWN:
        _authorize_own(permissions, verb, may_be_limited=key in _NARROW)
    else:
        await run_in_threadpool(_authorize, request, permissions, verb, anywhere=key in ANYWHERE)


def _authorize_own(permissions: Permissions, verb: Verb, *, may_be_limited: bool) -> None:
    """A limited token may make a narrower one, which the handler checks, log a browser in, and nothing else."""
    scope = permissions.scope
    if rank_of(scope.verb) < rank_of(verb) or (scope.limited and not may_be_limited):
        raise NotPermitted(
            "The token of this request is limited, and may not do this with credentials.",
            hint="Use a token without scope, or a key.",
        )


def _authorize(request: Request, permissions: Permissions, verb: Verb, *, anywhere: bool) -> None:
    deployment_id = request.path_params.get("deployment_id", "")
    with context_of(request).database.read() as session:
        placed = place_in_path(session, request.path_params)
        if placed is not None:
            compartment_id, refusal = placed
            if not permissions.allows(verb, compartment_id, deployment_id):
                raise refusal
        named = compartments_named(request, verb)
        for need in (*named, *related_places(request, session)):
            if not permissions.allows(need.verb, need.compartment_id, deployment_id):
                raise need.refusal
    if anywhere or placed is not None or (named and not TENANCY & request.path_params.keys()):
        return
    if not permissions.allows(verb, context_of(request).defaults.tenancy_id):
        raise _refusal(request)


def _refusal(request: Request) -> ServiceError:
    """Return the error of a request that says no compartment, and isn't allowed in the tenancy."""
    if request.url.path.startswith(_OCI):
        return ServiceError("compartmentId is missing.", status=400, service_code="MissingParameter")
    return NotFound("There is no such thing, or the credential doesn't allow seeing it.")
