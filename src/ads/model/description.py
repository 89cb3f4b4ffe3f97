"""What a model says of itself in the catalog: taxonomy, custom metadata, provenance and the two schemas."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import DataSizeTooWide, InputError, InputTypeError
from ads.model.metadata.container import METADATA_SIZE_LIMIT
from ads.model.metadata.keys import (
    MetadataCustomCategory,
    MetadataCustomKeys,
    MetadataTaxonomyKeys,
    UseCaseType,
)
from ads.model.metadata.provenance import ModelProvenanceMetadata
from ads.model.summary import PREPARE_STATUS_POPULATE_METADATA_DETAIL, ModelState

if TYPE_CHECKING:
    from ads.model.generic_model import GenericModel
    from ads.model.options import PrepareOptions
    from ads.schema import Schema

__all__ = ["Schemas", "check_use_case", "make_schemas", "populate_metadata", "populate_schema", "write_schemas"]

_log = logging.getLogger(__name__)

_LONGEST_LIST = 255
"""Characters of the file list in the custom metadata."""


@dataclass(frozen=True)
class Schemas:
    """The schemas of input and output; None where there was no sample or none can be made of it."""

    input: Schema | None = None
    output: Schema | None = None


def make_schemas(x_sample: Any, y_sample: Any, max_col_num: int) -> Schemas:
    """Return the schemas of the samples.

    Raises ``ValueError`` for two columns of one name. Samples that no schema can be made of (too wide, or of an unknown
    kind) give a line in the log and no schema.
    """
    return Schemas(_schema(x_sample, "X_sample", max_col_num), _schema(y_sample, "y_sample", max_col_num))


def write_schemas(model: GenericModel, schemas: Schemas, folder: Path) -> None:
    """Write the schemas that there are, and keep them in the model."""
    from ads.artifact.layout import INPUT_SCHEMA, OUTPUT_SCHEMA

    if schemas.input is not None:
        schemas.input.to_json_file(str(folder / INPUT_SCHEMA))
        model.schema_input = schemas.input
    if schemas.output is not None:
        schemas.output.to_json_file(str(folder / OUTPUT_SCHEMA))
        model.schema_output = schemas.output


def populate_schema(model: Any, x_sample: Any, y_sample: Any, max_col_num: int) -> None:
    """Make the schemas and write them into the model's folder."""
    from ads.model.verification import artifact_folder

    write_schemas(model, make_schemas(x_sample, y_sample, max_col_num), artifact_folder(model))


def check_use_case(use_case_type: str | None) -> None:
    """Raise ``ValueError`` for a use case that is not known, with the closest one that is."""
    if use_case_type is None or use_case_type in UseCaseType:
        return
    from difflib import get_close_matches

    known = UseCaseType.values()
    near = get_close_matches(str(use_case_type), known, n=1)
    raise InputError(
        f"{use_case_type!r} is not a use case.",
        hint=f"Did you mean {near[0]!r}?" if near else f"Use cases: {', '.join(known)}.",
    )


def populate_metadata(model: Any, options: PrepareOptions) -> None:
    """Fill the metadata and write the schemas; every input is checked first."""
    from ads.model.verification import artifact_folder

    check_use_case(options.use_case_type)
    provenance = fetch_provenance(model, options)
    schemas = make_schemas(options.X_sample, options.y_sample, options.max_col_num)
    folder = artifact_folder(model)
    write_schemas(model, schemas, folder)
    fill_metadata(model, options, provenance, folder)


def fetch_provenance(model: GenericModel, options: PrepareOptions) -> ModelProvenanceMetadata:
    """Return what git says of the training code; raises when it has changes and the options don't allow them."""
    properties = model.properties
    script = options.training_script_path or properties.training_script_path
    if script and not Path(script).expanduser().exists():
        _log.warning("The training script %s doesn't exist; its name is kept.", script)
    training_id = options.training_id or properties.training_id or properties.training_resource_id
    provenance = ModelProvenanceMetadata.fetch_training_code_details(script, training_id)
    for path in (script, model.artifact_dir):
        if path:
            provenance.assert_path_not_dirty(path, options.ignore_pending_changes)
    return provenance


