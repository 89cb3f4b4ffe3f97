"""Custom metadata: what the user wants to remember about a model, with description and category."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ads.errors import InputError, InputTypeError, MetadataDescriptionTooLong, MetadataValueTooLong
from ads.model.metadata.container import ModelMetadata, entries_of, to_wire_text
from ads.model.metadata.keys import MetadataCustomCategory, MetadataCustomKeys, MetadataCustomPrintColumns
from ads.model.metadata.taxonomy import ModelTaxonomyMetadataItem

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "METADATA_DESCRIPTION_LENGTH_LIMIT",
    "METADATA_VALUE_LENGTH_LIMIT",
    "ModelCustomMetadata",
    "ModelCustomMetadataItem",
]

METADATA_VALUE_LENGTH_LIMIT = 16000
"""Longest JSON text of a value in characters."""
METADATA_DESCRIPTION_LENGTH_LIMIT = 255
"""Longest description in characters."""


class ModelCustomMetadataItem(ModelTaxonomyMetadataItem):
    """One entry: key, value, description, category, whether a file is attached."""

    _fields = ("key", "value", "description", "category", "has_artifact")

    def __init__(
        self,
        key: str,
        value: Any = None,
        description: str | None = None,
        category: str | None = None,
        has_artifact: bool = False,
    ) -> None:
        super().__init__(key, value, has_artifact)
        self.description = description
        self.category = category

    @property
    def description(self) -> str | None:
        """What the entry means, at most 255 characters."""
        return self._description

    @description.setter
    def description(self, description: str | None) -> None:
        if description is not None and not isinstance(description, str):
            raise InputTypeError(
                f"The description of metadata {self.key!r} must be a text, not {type(description).__name__}."
            )
        if description and len(description) > METADATA_DESCRIPTION_LENGTH_LIMIT:
            raise MetadataDescriptionTooLong(self.key, len(description))
        self._description = description

    @property
    def category(self) -> str | None:
        """One of the values of ``MetadataCustomCategory``."""
        return self._category

    @category.setter
    def category(self, category: str | None) -> None:
        if category is not None and not isinstance(category, str):
            raise InputTypeError(
                f"The category of metadata {self.key!r} must be a text, not {type(category).__name__}."
            )
        if category and category not in MetadataCustomCategory:
            raise InputError(
                f"{category!r} is not a category of metadata.",
                hint=f"Categories: {', '.join(MetadataCustomCategory.values())}.",
            )
        self._category = category

    def _checked_value(self, value: Any) -> Any:
        super()._checked_value(value)
        length = len(value if isinstance(value, str) else json.dumps(value))
        if length > METADATA_VALUE_LENGTH_LIMIT:
            raise MetadataValueTooLong(self.key, length)
        return value

    def update(  # type: ignore[override]  # ADS's custom items take description and category as well
        self, value: Any, description: str | None, category: str | None, has_artifact: bool = False
    ) -> None:
        """Replace value, description and category."""
        self.value, self.description, self.category = value, description, category
        self.has_artifact = has_artifact

    def reset(self) -> None:
        """Set value, description and category to None."""
        super().reset()
        self.description = None
        self.category = None

    def to_wire(self) -> dict[str, Any]:
        """Return the entry as the REST interface writes it: no value is ``NA``, no category ``Other``."""
        empty = self.value is None or self.value in ("", [], {})
        return {
            "key": self.key,
            "value": "NA" if empty else to_wire_text(self.value),
            "description": self.description or "",
            "category": self.category or MetadataCustomCategory.OTHER,
            "hasArtifact": self.has_artifact,
        }


class ModelCustomMetadata(ModelMetadata[ModelCustomMetadataItem]):
    """The user's entries, and those that ``prepare()`` fills."""

    _columns = tuple(MetadataCustomPrintColumns.values())

    def add(
        self,
        key: str,
        value: Any,
        description: str = "",
        category: str = MetadataCustomCategory.OTHER,
        replace: bool = False,
    ) -> None:
        """Add an entry.

        Raises ``ValueError`` for an empty key or value, a value that JSON can't write, an unknown category, or a key
        that exists when ``replace`` is False; ``TypeError`` for a key, description or category that is no text;
        :class:`~ads.errors.MetadataValueTooLong` and :class:`~ads.errors.MetadataDescriptionTooLong` for the limits.
        """
        if value is None or value == "":
            raise InputError(f"The value of metadata {key!r} must not be empty.")
        item = ModelCustomMetadataItem(key, value, description, category)
        if key in self and not replace:
            raise InputError(f"There already is metadata {key!r}.", hint="Pass replace=True to replace it.")
        self._put(item)

    def put(self, key: str, value: Any, description: str, category: str) -> None:
        """Set an entry, whose value may be None, in the place where it was."""
        self._put(ModelCustomMetadataItem(key, value, description, category))

    def remove(self, key: str) -> None:
        """Remove an entry; raises ``ValueError`` when there is none."""
        self._items.remove(self.get(key))

    def clear(self) -> None:
        """Remove every entry."""
        self._items.clear()

    def isempty(self) -> bool:
        """Return whether there is no entry."""
        return not self._items

    def set_training_data(self, path: str, data_size: str | None = None) -> None:
        """Remember where the training data lies, and its size."""
        keys = MetadataCustomKeys.TRAINING_DATASET, MetadataCustomKeys.TRAINING_DATASET_SIZE
        self._set_data("training", keys, path, data_size)

    def set_validation_data(self, path: str, data_size: str | None = None) -> None:
        """Remember where the validation data lies, and its size."""
        keys = MetadataCustomKeys.VALIDATION_DATASET, MetadataCustomKeys.VALIDATION_DATASET_SIZE
        self._set_data("validation", keys, path, data_size)

    def _set_data(self, what: str, keys: tuple[str, str], path: str, data_size: str | None) -> None:
        category = MetadataCustomCategory.TRAINING_AND_VALIDATION_DATASETS
        self.add(keys[0], path, f"Where the {what} data lies.", category, replace=True)
        if data_size:
            self.add(keys[1], data_size, f"How large the {what} data is.", category, replace=True)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the metadata that :meth:`to_dict` wrote; raises ``ValueError`` for another form."""
        made = cls()
        for entry in entries_of(data):
            made._put(ModelCustomMetadataItem.from_dict(entry))
        return made

    @classmethod
    def from_wire(cls, entries: Iterable[Mapping[str, Any]] | None) -> Self:
        """Return the metadata that the catalog's REST interface wrote; values that are JSON are read."""
        made = cls()
        for entry in entries or ():
            category = entry.get("category")
            item = ModelCustomMetadataItem(
                entry["key"],
                _read(entry.get("value")),
                entry.get("description"),
                category if category in MetadataCustomCategory else MetadataCustomCategory.OTHER,
                bool(entry.get("hasArtifact") or False),
            )
            made._put(item)
        return made


def _read(text: Any) -> Any:
    """Read JSON, but leave a text alone that a number would not give back (``1.10``, ``007``)."""
    if not isinstance(text, str):
        return text
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if not isinstance(value, (int, float)) or json.dumps(value) == text else text
