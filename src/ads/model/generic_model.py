"""A model of any framework, from a Python object to a deployment: the verbs. The rooms they call do the work."""

from __future__ import annotations

from ads.errors import (
    ArtifactsNotAvailableError,
    NotActiveDeploymentError,
    RuntimeInfoInconsistencyError,
    SerializeInputNotImplementedError,
    SerializeModelNotImplementedError,
)
from ads.model.binding import class_or_instance_method
from ads.model.defaults import *  # noqa: F403 - defaults are known at this address
from ads.model.defaults import CONDA_BUCKET_NS, DATA_SCHEMA_MAX_COL_NUM, DEFAULT_POLL_INTERVAL, DEFAULT_WAIT_TIME
from ads.model.loadable import DataScienceModelType, Loadable
from ads.model.model_metadata_mixin import MetadataMixin
from ads.model.serde.names import ModelInputSerializerType, ModelSerializerType
from ads.model.summary import *  # noqa: F403 - the rows and words of the summary are known at this address
from ads.model.summary import ModelState, SummaryStatus
from ads.model.traits import FrameworkTraits

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

    import pandas as pd
    from typing_extensions import Self

    from ads.model.artifact import ModelArtifact
    from ads.model.datascience_model import DataScienceModel
    from ads.model.deployment import ModelDeployment
    from ads.model.metadata.custom import ModelCustomMetadata
    from ads.model.metadata.provenance import ModelProvenanceMetadata
    from ads.model.metadata.taxonomy import ModelTaxonomyMetadata
    from ads.model.model_properties import ModelProperties
    from ads.model.parity import SampleOptions
    from ads.model.runtime.runtime_info import RuntimeInfo
    from ads.model.score_module import ScoreModule
    from ads.schema import Schema

__all__ = [
    "CONDA_BUCKET_NS",
    "DATA_SCHEMA_MAX_COL_NUM",
    "DEFAULT_POLL_INTERVAL",
    "DEFAULT_WAIT_TIME",
    "ArtifactsNotAvailableError",
    "DataScienceModelType",
    "FrameworkSpecificModel",
    "GenericModel",
    "ModelDeploymentRuntimeType",
    "ModelState",
    "NotActiveDeploymentError",
    "RuntimeInfoInconsistencyError",
    "SerializeInputNotImplementedError",
    "SerializeModelNotImplementedError",
    "SummaryStatus",
]


class ModelDeploymentRuntimeType:
    """The kinds of environment that a deployment runs in."""

    CONDA = "conda"
    CONTAINER = "container"


