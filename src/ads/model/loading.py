"""Making a model object of what exists: an artifact, a catalog entry, a deployment."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import AdsError, InputError
from ads.model import artifact_source, legacy_script
from ads.model.artifact import ModelArtifact
from ads.model.options import refuse_unknown
from ads.model.preparation import local_folder
from ads.model.summary import (
    DEPLOY_STATUS_DETAIL,
    PREPARE_DETAILS,
    PREPARE_STATUS_POPULATE_METADATA_DETAIL,
    SAVE_DETAILS,
    SAVE_STATUS_INTROSPECT_TEST_DETAIL,
    VERIFY_STATUS_LOCAL_TEST_DETAIL,
    ModelState,
)

if TYPE_CHECKING:
    from ads.model.generic_model import GenericModel
    from ads.model.runtime.runtime_info import RuntimeInfo

__all__ = [
    "CatalogSource",
    "Target",
    "download_artifact",
    "from_model_artifact",
    "from_model_catalog",
    "from_model_deployment",
    "read_runtime_info",
]

_log = logging.getLogger(__name__)

_CATALOG_EXTRA = ["compartment_id", "timeout", "region", "reload"]


@dataclass(frozen=True)
class Target:
    """Where the artifact of a loaded model goes, and what the model is made with."""

    model_file_name: str | None
    artifact_dir: str | None
    auth: dict[str, Any] | None
    force_overwrite: bool
    properties: Any
    ignore_conda_error: bool = False


@dataclass(frozen=True)
class CatalogSource:
    """How an artifact is fetched from the catalog."""

    auth: dict[str, Any] | None
    bucket_uri: str | None
    remove_existing_artifact: bool | None
    extra: Mapping[str, Any]

    def fetch(self, entry: Any, folder: Path, *, force_overwrite: bool) -> None:
        """Unpack the artifact of a catalog entry into ``folder``."""
        refuse_unknown("download_artifact", self.extra, _CATALOG_EXTRA)
        entry.download_artifact(
            target_dir=str(folder),
            auth=self.auth,
            force_overwrite=force_overwrite,
            bucket_uri=self.bucket_uri,
            remove_existing_artifact=self.remove_existing_artifact,
            region=self.extra.get("region"),
            timeout=self.extra.get("timeout"),
        )


def from_model_artifact(cls: Any, uri: str, target: Target, extra: Mapping[str, Any]) -> Any:
    """Return a model of the folder or archive at ``uri``."""
    refuse_unknown("from_model_artifact", extra, ["reload"])
    folder = _target_folder(target.artifact_dir)
    artifact_source.fetch(str(uri), folder, force_overwrite=target.force_overwrite, auth=target.auth)
    return _model_of(cls, folder, target, reload=bool(extra.get("reload", False)))


def from_model_catalog(cls: Any, model_id: str, target: Target, source: CatalogSource, download: bool) -> Any:
    """Return the model of a catalog entry."""
    from ads.model.datascience_model import DataScienceModel
    from ads.model.registration import introspect

    entry = DataScienceModel.from_id(model_id)
    if download:
        folder = _target_folder(target.artifact_dir)
        source.fetch(entry, folder, force_overwrite=target.force_overwrite)
        model = _model_of(cls, _artifact_in(folder), target, reload=bool(source.extra.get("reload", False)))
        model.summary.set(ModelState.DONE, PREPARE_STATUS_POPULATE_METADATA_DETAIL)
    else:
        model = _bare(cls, target)
        model.summary.set(ModelState.NOTAPPLICABLE, *PREPARE_DETAILS, VERIFY_STATUS_LOCAL_TEST_DETAIL, *SAVE_DETAILS)
        model.summary.update_action(
            VERIFY_STATUS_LOCAL_TEST_DETAIL, "The artifact is not on this machine: call .download_artifact()."
        )
    _attach_entry(model, entry)
    if download and source.extra.get("reload"):
        introspect(model)  # what the entry says of the checks is from the day it was saved
    return model


def from_model_deployment(
    cls: Any, model_deployment_id: str, target: Target, source: CatalogSource, download: bool
) -> Any:
    """Return the model that a deployment serves, with the deployment."""
    from ads.model.deployment import ModelDeployment
    from ads.model.serving import show_state

    deployment = ModelDeployment.from_id(model_deployment_id)
    state = deployment.lifecycle_state
    if state != "ACTIVE":
        _log.warning("The deployment %s is %s.", model_deployment_id, state)
    runtime = deployment.runtime
    model_id = runtime.model_uri if runtime is not None else None
    if not model_id:
        raise InputError(f"The deployment {model_deployment_id} names no model.")
    model = from_model_catalog(cls, model_id, target, source, download)
    model.model_deployment = deployment
    show_state(model, state)
    return model


def download_artifact(
    model: GenericModel, artifact_dir: str | None, force_overwrite: bool, source: CatalogSource
) -> None:
    """Fetch the artifact of a model that is in the catalog into its folder, or into ``artifact_dir``."""
    if model.dsc_model is None or not model.model_id:
        raise InputError("The model isn't in the catalog.", hint="Call save() first, or load it from the catalog.")
    folder = _target_folder(artifact_dir or model.artifact_dir)
    source.fetch(model.dsc_model, folder, force_overwrite=force_overwrite)
    _attach_folder(model, _artifact_in(folder), None)
    model.summary.set(ModelState.DONE, *PREPARE_DETAILS)
    model.summary.set(ModelState.AVAILABLE, VERIFY_STATUS_LOCAL_TEST_DETAIL, SAVE_STATUS_INTROSPECT_TEST_DETAIL)


def read_runtime_info(model: GenericModel, *, missing_ok: bool = True) -> RuntimeInfo | None:
    """Return the content of ``runtime.yaml``; without the file None, or ``FileNotFoundError``."""
    from ads.model.runtime.runtime_info import RuntimeInfo
    from ads.model.verification import artifact_folder

    path = artifact_folder(model) / "runtime.yaml"
    if not path.is_file():
        if missing_ok or model.ignore_conda_error:
            return None
        raise FileNotFoundError(f"There is no runtime.yaml in {path.parent}.")
    info: RuntimeInfo = RuntimeInfo.from_yaml(uri=str(path))
    return info


def _target_folder(artifact_dir: str | None) -> Path:
    folder = local_folder(artifact_dir)
    return Path(folder) if folder else Path(tempfile.mkdtemp(prefix="openads-artifact-"))


def _artifact_in(folder: Path) -> Path:
    """Return the folder with score.py and runtime.yaml: ``folder``, or the one below it that has them.

    The files of a model by reference lie below the names of their buckets and prefixes.
    """
    from ads.artifact.layout import REQUIRED_FILES

    if any((folder / name).exists() for name in REQUIRED_FILES):
        return folder
    whole = [
        path.parent
        for path in folder.rglob(REQUIRED_FILES[0])
        if all((path.parent / name).is_file() for name in REQUIRED_FILES)
    ]
    return whole[0] if len(whole) == 1 else folder


def _bare(cls: Any, target: Target) -> GenericModel:
    """Return a model without estimator; what the class demands of estimators doesn't apply to it."""
    model: GenericModel = cls.without_estimator(
        artifact_dir=target.artifact_dir, auth=target.auth, properties=target.properties
    )
    model.ignore_conda_error = target.ignore_conda_error
    return model


