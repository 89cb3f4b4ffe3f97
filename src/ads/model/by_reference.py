"""Models by reference: their files stay in a bucket, and the catalog keeps which objects they are."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.client.objects import ObjectAddress, download_object, list_names, upload_object
from ads.errors import (
    ArtifactError,
    ArtifactsNotAvailableError,
    BucketNotVersionedError,
    Conflict,
    InputError,
    InvalidArtifactType,
    ModelFileDescriptionError,
)

if TYPE_CHECKING:
    from typing_extensions import Self

    from ads.client import Service
    from ads.model.bucket_transfer import Transfer

__all__ = [
    "ReferencedObjects",
    "description_in",
    "fetch_described",
    "referable",
    "send_description",
    "versioned_bucket",
]

_TYPE = "modelOSSReferenceDescription"
_LARGEST_DESCRIPTION = 8 * 1024 * 1024


@contextmanager
def referable(
    artifact: object, description: Mapping[str, Any] | None, transfer: Transfer
) -> Iterator[Callable[[Service, str], None]]:
    """Yield what makes a model of the service refer to the artifact.

    ``artifact`` is one or several folders in buckets, ``oci://bucket@namespace/prefix/``, or a local folder: its files
    are uploaded below ``transfer.bucket_uri`` first. Without one, the objects of ``description`` are referred to.
    Raises InvalidArtifactType for anything else, and ArtifactsNotAvailableError when there is nothing.
    """
    if not artifact and not description:
        raise ArtifactsNotAvailableError(
            "The catalog entry has no artifact to refer to.", hint="Name its folder in a bucket with with_artifact()."
        )
    if not artifact and description:
        yield lambda service, model_id: send_description(service, model_id, description)
        return
    if isinstance(artifact, (str, Path)) and not _is_address(artifact):
        folder, target = _local(artifact), _target(transfer)
        yield lambda service, model_id: _upload_and_refer(service, model_id, folder, target, transfer)
        return
    given = [artifact] if isinstance(artifact, str) else artifact
    if not isinstance(given, Sequence) or not all(isinstance(uri, str) and _is_folder(uri) for uri in given):
        raise InvalidArtifactType(
            "A model by reference is made of folders in buckets.",
            hint="Write each as oci://bucket@namespace/prefix/; archives and local files have no place among them.",
        )
    references = [_reference(uri) for uri in given]
    yield lambda service, model_id: _refer(service, model_id, references)


def description_in(file: Path) -> dict[str, Any] | None:
    """Return the description of objects that a downloaded artifact is, None for an archive."""
    with file.open("rb") as source:
        if source.read(1) != b"{" or file.stat().st_size > _LARGEST_DESCRIPTION:
            return None
    try:
        content = json.loads(file.read_bytes())
    except ValueError:
        return None
    return content if isinstance(content, dict) and content.get("type") == _TYPE else None


def fetch_described(service: Service, description: Mapping[str, Any], target: Path) -> None:
    """Replace the folder ``target`` with the objects of the description, each as ``<bucket>/<object name>``.

    Raises :class:`~ads.errors.NotFound` for an object that is gone, ArtifactError for a name that can't be a file's.
    """
    from ads.artifact.fresh_folder import fresh_folder
    from ads.artifact.member_names import check_name

    with fresh_folder(target, replace=True) as fresh:
        for entry in description["models"]:
            for item in entry["objects"]:
                if item["name"].endswith("/"):
                    continue
                place = f"{entry['bucketName']}/{item['name']}"
                check_name(place)
                (fresh / place).parent.mkdir(parents=True, exist_ok=True)
                address = ObjectAddress(entry["bucketName"], item["name"], entry["namespace"])
                if not address.is_ours:
                    raise ArtifactError(
                        f"{address} is not in a bucket of the service.", hint="Download it with its own tools."
                    )
                download_object(service, address, fresh / place, progress=False, version=item["version"])


class ReferencedObjects:
    """The members of ``DataScienceModel`` that say which objects a model by reference is made of."""

    if TYPE_CHECKING:
        CONST_MODEL_FILE_DESCRIPTION: str

        model_file_description: Any
        set_spec: Callable[[str, Any], Any]

    def add_artifact(
        self,
        uri: str | None = None,
        namespace: str | None = None,
        bucket: str | None = None,
        prefix: str | None = None,
        files: list[str] | None = None,
    ) -> Self:
        """Add the objects below a folder in a bucket to the description; ``files`` limits them to these names.

        The folder is ``uri`` or ``namespace``, ``bucket`` and ``prefix``. Raises InputError for neither or both, or no
        objects, and BucketNotVersionedError.
        """
        from ads.client import Service

        address = _address(uri, namespace, bucket, prefix)
        entry = _entry(Service.find(), address, files)
        others = [other for other in self._described() if not _same_folder(other, address)]
        self._describe([*others, entry])
        return self

    def remove_artifact(
        self,
        uri: str | None = None,
        namespace: str | None = None,
        bucket: str | None = None,
        prefix: str | None = None,
    ) -> Self:
        """Remove a folder's objects from the description. Raises InputError when it has none of that folder."""
        address = _address(uri, namespace, bucket, prefix)
        kept = [entry for entry in self._described() if not _same_folder(entry, address)]
        if len(kept) == len(self._described()):
            raise InputError(f"The description has no objects of {address}.", hint="Name a folder that was added.")
        self._describe(kept)
        return self

    def _described(self) -> list[dict[str, Any]]:
        return list((self.model_file_description or {}).get("models", []))

    def _describe(self, entries: list[dict[str, Any]]) -> None:
        found = {"version": "1.0", "type": _TYPE, "models": entries} if entries else None
        self.set_spec(self.CONST_MODEL_FILE_DESCRIPTION, found)


