"""Objects in the service's buckets: ``oci://bucket@namespace/name``, streamed in parts that are repeated singly."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import ArchiveError, InputError, NotFound, PreconditionFailed, ServiceUnreachable
from ads.identity.ocid import NAMESPACE

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = [
    "ObjectAddress",
    "download_object",
    "in_existing_bucket",
    "list_names",
    "object_exists",
    "read_object",
    "remove_object",
    "upload_object",
]

PART_SIZE = 8 * 1024 * 1024
"""Bytes of a part of an upload: what is sent again after a cut at most."""

_PIECE = 1024 * 1024
_STALLED_AFTER = 300.0
_MOST_AT_ONCE = 4
_URI = re.compile(r"oci://(?P<bucket>[A-Za-z0-9._-]+)(?:@(?P<namespace>[A-Za-z0-9._-]+))?/(?P<name>.*)", re.DOTALL)


@dataclass(frozen=True)
class ObjectAddress:
    """Where an object is: bucket, name, namespace (the service's own when none is given)."""

    bucket: str
    name: str
    namespace: str = NAMESPACE

    @classmethod
    def parse(cls, uri: str) -> ObjectAddress:
        """Return the address of ``oci://bucket@namespace/name``. Raises InputError for anything else."""
        match = _URI.fullmatch(uri)
        if match is None:
            raise InputError(
                f"{uri!r} is not the address of an object.", hint=f"Write it as oci://bucket@{NAMESPACE}/path/name."
            )
        return cls(match["bucket"], match["name"], match["namespace"] or NAMESPACE)

    @property
    def is_ours(self) -> bool:
        """Whether the service that this program uses has the object; other namespaces are other services'."""
        return self.namespace == NAMESPACE

    @property
    def in_bucket(self) -> str:
        """The path of the bucket in the interface."""
        return f"/n/{self.namespace}/b/{self.bucket}"

    @property
    def encoded_name(self) -> str:
        """The name as it is written in a path."""
        from urllib.parse import quote

        quoted = quote(self.name, safe="")
        return quoted.replace(".", "%2E") if set(self.name) == {"."} else quoted

    @property
    def path(self) -> str:
        """The path of the object in the interface."""
        return f"{self.in_bucket}/o/{self.encoded_name}"

    def __str__(self) -> str:
        return f"oci://{self.bucket}@{self.namespace}/{self.name}"


def upload_object(
    service: Service,
    source: Path,
    address: ObjectAddress,
    *,
    overwrite: bool = True,
    parallel: int = _MOST_AT_ONCE,
    progress: bool = True,
) -> None:
    """Store the file ``source`` at ``address``; a bucket that isn't there is made.

    Large files go in parts, at most four at a time: constant memory, and after a cut only a part is sent again.
    Raises FileExistsError when the object exists and ``overwrite`` is false.
    """
    conditions = {} if overwrite else {"if-none-match": "*"}
    try:
        in_existing_bucket(service, address, lambda: _upload(service, source, address, conditions, parallel, progress))
    except PreconditionFailed as error:
        raise FileExistsError(f"{address} exists already. Allow overwriting it, or choose another name.") from error


def _upload(
    service: Service, source: Path, address: ObjectAddress, conditions: dict[str, str], parallel: int, progress: bool
) -> None:
    from ads.client.progress import byte_bar

    size = source.stat().st_size
    with byte_bar(f"Uploading {source.name}", size, progress) as bar:
        if size <= PART_SIZE:
            _put(service, address.path, source.read_bytes(), conditions)
            bar.update(size)
            return
        _upload_parts(service, source, address, conditions, max(1, min(parallel, _MOST_AT_ONCE)), bar)


def _upload_parts(
    service: Service, source: Path, address: ObjectAddress, conditions: dict[str, str], parallel: int, bar: Any
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    body = {"object": address.name, "contentType": "application/zip"}
    begun = service.request("POST", f"{address.in_bucket}/u", json=body, headers=conditions).json()
    path, query = f"{address.in_bucket}/u/{address.encoded_name}", {"uploadId": begun["uploadId"]}

    def send(number: int) -> dict[str, Any]:
        with source.open("rb") as file:
            file.seek((number - 1) * PART_SIZE)
            content = file.read(PART_SIZE)
        answer = _put(service, path, content, {}, {**query, "uploadPartNum": str(number)})
        bar.update(len(content))
        return {"partNum": number, "etag": answer.headers["etag"]}

    try:
        with ThreadPoolExecutor(parallel) as pool:
            numbers = range(1, -(-source.stat().st_size // PART_SIZE) + 1)
            parts = list(pool.map(send, numbers))
        service.request("POST", path, params=query, json={"partsToCommit": parts}, headers=conditions)
    except BaseException:
        _give_up(service, path, query)
        raise


def _put(
    service: Service, path: str, content: bytes, headers: dict[str, str], params: dict[str, str] | None = None
) -> Any:
    import base64
    import hashlib

    md5 = base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode("ascii")
    named = {"content-type": "application/zip", "content-md5": md5, **headers}
    return service.request(
        "PUT", path, params=params, content=content, headers=named, timeout=_STALLED_AFTER, repeatable=not headers
    )


def _give_up(service: Service, path: str, query: dict[str, str]) -> None:
    import logging

    from ads.errors import AdsError

    try:
        service.request("DELETE", path, params=query)
    except AdsError as error:
        logging.getLogger(__name__).warning("The parts of an upload could not be removed: %s", error)


def in_existing_bucket(service: Service, address: ObjectAddress, action: Callable[[], None]) -> None:
    """Do what needs the bucket; one that isn't there is made first, in the service's default compartment."""
    try:
        action()
    except NotFound as error:
        if error.service_code != "BucketNotFound" or not address.is_ours:
            raise
        body = {"name": address.bucket, "compartmentId": service.compartment_id}
        service.request("POST", f"/n/{address.namespace}/b", json=body)
        action()


def download_object(
    service: Service, address: ObjectAddress, target: Path, *, progress: bool = True, version: str = ""
) -> None:
    """Write the object, or this version of it, to the file ``target``, streamed.

    Raises :class:`~ads.errors.NotFound`, and :class:`~ads.errors.ArchiveError` when what came differs from what the
    service announced; ``target`` is then removed.
    """
    import base64
    import hashlib

    from ads.client.progress import byte_bar

    md5, size = hashlib.md5(usedforsecurity=False), 0
    headers = {"accept-encoding": "identity"}
    named = {"versionId": version} if version else None
    with service.stream("GET", address.path, params=named, headers=headers, timeout=_STALLED_AFTER) as response:
        announced = int(response.headers["content-length"])
        expected = response.headers.get("content-md5")
        with byte_bar(f"Downloading {target.name}", announced, progress) as bar, target.open("wb") as file:
            for piece in _pieces(response, address):
                file.write(piece)
                md5.update(piece)
                size += len(piece)
                bar.update(len(piece))
    if size != announced or (expected and expected != base64.b64encode(md5.digest()).decode("ascii")):
        target.unlink(missing_ok=True)
        raise ArchiveError(f"{address} arrived damaged: {size} of {announced} bytes.", hint="Repeat the download.")


def _pieces(response: Any, address: ObjectAddress) -> Iterator[bytes]:
    import httpx

    try:
        yield from response.iter_raw(_PIECE)
    except httpx.TransportError as error:
        raise ServiceUnreachable(
            f"The download of {address} broke off: {str(error) or type(error).__name__}.", hint="Repeat the download."
        ) from error


def read_object(service: Service, address: ObjectAddress) -> bytes:
    """Return the object's bytes. Raises :class:`~ads.errors.NotFound`."""
    return bytes(service.request("GET", address.path).content)


def object_exists(service: Service, address: ObjectAddress) -> bool:
    """Return whether the object is there."""
    try:
        service.request("HEAD", address.path)
    except NotFound:
        return False
    return True


def remove_object(service: Service, address: ObjectAddress) -> None:
    """Delete the object; one that isn't there is no error."""
    try:
        service.request("DELETE", address.path)
    except NotFound:
        return


def list_names(service: Service, address: ObjectAddress) -> list[str]:
    """Return the names of the objects below ``address``, as below a folder. Raises :class:`~ads.errors.NotFound`."""
    prefix = f"{address.name.rstrip('/')}/" if address.name.strip("/") else ""
    names: list[str] = []
    query: dict[str, str] = {"prefix": prefix}
    while True:
        content = service.get_json(f"{address.in_bucket}/o", query)
        names += [str(item["name"]) for item in content["objects"]]
        if not content.get("nextStartWith"):
            return names
        query["start"] = str(content["nextStartWith"])
