"""The schemas of what the service answers at the paths of OCI."""

from __future__ import annotations

from ads.api.openapi.words import (
    ANYTHING,
    COUNT,
    DEFINED,
    FLAG,
    NUMBER,
    OBJECT,
    OCID,
    TAGS,
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

__all__ = ["SHAPES"]

_TAGGED = {"freeformTags": TAGS, "definedTags": DEFINED}
_RESOURCE = {"id": OCID, "compartmentId": OCID, "timeCreated": TIME, "createdBy": TEXT, **_TAGGED}
_SYSTEM = {"systemTags": OBJECT}

_PROJECT = record(
    {
        **_RESOURCE,
        **_SYSTEM,
        "displayName": TEXT,
        "description": maybe(TEXT),
        "lifecycleState": one_of("ACTIVE", "DELETING", "DELETED"),
    }
)
_MODEL_SUMMARY = {
    **_RESOURCE,
    **_SYSTEM,
    "projectId": OCID,
    "displayName": TEXT,
    "lifecycleState": one_of("ACTIVE", "INACTIVE", "FAILED", "DELETED"),
    "lifecycleDetails": maybe(TEXT),
    "category": TEXT,
    "isModelByReference": FLAG,
    "modelVersionSetId": maybe(OCID),
    "modelVersionSetName": maybe(TEXT),
    "versionId": maybe(COUNT),
    "versionLabel": maybe(TEXT),
}
_METADATA = record(
    {
        "key": TEXT,
        "value": maybe(TEXT),
        "description": maybe(TEXT),
        "category": maybe(TEXT),
        "keywords": maybe(TEXTS),
        "hasArtifact": FLAG,
    }
)
_MODEL = record(
    {
        **_MODEL_SUMMARY,
        "description": maybe(TEXT),
        "customMetadataList": items(ref("Metadata")),
        "definedMetadataList": items(ref("Metadata")),
        "inputSchema": maybe(TEXT),
        "outputSchema": maybe(TEXT),
        "retentionSetting": maybe(OBJECT),
        "backupSetting": maybe(OBJECT),
        "retentionOperationDetails": maybe(OBJECT),
        "backupOperationDetails": maybe(OBJECT),
    }
)
_FOUND_MODEL = record(
    {
        **_MODEL_SUMMARY,
        "framework": maybe(TEXT),
        "frameworkVersion": maybe(TEXT),
        "algorithm": maybe(TEXT),
        "useCaseType": maybe(TEXT),
        "aliases": TEXTS,
        "metrics": {"type": "object", "additionalProperties": NUMBER},
        "hyperparameters": OBJECT,
        "size": maybe(COUNT),
    }
)
_PROVENANCE = record(
    {
        name: maybe(TEXT)
        for name in ("repositoryUrl", "gitBranch", "gitCommit", "scriptDir", "trainingScript", "trainingId")
    }
)
_VERSION_SET = record(
    {
        **_RESOURCE,
        **_SYSTEM,
        "projectId": OCID,
        "name": TEXT,
        "description": maybe(TEXT),
        "lifecycleState": one_of("ACTIVE", "DELETING", "DELETED", "FAILED"),
        "timeUpdated": TIME,
        "category": TEXT,
    }
)
_DEPLOYMENT_SUMMARY = {
    **_RESOURCE,
    **_SYSTEM,
    "projectId": OCID,
    "displayName": TEXT,
    "description": maybe(TEXT),
    "modelDeploymentConfigurationDetails": ref("DeploymentConfiguration"),
    "categoryLogDetails": OBJECT,
    "modelDeploymentUrl": TEXT,
    "modelDeploymentSystemData": record({"systemInfraType": one_of("INSTANCE_POOL"), "currentInstanceCount": COUNT}),
    "lifecycleState": one_of(
        "CREATING", "ACTIVE", "DELETING", "FAILED", "INACTIVE", "UPDATING", "DELETED", "NEEDS_ATTENTION"
    ),
}
_CONFIGURATION = record(
    {"deploymentType": TEXT, "modelConfigurationDetails": OBJECT},
    {"environmentConfigurationDetails": OBJECT, "streamConfigurationDetails": OBJECT},
)
_WORK_REQUEST = record(
    {
        "id": OCID,
        "operationType": TEXT,
        "status": one_of("ACCEPTED", "IN_PROGRESS", "FAILED", "SUCCEEDED", "CANCELING", "CANCELED", "COMPLETED"),
        "compartmentId": OCID,
        "percentComplete": {"type": "number", "minimum": 0, "maximum": 100},
        "resources": items(
            record(
                {
                    "actionType": one_of("CREATED", "UPDATED", "DELETED", "RELATED", "IN_PROGRESS"),
                    "entityType": TEXT,
                    "identifier": TEXT,
                    "entityUri": TEXT,
                }
            )
        ),
        "timeAccepted": TIME,
        "timeStarted": maybe(TIME),
        "timeFinished": maybe(TIME),
    }
)
_LOG_ENTRY = {"message": TEXT, "timestamp": TIME}
_SHAPE = record({"name": TEXT, "coreCount": NUMBER, "memoryInGBs": NUMBER, "shapeSeries": TEXT})
_MODEL_STATE = record(
    {
        "modelId": OCID,
        "projectId": OCID,
        "displayName": TEXT,
        "inferenceKey": maybe(TEXT),
        "state": one_of("SUCCESS", "FAILED", "INCONSISTENT"),
        **_TAGGED,
        **_SYSTEM,
    }
)
_BUCKET_SUMMARY = {
    "namespace": TEXT,
    "name": TEXT,
    "compartmentId": OCID,
    "createdBy": TEXT,
    "timeCreated": TIME,
    "etag": TEXT,
}
_BUCKET = record(
    {
        **_BUCKET_SUMMARY,
        **_TAGGED,
        "id": OCID,
        "metadata": TAGS,
        "publicAccessType": TEXT,
        "storageTier": TEXT,
        "objectEventsEnabled": FLAG,
        "isReadOnly": FLAG,
        "autoTiering": TEXT,
        "versioning": one_of("Enabled", "Disabled", "Suspended"),
    }
)
_OBJECT_FIELDS = {
    "size": COUNT,
    "md5": TEXT,
    "etag": TEXT,
    "timeCreated": TIME,
    "storageTier": TEXT,
    "archivalState": maybe(TEXT),
}
_OBJECT = record({"name": TEXT}, {**_OBJECT_FIELDS, "timeModified": TIME})
_OBJECT_VERSION = record(
    {"name": TEXT, "timeModified": TIME, "versionId": TEXT, "isDeleteMarker": FLAG}, _OBJECT_FIELDS
)
_UPLOAD = record(
    {
        "namespace": TEXT,
        "bucket": TEXT,
        "object": TEXT,
        "uploadId": TEXT,
        "timeCreated": TIME,
        "storageTier": TEXT,
    }
)
_LINK_SUMMARY = {
    "id": TEXT,
    "name": TEXT,
    "objectName": maybe(TEXT),
    "bucketListingAction": one_of("Deny", "ListObjects"),
    "accessType": TEXT,
    "timeExpires": TIME,
    "timeCreated": TIME,
}
_LOG_GROUP = record(
    {
        "id": OCID,
        "compartmentId": OCID,
        "displayName": TEXT,
        "description": maybe(TEXT),
        "lifecycleState": TEXT,
        **_TAGGED,
        "timeCreated": TIME,
        "timeLastModified": TIME,
    }
)
_LOG_SUMMARY = {
    "id": OCID,
    "logGroupId": OCID,
    "compartmentId": OCID,
    "displayName": TEXT,
    "logType": one_of("CUSTOM", "SERVICE"),
    "isEnabled": FLAG,
    "retentionDuration": COUNT,
    "configuration": maybe(OBJECT),
    "lifecycleState": TEXT,
    **_TAGGED,
    "timeCreated": TIME,
    "timeLastModified": TIME,
}
_FOUND_RESOURCE = record(
    {
        "resourceType": TEXT,
        "identifier": OCID,
        "compartmentId": OCID,
        "timeCreated": TIME,
        "displayName": TEXT,
        "lifecycleState": TEXT,
        **_TAGGED,
        **_SYSTEM,
    }
)
SHAPES: dict[str, Schema] = {
    "Error": record({"code": TEXT, "message": TEXT}),
    "Project": _PROJECT,
    "ModelSummary": record(_MODEL_SUMMARY),
    "Model": _MODEL,
    "Metadata": _METADATA,
    "FoundModel": _FOUND_MODEL,
    "Provenance": _PROVENANCE,
    "VersionSet": _VERSION_SET,
    "DeploymentConfiguration": _CONFIGURATION,
    "DeploymentSummary": record(_DEPLOYMENT_SUMMARY),
    "Deployment": record({**_DEPLOYMENT_SUMMARY, "lifecycleDetails": maybe(TEXT)}),
    "DeploymentLines": record({"lines": items(ANYTHING)}),
    "ModelState": _MODEL_STATE,
    "Shape": _SHAPE,
    "FastLaunchJobConfig": OBJECT,
    "WorkRequest": _WORK_REQUEST,
    "WorkRequestLog": record(_LOG_ENTRY),
    "WorkRequestError": record({"code": TEXT, **_LOG_ENTRY}),
    "Namespace": TEXT,
    "NamespaceMetadata": record({"namespace": TEXT, "defaultS3CompartmentId": OCID, "defaultSwiftCompartmentId": OCID}),
    "Bucket": _BUCKET,
    "BucketSummary": record(_BUCKET_SUMMARY, _TAGGED),
    "Object": _OBJECT,
    "ObjectList": record({"objects": items(ref("Object"))}, {"prefixes": TEXTS, "nextStartWith": TEXT}),
    "ObjectVersion": _OBJECT_VERSION,
    "ObjectVersionList": record({"items": items(ref("ObjectVersion")), "prefixes": TEXTS}),
    "Upload": _UPLOAD,
    "UploadedPart": record({"etag": TEXT, "md5": TEXT, "size": COUNT, "partNumber": COUNT}),
    "LinkSummary": record(_LINK_SUMMARY),
    "Link": record({**_LINK_SUMMARY, "accessUri": TEXT, "fullPath": TEXT}),
    "LogGroup": _LOG_GROUP,
    "LogSummary": record(_LOG_SUMMARY),
    "Log": record({**_LOG_SUMMARY, "tenancyId": OCID}),
    "LogSearch": record(
        {
            "results": items(record({"data": OBJECT})),
            "fields": items(ANYTHING),
            "summary": record({"resultCount": COUNT, "fieldCount": COUNT}),
        }
    ),
    "FoundResource": _FOUND_RESOURCE,
}
"""Each schema by its name."""
