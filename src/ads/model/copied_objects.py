"""Objects of a model by reference, from the buckets of one service into those of another."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.client.objects import ObjectAddress, download_object, upload_object
from ads.errors import NotFound

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["content_digest", "copy_objects", "in_own_bucket"]

_DIGESTS = ("content-md5", "opc-multipart-md5")


def in_own_bucket(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry of a description is of a bucket that its service keeps itself."""
    return _address(entry, {"name": ""}).is_ours


def content_digest(service: Service, entry: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    """Return what a store says of an object's bytes; for a bucket elsewhere what the description has of it."""
    address = _address(entry, item)
    said = str(item.get("md5") or "")
    if said or not address.is_ours:
        return said or str(item.get("etag") or item["version"])
    return _said(service, address, str(item["version"]))[0]


def copy_objects(source: Service, target: Service, entry: Mapping[str, Any]) -> dict[str, Any]:
    """Copy the objects of an entry of a description into the bucket of the same name, and return the entry for there.

    What lies there with the same digest stays; a bucket that isn't there is made, one that is has to keep versions. An
    entry of a bucket elsewhere, which both catalogs reach, stays as it is. Raises
    :class:`~ads.errors.BucketNotVersionedError`, :class:`~ads.errors.NotFound` for an object that is gone.
    """
    from ads.model.by_reference import versioned_bucket

    if not in_own_bucket(entry):
        return dict(entry)
    versioned_bucket(target, entry["namespace"], entry["bucketName"])
    objects = [
        _copied(source, target, _address(entry, item), item)
        for item in entry["objects"]
        if not str(item["name"]).endswith("/")  # consoles write empty objects for folders
    ]
    return {**entry, "objects": objects}


def _copied(source: Service, target: Service, address: ObjectAddress, item: Mapping[str, Any]) -> dict[str, Any]:
    wanted = str(item.get("md5") or "") or _said(source, address, str(item["version"]))[0]
    try:
        there, version = _said(target, address, "")
    except NotFound:
        there, version = "", ""
    if not wanted or there != wanted:
        with tempfile.TemporaryDirectory(prefix="openads-") as folder:
            file = Path(folder) / "object"
            download_object(source, address, file, version=str(item["version"]))
            upload_object(target, file, address)
        there, version = _said(target, address, "")
    kept = {"name": item["name"], "version": version, "sizeInBytes": item["sizeInBytes"]}
    return {**kept, "md5": there} if there else kept


def _said(service: Service, address: ObjectAddress, version: str) -> tuple[str, str]:
    """Return the digest and the version of an object. Raises :class:`~ads.errors.NotFound`."""
    named = {"versionId": version} if version else None
    headers = service.request("HEAD", address.path, params=named).headers
    return next((headers[name] for name in _DIGESTS if headers.get(name)), ""), headers.get("version-id", "")


def _address(entry: Mapping[str, Any], item: Mapping[str, Any]) -> ObjectAddress:
    return ObjectAddress(str(entry["bucketName"]), str(item["name"]), str(entry["namespace"]))
