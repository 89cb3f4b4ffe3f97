"""The artifact folder that belongs to a model object, and the steps that write one part of it each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads._version import __version__
from ads.artifact.layout import REQUIRED_FILES
from ads.artifact.runtime_yaml import MODEL_ARTIFACT_VERSION
from ads.errors import ArtifactFolderStructureError, ArtifactNestedFolderError, ArtifactRequiredFilesError, InputError
from ads.model.defaults import CONDA_BUCKET_NS, DEFAULT_CONDA_BUCKET_NAME

if TYPE_CHECKING:
    from typing_extensions import Self

    from ads.model.runtime.runtime_info import RuntimeInfo
    from ads.schema import Schema

__all__ = [
    "ADS_VERSION",
    "CONDA_BUCKET_NAME",
    "CONDA_BUCKET_NS",
    "MODEL_ARTIFACT_VERSION",
    "REQUIRED_ARTIFACT_FILES",
    "SCORE_VERSION",
    "AritfactFolderStructureError",
    "ArtifactFolderStructureError",
    "ArtifactNestedFolderError",
    "ArtifactRequiredFilesError",
    "ModelArtifact",
]

ADS_VERSION = __version__
CONDA_BUCKET_NAME = DEFAULT_CONDA_BUCKET_NAME
REQUIRED_ARTIFACT_FILES = REQUIRED_FILES
SCORE_VERSION = "1.0"
AritfactFolderStructureError = ArtifactFolderStructureError
"""The name under which programs catch it."""
_USUAL_FORMATS = ("xgboost", "joblib", "torch", "tf")
"""Which format is meant where a framework has several and none is named."""


class ModelArtifact:
    """Where the files of a model lie, and what its model file is called.

    ``reload`` imports ``score.py`` and loads the model at once; see :meth:`reload`.
    """

    def __init__(
        self,
        artifact_dir: str,
        model_file_name: str | None = None,
        reload: bool = False,
        ignore_conda_error: bool = False,
        local_copy_dir: str | None = None,
        auth: dict[str, Any] | None = None,
    ) -> None:
        if not artifact_dir:
            raise InputError("An artifact needs its folder.", hint="Pass artifact_dir.")
        self.artifact_dir = str(artifact_dir)
        self.model_file_name = model_file_name
        self.ignore_conda_error = ignore_conda_error
        self.local_copy_dir = local_copy_dir or self.artifact_dir
        self.auth = auth
        self.model: Any = None
        if reload:
            self.reload()

    @classmethod
    def from_uri(
        cls,
        uri: str,
        artifact_dir: str,
        model_file_name: str | None = None,
        force_overwrite: bool | None = False,
        auth: dict[str, Any] | None = None,
        ignore_conda_error: bool | None = False,
        reload: bool | None = False,
    ) -> Self:
        """Return the artifact at ``uri`` (a folder, an archive, an address), put into ``artifact_dir``.

        Raises ``ValueError`` for an archive that can't be read and for an ``artifact_dir`` that is in use, unless
        ``force_overwrite`` is set.
        """
        from ads.model import artifact_source

        folder = Path(artifact_dir).expanduser().absolute()
        artifact_source.fetch(uri, folder, force_overwrite=bool(force_overwrite), auth=auth)
        return cls(str(folder), model_file_name, bool(reload), bool(ignore_conda_error), auth=auth)

    def files(self) -> list[str]:
        """Return the files that belong to the artifact, as paths relative to its folder."""
        from ads.artifact.layout import list_files

        if not Path(self.artifact_dir).is_dir():
            return []
        return list_files(self.artifact_dir, keep=[self.model_file_name] if self.model_file_name else [])

    def reload(self) -> None:
        """Import ``score.py`` afresh and keep what its ``load_model()`` returns in ``model``."""
        from ads.model.score_module import ScoreModule

        self.model = ScoreModule(Path(self.artifact_dir)).model

    def prepare_runtime_yaml(
        self,
        inference_conda_env: str,
        inference_python_version: str | None = None,
        training_conda_env: str | None = None,
        training_python_version: str | None = None,
        force_overwrite: bool = False,
        namespace: str = CONDA_BUCKET_NS,
        bucketname: str = DEFAULT_CONDA_BUCKET_NAME,  # noqa: ARG002 - the catalog of packs has one
        auth: dict[str, Any] | None = None,  # noqa: ARG002 - the catalog of packs needs none
        ignore_conda_error: bool = False,
    ) -> RuntimeInfo:
        """Write ``runtime.yaml`` and return its content. Raises ``ValueError`` if it exists, and for unknown packs."""
        from ads.artifact import layout, runtime_yaml
        from ads.model import runtime_record
        from ads.model.options import PrepareOptions
        from ads.model.runtime.runtime_info import RuntimeInfo

        folder = self._folder()
        if (folder / layout.RUNTIME_YAML).exists() and not force_overwrite:
            raise InputError(f"{folder} already holds runtime.yaml.", hint="Pass force_overwrite=True to replace it.")
        options = PrepareOptions(
            inference_conda_env=inference_conda_env,
            inference_python_version=inference_python_version,
            training_conda_env=training_conda_env,
            training_python_version=training_python_version,
            namespace=namespace,
            ignore_conda_error=ignore_conda_error,
        )
        document = runtime_record.runtime_document(options, *runtime_record.resolve_packs(options))
        runtime_yaml.write(folder, document)
        return RuntimeInfo.from_yaml(uri=str(folder / layout.RUNTIME_YAML))

    def prepare_score_py(self, jinja_template_filename: str, model_file_name: str | None = None, **kwargs: Any) -> None:
        """Write ``score.py`` for a framework: ``score_sklearn``, ``score-pkl`` and so on; ``score_generic`` is a stub.

        ``serializer`` names the format of the model file where the framework has several. Raises ``ValueError`` for a
        framework that isn't known.
        """
        from ads.score import Recipe, supported, write

        name = model_file_name or self.model_file_name
        if not name:
            raise InputError("score.py needs the name of the model file.", hint="Pass model_file_name.")
        wanted = jinja_template_filename.removesuffix(".jinja2").removeprefix("score").strip("-_")
        framework, serializer = {"pkl": ("generic", "cloudpickle"), "generic": ("generic", "")}.get(
            wanted, (wanted, "")
        )
        formats = [format_ for made, format_ in supported() if made == framework]
        if not formats:
            raise InputError(
                f"There is no score.py for {jinja_template_filename!r}.",
                hint=f"Known: {', '.join(sorted({f'score_{made}' for made, _ in supported()}))}, score-pkl.",
            )
        if framework != "generic":
            serializer = next((usual for usual in _USUAL_FORMATS if usual in formats), formats[0])
        write(Recipe(framework, kwargs.get("serializer", serializer), name), self._folder(), force_overwrite=True)
        self.model_file_name = name

    def prepare_schema(self, schema_name: str) -> Schema:
        """Return the schema in the artifact's file ``schema_name``. Raises ``ValueError`` when it is broken."""
        from ads.schema import Schema

        return Schema.from_file(str(self._folder() / schema_name))

    def _folder(self) -> Path:
        folder = Path(self.artifact_dir)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def __repr__(self) -> str:
        return f"ModelArtifact({self.artifact_dir!r}, model_file_name={self.model_file_name!r})"
