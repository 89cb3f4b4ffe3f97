"""Everything a program needs to read and write model metadata, at the address that users know."""

from __future__ import annotations

from ads.errors import MetadataDescriptionTooLong, MetadataSizeTooLarge, MetadataValueTooLong
from ads.model.metadata.container import METADATA_SIZE_LIMIT, ModelMetadata, ModelMetadataItem
from ads.model.metadata.custom import (
    METADATA_DESCRIPTION_LENGTH_LIMIT,
    METADATA_VALUE_LENGTH_LIMIT,
    ModelCustomMetadata,
    ModelCustomMetadataItem,
)
from ads.model.metadata.keys import (
    Framework,
    MetadataCustomCategory,
    MetadataCustomKeys,
    MetadataCustomPrintColumns,
    MetadataTaxonomyKeys,
    MetadataTaxonomyPrintColumns,
    UseCaseType,
)
from ads.model.metadata.provenance import ModelProvenanceMetadata
from ads.model.metadata.taxonomy import ModelTaxonomyMetadata, ModelTaxonomyMetadataItem

__all__ = [
    "CURRENT_WORKING_DIR",
    "METADATA_DESCRIPTION_LENGTH_LIMIT",
    "METADATA_SIZE_LIMIT",
    "METADATA_VALUE_LENGTH_LIMIT",
    "Framework",
    "MetadataCustomCategory",
    "MetadataCustomKeys",
    "MetadataCustomPrintColumns",
    "MetadataDescriptionTooLong",
    "MetadataSizeTooLarge",
    "MetadataTaxonomyKeys",
    "MetadataTaxonomyPrintColumns",
    "MetadataValueTooLong",
    "ModelCustomMetadata",
    "ModelCustomMetadataItem",
    "ModelMetadata",
    "ModelMetadataItem",
    "ModelProvenanceMetadata",
    "ModelTaxonomyMetadata",
    "ModelTaxonomyMetadataItem",
    "UseCaseType",
]

CURRENT_WORKING_DIR = "."
