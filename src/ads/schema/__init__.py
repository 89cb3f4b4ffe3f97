"""One description of a model's inputs and outputs, and the files ``input_schema.json`` and ``output_schema.json``.

:func:`generate_schema` makes a :class:`Schema` from sample data; everybody else reads it: the generated score.py for
dtypes and column order, the catalog, validation, and the documents made from it.
"""

from ads.schema.attribute import Attribute, Domain
from ads.schema.expression import Expression
from ads.schema.generate import generate_schema, is_text_sequence
from ads.schema.loaders import BaseSchemaLoader, JsonSchemaLoader, SchemaFactory, YamlSchemaLoader
from ads.schema.schema import (
    DEFAULT_SCHEMA_VERSION,
    INPUT_OUTPUT_SCHENA_SIZE_LIMIT,
    SCHEMA_KEY,
    SCHEMA_VALIDATOR_NAME,
    SCHEMA_VERSION,
    SCHEMA_VERSION_KEY,
    Schema,
)
from ads.schema.wire import FRAME_DATA_TYPE, frame_to_wire

__all__ = [
    "DEFAULT_SCHEMA_VERSION",
    "FRAME_DATA_TYPE",
    "INPUT_OUTPUT_SCHENA_SIZE_LIMIT",
    "SCHEMA_KEY",
    "SCHEMA_VALIDATOR_NAME",
    "SCHEMA_VERSION",
    "SCHEMA_VERSION_KEY",
    "Attribute",
    "BaseSchemaLoader",
    "Domain",
    "Expression",
    "JsonSchemaLoader",
    "Schema",
    "SchemaFactory",
    "YamlSchemaLoader",
    "frame_to_wire",
    "generate_schema",
    "is_text_sequence",
]