def fill_metadata(
    model: GenericModel, options: PrepareOptions, provenance: ModelProvenanceMetadata, folder: Path
) -> None:
    """Put what is known of the model into its taxonomy, custom and provenance metadata."""
    _fill_taxonomy(model, options.use_case_type, folder)
    model.metadata_provenance = provenance
    if not options.ignore_conda_error:
        _fill_custom(model, folder)
    model.summary.set(ModelState.DONE, PREPARE_STATUS_POPULATE_METADATA_DETAIL)


def _schema(sample: Any, name: str, max_col_num: int) -> Schema | None:
    if sample is None:
        return None
    from ads.schema import generate_schema

    try:
        return generate_schema(sample, max_col_num=max_col_num)
    except (DataSizeTooWide, InputTypeError) as error:
        _log.warning("No schema is made from %s: %s", name, error.message)
        return None


def _fill_taxonomy(model: GenericModel, use_case_type: str | None, folder: Path) -> None:
    taxonomy = model.metadata_taxonomy
    if use_case_type is not None:
        taxonomy[MetadataTaxonomyKeys.USE_CASE_TYPE].update(use_case_type)
    if model.estimator is None and model.algorithm is None:
        return
    taxonomy[MetadataTaxonomyKeys.FRAMEWORK].update(model.framework)
    taxonomy[MetadataTaxonomyKeys.FRAMEWORK_VERSION].update(model.version)
    taxonomy[MetadataTaxonomyKeys.ALGORITHM].update(model.algorithm)
    parameters = model.hyperparameter
    text = json.dumps(parameters)
    if len(text.encode("utf-16")) >= METADATA_SIZE_LIMIT:
        name = f"{MetadataTaxonomyKeys.HYPERPARAMETERS}.json"
        (folder / name).write_text(text, encoding="utf-8")
        _log.info("The hyperparameters are in %s: they are too large for the metadata.", name)
        parameters = None
    if model.estimator is not None:
        taxonomy[MetadataTaxonomyKeys.HYPERPARAMETERS].update(parameters)


def _fill_custom(model: GenericModel, folder: Path) -> None:
    from ads.artifact.layout import list_files
    from ads.artifact.runtime_yaml import read

    training = (read(folder).get("MODEL_PROVENANCE") or {}).get("TRAINING_CONDA_ENV") or {}
    path, kind, slug = (training.get(f"TRAINING_ENV_{part}") for part in ("PATH", "TYPE", "SLUG"))
    file_name = model.model_file_name or ""
    files = ", ".join(list_files(folder, keep=[file_name] if file_name else []))
    if len(files) > _LONGEST_LIST:
        files = f"{files[: _LONGEST_LIST - 1]}…"
    environment = MetadataCustomCategory.TRAINING_ENV
    entries = (
        (MetadataCustomKeys.CONDA_ENVIRONMENT, path, environment, "The conda environment of the training."),
        (MetadataCustomKeys.CONDA_ENVIRONMENT_PATH, path, environment, "Where that environment lies."),
        (MetadataCustomKeys.ENVIRONMENT_TYPE, kind, environment, "Of the service (data_science) or published."),
        (MetadataCustomKeys.SLUG_NAME, slug, environment, "The short name of that environment."),
        (MetadataCustomKeys.MODEL_ARTIFACTS, files, environment, "The files of the artifact."),
        (
            MetadataCustomKeys.MODEL_SERIALIZATION_FORMAT,
            model.format_label(file_name),
            MetadataCustomCategory.TRAINING_PROFILE,
            "The format of the model file.",
        ),
        (MetadataCustomKeys.MODEL_FILE_NAME, file_name, MetadataCustomCategory.OTHER, "The name of the model file."),
        (MetadataCustomKeys.CLIENT_LIBRARY, "ADS", MetadataCustomCategory.OTHER, ""),
    )
    for key, value, category, text in entries:
        model.metadata_custom.put(key, value or None, text, category)
    repository = model.metadata_provenance.repo
    if repository is not None and repository.dirty is not None:
        text = "Whether the training code differed from the commit."
        model.metadata_custom.put(MetadataCustomKeys.UNCOMMITTED_CHANGES, repository.dirty, text, environment)
