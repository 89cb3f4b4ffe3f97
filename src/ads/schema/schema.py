"""The schema of a model's input or output: an ordered list of columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ads.errors import SchemaError, SchemaSizeTooLarge
from ads.schema.attribute import Attribute
from ads.schema.document import from_yaml_text, to_yaml_text

__all__ = [
    "DEFAULT_SCHEMA_VERSION",
    "INPUT_OUTPUT_SCHENA_SIZE_LIMIT",
    "SCHEMA_KEY",
    "SCHEMA_VALIDATOR_NAME",
    "SCHEMA_VERSION",
    "SCHEMA_VERSION_KEY",
    "Schema",
]

SCHEMA_KEY = "schema"
SCHEMA_VERSION_KEY = "version"
SCHEMA_VERSION = "1.1"
DEFAULT_SCHEMA_VERSION = "1.0"
"""The version of a file that names none."""
SCHEMA_VALIDATOR_NAME = "data_schema.json"
INPUT_OUTPUT_SCHENA_SIZE_LIMIT = 32000
"""Bytes of YAML that the OCI catalog takes. The misspelt name is the public one."""


class Schema:
    """An ordered collection of :class:`Attribute`.

    ``schema["age"]`` is a column, ``len(schema)`` their number, iteration goes in their order, ``==`` compares
    everything, and ``print(schema)`` shows YAML.
    """

    def __init__(self, _version: str = SCHEMA_VERSION) -> None:
        self._version = _version
        self._attributes: dict[Any, Attribute] = {}

    @property
    def keys(self) -> list[Any]:
        """The names of the columns, in order."""
        return [attribute.key for attribute in self]

    def add(self, item: Attribute, replace: bool = False) -> None:
        """Add a column; one without an order goes last.

        Raises :class:`~ads.errors.SchemaError` if a column of that name is there and ``replace`` is not set.
        """
        if item.key in self._attributes and not replace:
            raise SchemaError(
                f"The schema already has a column {item.key!r}.", hint="Pass replace=True to put this one in its place."
            )
        if item.order is None:
            earlier = self._attributes.get(item.key)
            item.order = earlier.order if earlier else len(self._attributes)
        self._attributes[item.key] = item

    def __getitem__(self, key: Any) -> Attribute:
        wanted = tuple(key) if isinstance(key, list) else key
        if wanted not in self._attributes:
            raise SchemaError(f"The schema has no column {key!r}.", hint=f"It has {_names(self.keys)}.")
        return self._attributes[wanted]

    def __setitem__(self, key: Any, attribute: Attribute) -> None:
        if key != attribute.key:
            raise SchemaError(f"A column named {attribute.key!r} can't be stored as {key!r}.")
        self.add(attribute, replace=True)

    def __contains__(self, key: object) -> bool:
        return (tuple(key) if isinstance(key, list) else key) in self._attributes

    def __iter__(self) -> Iterator[Attribute]:
        return iter(sorted(self._attributes.values(), key=lambda item: (item.order is None, item.order or 0)))

    def __len__(self) -> int:
        return len(self._attributes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Schema) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return self.to_yaml()

    def _repr_html_(self) -> str:
        from ads.display import Card

        rows = [(item.name, item.dtype, item.feature_type, "" if item.required else "optional") for item in self]
        return (
            Card("Schema", f"{len(self)} columns")
            .table("Columns", ("Column", "Type", "Kind", ""), rows, most=40)
            .html()
        )

    def dtypes(self) -> dict[Any, str]:
        """Return the dtype of each column, in order."""
        return {attribute.key: attribute.dtype for attribute in self}

    def to_dict(self) -> dict[str, Any]:
        """Return the schema in the form of ``input_schema.json``."""
        return {SCHEMA_KEY: [attribute.to_dict() for attribute in self], SCHEMA_VERSION_KEY: self._version}

    def to_json(self) -> str:
        """Return the schema as one line of JSON that every parser takes."""
        return json.dumps(self.to_dict(), allow_nan=False)

    def to_yaml(self) -> str:
        """Return the schema as YAML."""
        return to_yaml_text(self.to_dict())

    def to_json_file(self, file_path: str | Path, storage_options: dict[str, Any] | None = None) -> None:
        """Write the schema to ``file_path``: a path that ends in ``.json``, or a URL that fsspec knows."""
        _require_suffix(str(file_path), (".json",))
        text = self.to_json()
        if "://" in str(file_path):
            import fsspec

            with fsspec.open(str(file_path), "w", encoding="utf-8", **(storage_options or {})) as file:
                file.write(text)
        else:
            Path(file_path).expanduser().write_text(text, encoding="utf-8")

    def to_yaml_file(self, file_path: str | Path) -> None:
        """Write the schema to ``file_path``, which ends in ``.yaml`` or ``.yml``."""
        _require_suffix(str(file_path), (".yaml", ".yml"))
        Path(file_path).expanduser().write_text(self.to_yaml(), encoding="utf-8")

    @classmethod
    def from_dict(cls, schema: Mapping[str, Any]) -> Schema:
        """Return the schema that a dictionary in the form of ``input_schema.json`` describes.

        Raises :class:`~ads.errors.SchemaError` saying which part is missing or wrong.
        """
        given: Any = schema
        if not isinstance(given, Mapping) or not isinstance(given.get(SCHEMA_KEY), list):
            raise SchemaError(
                'This is no schema: it must be an object with a list under "schema".',
                hint="Use the content of an input_schema.json or output_schema.json.",
            )
        made = cls(_version=str(schema.get(SCHEMA_VERSION_KEY) or DEFAULT_SCHEMA_VERSION))
        for item in schema[SCHEMA_KEY]:
            made.add(Attribute.from_dict(item, ignore_unknown=True))
        return made

    @classmethod
    def from_json(cls, schema: str) -> Schema:
        """Return the schema that JSON text describes."""
        try:
            return cls.from_dict(json.loads(schema))
        except json.JSONDecodeError as error:
            raise SchemaError(f"The schema is not valid JSON: {error}") from error

    @classmethod
    def from_yaml(cls, schema: str) -> Schema:
        """Return the schema that YAML text describes."""
        return cls.from_dict(from_yaml_text(schema))

    @classmethod
    def from_file(cls, file_path: str | Path) -> Schema:
        """Return the schema of a ``.json``, ``.yaml`` or ``.yml`` file.

        Raises :class:`~ads.errors.SchemaError` for another ending or an unreadable content, ``FileNotFoundError``
        if there is no such file.
        """
        from ads.schema.loaders import SchemaFactory

        path = Path(file_path).expanduser()
        loader = SchemaFactory.default_schema().get_schema(path.suffix.lower())
        try:
            return cls.from_dict(loader.load_schema(path))
        except SchemaError as error:
            raise SchemaError(f"{path.name} can't be used: {error.message}", hint=error.hint) from error

    def validate_schema(self) -> bool:
        """Return ``True`` if every column has a dtype, a name and ``required``; else raise SchemaError naming it."""
        for attribute in self:
            attribute.validate()
        return True

    def validate_size(self) -> bool:
        """Return ``True`` if the schema fits the OCI catalog's 32,000 bytes of YAML; else raise SchemaSizeTooLarge."""
        size = len(self.to_yaml().encode())
        if size > INPUT_OUTPUT_SCHENA_SIZE_LIMIT:
            raise SchemaSizeTooLarge(size)
        return True


def _require_suffix(path: str, endings: tuple[str, ...]) -> None:
    if not path.lower().endswith(endings):
        raise SchemaError(f"{path!r} must end in {' or '.join(endings)}.")


def _names(keys: list[Any]) -> str:
    shown = ", ".join(repr(key) for key in keys[:10])
    return f"{shown} and {len(keys) - 10} more" if len(keys) > 10 else shown or "no columns"
