"""The schemas of what the service answers below ``/openads/v1``."""

from __future__ import annotations

from ads.api.openapi.words import (
    ANYTHING,
    COUNT,
    FLAG,
    NUMBER,
    OBJECT,
    OCID,
    TEXT,
    TEXTS,
    TIME,
    Schema,
    items,
    maybe,
    one_of,
    record,
    ref,
)

__all__ = ["OWN_SHAPES"]

_VERB = one_of("inspect", "read", "use", "manage")
_WEBHOOK = {
    "id": OCID,
    "displayName": TEXT,
    "url": TEXT,
    "actions": TEXTS,
    "lifecycleState": TEXT,
    "lifecycleDetails": maybe(TEXT),
    "lastSeq": COUNT,
    "failures": COUNT,
    "timeNextAttempt": maybe(TIME),
    "createdBy": TEXT,
    "timeCreated": TIME,
    "timeUpdated": TIME,
}
_TOKEN = {
    "id": TEXT,
    "name": TEXT,
    "userId": OCID,
    "scope": maybe(OBJECT),
    "timeCreated": TIME,
    "timeExpires": maybe(TIME),
}
_ALIAS_END = maybe(record({"modelId": OCID, "versionId": maybe(COUNT)}))

_ROLLOUT = record(
    {
        "revision": COUNT,
        "fromRevision": COUNT,
        "strategy": one_of("rolling", "canary", "shadow"),
        "state": TEXT,
        "step": COUNT,
        "paused": FLAG,
        "reason": maybe(TEXT),
        "compared": COUNT,
        "disagreed": COUNT,
        "createdBy": TEXT,
        "timeCreated": TIME,
        "timeStep": maybe(TIME),
        "timeEnded": maybe(TIME),
    }
)
_ROLLOUT["additionalProperties"] = True  # and the plan: steps, gates and what else its strategy takes
_ANSWER = record({"status": maybe(COUNT), "answer": ANYTHING})
_SHARE = record({"revision": COUNT, "modelId": OCID, "reference": maybe(TEXT), "weight": NUMBER, "replicas": COUNT})

_SECONDS = maybe(NUMBER)
_USAGE = {
    "requests": COUNT,
    "errors": COUNT,
    "refused": COUNT,
    "rows": COUNT,
    "inFlight": NUMBER,
    "p50": _SECONDS,
    "p95": _SECONDS,
    "p99": _SECONDS,
    "codes": {"type": "object", "additionalProperties": COUNT},
}
_WINDOW = {"since": TIME, "until": TIME, "step": COUNT}

