"""save() and what else touches the catalog entry: update, delete, the artifact as a zip file."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import AdsError, InputError, IntrospectionNotPassed, RuntimeInfoInconsistencyError
from ads.model.catalog_features import with_metrics
from ads.model.dependencies import add_missing
from ads.model.metadata.keys import MetadataTaxonomyKeys
from ads.model.parity import record_again
from ads.model.summary import (
    DEPLOY_STATUS_DETAIL,
    SAVE_STATUS_INTROSPECT_TEST_DETAIL,
    SAVE_STATUS_UPLOAD_ARTIFACT_DETAIL,
    ModelState,
)
from ads.model.verification import artifact_folder, is_generated, score_of

if TYPE_CHECKING:
    from ads.introspect import Report
    from ads.model.datascience_model import DataScienceModel
    from ads.model.generic_model import GenericModel

__all__ = [
    "TRANSFER_OPTIONS",
    "SaveOptions",
    "delete",
    "introspect",
    "save",
    "share_metadata",
    "update",
    "upload_artifact",
]

_log = logging.getLogger(__name__)

_ENTRY_VALUES = {"compartment_id", "project_id"}
TRANSFER_OPTIONS = ("bucket_uri", "overwrite_existing_artifact", "parallel_process_count", "remove_existing_artifact")


@dataclass(frozen=True)
class SaveOptions:
    """The arguments of ``save()``; ``extra`` goes to the catalog entry."""

    bucket_uri: str | None
    defined_tags: dict[str, dict[str, Any]] | None
    description: str | None
    display_name: str | None
    freeform_tags: dict[str, str] | None
    ignore_introspection: bool
    model_version_set: Any
    overwrite_existing_artifact: bool
    parallel_process_count: int
    remove_existing_artifact: bool
    reload: bool
    version_label: str | None
    model_by_reference: bool
    extra: Mapping[str, Any]

    @classmethod
    def of(cls, arguments: Mapping[str, Any], extra: Mapping[str, Any]) -> SaveOptions:
        """Return the options of a call with named ``arguments`` and ``extra`` keywords."""
        names = [field.name for field in fields(cls) if field.name != "extra"]
        return cls(**{name: arguments[name] for name in names}, extra=dict(extra))


def save(model: GenericModel, options: SaveOptions) -> str:
    """Register the model and return its OCID; nothing is registered unless every check passes."""
    folder = artifact_folder(model)
    _require_consistent_runtime_info(model, folder)
    if options.reload and not model.ignore_conda_error:
        score_of(model, reload=True)
    if not is_generated(folder):
        record_again(score_of(model, reload=False) if options.reload else None, folder)
        add_missing(folder)
    if not options.ignore_introspection and not model.ignore_conda_error:
        with _service_starting():
            _require_introspection(model, rehearse=options.reload)
    with_metrics(model.metadata_custom, options.extra.get("metrics") or {})
    signing_key = options.extra.get("signing_key")
    if signing_key:
        from ads.artifact.model_signature import sign

        sign(folder, signing_key)
    entry = _entry(model, options, folder)
    transfer = {name: getattr(options, name) for name in TRANSFER_OPTIONS if getattr(options, name) is not None}
    others = {
        name: value for name, value in options.extra.items() if name not in {*_ENTRY_VALUES, "metrics", "signing_key"}
    }
    entry.create(model_by_reference=options.model_by_reference, **transfer, **others)
    model.dsc_model = entry
    model.model_deployment = None
    model.summary.set(ModelState.DONE, SAVE_STATUS_UPLOAD_ARTIFACT_DETAIL)
    model.summary.set(ModelState.AVAILABLE, DEPLOY_STATUS_DETAIL)
    assert entry.id is not None
    return entry.id


def introspect(model: GenericModel, *, write: bool = False, rehearse: bool = False) -> Report:
    """Run the checks on the model's artifact and keep the results in the metadata; ``write``: in the folder as well.

    ``rehearse``: also those that load the model in a process of its own.
    """
    from ads.introspect import introspect as run
    from ads.model.model_introspect import ModelIntrospect

    folder = artifact_folder(model)
    report = ModelIntrospect(folder).check(rehearse) if write else run(folder, rehearse=rehearse)
    model.metadata_taxonomy[MetadataTaxonomyKeys.ARTIFACT_TEST_RESULT].update(report.to_dict())
    return report


def update(model: GenericModel, changes: Mapping[str, Any]) -> None:
    """Send the changed values and the metadata to the catalog."""
    entry = _require_entry(model, "update it")
    _describe(model, entry)
    entry.update(**changes)
    share_metadata(model, entry)


def upload_artifact(model: GenericModel, uri: str, force_overwrite: bool) -> None:
    """Write the artifact as a zip file to a path or an address that fsspec knows; a bar shows the bytes to people."""
    import tempfile

    from ads.client import Service
    from ads.client.objects import ObjectAddress, upload_object
    from ads.model.artifact_transfer import packed
    from ads.model.bucket_transfer import is_ours

    folder = artifact_folder(model)
    name = f"{model.model_id or folder.name}.zip"
    if not uri:
        raise InputError("upload_artifact() needs a uri.", hint="Pass a path or an address for the zip file.")
    if "://" not in uri:
        target = Path(uri).expanduser().absolute()
        if target.is_dir() or uri.endswith("/"):
            target = target / name
        _refuse_existing(target.exists(), str(target), force_overwrite)
        target.parent.mkdir(parents=True, exist_ok=True)
        _pack_visibly(folder, target)
        return
    address = uri if uri.endswith(".zip") else f"{uri.rstrip('/')}/{name}"
    if is_ours(address):
        try:
            with packed(str(folder)) as archive:
                upload_object(Service.find(), archive, ObjectAddress.parse(address), overwrite=force_overwrite)
        except FileExistsError:
            _refuse_existing(True, address, force_overwrite)
        return
    import fsspec

    system, path = fsspec.core.url_to_fs(address)
    _refuse_existing(system.exists(path), address, force_overwrite)
    with tempfile.TemporaryDirectory(prefix="openads-") as scratch:
        archive = Path(scratch) / name
        _pack_visibly(folder, archive)
        _put_visibly(system, archive, path)


def _pack_visibly(folder: Path, target: Path) -> None:
    from ads.artifact.archive import write_zip
    from ads.artifact.layout import list_files
    from ads.client.progress import byte_bar

    size = sum((folder / name).stat().st_size for name in list_files(folder))
    with byte_bar(f"Packing {target.name}", size, progress=True) as bar:
        write_zip(folder, target, progress=bar.update)


def _put_visibly(system: Any, archive: Path, path: str) -> None:
    from fsspec.callbacks import Callback

    from ads.client.progress import byte_bar

    is_local = getattr(system, "local_file", False)  # a copy on this machine is over at once, and reports nothing
    with byte_bar(f"Uploading {archive.name}", archive.stat().st_size, progress=not is_local) as bar:
        callback = Callback()
        callback.relative_update = bar.update
        system.put_file(str(archive), path, callback=callback)


def delete(
    model: GenericModel | None,
    model_id: str | None,
    with_deployments: bool,
    with_artifact: bool,
    artifact_dir: str | None,
) -> None:
    """Delete a catalog entry: that of ``model``, or without one the entry ``model_id``."""
    from ads.model.datascience_model import DataScienceModel

    entry = model.dsc_model if model is not None else None
    if entry is None:
        if not model_id:
            raise InputError("There is no model in the catalog to delete.", hint="Pass model_id, or call save() first.")
        entry = DataScienceModel.from_id(model_id)
    folder = artifact_dir or (model.artifact_dir if model is not None else None)
    if with_artifact and not folder:
        raise InputError("The folder to remove isn't known.", hint="Pass artifact_dir.")
    entry.delete(delete_associated_model_deployment=with_deployments)
    if with_artifact and folder:
        shutil.rmtree(Path(folder).expanduser(), ignore_errors=True)
        if model is not None:
            model.model_artifact = None


def share_metadata(model: GenericModel, entry: DataScienceModel) -> None:
    """Let the model show what the catalog entry says."""
    model.metadata_custom = entry.custom_metadata_list or model.metadata_custom
    model.metadata_taxonomy = entry.defined_metadata_list or model.metadata_taxonomy
    model.metadata_provenance = entry.provenance_metadata or model.metadata_provenance
    model.schema_input = entry.input_schema or model.schema_input
    model.schema_output = entry.output_schema or model.schema_output


def _require_consistent_runtime_info(model: GenericModel, folder: Path) -> None:
    from ads.model.loading import read_runtime_info

    known = model.runtime_info_if_read
    if known is None or model.ignore_conda_error:
        return
    found = read_runtime_info(model)
    if found is not None and found.to_dict() != known.to_dict():
        raise RuntimeInfoInconsistencyError(
            f"{folder / 'runtime.yaml'} and runtime_info of the model say different things.",
            hint="Call reload_runtime_info() to take the file, or runtime_info.save() to write the object.",
        )


@contextmanager
def _service_starting() -> Iterator[None]:
    """Let a service that isn't running yet start while the block does other things; its errors come when it is used."""
    from threading import Thread

    def find() -> None:
        from ads.client import Service

        with suppress(AdsError):
            Service.find()

    starter = Thread(target=find, name="openads-service", daemon=True)
    starter.start()
    yield
    starter.join()


