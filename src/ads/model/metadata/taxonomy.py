"""Taxonomy metadata: six fixed keys that say what a model is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ads.errors import InputError
from ads.model.metadata.container import ModelMetadata, ModelMetadataItem, entries_of
from ads.model.metadata.keys import Framework, MetadataTaxonomyKeys, MetadataTaxonomyPrintColumns, UseCaseType

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ModelTaxonomyMetadata", "ModelTaxonomyMetadataItem"]

_KNOWN_VALUES = {MetadataTaxonomyKeys.USE_CASE_TYPE: UseCaseType, MetadataTaxonomyKeys.FRAMEWORK: Framework}


class ModelTaxonomyMetadataItem(ModelMetadataItem):
    """One of the six entries: key, value, whether a file is attached."""

    def update(self, value: Any, has_artifact: bool = False) -> None:
        """Replace the value."""
        self.value = value
        self.has_artifact = has_artifact

    def validate(self) -> bool:
        """Return True when the value is one the key knows; raises ``ValueError`` naming the known values."""
        super().validate()
        known = _KNOWN_VALUES.get(self.key)
        if known is not None and self.value and self.value not in known:
            raise InputError(
                f"{self.value!r} is not a known {self.key}.", hint=f"Known values: {', '.join(known.values())}."
            )
        return True


class ModelTaxonomyMetadata(ModelMetadata[ModelTaxonomyMetadataItem]):
    """Use case, framework, its version, algorithm, hyperparameters, and the results of the introspection."""

    _columns = tuple(MetadataTaxonomyPrintColumns.values())

    def __init__(self) -> None:
        super().__init__()
        for key in MetadataTaxonomyKeys.values():
            self._items.append(ModelTaxonomyMetadataItem(key))

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the metadata that :meth:`to_dict` wrote; raises ``ValueError`` for another form."""
        made = cls()
        for entry in entries_of(data):
            made._put(ModelTaxonomyMetadataItem.from_dict(entry))
        return made

    @classmethod
    def from_wire(cls, entries: Iterable[Mapping[str, Any]] | None) -> Self:
        """Return the metadata that the catalog's REST interface wrote; JSON objects and lists are read, texts stay."""
        made = cls()
        for entry in entries or ():
            item = ModelTaxonomyMetadataItem(
                entry["key"], _read(entry.get("value")), bool(entry.get("hasArtifact") or False)
            )
            made._put(item)
        return made


def _read(text: Any) -> Any:
    if not isinstance(text, str) or text[:1] not in {"{", "["}:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
