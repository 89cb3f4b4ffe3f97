"""Operations below ``/openads/v1``: what OCI has no path for."""

from __future__ import annotations

from ads.api.openapi.operation import Operation, listing, query

__all__ = ["OPERATIONS"]

_OPEN = "/openads/v1"
_ALIASES = f"{_OPEN}/modelVersionSets/{{set_id}}/aliases"
_ONE_USER = f"{_OPEN}/users/{{user_id}}"
_ONE_PLACE = f"{_OPEN}/compartments/{{compartment_id}}"
_UPLOADS = f"{_OPEN}/models/{{model_id}}/artifact/uploads"
_ONE_UPLOAD = f"{_UPLOADS}/{{upload_id}}"
_LINEAGE = f"{_OPEN}/models/{{model_id}}/lineage"
_HOOKS = f"{_OPEN}/webhooks"
_ONE_HOOK = f"{_HOOKS}/{{webhook_id}}"
_ONE_D = f"{_OPEN}/deployments/{{deployment_id}}"
_SHARES = {"traffic": [{"revision": 3, "weight": 90}, {"revision": 4, "weight": 10}]}
_SCALING = {"minimum": 0, "maximum": 4, "targetInFlight": 8}
_PAGES = listing(compartment=False)
_EVENTS = (
    query("after", {"type": "integer", "minimum": 0}, text="The number of the last event that is known."),
    query("resourceId"),
    query("action", text="As `model.create` or `alias.*`."),
    query("principal"),
    query("compartmentId"),
)
_WINDOW = (
    query("since", text="A time, or Unix seconds; without it an hour before `until`."),
    query("until", text="A time, or Unix seconds; without it now."),
    query("step", {"type": "integer", "minimum": 60, "multipleOf": 60}, text="Seconds."),
)
_USER = query("userId", text="Whose; without it the caller's own.")
_OLDER = (query("olderThanSeconds", {"type": "integer", "minimum": 0}),)

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", f"{_OPEN}/openapi.json"): Operation("api.describe", "OpenApi"),
    ("GET", f"{_OPEN}/service"): Operation("service.get", "Service"),
    ("GET", f"{_OPEN}/environments"): Operation("environment.list", "items:Environment", pages=True, query=_PAGES),
    ("POST", f"{_OPEN}/environments"): Operation(
        "environment.build", status=202, work=True, example={"requirements": ["scikit-learn==1.5.2"]}
    ),
    ("GET", f"{_OPEN}/environments/catalog"): Operation(
        "environment.catalog", "items:EnvironmentSlug", pages=True, query=_PAGES
    ),
    ("GET", f"{_OPEN}/environments/gc"): Operation("environment.find-unused", "Garbage", query=_OLDER),
    ("POST", f"{_OPEN}/environments/gc"): Operation("environment.remove-unused", "Garbage", query=_OLDER),
    ("GET", f"{_OPEN}/environments/{{environment_key}}"): Operation("environment.get", "Environment"),
    ("GET", f"{_OPEN}/gc"): Operation("garbage.find", "Garbage", query=_OLDER),
    ("POST", f"{_OPEN}/gc"): Operation("garbage.collect", "Garbage", query=_OLDER),
    ("POST", f"{_OPEN}/users"): Operation(
        "user.create", "User", etag=True, example={"name": "ada", "description": "from the risk team"}
    ),
    ("GET", f"{_OPEN}/users"): Operation("user.list", "items:User", pages=True, query=_PAGES),
    ("GET", _ONE_USER): Operation("user.get", "User", etag=True),
    ("PUT", _ONE_USER): Operation("user.update", "User", etag=True, matches=True, example={"description": "…"}),
    ("POST", f"{_ONE_USER}/actions/activate"): Operation("user.activate", "User", etag=True, matches=True),
    ("POST", f"{_ONE_USER}/actions/deactivate"): Operation("user.deactivate", "User", etag=True, matches=True),
    ("POST", f"{_OPEN}/grants"): Operation(
        "grant.create",
        "Grant",
        example={
            "userId": "ocid1.user.oc1..example",
            "verb": "use",
            "compartmentId": "ocid1.compartment.oc1..example",
        },
    ),
    ("GET", f"{_OPEN}/grants"): Operation(
        "grant.list", "items:Grant", pages=True, query=(query("userId"), query("compartmentId"), *_PAGES)
    ),
    ("DELETE", f"{_OPEN}/grants/{{grant_id}}"): Operation("grant.delete", status=204),
    ("POST", f"{_OPEN}/compartments"): Operation(
        "compartment.create",
        "Compartment",
        etag=True,
        example={"compartmentId": "ocid1.tenancy.oc1..example", "name": "risk"},
    ),
    ("GET", f"{_OPEN}/compartments"): Operation(
        "compartment.list", "items:Compartment", pages=True, query=(query("compartmentId"), *_PAGES)
    ),
    ("GET", _ONE_PLACE): Operation("compartment.get", "Compartment", etag=True),
    ("PUT", _ONE_PLACE): Operation(
        "compartment.update", "Compartment", etag=True, matches=True, example={"description": "…"}
    ),
    ("DELETE", _ONE_PLACE): Operation("compartment.delete", status=204, matches=True),
    ("POST", f"{_OPEN}/keys"): Operation(
        "key.create", "Profile", example={"publicKey": "-----BEGIN PUBLIC KEY-----\n…"}
    ),
    ("GET", f"{_OPEN}/keys"): Operation("key.list", "items:Key", pages=True, query=(_USER, *_PAGES)),
    ("DELETE", f"{_OPEN}/keys/{{fingerprint}}"): Operation("key.delete", status=204, query=(_USER,)),
    ("POST", f"{_OPEN}/tokens"): Operation(
        "token.create", "NewlyMadeToken", example={"name": "ci", "scope": {"verb": "read"}}
    ),
    ("GET", f"{_OPEN}/tokens"): Operation("token.list", "items:Token", pages=True, query=(_USER, *_PAGES)),
    ("DELETE", f"{_OPEN}/tokens/{{token_id}}"): Operation("token.delete", status=204, query=(_USER,)),
    ("POST", f"{_OPEN}/consoleLinks"): Operation(
        "consoleLink.create", "ConsoleLink", example={"place": "/console/models"}
    ),
    ("GET", f"{_OPEN}/models/resolve"): Operation(
        "model.resolve",
        "NamedModel",
        query=(query("reference", required=True), query("compartmentId")),
        refusals=(409,),
    ),
    ("GET", f"{_OPEN}/models/search"): Operation(
        "model.search",
        "items:FoundModel",
        pages=True,
        query=(
            query("query", text='Words, `field:value`, `field:"two words"`, `auc>0.9`; a `-` before one excludes.'),
            query("compartmentId"),
            query("sortBy"),
            query("sortOrder", {"type": "string", "enum": ["ASC", "DESC"]}),
            *_PAGES,
        ),
    ),
    ("GET", f"{_OPEN}/models/{{model_id}}/labels"): Operation("model-label.list", "items:ModelLabel"),
    ("GET", f"{_OPEN}/archives/{{archive_sha256}}"): Operation("archive.get", "bytes", ranges=True),
    ("POST", _UPLOADS): Operation("artifact-upload.begin", "ArtifactUpload", example={"size": 123_456_789}),
    ("GET", _ONE_UPLOAD): Operation("artifact-upload.get", "ArtifactUpload"),
    ("PUT", f"{_ONE_UPLOAD}/parts/{{number}}"): Operation(
        "artifact-upload.put-part", status=204, uploads=True, takes=("content-sha256",)
    ),
    ("POST", f"{_ONE_UPLOAD}/commit"): Operation("artifact-upload.commit", "StoredArtifact", etag=True),
    ("DELETE", _ONE_UPLOAD): Operation("artifact-upload.delete", status=204),
    ("GET", _ALIASES): Operation("alias.list", "items:Alias", pages=True, query=_PAGES),
    ("GET", f"{_ALIASES}/{{alias}}"): Operation("alias.get", "Alias", etag=True),
    ("PUT", f"{_ALIASES}/{{alias}}"): Operation(
        "alias.put", "Alias", etag=True, matches=True, example={"versionId": 12, "reason": "passed its review"}
    ),
    ("DELETE", f"{_ALIASES}/{{alias}}"): Operation("alias.delete", status=204, matches=True),
    ("GET", f"{_ALIASES}/{{alias}}/history"): Operation("alias.history", "items:AliasChange", pages=True, query=_PAGES),
    ("GET", _LINEAGE): Operation("lineage.get", "Lineage"),
    ("PUT", _LINEAGE): Operation(
        "lineage.put", "Lineage", matches=True, example={"trainedFrom": ["oci://data@namespace/train.parquet"]}
    ),
    ("GET", f"{_OPEN}/events"): Operation("event.list", "items:Event", pages=True, query=(*_EVENTS, *_PAGES)),
    ("GET", f"{_OPEN}/events/stream"): Operation("event.stream", "bytes", query=_EVENTS, refusals=(429,)),
    ("POST", _HOOKS): Operation(
        "webhook.create",
        "NewlyMadeWebhook",
        etag=True,
        example={"url": "https://example.com/hook", "actions": ["alias.*"]},
    ),
    ("GET", _HOOKS): Operation("webhook.list", "items:Webhook", pages=True, query=_PAGES),
    ("GET", _ONE_HOOK): Operation("webhook.get", "Webhook", etag=True),
    ("PUT", _ONE_HOOK): Operation(
        "webhook.update", "Webhook", etag=True, matches=True, example={"lifecycleState": "INACTIVE"}
    ),
    ("DELETE", _ONE_HOOK): Operation("webhook.delete", status=204, matches=True),
    ("POST", f"{_ONE_HOOK}/actions/test"): Operation("webhook.test", "Webhook", etag=True, refusals=(409,)),
    ("GET", f"{_ONE_HOOK}/deliveries"): Operation("webhook.deliveries", "items:Delivery", pages=True, query=_PAGES),
    ("GET", f"{_OPEN}/deployments/{{deployment_id}}/logs"): Operation(
        "deployment.logs",
        "DeploymentLines",
        query=(
            query("type", {"type": "string", "enum": ["access", "predict"]}),
            query("limit", {"type": "integer", "minimum": 1, "maximum": 1000}),
        ),
    ),
    ("GET", f"{_ONE_D}/logs/stream"): Operation(
        "deployment-log.stream",
        "bytes",
        query=(
            query("type", {"type": "string", "enum": ["access", "predict", "all"]}),
            query("after", text="The id of the last line that is known; also as `last-event-id`."),
            query("limit", {"type": "integer", "minimum": 1, "maximum": 1000}, text="How many older lines come first."),
        ),
        refusals=(429,),
    ),
    ("GET", f"{_ONE_D}/capture"): Operation("capture.get", "Capture", etag=True),
    ("PUT", f"{_ONE_D}/capture"): Operation(
        "capture.put", "Capture", etag=True, matches=True, example={"sample": 0.01, "mask": ["name"]}
    ),
    ("GET", f"{_ONE_D}/capture/files"): Operation("captured-file.list", "items:CapturedFile", pages=True, query=_PAGES),
    ("GET", f"{_ONE_D}/capture/files/{{name}}"): Operation("captured-file.get", "bytes"),
    ("DELETE", f"{_ONE_D}/capture/files"): Operation("captured-file.delete", status=204),
    ("GET", f"{_ONE_D}/metrics"): Operation("deployment-metrics.get", "DeploymentMetrics", query=_WINDOW),
    ("GET", f"{_OPEN}/metrics/summary"): Operation(
        "metrics-summary.list", "MetricsSummary", pages=True, query=(query("compartmentId"), *_WINDOW, *_PAGES)
    ),
    ("GET", _ONE_D): Operation("deployment-traffic.get", "DeploymentTraffic", etag=True),
    ("GET", f"{_ONE_D}/revisions"): Operation("revision.list", "items:Revision", pages=True, query=_PAGES),
    ("GET", f"{_ONE_D}/rollouts"): Operation("rollout.list", "items:Rollout", pages=True, query=_PAGES),
    ("GET", f"{_ONE_D}/shadow"): Operation("shadow-difference.list", "items:ShadowPair", pages=True, query=_PAGES),
    ("POST", f"{_ONE_D}/rollouts"): Operation(
        "rollout.start",
        "DeploymentTraffic",
        etag=True,
        matches=True,
        work=True,
        example={"reference": "churn@champion", "strategy": "canary", "steps": [5, 25, 100], "bakeSeconds": 300},
    ),
    ("POST", f"{_ONE_D}/rollouts/{{verb}}"): Operation(
        "rollout.act", "DeploymentTraffic", etag=True, matches=True, work=True
    ),
    ("POST", f"{_ONE_D}/rollback"): Operation(
        "deployment.roll-back", "DeploymentTraffic", etag=True, matches=True, work=True, example={"revision": 3}
    ),
    ("PUT", f"{_ONE_D}/traffic"): Operation(
        "deployment-traffic.update", "DeploymentTraffic", etag=True, matches=True, work=True, example=_SHARES
    ),
    ("PUT", f"{_ONE_D}/follow"): Operation(
        "deployment.follow",
        "DeploymentTraffic",
        etag=True,
        matches=True,
        work=True,
        example={"reference": "churn@champion"},
    ),
    ("PUT", f"{_ONE_D}/autoscaling"): Operation(
        "deployment.scale", "DeploymentTraffic", etag=True, matches=True, work=True, example=_SCALING
    ),
    ("PUT", f"{_ONE_D}/limits"): Operation(
        "deployment-limits.update", "DeploymentTraffic", etag=True, matches=True, work=True, example={"rateLimit": 50}
    ),
    ("POST", f"{_OPEN}/deployments/{{deployment_id}}/actions/restart"): Operation(
        "deployment.restart", status=202, work=True, matches=True
    ),
    ("POST", "/v2/repository/index"): Operation("inference-model.list", "InferenceModel[]"),
    ("POST", "/v2/repository/models/{model_name}/load"): Operation("inference-model.load", work=True, refusals=(409,)),
    ("POST", "/v2/repository/models/{model_name}/unload"): Operation(
        "inference-model.unload", work=True, refusals=(409,)
    ),
}
"""What is said of each route, by method and path."""
