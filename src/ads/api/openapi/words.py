"""The words in which the schemas of answers are written. Every key is always there; what may be null says so."""

from __future__ import annotations

from typing import Any

__all__ = [
    "ANYTHING",
    "COUNT",
    "DEFINED",
    "FLAG",
    "NUMBER",
    "OBJECT",
    "OCID",
    "TAGS",
    "TEXT",
    "TEXTS",
    "TIME",
    "Schema",
    "items",
    "maybe",
    "one_of",
    "record",
    "ref",
]

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
FLAG: Schema = {"type": "boolean"}
ANYTHING: Schema = {}
OBJECT: Schema = {"type": "object", "additionalProperties": True}
TIME: Schema = {"type": "string", "format": "date-time"}
OCID: Schema = {"type": "string", "maxLength": 255}
TAGS: Schema = {"type": "object", "additionalProperties": {"type": "string"}}
DEFINED: Schema = {"type": "object", "additionalProperties": {"type": "object"}}
TEXTS: Schema = {"type": "array", "items": TEXT}


def maybe(schema: Schema) -> Schema:
    """Return the schema of a value that may be null."""
    if isinstance(schema.get("type"), str) and "enum" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def one_of(*values: str) -> Schema:
    """Return the schema of one of these texts."""
    return {"type": "string", "enum": list(values)}


def items(schema: Schema) -> Schema:
    """Return the schema of an array."""
    return {"type": "array", "items": schema}


def ref(name: str) -> Schema:
    """Return a reference to a schema of this table."""
    return {"$ref": f"#/components/schemas/{name}"}


def record(properties: Schema, optional: Schema | None = None) -> Schema:
    """Return the schema of an object with these keys; ``optional`` ones may be absent."""
    return {"type": "object", "properties": {**properties, **(optional or {})}, "required": list(properties)}
