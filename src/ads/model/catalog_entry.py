"""The description of a catalog entry: what a model is called, belongs to, and carries. No service is asked here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ads.errors import InputError, ModelFileDescriptionError
from ads.model.builder import Builder, read_text
from ads.model.catalog_settings import (
    ModelBackupOperationDetails,
    ModelBackupSetting,
    ModelRetentionOperationDetails,
    ModelRetentionSetting,
)

if TYPE_CHECKING:
    from typing_extensions import Self

    from ads.model.model_metadata import ModelCustomMetadata, ModelProvenanceMetadata, ModelTaxonomyMetadata

__all__ = ["CatalogEntry"]


class CatalogEntry(Builder):
    """The builder half of ``DataScienceModel``: every value with its ``with_…()`` method and its property."""

    CONST_ID = "id"
    CONST_PROJECT_ID = "projectId"
    CONST_COMPARTMENT_ID = "compartmentId"
    CONST_DISPLAY_NAME = "displayName"
    CONST_DESCRIPTION = "description"
    CONST_FREEFORM_TAG = "freeformTags"
    CONST_DEFINED_TAG = "definedTags"
    CONST_INPUT_SCHEMA = "inputSchema"
    CONST_OUTPUT_SCHEMA = "outputSchema"
    CONST_CUSTOM_METADATA = "customMetadataList"
    CONST_DEFINED_METADATA = "definedMetadataList"
    CONST_PROVENANCE_METADATA = "provenanceMetadata"
    CONST_ARTIFACT = "artifact"
    CONST_MODEL_VERSION_SET_ID = "modelVersionSetId"
    CONST_MODEL_VERSION_SET_NAME = "modelVersionSetName"
    CONST_MODEL_VERSION_LABEL = "versionLabel"
    CONST_MODEL_VERSION_ID = "versionId"
    CONST_TIME_CREATED = "timeCreated"
    CONST_LIFECYCLE_STATE = "lifecycleState"
    CONST_LIFECYCLE_DETAILS = "lifecycleDetails"
    CONST_MODEL_FILE_DESCRIPTION = "modelDescription"
    CONST_BACKUP_SETTING = "backupSetting"
    CONST_RETENTION_SETTING = "retentionSetting"
    CONST_BACKUP_OPERATION_DETAILS = "backupOperationDetails"
    CONST_RETENTION_OPERATION_DETAILS = "retentionOperationDetails"

    attribute_map: ClassVar[dict[str, str]] = {
        CONST_ID: "id",
        CONST_PROJECT_ID: "project_id",
        CONST_COMPARTMENT_ID: "compartment_id",
        CONST_DISPLAY_NAME: "display_name",
        CONST_DESCRIPTION: "description",
        CONST_FREEFORM_TAG: "freeform_tags",
        CONST_DEFINED_TAG: "defined_tags",
        CONST_INPUT_SCHEMA: "input_schema",
        CONST_OUTPUT_SCHEMA: "output_schema",
        CONST_CUSTOM_METADATA: "custom_metadata_list",
        CONST_DEFINED_METADATA: "defined_metadata_list",
        CONST_PROVENANCE_METADATA: "provenance_metadata",
        CONST_ARTIFACT: "artifact",
        CONST_MODEL_VERSION_SET_ID: "model_version_set_id",
        CONST_MODEL_VERSION_SET_NAME: "model_version_set_name",
        CONST_MODEL_VERSION_LABEL: "version_label",
        CONST_MODEL_VERSION_ID: "version_id",
        CONST_TIME_CREATED: "time_created",
        CONST_LIFECYCLE_STATE: "lifecycle_state",
        CONST_LIFECYCLE_DETAILS: "lifecycle_details",
        CONST_MODEL_FILE_DESCRIPTION: "model_description",
        CONST_BACKUP_SETTING: "backup_setting",
        CONST_RETENTION_SETTING: "retention_setting",
        CONST_BACKUP_OPERATION_DETAILS: "backup_operation_details",
        CONST_RETENTION_OPERATION_DETAILS: "retention_operation_details",
    }

    def _take(self, key: str, value: Any) -> None:
        """Set one value; the description of a part becomes the part."""
        setter = {
            self.CONST_INPUT_SCHEMA: self.with_input_schema,
            self.CONST_OUTPUT_SCHEMA: self.with_output_schema,
            self.CONST_CUSTOM_METADATA: self.with_custom_metadata_list,
            self.CONST_DEFINED_METADATA: self.with_defined_metadata_list,
            self.CONST_PROVENANCE_METADATA: self.with_provenance_metadata,
            self.CONST_MODEL_FILE_DESCRIPTION: self.with_model_file_description,
            self.CONST_BACKUP_SETTING: self.with_backup_setting,
            self.CONST_RETENTION_SETTING: self.with_retention_setting,
        }.get(key)
        if setter is None or value is None:
            self.set_spec(key, _operation_details(key, value))
        else:
            setter(value)

    @property
    def kind(self) -> str:
        """The word ``datascienceModel``."""
        return "datascienceModel"

    @property
    def type(self) -> str:
        """The word ``dataScienceModel``."""
        return "dataScienceModel"

    @property
    def id(self) -> str | None:
        """The OCID, once the entry is in the catalog."""
        return self._text(self.CONST_ID)

    @property
    def project_id(self) -> str | None:
        """The OCID of the project."""
        return self._text(self.CONST_PROJECT_ID)

    def with_project_id(self, project_id: str) -> Self:
        """Set the project."""
        return self.set_spec(self.CONST_PROJECT_ID, project_id)

    @property
    def compartment_id(self) -> str | None:
        """The OCID of the compartment."""
        return self._text(self.CONST_COMPARTMENT_ID)

    def with_compartment_id(self, compartment_id: str) -> Self:
        """Set the compartment."""
        return self.set_spec(self.CONST_COMPARTMENT_ID, compartment_id)

    @property
    def display_name(self) -> str | None:
        """What people call the model. Need not be unique."""
        return self._text(self.CONST_DISPLAY_NAME)

    @display_name.setter
    def display_name(self, name: str) -> None:
        self.set_spec(self.CONST_DISPLAY_NAME, name)

    def with_display_name(self, name: str) -> Self:
        """Set what people call the model."""
        return self.set_spec(self.CONST_DISPLAY_NAME, name)

    @property
    def description(self) -> str | None:
        """What the model is for."""
        return self._text(self.CONST_DESCRIPTION)

    def with_description(self, description: str) -> Self:
        """Set what the model is for."""
        return self.set_spec(self.CONST_DESCRIPTION, description)

    @property
    def freeform_tags(self) -> dict[str, str] | None:
        """Tags: name to text."""
        return self._mapping(self.CONST_FREEFORM_TAG)

    def with_freeform_tags(self, **kwargs: Any) -> Self:
        """Set the tags."""
        return self.set_spec(self.CONST_FREEFORM_TAG, kwargs)

    @property
    def defined_tags(self) -> dict[str, dict[str, object]] | None:
        """Tags in namespaces."""
        return self._mapping(self.CONST_DEFINED_TAG)

    def with_defined_tags(self, **kwargs: Any) -> Self:
        """Set the tags in namespaces: ``with_defined_tags(finance={"centre": "42"})``."""
        return self.set_spec(self.CONST_DEFINED_TAG, kwargs)

    @property
    def input_schema(self) -> Any:
        """The schema of the inputs, or the dictionary that was given when it is no valid one."""
        return self.get_spec(self.CONST_INPUT_SCHEMA)

    def with_input_schema(self, schema: Any) -> Self:
        """Set the schema of the inputs: a ``Schema`` or its dictionary."""
        return self.set_spec(self.CONST_INPUT_SCHEMA, schema_from(schema))

    @property
    def output_schema(self) -> Any:
        """The schema of the answers, or the dictionary that was given when it is no valid one."""
        return self.get_spec(self.CONST_OUTPUT_SCHEMA)

    def with_output_schema(self, schema: Any) -> Self:
        """Set the schema of the answers: a ``Schema`` or its dictionary."""
        return self.set_spec(self.CONST_OUTPUT_SCHEMA, schema_from(schema))

    @property
    def custom_metadata_list(self) -> ModelCustomMetadata | None:
        """What the user remembers about the model."""
        found: ModelCustomMetadata | None = self.get_spec(self.CONST_CUSTOM_METADATA)
        return found

    def with_custom_metadata_list(self, metadata: ModelCustomMetadata | Mapping[str, Any]) -> Self:
        """Set the custom metadata: the object or its dictionary ``{"data": […]}``."""
        if isinstance(metadata, Mapping):
            from ads.model.model_metadata import ModelCustomMetadata

            metadata = ModelCustomMetadata.from_dict(metadata)
        return self.set_spec(self.CONST_CUSTOM_METADATA, metadata)

    @property
    def defined_metadata_list(self) -> ModelTaxonomyMetadata | None:
        """Use case, framework, algorithm and their like."""
        found: ModelTaxonomyMetadata | None = self.get_spec(self.CONST_DEFINED_METADATA)
        return found

    def with_defined_metadata_list(self, metadata: ModelTaxonomyMetadata | Mapping[str, Any]) -> Self:
        """Set the taxonomy metadata: the object or its dictionary ``{"data": […]}``."""
        if isinstance(metadata, Mapping):
            from ads.model.model_metadata import ModelTaxonomyMetadata

            metadata = ModelTaxonomyMetadata.from_dict(metadata)
        return self.set_spec(self.CONST_DEFINED_METADATA, metadata)

    @property
    def provenance_metadata(self) -> ModelProvenanceMetadata | None:
        """Which code trained the model."""
        found: ModelProvenanceMetadata | None = self.get_spec(self.CONST_PROVENANCE_METADATA)
        return found

    def with_provenance_metadata(self, metadata: ModelProvenanceMetadata | Mapping[str, Any]) -> Self:
        """Set which code trained the model: the object or its dictionary."""
        if isinstance(metadata, Mapping):
            from ads.model.model_metadata import ModelProvenanceMetadata

            metadata = ModelProvenanceMetadata.from_dict(metadata)
        return self.set_spec(self.CONST_PROVENANCE_METADATA, metadata)

    @property
    def artifact(self) -> Any:
        """The folder or zip file to be uploaded, or the list of URIs of a model by reference."""
        return self.get_spec(self.CONST_ARTIFACT)

    def with_artifact(self, uri: str, *args: str) -> Self:
        """Set the folder or zip file to be uploaded; several URIs describe a model by reference."""
        return self.set_spec(self.CONST_ARTIFACT, [uri, *args] if args else uri)

    @property
    def model_version_set_id(self) -> str | None:
        """The OCID of the version set that the model belongs to."""
        return self._text(self.CONST_MODEL_VERSION_SET_ID)

    def with_model_version_set_id(self, model_version_set_id: str) -> Self:
        """Set the version set that the model joins when it is created."""
        return self.set_spec(self.CONST_MODEL_VERSION_SET_ID, model_version_set_id)

    @property
    def model_version_set_name(self) -> str | None:
        """The name of the version set, as the catalog says."""
        return self._text(self.CONST_MODEL_VERSION_SET_NAME)

    @property
    def version_label(self) -> str | None:
        """The label of this version within its set."""
        return self._text(self.CONST_MODEL_VERSION_LABEL)

    def with_version_label(self, version_label: str) -> Self:
        """Set the label of this version within its set."""
        return self.set_spec(self.CONST_MODEL_VERSION_LABEL, version_label)

    @property
    def version_id(self) -> Any:
        """The number of this version within its set."""
        return self.get_spec(self.CONST_MODEL_VERSION_ID)

    def with_version_id(self, version_id: Any) -> Self:
        """Set the number of this version; the catalog decides it when the model joins a set."""
        return self.set_spec(self.CONST_MODEL_VERSION_ID, version_id)

    @property
    def time_created(self) -> str | None:
        """When the entry was created, as the catalog wrote it (RFC 3339, UTC)."""
        return self._text(self.CONST_TIME_CREATED)

    @property
    def lifecycle_state(self) -> str | None:
        """The state as last seen; :attr:`status` asks the catalog."""
        return self._text(self.CONST_LIFECYCLE_STATE)

    @property
    def lifecycle_details(self) -> str | None:
        """What the catalog says about the state."""
        return self._text(self.CONST_LIFECYCLE_DETAILS)

    @lifecycle_details.setter
    def lifecycle_details(self, details: str) -> None:
        self.set_spec(self.CONST_LIFECYCLE_DETAILS, details)

    @property
    def model_file_description(self) -> dict[str, Any] | None:
        """Which objects in storage make up a model by reference."""
        found: dict[str, Any] | None = self.get_spec(self.CONST_MODEL_FILE_DESCRIPTION)
        return found

    def with_model_file_description(
        self, json_dict: Mapping[str, Any] | None = None, json_string: str | None = None, json_uri: str | None = None
    ) -> Self:
        """Set which objects make up a model by reference, from exactly one of the three.

        Raises :class:`~ads.errors.ModelFileDescriptionError` when it isn't a description of that kind.
        """
        if json_dict is None and not json_string and not json_uri:
            raise InputError("There is no description of the model's files.", hint="Pass one of the three arguments.")
        try:
            content = json_dict if json_dict is not None else json.loads(json_string or read_text(str(json_uri)))
        except json.JSONDecodeError as error:
            raise ModelFileDescriptionError(f"The description of the model's files is not JSON: {error}") from error
        _check_file_description(content)
        return self.set_spec(self.CONST_MODEL_FILE_DESCRIPTION, dict(content))

    @property
    def backup_setting(self) -> ModelBackupSetting | None:
        """Whether and where a copy of the artifact is kept."""
        found: ModelBackupSetting | None = self.get_spec(self.CONST_BACKUP_SETTING)
        return found

    def with_backup_setting(self, backup_setting: ModelBackupSetting | Mapping[str, Any]) -> Self:
        """Set whether and where a copy of the artifact is kept."""
        if isinstance(backup_setting, Mapping):
            backup_setting = ModelBackupSetting.from_dict(backup_setting)
        return self.set_spec(self.CONST_BACKUP_SETTING, backup_setting)

    @property
    def retention_setting(self) -> ModelRetentionSetting | None:
        """After how many days the artifact is archived and deleted."""
        found: ModelRetentionSetting | None = self.get_spec(self.CONST_RETENTION_SETTING)
        return found

    def with_retention_setting(self, retention_setting: ModelRetentionSetting | Mapping[str, Any]) -> Self:
        """Set after how many days the artifact is archived and deleted."""
        if isinstance(retention_setting, Mapping):
            retention_setting = ModelRetentionSetting.from_dict(retention_setting)
        return self.set_spec(self.CONST_RETENTION_SETTING, retention_setting)

    @property
    def backup_operation_details(self) -> ModelBackupOperationDetails | None:
        """What became of the last backup."""
        found: ModelBackupOperationDetails | None = self.get_spec(self.CONST_BACKUP_OPERATION_DETAILS)
        return found

    @property
    def retention_operation_details(self) -> ModelRetentionOperationDetails | None:
        """What became of archiving and deletion."""
        found: ModelRetentionOperationDetails | None = self.get_spec(self.CONST_RETENTION_OPERATION_DETAILS)
        return found

    def _text(self, key: str) -> str | None:
        value: str | None = self.get_spec(key)
        return value

    def _mapping(self, key: str) -> dict[str, Any] | None:
        value: dict[str, Any] | None = self.get_spec(key)
        return value


def schema_from(value: Any) -> Any:
    """Return the ``Schema`` that a dictionary describes; a dictionary that is none stays what it is."""
    if not isinstance(value, Mapping):
        return value
    from ads.errors import SchemaError
    from ads.feature_engineering.schema import Schema

    try:
        return Schema.from_dict(value)
    except (SchemaError, KeyError, TypeError, ValueError):
        return dict(value)


def _operation_details(key: str, value: Any) -> Any:
    kinds: dict[str, type[ModelBackupOperationDetails | ModelRetentionOperationDetails]] = {
        CatalogEntry.CONST_BACKUP_OPERATION_DETAILS: ModelBackupOperationDetails,
        CatalogEntry.CONST_RETENTION_OPERATION_DETAILS: ModelRetentionOperationDetails,
    }
    kind = kinds.get(key)
    return kind.from_dict(value) if kind is not None and isinstance(value, Mapping) else value


def _check_file_description(content: Any) -> None:
    problem = ""
    if not isinstance(content, Mapping):
        problem = f"it is a {type(content).__name__}, not an object"
    elif content.get("type") != "modelOSSReferenceDescription":
        problem = f"its type is {content.get('type')!r}, not 'modelOSSReferenceDescription'"
    elif not isinstance(content.get("models"), list) or not content["models"]:
        problem = "it has no 'models'"
    else:
        for model in content["models"]:
            missing = {"namespace", "bucketName", "prefix", "objects"} - set(model)
            if missing:
                problem = f"a model in it has no {min(missing)!r}"
    if problem:
        raise ModelFileDescriptionError(
            f"The description of the model's files can't be used: {problem}.",
            hint='It looks like {"version": "1.0", "type": "modelOSSReferenceDescription", "models": […]}.',
        )
