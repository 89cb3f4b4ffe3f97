"""What a model is made of, on its way into another catalog: an archive, or the objects that a description names."""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ads.client.references import MODELS
from ads.errors import ArtifactError, NotFound, NotSupported

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ads.client.service import Service

__all__ = ["Archive", "Content", "Description", "content_of", "digest_in"]


_KEPT_SECONDS = 7 * 86_400.0


class Content(Protocol):
    """``sha256`` is the same wherever the same content lies."""

    @property
    def sha256(self) -> str:
        """The digest of the content."""

    def expect(self, target: Service) -> None:
        """Return when the content can go there. Raises :class:`~ads.errors.NotSupported`."""

    def deliver(self, target: Service, model_id: str) -> None:
        """Send the content to the model of another catalog."""

    def done(self) -> None:
        """Forget what was kept in case of a cut."""


def content_of(source: Service, model: Mapping[str, Any], stack: ExitStack, kept: Path | None) -> Content:
    """Return the content of a model. ``kept``: the folder where a download lies that may be cut.

    Raises :class:`~ads.errors.NotFound` for a model without an artifact.
    """
    model_id = str(model["id"])
    return Description(source, model_id) if model.get("isModelByReference") else Archive(source, model_id, stack, kept)


def digest_in(service: Service, model: Mapping[str, Any]) -> str:
    """Return the digest of the content of a model, nothing where the catalog says none or the model has none."""
    try:
        if model.get("isModelByReference"):
            return Description(service, str(model["id"])).sha256
        return _announced(service, str(model["id"]))
    except (NotFound, ArtifactError):
        return ""


class Archive:
    """An archive: its digest as soon as it is known, its bytes only when they are needed."""

    def __init__(self, source: Service, model_id: str, stack: ExitStack, kept: Path | None) -> None:
        self._source = source
        self._model_id = model_id
        self._stack = stack
        self._kept = kept
        self._file: Path | None = None
        self._sha256 = _announced(source, model_id)
        if not self._sha256:
            self._fetch()

    @property
    def sha256(self) -> str:
        """The digest of the archive's bytes."""
        return self._sha256

    def expect(self, target: Service) -> None:
        """Archives go everywhere."""

    def deliver(self, target: Service, model_id: str) -> None:
        """Upload the archive, from the first part on that is missing there."""
        target.upload_artifact(model_id, self._file or self._fetch())

    def done(self) -> None:
        """Remove the archive from this machine."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
            self._file.with_suffix(".lock").unlink(missing_ok=True)
            self._file = None

    def _fetch(self) -> Path:
        """Return the archive on this machine, compared with the source's digest."""
        from ads.client.resumed_download import download_rest

        if self._kept is not None and self._sha256 and _mine(self._kept, self._sha256, self._stack):
            self._file = self._kept / f"{self._sha256}.zip"
            download_rest(self._source, self._model_id, self._file, self._sha256)
            return self._file
        folder = self._stack.enter_context(tempfile.TemporaryDirectory(prefix="openads-"))
        self._file = Path(folder) / "artifact.zip"
        self._sha256 = self._source.download_artifact(self._model_id, self._file).sha256
        return self._file


class Description:
    """Objects in buckets, and the description that names them."""

    def __init__(self, source: Service, model_id: str) -> None:
        from ads.model.by_reference import description_in

        self._source = source
        with tempfile.TemporaryDirectory(prefix="openads-") as folder:
            found = description_in(
                source.download_artifact(model_id, Path(folder) / "description", progress=False).path
            )
        if found is None:
            raise ArtifactError(
                f"The model {model_id} is marked as one by reference, but its artifact describes no objects.",
                hint="Take the metadata modelDescription away, or register its objects again.",
            )
        self._description = found

    @property
    def sha256(self) -> str:
        """A digest of the objects' buckets, names and contents; not of their versions, which differ by catalog."""
        from ads.model.copied_objects import content_digest

        about = [
            [entry["bucketName"], item["name"], item["sizeInBytes"], content_digest(self._source, entry, item)]
            for entry in self._description["models"]
            for item in entry["objects"]
        ]
        return hashlib.sha256(json.dumps(sorted(about)).encode()).hexdigest()

    def expect(self, target: Service) -> None:
        """Return when the other catalog has buckets of its own, or needs none. Raises NotSupported."""
        from ads.model.copied_objects import in_own_bucket

        own = [entry for entry in self._description["models"] if in_own_bucket(entry)]
        if own and not target.knows_references:
            raise NotSupported(
                f"The model's files are in its service's bucket {own[0]['bucketName']!r}, which OCI doesn't reach.",
                hint="Copy the files into a bucket there, and register them by reference.",
            )

    def deliver(self, target: Service, model_id: str) -> None:
        """Copy the objects that aren't there in the same content, and say which versions of them the model is."""
        from ads.model.by_reference import send_description
        from ads.model.copied_objects import copy_objects

        entries = [copy_objects(self._source, target, entry) for entry in self._description["models"]]
        send_description(target, model_id, {**self._description, "models": entries})

    def done(self) -> None:
        """Nothing was kept."""


def _mine(folder: Path, sha256: str, stack: ExitStack) -> bool:
    """Tell whether no other process fetches the same into this folder; what lies there since a week is removed."""
    try:
        import fcntl
    except ImportError:  # not on this platform
        return False
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in folder.iterdir():
        if path.stat().st_mtime < time.time() - _KEPT_SECONDS:
            path.unlink(missing_ok=True)
    lock = stack.enter_context((folder / f"{sha256}.lock").open("wb"))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _announced(service: Service, model_id: str) -> str:
    """Return the SHA-256 that a catalog says of an artifact, nothing where it says none, as OCI does.

    Raises :class:`~ads.errors.NotFound` where there is no artifact.
    """
    import base64

    path = f"{MODELS}/{model_id}/artifact/content"
    said = service.request("HEAD", path, headers={"want-repr-digest": "sha-256=1"}).headers.get("repr-digest", "")
    if not said.startswith("sha-256=:"):
        return ""
    return base64.b64decode(said.removeprefix("sha-256=:").rstrip(":")).hex()
