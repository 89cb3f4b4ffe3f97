"""Readers of schema files, found by the file's ending."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from ads.errors import SchemaError
from ads.schema.document import from_yaml_text

__all__ = ["BaseSchemaLoader", "JsonSchemaLoader", "SchemaFactory", "YamlSchemaLoader"]


class BaseSchemaLoader(ABC):
    """Reads one format of schema file."""

    def load_schema(self, schema_path: str | Path) -> Any:
        """Return the content of the file. Raises :class:`~ads.errors.SchemaError` if it can't be parsed."""
        return self.parse(Path(schema_path).read_text(encoding="utf-8"))

    @abstractmethod
    def parse(self, text: str) -> Any:
        """Return what the text says."""


class JsonSchemaLoader(BaseSchemaLoader):
    """Reads JSON, the bare ``NaN`` of older files included."""

    def parse(self, text: str) -> Any:
        """Return what the JSON text says."""
        try:
            return json.loads(text)
        except ValueError as error:  # also a number with thousands of digits
            raise SchemaError(f"It is not valid JSON: {error}") from error
        except RecursionError:
            raise SchemaError("It is not valid JSON: it has too many levels.") from None


class YamlSchemaLoader(BaseSchemaLoader):
    """Reads YAML."""

    def parse(self, text: str) -> Any:
        """Return what the YAML text says."""
        return from_yaml_text(text)


class SchemaFactory:
    """Which reader goes with which file ending."""

    def __init__(self) -> None:
        self._loaders: dict[str, type[BaseSchemaLoader]] = {}

    def register_format(self, file_format: str, creator: type[BaseSchemaLoader]) -> None:
        """Use ``creator`` for files that end in ``file_format`` (with the dot)."""
        self._loaders[file_format] = creator

    def get_schema(self, file_format: str) -> BaseSchemaLoader:
        """Return the reader for ``file_format``; SchemaError, a ``ValueError``, when there is none."""
        if file_format not in self._loaders:
            raise SchemaError(
                f"No reader for schema files that end in {file_format!r}.",
                hint=f"Use one of {', '.join(sorted(self._loaders))}.",
            )
        return self._loaders[file_format]()

    @classmethod
    def default_schema(cls) -> SchemaFactory:
        """Return a factory that knows ``.json``, ``.yaml`` and ``.yml``."""
        factory = cls()
        factory.register_format(".json", JsonSchemaLoader)
        factory.register_format(".yaml", YamlSchemaLoader)
        factory.register_format(".yml", YamlSchemaLoader)
        return factory
