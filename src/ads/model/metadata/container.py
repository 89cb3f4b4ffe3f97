"""What custom and taxonomy metadata share: an item with a key and a value, and a container of such items."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from ads.errors import InputError, InputTypeError, MetadataSizeTooLarge

if TYPE_CHECKING:
    import pandas as pd
    from typing_extensions import Self

__all__ = ["METADATA_SIZE_LIMIT", "ModelMetadata", "ModelMetadataItem"]

METADATA_SIZE_LIMIT = 32000
"""Largest size of a metadata list in bytes."""

_ABSENT = object()


def without_nan(value: Any) -> Any:
    """Return ``value`` with floats that JSON can't write (NaN, Infinity) replaced by None, at any depth."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, Mapping):
        return {key: without_nan(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(item) for item in value]
    return value


def to_wire_text(value: Any) -> str:
    """Return the text that the service stores for ``value``: texts as they are, everything else as JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(without_nan(value), separators=(",", ":"))


def write_text(text: str, path: str, name: str, storage_options: dict[str, Any] | None) -> None:
    """Write ``text`` to ``path``, which may be a folder (then ``name`` is put into it) or an fsspec URI."""
    if "://" in path:
        import fsspec

        target = path if path.endswith(".json") else f"{path.rstrip('/')}/{name}"
        with fsspec.open(target, "w", **(storage_options or {})) as file:
            file.write(text)
        return
    local = Path(path).expanduser()
    if local.is_dir() or path.endswith("/"):
        local.mkdir(parents=True, exist_ok=True)
        local = local / name
    local.write_text(text, encoding="utf-8")


class ModelMetadataItem:
    """One entry: fields by name, the same as a dict, YAML or JSON."""

    _fields: ClassVar[tuple[str, ...]] = ("key", "value", "has_artifact")

    def __init__(self, key: str, value: Any = None, has_artifact: bool = False) -> None:
        self.key = key
        self.value = value
        self.has_artifact = has_artifact

    @property
    def key(self) -> str:
        """The name of the entry."""
        return self._key

    @key.setter
    def key(self, key: str) -> None:
        if not isinstance(key, str):
            raise InputTypeError(f"A metadata key must be a text, not {type(key).__name__}.")
        if not key:
            raise InputError("A metadata key must not be empty.")
        self._key = key

    @property
    def value(self) -> Any:
        """What the entry says: anything that JSON can write."""
        return self._value

    @value.setter
    def value(self, value: Any) -> None:
        self._value = self._checked_value(value)

    @property
    def has_artifact(self) -> bool:
        """Whether a file is attached to the entry in the catalog."""
        return self._has_artifact

    @has_artifact.setter
    def has_artifact(self, has_artifact: bool) -> None:
        if not isinstance(has_artifact, bool):
            raise InputTypeError(f"has_artifact of {self.key!r} must be True or False, not {has_artifact!r}.")
        self._has_artifact = has_artifact

    def _checked_value(self, value: Any) -> Any:
        try:
            json.dumps(value)
        except (TypeError, ValueError) as error:
            raise InputError(
                f"The value of metadata {self.key!r} can't be written as JSON: {error}",
                hint="Use texts, numbers, lists and dictionaries.",
            ) from error
        return value

    def reset(self) -> None:
        """Set the value to None."""
        self.value = None
        self.has_artifact = False

    def validate(self) -> bool:
        """Return True when the entry is complete and within the limits; raises ``ValueError`` otherwise."""
        self._checked_value(self.value)
        return True

    def size(self) -> int:
        """Return the size of the entry's JSON in bytes of UTF-16, as the service counts it."""
        return len(json.dumps(self.to_dict()).encode("utf-16"))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields."""
        return {name: getattr(self, name) for name in self._fields}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the item that ``data`` describes; unknown fields are refused."""
        unknown = set(data) - set(cls._fields)
        if unknown or "key" not in data:
            raise InputError(f"Metadata {dict(data)!r} needs a key and knows only {', '.join(cls._fields)}.")
        return cls(**data)

    def to_yaml(self) -> str:
        """Return the fields as YAML."""
        import yaml

        return yaml.safe_dump(self.to_dict(), allow_unicode=True)

    def to_json(self) -> str:
        """Return the fields as compact JSON."""
        return json.dumps(without_nan(self.to_dict()))

    def to_json_file(self, file_path: str, storage_options: dict[str, Any] | None = None) -> None:
        """Write the value alone to a file, or to ``<key>.json`` when ``file_path`` is a folder."""
        if not file_path or self.value is None:
            raise InputError(f"Metadata {self.key!r} needs a value and a file_path to be written.")
        write_text(json.dumps(without_nan(self.value)), file_path, f"{self.key}.json", storage_options)

    def to_wire(self) -> dict[str, Any]:
        """Return the entry as the catalog's REST interface writes it."""
        text = None if self.value is None else to_wire_text(self.value)
        return {"key": self.key, "value": text, "hasArtifact": self.has_artifact}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelMetadataItem) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # items change; a hash would lie

    def __repr__(self) -> str:
        return self.to_yaml()