def _require_introspection(model: GenericModel, *, rehearse: bool) -> None:
    report = introspect(model, write=True, rehearse=rehearse)
    if not report.failures:
        model.summary.set(ModelState.DONE, SAVE_STATUS_INTROSPECT_TEST_DETAIL)
        return
    messages = [f"{result.key}: {result.message}" for result in report.results if result.success is False]
    model.summary.update_status(SAVE_STATUS_INTROSPECT_TEST_DETAIL, "Failed")
    model.summary.update_action(SAVE_STATUS_INTROSPECT_TEST_DETAIL, " ".join(messages))
    raise IntrospectionNotPassed(
        "The artifact doesn't pass its checks. " + " ".join(messages),
        hint="Correct the file, call introspect() to check again, or pass ignore_introspection=True.",
    )


def _entry(model: GenericModel, options: SaveOptions, folder: Path) -> DataScienceModel:
    from ads.model.datascience_model import DataScienceModel
    from ads.model.model_version_set import version_set_id
    from ads.model.names import random_name

    entry = DataScienceModel()
    properties = model.properties
    for name in sorted(_ENTRY_VALUES):
        value = options.extra.get(name) or getattr(properties, name)
        if value:
            properties.with_prop(name, value)
            getattr(entry, f"with_{name}")(value)
    entry.with_display_name(options.display_name or random_name(model.name_prefix))
    if options.description:
        entry.with_description(options.description)
    if options.freeform_tags:
        entry.with_freeform_tags(**options.freeform_tags)
    if options.defined_tags:
        entry.with_defined_tags(**options.defined_tags)
    version_set = version_set_id(options.model_version_set)
    if version_set:
        entry.with_model_version_set_id(version_set)
    if options.version_label:
        entry.with_version_label(options.version_label)
    _describe(model, entry)
    return entry.with_artifact(str(folder))


def _describe(model: GenericModel, entry: DataScienceModel) -> None:
    entry.with_custom_metadata_list(model.metadata_custom)
    entry.with_defined_metadata_list(model.metadata_taxonomy)
    entry.with_provenance_metadata(model.metadata_provenance)
    for schema, take in (
        (model.schema_input, entry.with_input_schema),
        (model.schema_output, entry.with_output_schema),
    ):
        if schema is None:
            continue
        try:
            schema.validate_size()
        except AdsError:
            _log.info("A schema is too large for the catalog entry; the file in the artifact has it.")
        else:
            take(schema)


def _require_entry(model: GenericModel, purpose: str) -> DataScienceModel:
    if model.dsc_model is None or not model.model_id:
        raise InputError(
            f"The model isn't in the catalog, so there is nothing to {purpose}.", hint="Call save() first."
        )
    return model.dsc_model


def _refuse_existing(exists: bool, target: str, force_overwrite: bool) -> None:
    if exists and not force_overwrite:
        raise InputError(f"{target} exists.", hint="Pass force_overwrite=True to replace it.")
