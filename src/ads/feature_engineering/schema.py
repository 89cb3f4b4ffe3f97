"""The public import path of :mod:`ads.schema`."""

from ads.errors import DataSizeTooWide, SchemaError, SchemaSizeTooLarge
from ads.schema import (
    DEFAULT_SCHEMA_VERSION,
    INPUT_OUTPUT_SCHENA_SIZE_LIMIT,
    SCHEMA_KEY,
    SCHEMA_VALIDATOR_NAME,
    SCHEMA_VERSION,
    SCHEMA_VERSION_KEY,
    Attribute,
    BaseSchemaLoader,
    Domain,
    Expression,
    JsonSchemaLoader,
    Schema,
    SchemaFactory,
    YamlSchemaLoader,
    generate_schema,
)

__all__ = [
    "DEFAULT_SCHEMA_VERSION",
    "INPUT_OUTPUT_SCHENA_SIZE_LIMIT",
    "SCHEMA_KEY",
    "SCHEMA_VALIDATOR_NAME",
    "SCHEMA_VERSION",
    "SCHEMA_VERSION_KEY",
    "Attribute",
    "BaseSchemaLoader",
    "DataSizeTooWide",
    "Domain",
    "Expression",
    "JsonSchemaLoader",
    "Schema",
    "SchemaError",
    "SchemaFactory",
    "SchemaSizeTooLarge",
    "YamlSchemaLoader",
    "generate_schema",
]