ItemT = TypeVar("ItemT", bound=ModelMetadataItem)


class ModelMetadata(Generic[ItemT]):
    """Entries in the order they were added, found by key whatever its case."""

    _columns: ClassVar[tuple[str, ...]] = ()

    def __init__(self) -> None:
        self._items: list[ItemT] = []

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the metadata that :meth:`to_dict` wrote; the two kinds of metadata say how."""
        raise NotImplementedError(cls.__name__)

    def get(self, key: str, value: Any = _ABSENT) -> Any:
        """Return the item ``key``, or ``value`` if given; raises ``ValueError`` when there is neither."""
        item = self._find(key)
        if item is not None:
            return item
        if value is not _ABSENT:
            return value
        known = ", ".join(self.keys) or "none yet"
        raise InputError(f"There is no metadata {key!r}.", hint=f"Keys here: {known}.")

    def __getitem__(self, key: str) -> ItemT:
        item: ItemT = self.get(key)
        return item

    def __contains__(self, key: object) -> bool:
        return self._find(key) is not None

    def __iter__(self) -> Iterator[ItemT]:
        return iter(list(self._items))

    def __len__(self) -> int:
        return len(self._items)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys in the order they were added."""
        return tuple(item.key for item in self._items)

    def _find(self, key: object) -> ItemT | None:
        wanted = str(key).lower()
        return next((item for item in self._items if item.key.lower() == wanted), None)

    def _put(self, item: ItemT) -> None:
        """Add an item, in the place of the one with its key if there is one."""
        old = self._find(item.key)
        if old is None:
            self._items.append(item)
        else:
            self._items[self._items.index(old)] = item

    def reset(self) -> None:
        """Set every value to None; the keys stay."""
        for item in self:
            item.reset()

    def size(self) -> int:
        """Return the size of all entries in bytes, as the service counts it."""
        return sum(item.size() for item in self)

    def validate(self) -> bool:
        """Return True when every entry is; raises ``ValueError`` at the first that is not."""
        for item in self:
            item.validate()
        return True

    def validate_size(self) -> bool:
        """Return True when the list is within 32,000 bytes; raises :class:`~ads.errors.MetadataSizeTooLarge`."""
        size = self.size()
        if size > METADATA_SIZE_LIMIT:
            raise MetadataSizeTooLarge(size)
        return True

    def to_dict(self) -> dict[str, list[dict[str, Any]]]:
        """Return ``{"data": [entry, ...]}``."""
        return {"data": [item.to_dict() for item in self]}

    def to_yaml(self) -> str:
        """Return the entries as YAML."""
        import yaml

        return yaml.safe_dump(self.to_dict(), allow_unicode=True)

    def to_json(self) -> str:
        """Return the entries as compact JSON."""
        return json.dumps(without_nan(self.to_dict()))

    def to_json_file(self, file_path: str, storage_options: dict[str, Any] | None = None) -> None:
        """Write the entries to a file, or to ``<class name>.json`` when ``file_path`` is a folder."""
        if not file_path:
            raise InputError("A file_path is needed to write metadata.")
        write_text(self.to_json(), file_path, f"{type(self).__name__}.json", storage_options)

    def to_dataframe(self) -> pd.DataFrame:
        """Return a frame with a row per entry, sorted by key."""
        import pandas as pd

        rows = [list(item.to_dict().values()) for item in self]
        frame = pd.DataFrame(rows, columns=list(self._columns))
        return frame.sort_values(by="Key", ignore_index=True)

    def to_wire(self) -> list[dict[str, Any]]:
        """Return the entries as the catalog's REST interface writes them."""
        return [item.to_wire() for item in self]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ModelMetadata) and self.to_dict() == other.to_dict()

    __hash__ = None  # type: ignore[assignment]  # containers change; a hash would lie

    def _repr_html_(self) -> str:
        from ads.model.cards import metadata_card

        return metadata_card(self)

    def __repr__(self) -> str:
        return self.to_yaml()


def entries_of(data: Any) -> list[Mapping[str, Any]]:
    """Return the list under ``data`` of what ``to_dict`` wrote; raises ``ValueError`` for another form."""
    if not isinstance(data, Mapping) or not isinstance(data.get("data"), list):
        raise InputError('Metadata is read from {"data": [{"key": ..., "value": ...}, ...]}.')
    entries: list[Mapping[str, Any]] = data["data"]
    return entries