def _is_address(artifact: str | Path) -> bool:
    return isinstance(artifact, str) and artifact.startswith(("oci://", "s3://"))


def _is_folder(uri: str) -> bool:
    return _is_address(uri) and not uri.endswith((".zip", ".json"))


def _local(artifact: str | Path) -> Path:
    folder = Path(artifact).expanduser()
    if not folder.is_dir():
        raise InvalidArtifactType(f"There is no folder {folder}.", hint="Pass the artifact's folder.")
    return folder


def _target(transfer: Transfer) -> ObjectAddress:
    if not transfer.bucket_uri:
        raise InvalidArtifactType(
            "A model by reference needs its files in a bucket.",
            hint="Pass bucket_uri='oci://bucket@namespace/prefix/': the files are uploaded there and stay there.",
        )
    return ObjectAddress.parse(f"{transfer.bucket_uri.rstrip('/')}/")


def _reference(uri: str) -> dict[str, str]:
    if uri.startswith("s3://"):
        bucket, _, prefix = uri.removeprefix("s3://").partition("/")
        return {"modelArtifactReferenceType": "S3", "bucketName": bucket, "prefix": prefix}
    address = ObjectAddress.parse(uri)
    return {
        "modelArtifactReferenceType": "OSS",
        "namespace": address.namespace,
        "bucketName": address.bucket,
        "prefix": address.name,
    }


def _refer(service: Service, model_id: str, references: Sequence[Mapping[str, str]]) -> None:
    from ads.client.waiting import wait_for_work_request

    for reference in references:
        if reference["modelArtifactReferenceType"] == "OSS":
            _require_versions(service, reference["namespace"], reference["bucketName"])
    answer = service.request(
        "POST",
        f"/20190101/models/{model_id}/actions/registerArtifactReference",
        json={"modelArtifactReferences": list(references)},
        retry_token=True,
    )
    work = wait_for_work_request(
        service, answer.headers["opc-work-request-id"], label="Registering the objects", max_wait_time=-1
    )
    if work.failed:
        raise ArtifactError(f"Registering the objects of {model_id} failed: {' '.join(work.errors) or work.status}")


def _upload_and_refer(service: Service, model_id: str, folder: Path, target: ObjectAddress, transfer: Transfer) -> None:
    from ads.artifact.layout import list_files

    versioned_bucket(service, target.namespace, target.bucket)
    for name in list_files(folder):
        upload_object(
            service,
            folder / name,
            ObjectAddress(target.bucket, f"{target.name}{name}", target.namespace),
            overwrite=bool(transfer.overwrite_existing_artifact),
            parallel=transfer.parallel_process_count or 1,
        )
    _refer(service, model_id, [_reference(str(target))])


def versioned_bucket(service: Service, namespace: str, bucket: str) -> None:
    """Make a bucket that keeps versions, unless it is there. Raises BucketNotVersionedError where it keeps none."""
    body = {"name": bucket, "compartmentId": service.compartment_id, "versioning": "Enabled"}
    with contextlib.suppress(Conflict):
        service.request("POST", f"/n/{namespace}/b", json=body)
    _require_versions(service, namespace, bucket)


def _require_versions(service: Service, namespace: str, bucket: str) -> None:
    if service.get_json(f"/n/{namespace}/b/{bucket}").get("versioning") != "Enabled":
        raise BucketNotVersionedError(
            f"The bucket {bucket!r} keeps no versions, so its objects could be lost to the model.",
            hint="Enable the bucket's versioning, and upload the objects again.",
        )


def send_description(service: Service, model_id: str, description: Mapping[str, Any]) -> None:
    """Make the objects of a description the artifact of a model."""
    service.request(
        "POST",
        f"/20190101/models/{model_id}/artifact",
        content=json.dumps(description).encode(),
        headers={
            "content-type": "application/octet-stream",
            "content-disposition": f'attachment; filename="{model_id}.json"',
        },
    )


def _address(uri: str | None, namespace: str | None, bucket: str | None, prefix: str | None) -> ObjectAddress:
    if uri and (namespace or bucket or prefix):
        raise InputError("The folder is named twice.", hint="Pass uri, or namespace, bucket and prefix.")
    if uri:
        return ObjectAddress.parse(uri if uri.count("/") > 2 else f"{uri}/")
    if not (namespace and bucket):
        raise InputError("No folder is named.", hint="Pass uri, or namespace and bucket, and a prefix.")
    return ObjectAddress(bucket, prefix or "", namespace)


def _same_folder(entry: Mapping[str, Any], address: ObjectAddress) -> bool:
    return (entry["namespace"], entry["bucketName"], entry["prefix"]) == (
        address.namespace,
        address.bucket,
        address.name,
    )


def _entry(service: Service, address: ObjectAddress, files: Sequence[str] | None) -> dict[str, Any]:
    _require_versions(service, address.namespace, address.bucket)
    names = list_names(service, address)
    if files is not None:
        wanted = {name if name.startswith(address.name) else f"{address.name}{name}" for name in files}
        missing = sorted(wanted - set(names))
        if missing:
            raise InputError(f"{address} has no object {missing[0]!r}.", hint="Name objects that are there.")
        names = [name for name in names if name in wanted]
    if not names:
        raise ModelFileDescriptionError(f"There are no objects at {address}.", hint="Upload the files there first.")
    objects = []
    for name in names:
        head = service.request("HEAD", ObjectAddress(address.bucket, name, address.namespace).path).headers
        version, size = head["version-id"], int(head["content-length"])
        objects.append({"name": name, "version": version, "sizeInBytes": size, "etag": head["etag"]})
    return {
        "namespace": address.namespace,
        "bucketName": address.bucket,
        "prefix": address.name,
        "objects": objects,
    }
