"""Every operation that OCI's clients need of a server, by the client's name for it, and where it is served here.

``@pytest.mark.operations(...)`` names those that a test calls; the test fails when it didn't.
"""

from __future__ import annotations

from typing import Any

__all__ = ["OPTIONAL", "REQUIRED", "Recorded"]

_SCIENCE = "/20190101"
_MODEL = f"{_SCIENCE}/models/{{model_id}}"
_SET = f"{_SCIENCE}/modelVersionSets/{{set_id}}"
_DEPLOYMENT = f"{_SCIENCE}/modelDeployments/{{deployment_id}}"
_WORK = f"{_SCIENCE}/workRequests/{{work_request_id}}"
_BUCKET = "/n/{namespace}/b/{bucket}"
_OBJECT, _UPLOAD = f"{_BUCKET}/o/{{name:path}}", f"{_BUCKET}/u/{{name:path}}"
_GROUP = "/20200531/logGroups"

_ATTACHED = {
    f"science.{verb}_model_{kind}_metadatum_artifact{suffix}": (
        method,
        f"{_MODEL}/{kind}Metadata/{{key:path}}/artifact{path}",
    )
    for kind in ("custom", "defined")
    for verb, suffix, method, path in (
        ("create", "", "POST", ""),
        ("update", "", "PUT", ""),
        ("delete", "", "DELETE", ""),
        ("head", "", "HEAD", "/content"),
        ("get", "_content", "GET", "/content"),
    )
}

REQUIRED: dict[str, tuple[str, str]] = {
    "science.create_project": ("POST", f"{_SCIENCE}/projects"),
    "science.get_project": ("GET", f"{_SCIENCE}/projects/{{project_id}}"),
    "science.list_projects": ("GET", f"{_SCIENCE}/projects"),
    "science.update_project": ("PUT", f"{_SCIENCE}/projects/{{project_id}}"),
    "science.delete_project": ("DELETE", f"{_SCIENCE}/projects/{{project_id}}"),
    "science.create_model": ("POST", f"{_SCIENCE}/models"),
    "science.get_model": ("GET", _MODEL),
    "science.list_models": ("GET", f"{_SCIENCE}/models"),
    "science.update_model": ("PUT", _MODEL),
    "science.delete_model": ("DELETE", _MODEL),
    "science.activate_model": ("POST", f"{_MODEL}/actions/activate"),
    "science.deactivate_model": ("POST", f"{_MODEL}/actions/deactivate"),
    "science.create_model_artifact": ("POST", f"{_MODEL}/artifact"),
    "science.head_model_artifact": ("HEAD", f"{_MODEL}/artifact/content"),
    "science.get_model_artifact_content": ("GET", f"{_MODEL}/artifact/content"),
    "science.export_model_artifact": ("POST", f"{_MODEL}/actions/exportArtifact"),
    "science.import_model_artifact": ("POST", f"{_MODEL}/actions/importArtifact"),
    "science.create_model_provenance": ("POST", f"{_MODEL}/provenance"),
    "science.get_model_provenance": ("GET", f"{_MODEL}/provenance"),
    "science.update_model_provenance": ("PUT", f"{_MODEL}/provenance"),
    **_ATTACHED,
    "science.create_model_version_set": ("POST", f"{_SCIENCE}/modelVersionSets"),
    "science.get_model_version_set": ("GET", _SET),
    "science.list_model_version_sets": ("GET", f"{_SCIENCE}/modelVersionSets"),
    "science.update_model_version_set": ("PUT", _SET),
    "science.delete_model_version_set": ("DELETE", _SET),
    "science.create_model_deployment": ("POST", f"{_SCIENCE}/modelDeployments"),
    "science.get_model_deployment": ("GET", _DEPLOYMENT),
    "science.list_model_deployments": ("GET", f"{_SCIENCE}/modelDeployments"),
    "science.update_model_deployment": ("PUT", _DEPLOYMENT),
    "science.delete_model_deployment": ("DELETE", _DEPLOYMENT),
    "science.activate_model_deployment": ("POST", f"{_DEPLOYMENT}/actions/activate"),
    "science.deactivate_model_deployment": ("POST", f"{_DEPLOYMENT}/actions/deactivate"),
    "science.list_model_deployment_shapes": ("GET", f"{_SCIENCE}/modelDeploymentShapes"),
    "science.get_work_request": ("GET", _WORK),
    "science.list_work_requests": ("GET", f"{_SCIENCE}/workRequests"),
    "science.list_work_request_logs": ("GET", f"{_WORK}/logs"),
    "science.list_work_request_errors": ("GET", f"{_WORK}/errors"),
    "inference.predict": ("POST", "/{deployment_id}/predict"),
    "inference.predict_with_response_stream": ("POST", "/{deployment_id}/predictWithResponseStream"),
    "storage.get_namespace": ("GET", "/n"),
    "storage.get_namespace_metadata": ("GET", "/n/{namespace}"),
    "storage.create_bucket": ("POST", "/n/{namespace}/b"),
    "storage.get_bucket": ("GET", _BUCKET),
    "storage.head_bucket": ("HEAD", _BUCKET),
    "storage.list_buckets": ("GET", "/n/{namespace}/b"),
    "storage.delete_bucket": ("DELETE", _BUCKET),
    "storage.put_object": ("PUT", _OBJECT),
    "storage.get_object": ("GET", _OBJECT),
    "storage.head_object": ("HEAD", _OBJECT),
    "storage.delete_object": ("DELETE", _OBJECT),
    "storage.list_objects": ("GET", f"{_BUCKET}/o"),
    "storage.list_object_versions": ("GET", f"{_BUCKET}/objectversions"),
    "storage.create_multipart_upload": ("POST", f"{_BUCKET}/u"),
    "storage.upload_part": ("PUT", _UPLOAD),
    "storage.list_multipart_upload_parts": ("GET", _UPLOAD),
    "storage.list_multipart_uploads": ("GET", f"{_BUCKET}/u"),
    "storage.commit_multipart_upload": ("POST", _UPLOAD),
    "storage.abort_multipart_upload": ("DELETE", _UPLOAD),
    "log_search.search_logs": ("POST", "/20190909/search"),
    "logging.get_log": ("GET", f"{_GROUP}/{{group_id}}/logs/{{log_id}}"),
    "logging.list_logs": ("GET", f"{_GROUP}/{{group_id}}/logs"),
    "logging.create_log": ("POST", f"{_GROUP}/{{group_id}}/logs"),
    "logging.create_log_group": ("POST", _GROUP),
    "logging.get_log_group": ("GET", f"{_GROUP}/{{group_id}}"),
    "logging.list_log_groups": ("GET", _GROUP),
    "logging.get_work_request": ("GET", "/20200531/workRequests/{work_request_id}"),
    "search.search_resources": ("POST", "/20180409/resources"),
    "identity.get_user": ("GET", "/20160918/users/{user_id}"),
}
"""The operations without which some client doesn't work."""