class GenericModel(FrameworkTraits, MetadataMixin, Loadable):
    """A model of any framework: ``prepare``, ``verify``, ``save``, ``deploy``, ``predict``.

    ``estimator``: any object with ``predict``; it is stored with cloudpickle unless ``serialize`` is False, when the
    model file (and usually ``score.py``) in ``artifact_dir`` are the user's own. ``artifact_dir``: the folder that
    ``prepare()`` writes; a new temporary one by default. ``properties``: a ``ModelProperties`` or a dict with defaults
    for all verbs; by default they come from the environment.

    >>> model = GenericModel(estimator, artifact_dir="churn")         # doctest: +SKIP
    >>> model.prepare(X_sample=X.head(), y_sample=y.head())           # doctest: +SKIP
    >>> model.verify(X.head(3).values.tolist())                       # doctest: +SKIP
    >>> model.save(display_name="churn")                              # doctest: +SKIP
    >>> model.deploy(display_name="churn").url                        # doctest: +SKIP
    """

    metadata_custom: ModelCustomMetadata
    metadata_taxonomy: ModelTaxonomyMetadata
    metadata_provenance: ModelProvenanceMetadata
    schema_input: Schema | None
    schema_output: Schema | None
    model_input_serializer_type: Any = ModelInputSerializerType
    model_save_serializer_type: Any = ModelSerializerType

    def __init__(
        self,
        estimator: Any = None,
        artifact_dir: str | None = None,
        properties: ModelProperties | dict[str, Any] | None = None,
        auth: dict[str, Any] | None = None,
        serialize: bool = True,
        model_save_serializer: Any = None,
        model_input_serializer: Any = None,
        **kwargs: Any,
    ) -> None:
        from ads.model.extractor import extract_info
        from ads.model.metadata.custom import ModelCustomMetadata
        from ads.model.metadata.provenance import ModelProvenanceMetadata
        from ads.model.metadata.taxonomy import ModelTaxonomyMetadata
        from ads.model.options import refuse_unknown
        from ads.model.preparation import local_folder

        refuse_unknown(type(self).__name__, kwargs, ["as_onnx"])
        self.estimator = estimator
        self.artifact_dir: str | None = local_folder(artifact_dir)
        self.auth = auth
        self.model_artifact: ModelArtifact | None = None
        self.model_file_name: str | None = None
        self._runtime_info: RuntimeInfo | None = None
        self.model_deployment: ModelDeployment | None = None
        self.dsc_model: DataScienceModel | None = None
        self.ignore_conda_error = False
        self.metadata_custom = ModelCustomMetadata()
        self.metadata_taxonomy = ModelTaxonomyMetadata()
        self.metadata_provenance = ModelProvenanceMetadata()
        self.schema_input = None
        self.schema_output = None
        self.summary = SummaryStatus()
        self.score: ScoreModule | None = None
        self.sample_options: SampleOptions | None = None
        self._serialize = serialize
        self._properties = properties
        self.set_model_save_serializer(model_save_serializer or self._SAVE_SERIALIZER)
        self.set_model_input_serializer(model_input_serializer)
        info = extract_info(estimator, self._FRAMEWORK)
        self.framework = info.framework
        self.version = info.version
        self.algorithm = info.algorithm
        self.hyperparameter = info.hyperparameter

    @classmethod
    def without_estimator(cls, **arguments: Any) -> Self:
        """Return a model of this class whose estimator isn't known yet, as loading needs it."""
        model = cls.__new__(cls)
        GenericModel.__init__(model, None, **arguments)
        model.framework = cls._FRAMEWORK
        return model

    @property
    def name_prefix(self) -> str:
        """What names start with that are made up for the model."""
        return self._PREFIX

    @property
    def properties(self) -> ModelProperties:
        """The values that the verbs remember: given ones, else those of the environment."""
        from ads.model.model_properties import ModelProperties

        if not isinstance(self._properties, ModelProperties):
            given = self._properties
            self._properties = ModelProperties().with_dict(given) if given else ModelProperties().with_env()
        return self._properties

    @properties.setter
    def properties(self, properties: ModelProperties | dict[str, Any] | None) -> None:
        self._properties = properties

    @property
    def runtime_info(self) -> RuntimeInfo | None:
        """The content of ``runtime.yaml`` as an object; None before there is one."""
        if self._runtime_info is None and self.model_artifact is not None:
            from ads.model.loading import read_runtime_info

            self._runtime_info = read_runtime_info(self)
        return self._runtime_info

    @runtime_info.setter
    def runtime_info(self, runtime_info: RuntimeInfo | None) -> None:
        self._runtime_info = runtime_info

    @property
    def runtime_info_if_read(self) -> RuntimeInfo | None:
        """The content of ``runtime.yaml`` if somebody looked at it through :attr:`runtime_info`, else None."""
        return self._runtime_info

    @property
    def serialize(self) -> bool:
        """Whether ``prepare()`` writes the model file."""
        return self._serialize

    @property
    def model_id(self) -> str | None:
        """The OCID in the catalog; None before ``save()``."""
        return self.dsc_model.id if self.dsc_model else None

    @property
    def model_deployment_id(self) -> str | None:
        """The OCID of the deployment; None before ``deploy()``."""
        return self.model_deployment.model_deployment_id if self.model_deployment else None

    def __repr__(self) -> str:
        return f"{type(self).__name__}(algorithm={self.algorithm!r}, artifact_dir={self.artifact_dir!r})"

    def __str__(self) -> str:
        from ads.model.summary import description_of

        return description_of(self)

    # The serializers.

    def set_model_save_serializer(self, model_save_serializer: Any) -> None:
        """Choose how the model file is written: a name, or an object with ``serialize`` and ``model_file_suffix``."""
        from ads.model.serde.model_serializer import ModelSerializerFactory

        self.model_save_serializer = ModelSerializerFactory.get(model_save_serializer)

    def set_model_input_serializer(self, model_input_serializer: Any) -> None:
        """Choose how data is written for a prediction: a name, or an object with ``serialize``; None: as usual."""
        from ads.model.serde.model_input import ModelInputSerializerFactory

        self.model_input_serializer = ModelInputSerializerFactory.get(model_input_serializer or self._INPUT_SERIALIZER)

    def get_model_serializer(self) -> Any:
        """Return what writes the model file."""
        return self.model_save_serializer

    def get_data_serializer(self) -> Any:
        """Return what writes data for a prediction."""
        return self.model_input_serializer

    def serialize_model(
        self,
        as_onnx: bool = False,
        initial_types: Any = None,
        force_overwrite: bool = False,
        X_sample: Any = None,  # noqa: N803
        **kwargs: Any,
    ) -> None:
        """Write the model file into ``artifact_dir``.

        Raises ``ValueError`` without an estimator, or when the file exists and ``force_overwrite`` is False.
        """
        from ads.model.serialization import serialize_model

        options = {"initial_types": initial_types, "X_sample": X_sample, **kwargs}
        serialize_model(self, as_onnx=as_onnx, force_overwrite=force_overwrite, options=options)

    # The local verbs.

    def prepare(  # noqa: PLR0917 - as users know it
        self,
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
        score_py_uri: str | None = None,
        **kwargs: Any,
    ) -> Self:
        """Write the artifact and return the model.

        Without conda environments the running one is recorded. ``X_sample`` and ``y_sample`` give the schemas; at most
        ``sample_rows`` (5; 0 for none) rows of ``X_sample`` stay in the artifact with the estimator's predictions,
        which a deployment must reproduce. Every input is checked first: a ``ValueError`` or ``TypeError`` leaves the
        folder as it was. Files that exist are kept unless ``force_overwrite`` is set.
        """
        from ads.model.options import PrepareOptions
        from ads.model.preparation import prepare

        prepare(self, PrepareOptions.of(locals(), kwargs))
        return self

    def verify(
        self, data: Any = None, reload_artifacts: bool = True, auto_serialize_data: bool = False, **kwargs: Any
    ) -> Any:
        """Return what ``score.py`` answers for ``data``, as a deployment would: through JSON and back.

        Raises :class:`~ads.errors.VerificationFailed` for an answer that JSON can't carry or that differs from the
        estimator's; what the script itself raises goes to the caller.
        """
        from ads.model import verification
        from ads.model.options import refuse_unknown

        refuse_unknown("verify", kwargs, verification.KNOWN_OPTIONS)
        return verification.verify(self, data, reload_artifacts, auto_serialize_data, kwargs)

    def introspect(self) -> pd.DataFrame:
        """Print the artifact's files and return the table of checks over ``score.py`` and ``runtime.yaml``.

        The last checks run the script in a process of its own, as a deployment does. ``ArtifactTestResults`` in the
        taxonomy metadata and ``test_json_output.json`` in the artifact keep the results.
        """
        from ads.model.registration import introspect
        from ads.model.verification import artifact_folder

        artifact_folder(self)
        print(self.model_artifact.files() if self.model_artifact else [])
        return introspect(self, write=True, rehearse=True).to_dataframe()

    def reload(self) -> Self:
        """Import ``score.py`` and load the model afresh, read and check ``runtime.yaml`` again; return the model."""
        from ads.model.registration import introspect
        from ads.model.verification import score_of

        score_of(self, reload=True)
        self.reload_runtime_info()
        introspect(self)
        return self

    def reload_runtime_info(self) -> None:
        """Read ``runtime.yaml`` again; raises ``FileNotFoundError`` if it is gone."""
        from ads.model.loading import read_runtime_info

        self._runtime_info = read_runtime_info(self, missing_ok=False)

    def forget_runtime_info(self) -> None:
        """Read ``runtime.yaml`` again when it is asked for next."""
        self._runtime_info = None

    # The summary.

    def summary_status(self) -> pd.DataFrame:
        """Return the table of milestones. Only after ``deploy()`` the service is asked, once, for the state."""
        from ads.model.serving import refresh_summary

        refresh_summary(self)
        return self.summary.to_dataframe()

    def update_summary_status(self, detail: str, status: str) -> None:
        """Set the status of a row of the summary."""
        self.summary.update_status(detail, status)

    def update_summary_action(self, detail: str, action: str) -> None:
        """Set what to do next about a row of the summary."""
        self.summary.update_action(detail, action)

    # The catalog.

    def save(  # noqa: PLR0917 - as users know it
        self,
        bucket_uri: str | None = None,
        defined_tags: dict[str, dict[str, Any]] | None = None,
        description: str | None = None,
        display_name: str | None = None,
        freeform_tags: dict[str, str] | None = None,
        ignore_introspection: bool = False,
        model_version_set: Any = None,
        overwrite_existing_artifact: bool = True,
        parallel_process_count: int = 9,
        remove_existing_artifact: bool = True,
        reload: bool = True,
        version_label: str | None = None,
        model_by_reference: bool = False,
        **kwargs: Any,
    ) -> str:
        """Register the model with its artifact in the catalog and return its OCID.

        Raises :class:`~ads.errors.ArtifactsNotAvailableError` before ``prepare()``,
        :class:`~ads.errors.IntrospectionNotPassed` when a check fails (``ignore_introspection`` skips them), and
        :class:`~ads.errors.RuntimeInfoInconsistencyError` when ``runtime.yaml`` was edited behind the object's back.
        """
        from ads.model import registration

        return registration.save(self, registration.SaveOptions.of(locals(), kwargs))

    def update(self, **kwargs: Any) -> Self:
        """Change the catalog entry: ``display_name, description, freeform_tags, defined_tags, version_label``."""
        from ads.model.registration import update

        update(self, kwargs)
        return self

    def upload_artifact(
        self,
        uri: str,
        auth: dict[str, Any] | None = None,  # noqa: ARG002 - local targets need none
        force_overwrite: bool | None = False,
        parallel_process_count: int = 9,  # noqa: ARG002 - known to callers; one stream is fastest locally
    ) -> None:
        """Write the artifact as a zip file to ``uri``: a path, or an address that fsspec knows.

        An existing file needs ``force_overwrite``; a folder gets ``<model id>.zip``.
        """
        from ads.model.registration import upload_artifact

        upload_artifact(self, uri, bool(force_overwrite))

    def download_artifact(
        self,
        artifact_dir: str | None = None,
        auth: dict[str, Any] | None = None,
        force_overwrite: bool | None = False,
        bucket_uri: str | None = None,
        remove_existing_artifact: bool | None = True,
        **kwargs: Any,
    ) -> Self:
        """Fetch the artifact of a model that was loaded without it, and return the model."""
        from ads.model.loading import CatalogSource, download_artifact

        source = CatalogSource(auth, bucket_uri, remove_existing_artifact, kwargs)
        download_artifact(self, artifact_dir, bool(force_overwrite), source)
        return self

    @class_or_instance_method
    def delete(
        cls_or_self: Any,  # noqa: N805
        model_id: str | None = None,
        delete_associated_model_deployment: bool | None = False,
        delete_model_artifact: bool | None = False,
        artifact_dir: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Delete a model from the catalog; on the class, ``model_id`` says which.

        Raises :class:`~ads.errors.ModelWithActiveDeploymentError` while a deployment uses it, unless
        ``delete_associated_model_deployment`` is set. ``delete_model_artifact`` removes the local folder as well.
        """
        from ads.model.options import refuse_unknown
        from ads.model.registration import delete

        refuse_unknown("delete", kwargs, ["timeout", "compartment_id"])
        owner = None if isinstance(cls_or_self, type) else cls_or_self
        delete(owner, model_id, bool(delete_associated_model_deployment), bool(delete_model_artifact), artifact_dir)

    delete_model = delete

    # Deployments.

    def deploy(  # noqa: PLR0917 - as users know it
        self,
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
        self,
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

    def predict(self, data: Any = None, auto_serialize_data: bool = False, local: bool = False, **kwargs: Any) -> Any:
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
        self, max_wait_time: int = DEFAULT_WAIT_TIME, poll_interval: int = DEFAULT_POLL_INTERVAL
    ) -> ModelDeployment:
        """Stop the deployment, start it again, and return it once it is ACTIVE."""
        from ads.model.serving import restart_deployment

        return restart_deployment(self, max_wait_time, poll_interval)

    def delete_deployment(self, wait_for_completion: bool = True) -> None:
        """Delete the deployment; raises :class:`~ads.errors.MissingModelDeploymentIdError` when there is none."""
        from ads.model.serving import delete_deployment

        delete_deployment(self, wait_for_completion)


class FrameworkSpecificModel(GenericModel):
    """The base of models of one framework: data is serialized by default, as the framework's users expect."""

    def verify(
        self, data: Any = None, reload_artifacts: bool = True, auto_serialize_data: bool = True, **kwargs: Any
    ) -> Any:
        """Return what ``score.py`` answers for ``data``; see :meth:`GenericModel.verify`."""
        return super().verify(data, reload_artifacts, auto_serialize_data, **kwargs)

    def predict(self, data: Any = None, auto_serialize_data: bool = True, **kwargs: Any) -> Any:  # type: ignore[override]  # as users know it; ``local`` goes through kwargs
        """Return the deployment's answer for ``data``; see :meth:`GenericModel.predict`."""
        return super().predict(data, auto_serialize_data, **kwargs)