OWN_SHAPES: dict[str, Schema] = {
    "DeploymentMetrics": record({**_WINDOW, "items": items(record({"time": TIME, **_USAGE})), "total": record(_USAGE)}),
    "Capture": record({"enabled": FLAG}, {"sample": NUMBER, "maxBytes": COUNT, "mask": TEXTS}),
    "CapturedFile": record({"name": TEXT, "bytes": COUNT, "timeCreated": TIME}),
    "MetricsSummary": record(
        {
            **_WINDOW,
            "items": items(
                record(
                    {
                        "deploymentId": OCID,
                        "displayName": TEXT,
                        "compartmentId": OCID,
                        "lifecycleState": TEXT,
                        **_USAGE,
                        "requestsPerSecond": NUMBER,
                        "points": items(COUNT),
                    }
                )
            ),
        }
    ),
    "ModelLabel": record(
        {
            "name": TEXT,
            "verdict": one_of("none", "expected", "code", "suspicious", "incomplete"),
            "summary": TEXT,
            "details": OBJECT,
            "timeCreated": TIME,
        }
    ),
    "User": record(
        {
            "id": OCID,
            "compartmentId": OCID,
            "name": TEXT,
            "description": TEXT,
            "timeCreated": TIME,
            "lifecycleState": TEXT,
        }
    ),
    "Grant": record(
        {"id": TEXT, "userId": OCID, "verb": _VERB, "compartmentId": OCID, "createdBy": TEXT, "timeCreated": TIME}
    ),
    "Compartment": record(
        {
            "id": OCID,
            "compartmentId": maybe(OCID),
            "name": TEXT,
            "description": maybe(TEXT),
            "lifecycleState": TEXT,
            "timeCreated": TIME,
        }
    ),
    "Key": record({"keyId": TEXT, "userId": OCID, "fingerprint": TEXT, "timeCreated": TIME}),
    "Profile": record({"tenancy": OCID, "user": OCID, "fingerprint": TEXT, "region": TEXT}),
    "Token": record(_TOKEN),
    "ConsoleLink": record({"path": TEXT, "timeExpires": TIME}),
    "NewlyMadeToken": record({**_TOKEN, "token": TEXT}),
    "Service": record(
        {
            "version": TEXT,
            "compartmentId": OCID,
            "projectId": OCID,
            "tenancyId": OCID,
            "userId": TEXT,
            "region": TEXT,
            "replicaLimits": maybe(TEXT),
        }
    ),
    "Environment": record(
        {
            "key": TEXT,
            "kind": one_of("requirements", "pack"),
            "pythonVersion": maybe(TEXT),
            "slug": maybe(TEXT),
            "source": maybe(TEXT),
            "sha256": maybe(TEXT),
            "requirements": TEXTS,
            "size": COUNT,
            "timeCreated": TIME,
            "timeLastUsed": TIME,
            "deployments": items(record({"id": OCID, "displayName": TEXT, "lifecycleState": TEXT})),
        }
    ),
    "EnvironmentSlug": record(
        {
            "slug": TEXT,
            "origin": one_of("operator", "oci"),
            "pythonVersion": maybe(TEXT),
            "requirements": TEXTS,
            "pack": maybe(TEXT),
        }
    ),
    "Garbage": record(
        {
            "items": items(record({"kind": TEXT, "what": TEXT, "why": TEXT, "bytes": COUNT})),
            "count": COUNT,
            "bytes": COUNT,
        }
    ),
    "DeploymentTraffic": record(
        {
            "id": OCID,
            "displayName": TEXT,
            "lifecycleState": TEXT,
            "lifecycleDetails": maybe(TEXT),
            "revision": maybe(COUNT),
            "replicas": COUNT,
            "traffic": items(_SHARE),
            "rules": items(OBJECT),
            "sticky": maybe(TEXT),
            "rateLimit": maybe(NUMBER),
            "rollout": maybe(ref("Rollout")),
            "shadow": maybe(COUNT),
            "follows": maybe(TEXT),
            "strategy": OBJECT,
            "autoscaling": maybe(OBJECT),
        }
    ),
    "InferenceModel": record({"name": TEXT, "version": TEXT, "state": TEXT, "reason": TEXT}),
    "Rollout": _ROLLOUT,
    "Revision": record(
        {
            "revision": COUNT,
            "modelId": OCID,
            "reference": maybe(TEXT),
            "origin": maybe(TEXT),
            "configuration": OBJECT,
            "createdBy": TEXT,
            "timeCreated": TIME,
            "timeServed": maybe(TIME),
        }
    ),
    "ShadowPair": record({"requestId": TEXT, "time": TIME, "serving": _ANSWER, "shadow": _ANSWER}),
    "Alias": record(
        {
            "name": TEXT,
            "modelId": OCID,
            "versionId": maybe(COUNT),
            "protected": FLAG,
            "timeUpdated": TIME,
            "updatedBy": TEXT,
        }
    ),
    "AliasChange": record(
        {"time": TIME, "principal": TEXT, "from": _ALIAS_END, "to": _ALIAS_END, "reason": maybe(TEXT)}
    ),
    "NamedModel": record(
        {
            "id": OCID,
            "displayName": TEXT,
            "compartmentId": OCID,
            "lifecycleState": TEXT,
            "versionSetId": maybe(OCID),
            "versionSetName": maybe(TEXT),
            "versionId": maybe(COUNT),
            "versionLabel": maybe(TEXT),
            "alias": maybe(TEXT),
            "aliases": TEXTS,
        }
    ),
    "Lineage": record(
        {
            "nodes": items(record({"id": TEXT, "kind": TEXT, "name": maybe(TEXT), "lifecycleState": maybe(TEXT)})),
            "edges": items(record({"from": TEXT, "to": TEXT, "kind": TEXT})),
        }
    ),
    "Event": record(
        {
            "seq": COUNT,
            "time": TIME,
            "principal": TEXT,
            "principalName": maybe(TEXT),
            "action": TEXT,
            "resourceId": TEXT,
            "resourceName": maybe(TEXT),
            "compartmentId": maybe(TEXT),
            "from": maybe(OBJECT),
            "to": maybe(OBJECT),
            "details": OBJECT,
            "requestId": TEXT,
        }
    ),
    "Webhook": record(_WEBHOOK),
    "NewlyMadeWebhook": record({**_WEBHOOK, "secret": TEXT}),
    "Delivery": record(
        {
            "seq": COUNT,
            "action": TEXT,
            "time": TIME,
            "attempt": COUNT,
            "status": maybe(COUNT),
            "error": maybe(TEXT),
            "milliseconds": COUNT,
        }
    ),
    "OpenApi": OBJECT,
    "ArtifactUpload": record(
        {"uploadId": TEXT, "partSize": COUNT, "size": COUNT, "sha256": maybe(TEXT), "parts": items(COUNT)}
    ),
    "StoredArtifact": record({"sha256": TEXT, "size": COUNT, "fileName": TEXT}),
}
"""Each schema by its name."""