OPTIONAL: dict[str, tuple[str, str]] = {
    "science.change_project_compartment": (
        "POST",
        f"{_SCIENCE}/projects/{{project_id}}/actions/changeCompartment",
    ),
    "science.change_model_compartment": ("POST", f"{_MODEL}/actions/changeCompartment"),
    "science.change_model_version_set_compartment": ("POST", f"{_SET}/actions/changeCompartment"),
    "science.change_model_deployment_compartment": ("POST", f"{_DEPLOYMENT}/actions/changeCompartment"),
    "science.list_fast_launch_job_configs": ("GET", f"{_SCIENCE}/fastLaunchJobConfigs"),
    "science.list_model_deployment_model_states": ("GET", f"{_DEPLOYMENT}/models/modelState"),
    "science.cancel_work_request": ("DELETE", _WORK),
    "science.register_model_artifact_reference": ("POST", f"{_MODEL}/actions/registerArtifactReference"),
    "science.restore_archived_model_artifact": ("POST", f"{_MODEL}/actions/restore"),
    "storage.update_bucket": ("POST", _BUCKET),
    "storage.create_preauthenticated_request": ("POST", f"{_BUCKET}/p"),
    "storage.get_preauthenticated_request": ("GET", f"{_BUCKET}/p/{{request_id}}"),
    "storage.list_preauthenticated_requests": ("GET", f"{_BUCKET}/p"),
    "storage.delete_preauthenticated_request": ("DELETE", f"{_BUCKET}/p/{{request_id}}"),
    "storage.copy_object": ("POST", f"{_BUCKET}/actions/copyObject"),
    "storage.rename_object": ("POST", f"{_BUCKET}/actions/renameObject"),
    "storage.get_work_request": ("GET", "/workRequests/{work_request_id}"),
    "storage.list_work_requests": ("GET", "/workRequests"),
    "storage.list_work_request_logs": ("GET", "/workRequests/{work_request_id}/logs"),
    "storage.list_work_request_errors": ("GET", "/workRequests/{work_request_id}/errors"),
    "storage.cancel_work_request": ("DELETE", "/workRequests/{work_request_id}"),
}
"""Operations beyond those."""


class Recorded:
    """A client of the ``oci`` package that notes which of its operations are called."""

    def __init__(self, name: str, raw: Any, called: set[str]) -> None:
        self._name = name
        self.raw = raw
        self._called = called

    def __getattr__(self, operation: str) -> Any:
        found = getattr(self.raw, operation)
        self._called.add(f"{self._name}.{operation}")
        return found
