"""Artifacts that come in parts: begun, sent in any order, committed like an upload in one piece."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.orm import Session

from ads.artifact.stored_members import StoredMember
from ads.errors import Conflict, InputError
from ads.registry.artifacts import expect_artifact, store_artifact
from ads.registry.blobs import BlobDamaged, BlobStore
from ads.registry.database import Database
from ads.registry.events import Caller
from ads.registry.incoming import StoredBlob
from ads.registry.models import live_model
from ads.registry.partial import About, PartialUpload
from ads.registry.tables import Artifact

__all__ = ["begin_artifact_upload", "commit_artifact_upload"]

_CHUNK = 1024 * 1024


def begin_artifact_upload(
    session: Session, blobs: BlobStore, caller: Caller, model_id: str, size: int, sha256: str, file_name: str
) -> PartialUpload:
    """Return the caller's upload of these bytes: the one under way, or a new one.

    Raises NotFound; Conflict when the model has another artifact; InputError for an empty one; PayloadTooLarge or
    ServiceError 507 for one that can't fit.
    """
    if size < 1:
        raise InputError("An artifact has at least one byte.")
    found = session.get(Artifact, model_id)
    if found is None or (found.size, found.sha256) != (size, sha256):
        expect_artifact(session, caller, model_id, None)
        blobs.expect_room(size)
    else:
        live_model(session, model_id)
    upload = blobs.partial.begin(About(caller.principal, size, sha256, file_name))
    if upload.committed and found is None and not _stored(blobs, upload):
        upload.reopen()
    return upload


def commit_artifact_upload(
    database: Database,
    blobs: BlobStore,
    caller: Caller,
    model_id: str,
    upload: PartialUpload,
    *,
    max_bytes: int,
) -> Artifact:
    """Return the model's artifact once the parts are put together, checked, durable and registered.

    A commit that is repeated gives the same. Raises Conflict while parts are missing, and what
    :func:`~ads.registry.artifacts.store_artifact` raises.
    """
    about = upload.about
    missing = about.part_count - len(upload.present())
    if missing:
        raise Conflict(
            f"{missing} of the upload's {about.part_count} parts are missing.", hint="Send them, then commit again."
        )
    with database.read() as session:
        live_model(session, model_id)
        found = session.get(Artifact, model_id)
    wanted = upload.committed_sha256() if upload.committed else about.sha256
    if found is not None and (found.size, found.sha256) == (about.size, wanted):
        _finish(upload, found.sha256)
        return found
    try:
        with _assembled(blobs, upload) as whole:
            artifact = store_artifact(database, blobs, caller, model_id, whole, about.file_name, max_bytes=max_bytes)
    except OtherBytes:
        blobs.partial.remove(upload)
        raise
    _finish(upload, artifact.sha256)
    return artifact


class OtherBytes(InputError):
    """What arrived isn't what was announced; nothing can be made of it."""


class Assembled:
    """The parts as one file, hashed while others look into it. It goes the way of an upload in one piece."""

    def __init__(
        self, path: Path, about: About, digest: Callable[[], str], members: Mapping[int, StoredMember]
    ) -> None:
        self.path = path
        self.size = about.size
        self._members = members
        self._announced = about.sha256
        self._digest = digest

    @property
    def members(self) -> Mapping[int, StoredMember]:
        """What was found of the archive's large members while it came."""
        return self._members

    def stored(self) -> StoredBlob:
        """Return the SHA-256; MD5 is for those who ask. Raises OtherBytes when the whole isn't what was announced."""
        sha256 = self._digest()
        if self._announced not in {"", sha256}:
            raise OtherBytes(
                "The parts don't make the archive whose SHA-256 was given.", hint="They were removed: begin again."
            )
        return StoredBlob(sha256, "", self.size)

    def make_durable(self) -> None:
        """Return at once: every part was made durable when it came."""


@contextmanager
def _assembled(blobs: BlobStore, upload: PartialUpload) -> Iterator[Assembled]:
    """Give the whole under a second name, so that a commit that fails leaves the parts where they are."""
    path = blobs.temporary_path()
    source = upload.data
    if upload.committed:
        source = blobs.verified_path(upload.committed_sha256(), upload.about.size)
    running = None if upload.committed else blobs.partial.running(upload)
    _second_name(source, path)
    try:
        if running is not None:
            whole = Assembled(path, upload.about, running.sha256.hexdigest, running.members.state.found)
            whole.stored()  # other bytes than announced are no archive either: that is what the caller must hear
            yield whole
        else:
            with ThreadPoolExecutor(1, thread_name_prefix="digest") as pool:
                yield Assembled(path, upload.about, pool.submit(_digest, path).result, {})
    finally:
        path.unlink(missing_ok=True)


def _second_name(source: Path, path: Path) -> None:
    try:
        os.link(source, path)
    except OSError:  # this file system has no second names
        with source.open("rb") as read, path.open("xb") as write:
            shutil.copyfileobj(read, write, _CHUNK)
            write.flush()
            os.fsync(write.fileno())


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    buffer = bytearray(_CHUNK)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(view[:count])
    return digest.hexdigest()


def _stored(blobs: BlobStore, upload: PartialUpload) -> bool:
    try:
        blobs.open_verified(upload.committed_sha256(), upload.about.size).close()
    except BlobDamaged:
        return False
    return True


def _finish(upload: PartialUpload, sha256: str) -> None:
    with contextlib.suppress(FileNotFoundError):  # given up meanwhile
        upload.finish(sha256)
