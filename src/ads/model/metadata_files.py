"""Files attached to the keys of a model's metadata in the catalog."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import InputError, InvalidArtifactPathTypeOrContentError, PathNotFoundError, ServiceError

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["MetadataFiles"]

_PATH_TYPES = ("local", "oss", "content")


class MetadataFiles:
    """The verbs of ``DataScienceModel`` for files at metadata keys.

    Where the file comes from is said by ``path_type``: ``local`` a path, ``oss`` an address in object storage,
    ``content`` the bytes themselves. The key must be in the model's metadata in the catalog.
    """

    id: str | None

    def create_custom_metadata_artifact(
        self, metadata_key_name: str, artifact_path_or_content: str | bytes, path_type: str = "local"
    ) -> dict[str, str]:
        """Attach a file to a custom metadata key; return the headers of the service's answer, ``etag`` among them.

        Raises :class:`~ads.errors.InvalidArtifactPathTypeOrContentError`, :class:`~ads.errors.PathNotFoundError`,
        :class:`~ads.errors.NotFound` for an unknown key, :class:`~ads.errors.Conflict` when it has a file.
        """
        return self._send("POST", "custom", metadata_key_name, artifact_path_or_content, path_type)

    def create_defined_metadata_artifact(
        self, metadata_key_name: str, artifact_path_or_content: str | bytes, path_type: str = "local"
    ) -> dict[str, str]:
        """Attach a file to a taxonomy key; see :meth:`create_custom_metadata_artifact`."""
        return self._send("POST", "defined", metadata_key_name, artifact_path_or_content, path_type)

    def update_custom_metadata_artifact(
        self, metadata_key_name: str, artifact_path_or_content: str | bytes, path_type: str = "local"
    ) -> dict[str, str]:
        """Replace the file of a custom metadata key; return the headers of the service's answer.

        Raises as :meth:`create_custom_metadata_artifact`, and :class:`~ads.errors.NotFound` when there is no file.
        """
        return self._send("PUT", "custom", metadata_key_name, artifact_path_or_content, path_type)

    def update_defined_metadata_artifact(
        self, metadata_key_name: str, artifact_path_or_content: str | bytes, path_type: str = "local"
    ) -> dict[str, str]:
        """Replace the file of a taxonomy key; see :meth:`update_custom_metadata_artifact`."""
        return self._send("PUT", "defined", metadata_key_name, artifact_path_or_content, path_type)

    def get_custom_metadata_artifact(self, metadata_key_name: str, target_dir: str, override: bool = False) -> bytes:
        """Write the file of a custom metadata key to ``target_dir/<key>`` and return its bytes.

        Raises FileExistsError unless ``override``, :class:`~ads.errors.PathNotFoundError` for a folder that isn't
        there, :class:`~ads.errors.NotFound` when the key has no file.
        """
        return self._fetch("custom", metadata_key_name, target_dir, override)

    def get_defined_metadata_artifact(self, metadata_key_name: str, target_dir: str, override: bool = False) -> bytes:
        """Write the file of a taxonomy key to ``target_dir/<key>``; see :meth:`get_custom_metadata_artifact`."""
        return self._fetch("defined", metadata_key_name, target_dir, override)

    def delete_custom_metadata_artifact(self, metadata_key_name: str) -> dict[str, str]:
        """Remove the file of a custom metadata key, which stays; return the headers of the service's answer."""
        return self._headers("DELETE", "custom", metadata_key_name)

    def delete_defined_metadata_artifact(self, metadata_key_name: str) -> dict[str, str]:
        """Remove the file of a taxonomy key, which stays; return the headers of the service's answer."""
        return self._headers("DELETE", "defined", metadata_key_name)

    def if_model_custom_metadata_artifact_exist(self, metadata_key_name: str, **_kwargs: Any) -> bool:
        """Return whether a custom metadata key has a file; False as well when the service can't say."""
        try:
            self._headers("HEAD", "custom", metadata_key_name, "/content")
        except ServiceError:
            return False
        return True

    def _send(self, method: str, kind: str, key: str, given: str | bytes, path_type: str) -> dict[str, str]:
        service = _service()
        content = _content(service, given, path_type)
        headers = {
            "content-type": "application/octet-stream",
            "content-disposition": 'form-data; name="file"; filename="readme.*"',
        }
        answer = service.request(method, self._address(kind, key), content=content, headers=headers)
        return dict(answer.headers)

    def _fetch(self, kind: str, key: str, target_dir: str, override: bool) -> bytes:
        folder = Path(target_dir).expanduser()
        if not folder.is_dir():
            raise PathNotFoundError(f"There is no folder {folder}.", hint="Create it, or name another target_dir.")
        if key in {"", ".", ".."} or set(key) & set("/\\\0"):
            raise InputError(f"The key {key!r} can't be the name of a file.")
        target = folder / key
        if target.exists() and not override:
            raise FileExistsError(f"{target} exists already. Pass override=True to replace it.")
        content = bytes(_service().request("GET", self._address(kind, key) + "/content").content)
        target.write_bytes(content)
        return content

    def _headers(self, method: str, kind: str, key: str, below: str = "") -> dict[str, str]:
        return dict(_service().request(method, self._address(kind, key) + below).headers)

    def _address(self, kind: str, key: str) -> str:
        from urllib.parse import quote

        if not self.id:
            raise InputError("The model is not in the catalog, so it has no files.", hint="Call create() first.")
        return f"/20190101/models/{self.id}/{kind}Metadata/{quote(key, safe='')}/artifact"


def _content(service: Service, given: str | bytes, path_type: str) -> bytes:
    if path_type not in _PATH_TYPES:
        raise InvalidArtifactPathTypeOrContentError(
            f"path_type is {path_type!r}.", hint=f"It can be {', '.join(_PATH_TYPES)}."
        )
    if path_type == "content":
        if not isinstance(given, bytes):
            raise InvalidArtifactPathTypeOrContentError(
                f"The content of the file is a {type(given).__name__}, not bytes.", hint="Encode it, or pass its path."
            )
        return given
    if not isinstance(given, str):
        raise InvalidArtifactPathTypeOrContentError(
            f"The path of the file is a {type(given).__name__}, not text.", hint="Pass path_type='content' for bytes."
        )
    if path_type == "local":
        path = Path(given).expanduser()
        if not path.is_file():
            raise PathNotFoundError(f"There is no file {path}.", hint="Check the path.")
        return path.read_bytes()
    return _object(service, given)


def _object(service: Service, uri: str) -> bytes:
    from ads.model.bucket_transfer import is_ours, read_ours

    if not uri.startswith("oci://"):
        raise InvalidArtifactPathTypeOrContentError(
            f"{uri!r} is no address in object storage.", hint="Write it as oci://bucket@namespace/name."
        )
    if is_ours(uri):
        return read_ours(service, uri)
    import fsspec

    with fsspec.open(uri, "rb") as file:
        return bytes(file.read())


def _service() -> Service:
    from ads.client import Service

    return Service.find()
