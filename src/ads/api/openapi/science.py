"""Operations below ``/20190101``: data science."""

from __future__ import annotations

from ads.api.openapi.operation import Operation, listing, query

__all__ = ["OPERATIONS"]

_BASE = "/20190101"
_P, _M, _S = f"{_BASE}/projects", f"{_BASE}/models", f"{_BASE}/modelVersionSets"
_D, _W = f"{_BASE}/modelDeployments", f"{_BASE}/workRequests"
_ONE_P, _ONE_M, _ONE_S, _ONE_D = (
    f"{_P}/{{project_id}}",
    f"{_M}/{{model_id}}",
    f"{_S}/{{set_id}}",
    f"{_D}/{{deployment_id}}",
)
_HERE = {"compartmentId": "ocid1.compartment.oc1..example"}
_IN_PROJECT = {**_HERE, "projectId": "ocid1.datascienceproject.oc1.local.example"}
_MOVE = {"compartmentId": "ocid1.compartment.oc1..other"}
_CONTENT = ("content-md5", "last-modified")
_FILTERS = ("id", "lifecycleState", "createdBy")

_ATTACHED = {
    key: operation
    for kind in ("custom", "defined")
    for path in [f"{_ONE_M}/{kind}Metadata/{{key:path}}/artifact"]
    for noun in [f"{kind}-metadata-artifact"]
    for key, operation in {
        ("POST", path): Operation(f"{noun}.create", status=204, etag=True, matches=True, uploads=True),
        ("PUT", path): Operation(f"{noun}.update", status=204, etag=True, matches=True, uploads=True),
        ("DELETE", path): Operation(f"{noun}.delete", status=204, matches=True),
        ("GET", f"{path}/content"): Operation(f"{noun}.get", "bytes", etag=True, ranges=True, headers=_CONTENT),
        ("HEAD", f"{path}/content"): Operation(f"{noun}.head", etag=True, headers=_CONTENT),
    }.items()
}

OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", _P): Operation(
        "project.create", "Project", etag=True, retries=True, example={**_HERE, "displayName": "churn"}
    ),
    ("GET", _P): Operation(
        "project.list",
        "Project[]",
        pages=True,
        query=listing("displayName", *_FILTERS, sort=("timeCreated", "displayName")),
    ),
    ("GET", _ONE_P): Operation("project.get", "Project", etag=True),
    ("PUT", _ONE_P): Operation("project.update", "Project", etag=True, matches=True, example={"description": "…"}),
    ("DELETE", _ONE_P): Operation("project.delete", status=202, work=True, matches=True),
    ("POST", f"{_ONE_P}/actions/changeCompartment"): Operation("project.move", etag=True, matches=True, example=_MOVE),
    ("POST", _M): Operation(
        "model.create",
        "Model",
        etag=True,
        retries=True,
        example={
            **_IN_PROJECT,
            "displayName": "churn",
            "definedMetadataList": [{"key": "Framework", "value": "scikit-learn"}],
            "customMetadataList": [{"key": "auc", "value": "0.93", "category": "Performance"}],
        },
    ),
    ("GET", _M): Operation(
        "model.list",
        "ModelSummary[]",
        pages=True,
        query=listing(
            "projectId",
            "displayName",
            "category",
            "versionLabel",
            "modelVersionSetName",
            *_FILTERS,
            sort=("timeCreated", "displayName", "lifecycleState"),
        ),
    ),
    ("GET", _ONE_M): Operation("model.get", "Model", etag=True),
    ("PUT", _ONE_M): Operation("model.update", "Model", etag=True, matches=True, example={"description": "…"}),
    ("DELETE", _ONE_M): Operation("model.delete", status=204, matches=True),
    ("POST", f"{_ONE_M}/actions/activate"): Operation("model.activate", "Model", etag=True, matches=True),
    ("POST", f"{_ONE_M}/actions/deactivate"): Operation("model.deactivate", "Model", etag=True, matches=True),
    ("POST", f"{_ONE_M}/actions/changeCompartment"): Operation("model.move", etag=True, matches=True, example=_MOVE),
    ("POST", f"{_ONE_M}/artifact"): Operation(
        "artifact.create", status=204, etag=True, retries=True, uploads=True, takes=("content-disposition",)
    ),
    ("GET", f"{_ONE_M}/artifact/content"): Operation(
        "artifact.get", "bytes", etag=True, ranges=True, headers=("content-disposition", *_CONTENT)
    ),
    ("HEAD", f"{_ONE_M}/artifact/content"): Operation(
        "artifact.head", etag=True, headers=("content-disposition", *_CONTENT)
    ),
    ("POST", f"{_ONE_M}/actions/exportArtifact"): Operation(
        "artifact.export",
        status=202,
        work=True,
        retries=True,
        example={
            "artifactExportDetails": {
                "artifactSourceType": "ORACLE_OBJECT_STORAGE",
                "namespace": "openads",
                "sourceBucket": "models",
                "sourceObjectName": "churn.zip",
                "sourceRegion": "local",
            }
        },
    ),
    ("POST", f"{_ONE_M}/actions/importArtifact"): Operation(
        "artifact.import",
        status=202,
        work=True,
        retries=True,
        example={
            "artifactImportDetails": {
                "artifactSourceType": "ORACLE_OBJECT_STORAGE",
                "namespace": "openads",
                "destinationBucket": "models",
                "destinationObjectName": "churn.zip",
                "destinationRegion": "local",
            }
        },
    ),
    ("POST", f"{_ONE_M}/actions/registerArtifactReference"): Operation(
        "artifact.register-reference",
        status=202,
        work=True,
        retries=True,
        matches=True,
        example={
            "modelArtifactReferences": [
                {
                    "modelArtifactReferenceType": "OSS",
                    "namespace": "openads",
                    "bucketName": "models",
                    "prefix": "churn/v1/",
                }
            ]
        },
    ),
    ("POST", f"{_ONE_M}/actions/restore"): Operation(
        "artifact.restore",
        status=202,
        work=True,
        retries=True,
        matches=True,
        query=(query("restoreModelForHoursSpecified", {"type": "integer", "minimum": 1, "maximum": 99_999}),),
    ),
    ("POST", f"{_ONE_M}/provenance"): Operation(
        "provenance.create", "Provenance", etag=True, retries=True, example={"gitBranch": "main"}
    ),
    ("GET", f"{_ONE_M}/provenance"): Operation("provenance.get", "Provenance", etag=True),
    ("PUT", f"{_ONE_M}/provenance"): Operation(
        "provenance.update", "Provenance", etag=True, matches=True, example={"gitBranch": "main"}
    ),
    **_ATTACHED,
    ("POST", _S): Operation(
        "version-set.create", "VersionSet", etag=True, retries=True, example={**_IN_PROJECT, "name": "churn"}
    ),
    ("GET", _S): Operation(
        "version-set.list",
        "VersionSet[]",
        pages=True,
        query=listing("projectId", "name", "category", *_FILTERS, sort=("timeCreated", "name", "lifecycleState")),
    ),
    ("GET", _ONE_S): Operation("version-set.get", "VersionSet", etag=True),
    ("PUT", _ONE_S): Operation(
        "version-set.update", "VersionSet", etag=True, matches=True, example={"description": "…"}
    ),
    ("DELETE", _ONE_S): Operation(
        "version-set.delete",
        status=202,
        work=True,
        matches=True,
        query=(query("isDeleteRelatedModels", {"type": "string", "enum": ["true", "false", "True", "False"]}),),
    ),
    ("POST", f"{_ONE_S}/actions/changeCompartment"): Operation(
        "version-set.move", etag=True, matches=True, example=_MOVE
    ),
    ("POST", _D): Operation(
        "deployment.create",
        "Deployment",
        etag=True,
        retries=True,
        work=True,
        headers=("location",),
        example={
            **_IN_PROJECT,
            "displayName": "churn",
            "modelDeploymentConfigurationDetails": {
                "deploymentType": "SINGLE_MODEL",
                "modelConfigurationDetails": {
                    "modelId": "ocid1.datasciencemodel.oc1.local.example",
                    "instanceConfiguration": {"instanceShapeName": "VM.Standard.E4.Flex"},
                    "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 1},
                },
            },
        },
    ),
    ("GET", _D): Operation(
        "deployment.list",
        "DeploymentSummary[]",
        pages=True,
        query=listing("projectId", "displayName", "modelId", *_FILTERS, sort=("timeCreated", "displayName")),
    ),
    ("GET", _ONE_D): Operation("deployment.get", "Deployment", etag=True),
    ("PUT", _ONE_D): Operation(
        "deployment.update", status=202, work=True, matches=True, example={"displayName": "churn, better"}
    ),
    ("DELETE", _ONE_D): Operation("deployment.delete", status=202, work=True, matches=True),
    ("POST", f"{_ONE_D}/actions/activate"): Operation("deployment.activate", status=202, work=True, matches=True),
    ("POST", f"{_ONE_D}/actions/deactivate"): Operation("deployment.deactivate", status=202, work=True, matches=True),
    ("POST", f"{_ONE_D}/actions/changeCompartment"): Operation(
        "deployment.move", etag=True, matches=True, example=_MOVE
    ),
    ("GET", f"{_ONE_D}/models/modelState"): Operation(
        "model-state.list",
        "ModelState[]",
        pages=True,
        query=listing("modelId", "projectId", "displayName", "inferenceKey"),
    ),
    ("GET", f"{_BASE}/modelDeploymentShapes"): Operation("shape.list", "Shape[]", pages=True, query=listing()),
    ("GET", f"{_BASE}/fastLaunchJobConfigs"): Operation(
        "fast-launch-job-config.list", "FastLaunchJobConfig[]", query=(query("compartmentId", required=True),)
    ),
    ("GET", _W): Operation(
        "work-request.list",
        "WorkRequest[]",
        pages=True,
        query=listing("id", "resourceId", "operationType", "status", sort=("timeAccepted", "operationType", "status")),
    ),
    ("GET", f"{_W}/{{work_request_id}}"): Operation(
        "work-request.get", "WorkRequest", etag=True, headers=("retry-after",)
    ),
    ("GET", f"{_W}/{{work_request_id}}/logs"): Operation(
        "work-request.logs", "WorkRequestLog[]", pages=True, query=listing(compartment=False)
    ),
    ("GET", f"{_W}/{{work_request_id}}/errors"): Operation(
        "work-request.errors", "WorkRequestError[]", pages=True, query=listing(compartment=False)
    ),
    ("DELETE", f"{_W}/{{work_request_id}}"): Operation("work-request.cancel", status=202),
}
"""What is said of each route, by method and path."""
