"""A model of any framework, from a Python object to a deployment: the verbs. The rooms they call do the work."""

from __future__ import annotations

from ads.errors import (
    ArtifactsNotAvailableError,
    NotActiveDeploymentError,
    RuntimeInfoInconsistencyError,
    SerializeInputNotImplementedError,
    SerializeModelNotImplementedError,
)
from ads.model.catalogued import Catalogued
from ads.model.defaults import *  # noqa: F403 - defaults are known at this address
from ads.model.defaults import CONDA_BUCKET_NS, DATA_SCHEMA_MAX_COL_NUM, DEFAULT_POLL_INTERVAL, DEFAULT_WAIT_TIME
from ads.model.deployable import Deployable
from ads.model.introspectable import Introspectable
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


class GenericModel(FrameworkTraits, MetadataMixin, Introspectable, Loadable, Catalogued, Deployable):
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

    def _repr_html_(self) -> str:
        from ads.model.cards import model_card

        return model_card(self)

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

    def evaluate(self, *_: Any, **__: Any) -> Any:
        """Raise :class:`~ads.errors.NotSupported`: this version writes no evaluation reports."""
        from ads.errors import NotSupported

        raise NotSupported(
            "This version writes no evaluation reports.",
            hint="Compare the predictions of verify() with y, for example with sklearn.metrics.",
        )

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
