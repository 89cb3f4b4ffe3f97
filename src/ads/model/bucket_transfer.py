"""Artifacts by way of a bucket: uploaded or downloaded there, and moved between bucket and catalog by the service."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.client.objects import (
    ObjectAddress,
    download_object,
    in_existing_bucket,
    list_names,
    object_exists,
    read_object,
    remove_object,
    upload_object,
)
from ads.errors import ArtifactError, InputError
from ads.model.store_copy import copy_to_store, expect_store, is_foreign, remove_from_store

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["Transfer", "copy_from_bucket", "deliverable", "fetch_through_bucket", "is_ours", "read_ours"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Transfer:
    """How an artifact travels: through which bucket, and what becomes of the bucket's copy."""

    bucket_uri: str | None = None
    overwrite_existing_artifact: bool | None = True
    remove_existing_artifact: bool | None = True
    parallel_process_count: int | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, Any]) -> Transfer:
        """Return the transfer that these arguments of ``save()`` or ``create()`` describe."""
        return cls(**{field.name: arguments[field.name] for field in fields(cls) if field.name in arguments})

    def uri(self, model_id: str) -> str:
        """Return where the archive of a model goes: below a folder, or to a name that ends in ``.zip``."""
        uri = str(self.bucket_uri)
        if uri.endswith("/"):
            return f"{uri}{model_id}.zip"
        return uri if uri.endswith(".zip") else f"{uri}.zip"

    def address(self, model_id: str) -> ObjectAddress:
        """Return the object that the archive of a model becomes. Raises InputError for what can't be one."""
        return ObjectAddress.parse(self.uri(model_id))


@contextmanager
def deliverable(artifact: object, transfer: Transfer) -> Iterator[Callable[[Service, str], None]]:
    """Yield what gives the artifact, packed and checked, to a model of the service.

    ``artifact`` is a folder, a zip file, or the ``oci://`` address of one, which the service takes from there.
    Raises :class:`~ads.errors.ArtifactError`, InputError for an address that can't be.
    """
    from ads.model.artifact_transfer import packed

    if isinstance(artifact, str) and artifact.startswith("oci://"):
        address = ObjectAddress.parse(artifact)
        if transfer.bucket_uri:
            _log.warning("The artifact is in a bucket already, so bucket_uri is not used.")
        yield lambda service, model_id: _export(service, model_id, address)
        return
    foreign = is_foreign(str(transfer.bucket_uri or ""))
    if transfer.bucket_uri and not foreign:
        transfer.address("model")  # what can't be an address fails before anything is packed
    with packed(artifact) as archive:
        if foreign:
            yield lambda service, model_id: _with_a_copy(service, model_id, archive, transfer)
        elif transfer.bucket_uri:
            yield lambda service, model_id: _through_bucket(service, model_id, archive, transfer)
        else:
            yield lambda service, model_id: service.upload_artifact(model_id, archive)


def fetch_through_bucket(service: Service, model_id: str, target: Path, transfer: Transfer) -> None:
    """Replace the folder ``target`` with the model's artifact, by way of the bucket.

    Raises :class:`~ads.errors.NotFound` when the model has no artifact, FileExistsError when the bucket has the object
    and it may not be overwritten.
    """
    from ads.artifact.archive import extract_zip

    if is_foreign(str(transfer.bucket_uri)):
        _fetch_with_a_copy(service, model_id, target, transfer)
        return
    address = transfer.address(model_id)
    if not transfer.overwrite_existing_artifact and object_exists(service, address):
        raise FileExistsError(f"{address} exists already. Pass overwrite_existing_artifact=True to replace it.")
    details = {
        "artifactSourceType": "ORACLE_OBJECT_STORAGE",
        "namespace": address.namespace,
        "destinationBucket": address.bucket,
        "destinationObjectName": address.name,
        "destinationRegion": "local",
    }
    body = {"artifactImportDetails": details}
    act = partial(_act, service, model_id, "importArtifact", body, "Importing the artifact")
    in_existing_bucket(service, address, act)
    try:
        with tempfile.TemporaryDirectory(prefix="openads-") as folder:
            archive = Path(folder) / "artifact.zip"
            download_object(service, address, archive)
            extract_zip(archive, target, replace=True)
    finally:
        if transfer.remove_existing_artifact:
            remove_object(service, address)


