"""The verbs of every model that reach its deployment: deploy, predict, update, restart, delete."""

from __future__ import annotations

from ads.model.binding import class_or_instance_method
from ads.model.defaults import CONDA_BUCKET_NS, DATA_SCHEMA_MAX_COL_NUM, DEFAULT_POLL_INTERVAL, DEFAULT_WAIT_TIME

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

    from ads.model.deployment import ModelDeployment

__all__ = ["Deployable"]


class Deployable:
    """The methods of every model that deploy it, ask the deployment, and change or remove it."""

    def deploy(  # noqa: PLR0917 - as users know it
        self: Any,
        wait_for_completion: bool | None = True,
        display_name: str | None = None,
        description: str | None = None,
        deployment_instance_shape: str | None = None,
        deployment_instance_subnet_id: str | None = None,
        deployment_instance_private_endpoint_id: str | None = None,
        deployment_instance_count: int | None = None,
        deployment_bandwidth_mbps: int | None = None,
        deployment_log_group_id: str | None = None,
        deployment_access_log_id: str | None = None,
        deployment_predict_log_id: str | None = None,
        deployment_memory_in_gbs: float | None = None,
        deployment_ocpus: float | None = None,
        deployment_image: str | None = None,
        **kwargs: Any,
    ) -> ModelDeployment:
        """Deploy the saved model and return the deployment; its ``url`` answers predictions.

        Raises ``ValueError`` before ``save()``, :class:`~ads.errors.DeploymentFailed` with cause and log when it ends
        FAILED (``raise_on_failure=False`` returns the failed deployment).
        """
        from ads.model import serving

        return serving.deploy(self, serving.DeployOptions.of(locals(), kwargs))

    def prepare_save_deploy(  # noqa: PLR0917 - as users know it
        self: Any,
        inference_conda_env: str | None = None,
        inference_python_version: str | None = None,
        training_conda_env: str | None = None,
        training_python_version: str | None = None,
        model_file_name: str | None = None,
        as_onnx: bool = False,
        initial_types: Any = None,
        force_overwrite: bool = False,
        namespace: str = CONDA_BUCKET_NS,
        use_case_type: str | None = None,
        X_sample: Any = None,  # noqa: N803
        y_sample: Any = None,
        training_script_path: str | None = None,
        training_id: str | None = None,
        ignore_pending_changes: bool = True,
        max_col_num: int = DATA_SCHEMA_MAX_COL_NUM,
        ignore_conda_error: bool = False,
        model_display_name: str | None = None,
        model_description: str | None = None,
        model_freeform_tags: dict[str, str] | None = None,
        model_defined_tags: dict[str, dict[str, Any]] | None = None,
        ignore_introspection: bool = False,
        wait_for_completion: bool | None = True,
        deployment_display_name: str | None = None,
        deployment_description: str | None = None,
        deployment_instance_shape: str | None = None,
        deployment_instance_subnet_id: str | None = None,
        deployment_instance_private_endpoint_id: str | None = None,
        deployment_instance_count: int | None = None,
        deployment_bandwidth_mbps: int | None = None,
        deployment_log_group_id: str | None = None,
        deployment_access_log_id: str | None = None,
        deployment_predict_log_id: str | None = None,
        deployment_memory_in_gbs: float | None = None,
        deployment_ocpus: float | None = None,
        deployment_image: str | None = None,
        bucket_uri: str | None = None,
        overwrite_existing_artifact: bool | None = True,
        remove_existing_artifact: bool | None = True,
        model_version_set: Any = None,
        version_label: str | None = None,
        model_by_reference: bool | None = False,
        **kwargs: Any,
    ) -> ModelDeployment:
        """Do ``prepare()``, ``save()`` and ``deploy()`` and return the deployment; see there for arguments and errors.

        Further keywords go to the verb that knows them.
        """
        from ads.model.serving import prepare_save_deploy

        return prepare_save_deploy(self, locals(), kwargs)

    def predict(
        self: Any, data: Any = None, auto_serialize_data: bool = False, local: bool = False, **kwargs: Any
    ) -> Any:
        """Return the deployment's answer for ``data``; ``local=True`` asks ``score.py`` as ``verify()`` does.

        Raises ``ValueError`` before ``deploy()``, :class:`~ads.errors.NotActiveDeploymentError` and
        :class:`~ads.errors.ModelDeploymentPredictError` with what the endpoint said.
        """
        from ads.model.serving import predict

        if local:
            return self.verify(data, auto_serialize_data=auto_serialize_data, **kwargs)
        return predict(self, data, auto_serialize_data, kwargs)

    @class_or_instance_method
    def update_deployment(
        cls_or_self: Any,  # noqa: N805
        model_deployment_id: str | None = None,
        properties: Any = None,
        wait_for_completion: bool | None = True,
        max_wait_time: int | None = DEFAULT_WAIT_TIME,
        poll_interval: int | None = DEFAULT_POLL_INTERVAL,
        **kwargs: Any,
    ) -> ModelDeployment:
        """Change the deployment and return it; on the class, ``model_deployment_id`` says which.

        ``properties`` or keywords: ``display_name, description, freeform_tags, defined_tags, infrastructure, runtime``.
        """
        from ads.model.serving import update_deployment

        owner = None if isinstance(cls_or_self, type) else cls_or_self
        waiting = (bool(wait_for_completion), max_wait_time, poll_interval)
        return update_deployment(owner, model_deployment_id, properties, waiting, kwargs)

    def restart_deployment(
        self: Any, max_wait_time: int = DEFAULT_WAIT_TIME, poll_interval: int = DEFAULT_POLL_INTERVAL
    ) -> ModelDeployment:
        """Stop the deployment, start it again, and return it once it is ACTIVE."""
        from ads.model.serving import restart_deployment

        return restart_deployment(self, max_wait_time, poll_interval)

    def delete_deployment(self: Any, wait_for_completion: bool = True) -> None:
        """Delete the deployment; raises :class:`~ads.errors.MissingModelDeploymentIdError` when there is none."""
        from ads.model.serving import delete_deployment

        delete_deployment(self, wait_for_completion)
