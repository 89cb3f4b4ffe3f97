"""Descriptions of models by reference: which objects make up a model whose bytes the catalog doesn't hold."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ads.artifact.member_names import check_name, check_together
from ads.errors import ArchiveError, ModelFileDescriptionError

__all__ = [
    "LARGEST_DESCRIPTION",
    "MARK",
    "ReferencedObject",
    "check_description",
    "describe",
    "is_description",
    "is_marked",
    "read_description",
]

MARK = "modelDescription"
"""The custom metadata key with which clients mark such a model."""

LARGEST_DESCRIPTION = 8 * 1024 * 1024
"""Bytes of the largest description."""

_MOST_OBJECTS = 10_000
_TYPE = "modelOSSReferenceDescription"
_KEYS = {"namespace": str, "bucketName": str, "prefix": str, "objects": list}
_OBJECT_KEYS = {"name": str, "version": str, "sizeInBytes": int}


@dataclass(frozen=True)
class ReferencedObject:
    """One object of such a model. ``place`` is its file in the artifact; ``digests`` may hold ``etag`` and ``md5``.

    ``version`` is empty where the store keeps none.
    """

    namespace: str
    bucket: str
    name: str
    version: str
    size: int
    place: str
    digests: Mapping[str, str]


def is_description(file_name: str) -> bool:
    """Tell whether an artifact of this name is a description, not an archive."""
    return file_name.lower().endswith(".json")


def is_marked(custom_metadata: list[dict[str, Any]]) -> bool:
    """Tell whether the metadata says that the model is one by reference."""
    return any(item["key"] == MARK and (item["value"] or "").strip('"') == "true" for item in custom_metadata)


def check_description(path: Path) -> None:
    """Return when the file describes the objects of a model. Raises ModelFileDescriptionError."""
    if path.stat().st_size > LARGEST_DESCRIPTION:
        raise _refused(f"it is larger than {LARGEST_DESCRIPTION} bytes")
    read_description(path.read_bytes())


def read_description(text: bytes) -> list[ReferencedObject]:
    """Return the objects that a description names, with their places in the artifact. Raises ModelFileDescriptionError.

    The objects of the only entry, or of the one that has a ``score.py``, lie at the top without their prefix; those of
    others lie below ``<bucket>/<name>``.
    """
    entries = _entries(text)
    top = next((entry for entry in entries if _has_score(entry)), entries[0])
    found = [_object(entry, item, at_top=entry is top) for entry in entries for item in entry["objects"]]
    found = [
        item for item in found if item.place and not item.place.endswith("/")
    ]  # consoles write empty objects for folders
    if not 0 < len(found) <= _MOST_OBJECTS:
        raise _refused(f"it must name 1 to {_MOST_OBJECTS} objects")
    try:
        for item in found:
            check_name(item.place)
        check_together(item.place for item in found)
    except ArchiveError as error:
        raise _refused(f"its objects can't be files of an artifact: {error.message}") from error
    return found


def describe(entries: Iterable[tuple[str, str, str, list[dict[str, Any]]]]) -> bytes:
    """Return the description of entries of namespace, bucket, prefix and objects."""
    models = [
        {"namespace": namespace, "bucketName": bucket, "prefix": prefix, "objects": objects}
        for namespace, bucket, prefix, objects in entries
    ]
    return json.dumps({"version": "1.0", "type": _TYPE, "models": models}).encode()


def _entries(text: bytes) -> list[dict[str, Any]]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        raise _refused("it is not JSON") from None
    if not isinstance(content, dict) or content.get("type") != _TYPE:
        raise _refused(f"its type is not {_TYPE!r}")
    models = content.get("models")
    if not isinstance(models, list) or not models:
        raise _refused("it names no 'models'")
    for model in models:
        _require(model, _KEYS, "a model")
        if not model["objects"]:
            raise _refused("a model in it has no objects")
        for entry in model["objects"]:
            _require(entry, _OBJECT_KEYS, "an object")
            if isinstance(entry["sizeInBytes"], bool) or entry["sizeInBytes"] < 0:
                raise _refused("an object in it has no size")
            if not entry["name"].startswith(model["prefix"]):
                raise _refused("an object's name doesn't begin with its prefix")
    return models


def _has_score(entry: Mapping[str, Any]) -> bool:
    return any(_below(entry, item) == "score.py" for item in entry["objects"])


def _below(entry: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    """Return an object's name without its folder: a prefix need not end with a slash."""
    prefix: str = entry["prefix"]
    folder = prefix if not prefix or prefix.endswith("/") else f"{prefix}/"
    name: str = item["name"]
    return name[len(folder) :] if name.startswith(folder) else name[len(prefix.rpartition("/")[0]) :].lstrip("/")


def _object(entry: Mapping[str, Any], item: Mapping[str, Any], *, at_top: bool) -> ReferencedObject:
    digests = {name: item[name] for name in ("etag", "md5") if isinstance(item.get(name), str)}
    return ReferencedObject(
        namespace=entry["namespace"],
        bucket=entry["bucketName"],
        name=item["name"],
        version=item["version"],
        size=item["sizeInBytes"],
        place=_below(entry, item) if at_top else f"{entry['bucketName']}/{item['name']}",
        digests=digests,
    )


def _require(value: object, keys: Mapping[str, type], noun: str) -> None:
    for key, kind in keys.items():
        if not isinstance(value, dict) or not isinstance(value.get(key), kind):
            raise _refused(f"{noun} in it has no {key!r} of the right kind")


def _refused(reason: str) -> ModelFileDescriptionError:
    return ModelFileDescriptionError(
        f"The description of the model's objects can't be used: {reason}.",
        hint='It looks like {"version": "1.0", "type": "modelOSSReferenceDescription", "models": […]}.',
    )