def is_ours(uri: str) -> bool:
    """Return whether the address is of an object in the service that this program uses."""
    return uri.startswith("oci://") and ObjectAddress.parse(uri).is_ours


def copy_from_bucket(service: Service, uri: str, scratch: Path) -> Path:
    """Return a local copy of the object, or of the folder of objects, at ``uri``. Raises InputError."""
    address = ObjectAddress.parse(uri)
    local = scratch / (_base_name(address.name) or "artifact")
    if address.name and not address.name.endswith("/") and object_exists(service, address):
        download_object(service, address, local)
        return local
    names = list_names(service, address) if _bucket_exists(service, address) else []
    if not names:
        raise InputError(f"There is no artifact at {uri}.", hint="Check the address.")
    prefix = f"{address.name.rstrip('/')}/" if address.name.strip("/") else ""
    for name in names:
        if name.endswith("/"):
            continue
        parts = name[len(prefix) :].split("/")
        if any(part in {"", ".", ".."} or set(part) & set("\\\0:") for part in parts):
            raise InputError(f"The object {name!r} can't be a file of an artifact.", hint="Name the artifact's folder.")
        target = local.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        download_object(service, ObjectAddress(address.bucket, name, address.namespace), target, progress=False)
    return local


def read_ours(service: Service, uri: str) -> bytes:
    """Return the bytes of the object at ``uri``. Raises :class:`~ads.errors.NotFound`."""
    return read_object(service, ObjectAddress.parse(uri))


def _bucket_exists(service: Service, address: ObjectAddress) -> bool:
    from ads.errors import NotFound

    try:
        service.request("HEAD", address.in_bucket)
    except NotFound:
        return False
    return True


def _base_name(name: str) -> str:
    found = name.rstrip("/").rsplit("/", 1)[-1]
    return "" if found in {".", ".."} or set(found) & set("\\\0:") else found[-200:]


def _through_bucket(service: Service, model_id: str, archive: Path, transfer: Transfer) -> None:
    address = transfer.address(model_id)
    upload_object(
        service,
        archive,
        address,
        overwrite=bool(transfer.overwrite_existing_artifact),
        parallel=transfer.parallel_process_count or 1,
    )
    try:
        _export(service, model_id, address)
    finally:
        if transfer.remove_existing_artifact:
            remove_object(service, address)


def _with_a_copy(service: Service, model_id: str, archive: Path, transfer: Transfer) -> None:
    """Send the archive to the service, with a copy in a store that the service can't read from."""
    uri = transfer.uri(model_id)
    expect_store(uri, overwrite=bool(transfer.overwrite_existing_artifact))
    copy_to_store(archive, uri)
    try:
        service.upload_artifact(model_id, archive)
    finally:
        if transfer.remove_existing_artifact:
            remove_from_store(uri)


def _fetch_with_a_copy(service: Service, model_id: str, target: Path, transfer: Transfer) -> None:
    from ads.artifact.archive import extract_zip

    uri = transfer.uri(model_id)
    expect_store(uri, overwrite=bool(transfer.overwrite_existing_artifact))
    with tempfile.TemporaryDirectory(prefix="openads-") as folder:
        archive = Path(folder) / "artifact.zip"
        service.download_artifact(model_id, archive)
        if not transfer.remove_existing_artifact:
            copy_to_store(archive, uri)
        extract_zip(archive, target, replace=True)


def _export(service: Service, model_id: str, address: ObjectAddress) -> None:
    details = {
        "artifactSourceType": "ORACLE_OBJECT_STORAGE",
        "namespace": address.namespace,
        "sourceBucket": address.bucket,
        "sourceObjectName": address.name,
        "sourceRegion": "local",
    }
    _act(service, model_id, "exportArtifact", {"artifactExportDetails": details}, "Exporting the artifact")


def _act(service: Service, model_id: str, action: str, body: dict[str, Any], label: str) -> None:
    from ads.client.waiting import wait_for_work_request

    path = f"/20190101/models/{model_id}/actions/{action}"
    answer = service.request("POST", path, json=body, retry_token=True)
    work = wait_for_work_request(service, answer.headers["opc-work-request-id"], label=label, max_wait_time=-1)
    if work.failed:
        reason = " ".join(work.errors) or f"The work request {work.id} is {work.status}."
        raise ArtifactError(f"{label} of {model_id} failed: {reason}", hint="Correct the artifact and repeat.")