def _model_of(cls: Any, folder: Path, target: Target, *, reload: bool) -> Any:
    from ads.artifact.layout import REQUIRED_FILES

    missing = [name for name in REQUIRED_FILES if not (folder / name).is_file()]
    if missing:
        _log.warning("The artifact in %s has no %s.", folder, " and no ".join(missing))
    model = _bare(cls, target)
    _attach_folder(model, folder, target.model_file_name)
    model.summary.set(ModelState.NOTAPPLICABLE, *PREPARE_DETAILS)
    model.summary.set(ModelState.AVAILABLE, VERIFY_STATUS_LOCAL_TEST_DETAIL, *SAVE_DETAILS)
    if reload:
        from ads.model.extractor import extract_info
        from ads.model.registration import introspect
        from ads.model.verification import score_of

        model.estimator = score_of(model, reload=True).model
        info = extract_info(model.estimator)
        model.framework, model.version, model.algorithm = info.framework, info.version, info.algorithm
        model.hyperparameter = info.hyperparameter
        model.summary.set(ModelState.AVAILABLE, PREPARE_STATUS_POPULATE_METADATA_DETAIL)
        model.summary.update_action(PREPARE_STATUS_POPULATE_METADATA_DETAIL, "Call .populate_metadata().")
        introspect(model)
    return model


def _attach_folder(model: GenericModel, folder: Path, model_file_name: str | None) -> None:
    from ads.artifact import layout
    from ads.schema import Schema

    _take_serializers(model, folder)
    model.artifact_dir = str(folder)
    model.model_file_name = (
        model_file_name or layout.model_file_name(folder) or legacy_script.model_file_name(folder) or None
    )
    model.model_artifact = ModelArtifact(str(folder), model.model_file_name)
    model.score = None
    model.forget_runtime_info()
    if (folder / layout.INPUT_SCHEMA).is_file():
        model.schema_input = Schema.from_file(str(folder / layout.INPUT_SCHEMA))
    if (folder / layout.OUTPUT_SCHEMA).is_file():
        model.schema_output = Schema.from_file(str(folder / layout.OUTPUT_SCHEMA))


def _take_serializers(model: GenericModel, folder: Path) -> None:
    """Let another ``prepare()`` write the same kind of model file, and send data in the form that score.py reads.

    A recipe of a newer version, and a form that isn't known here, are skipped.
    """
    from ads.score import read_recipe

    try:
        recipe = read_recipe(folder)
        stored_with = recipe.serializer if recipe is not None else legacy_script.save_serializer(folder)
        if stored_with:
            model.set_model_save_serializer(stored_with)
        sent_with = legacy_script.input_serializer(folder)
        if sent_with:
            model.set_model_input_serializer(sent_with)
    except AdsError as error:
        _log.info("Something about score.py in %s is not known here: %s", folder, error.message)


def _attach_entry(model: GenericModel, entry: Any) -> None:
    from ads.model.registration import share_metadata

    model.dsc_model = entry
    share_metadata(model, entry)
    taxonomy = model.metadata_taxonomy
    model.framework = model.framework or taxonomy["Framework"].value
    model.algorithm = model.algorithm or taxonomy["Algorithm"].value
    model.version = model.version or taxonomy["FrameworkVersion"].value
    if not model.model_file_name:
        item = model.metadata_custom.get("ModelFileName", None)
        model.model_file_name = item.value if item is not None and item.value != "NA" else None
    model.summary.set(ModelState.AVAILABLE, DEPLOY_STATUS_DETAIL)
