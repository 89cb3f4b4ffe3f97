"""Artifacts: whole or absent at every step, never replaced, never served damaged."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest
from sqlalchemy import select

from ads.errors import ArchiveError, Conflict, NotFound, PayloadTooLarge, ServiceError
from ads.registry import artifacts, blobs, models
from ads.registry.blobs import BlobDamaged, BlobStore
from ads.registry.retry_tokens import Attempt
from ads.registry.storing import used_blobs
from ads.registry.tables import Artifact

from .conftest import archive


def store(catalog, model_id: str, content: bytes, attempt: Attempt | None = None) -> Artifact:
    with catalog.blobs.begin() as upload:
        upload.write(content)
        return artifacts.store_artifact(
            catalog.database, catalog.blobs, catalog.caller, model_id, upload, "a.zip", attempt=attempt
        )


def rows(catalog) -> list[Artifact]:
    with catalog.database.read() as session:
        return list(session.scalars(select(Artifact)))


def test_what_was_stored_is_read_back(catalog) -> None:
    model = catalog.model()
    content = archive()
    artifact = store(catalog, model.id, content)
    with artifacts.open_artifact(catalog.blobs, artifact) as file:
        assert file.read() == content
    assert artifact.size == len(content)
    assert list(catalog.home.uploads.iterdir()) == []


def test_a_second_artifact_is_a_conflict(catalog) -> None:
    model = catalog.model()
    store(catalog, model.id, archive())
    with pytest.raises(Conflict):
        store(catalog, model.id, archive("other"))
    with catalog.database.read() as session, pytest.raises(Conflict):
        artifacts.expect_artifact(session, catalog.caller, model.id, None)


def test_a_repeated_upload_gives_the_first_outcome(catalog) -> None:
    model = catalog.model()
    content = archive()
    attempt = Attempt("upload", "token", "digest")
    first = store(catalog, model.id, content, attempt)
    assert store(catalog, model.id, content, attempt).etag == first.etag
    with pytest.raises(Conflict) as caught:
        store(catalog, model.id, archive("other"), Attempt("upload", "token", "other"))
    assert caught.value.service_code == "InvalidatedRetryToken"


def test_of_two_uploads_at_once_one_wins(catalog) -> None:
    model = catalog.model()
    outcomes: list[str] = []

    def upload(number: int) -> None:
        try:
            store(catalog, model.id, archive(str(number)))
            outcomes.append("stored")
        except Conflict:
            outcomes.append("conflict")

    threads = [threading.Thread(target=upload, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["conflict"] * 3 + ["stored"]


def test_a_broken_archive_leaves_nothing(catalog) -> None:
    model = catalog.model()
    with pytest.raises(ArchiveError):
        store(catalog, model.id, b"not a zip")
    assert rows(catalog) == []
    assert list(catalog.home.uploads.iterdir()) == []
    assert list(catalog.home.blobs.iterdir()) == []


def test_a_deleted_model_takes_no_artifact_and_frees_its_blob(catalog) -> None:
    model = catalog.model()
    artifact = store(catalog, model.id, archive())
    with catalog.database.write() as session:
        models.delete_model(session, catalog.caller, model.id)
    with catalog.database.read() as session:
        used = used_blobs(session)
    assert catalog.blobs.sweep_blobs(used) == 0  # an upload may still be about to use it
    assert catalog.blobs.sweep_blobs(used, older_than=-1) == 1
    assert not (catalog.home.blobs / artifact.sha256).exists()
    with pytest.raises(NotFound):
        store(catalog, model.id, archive())


def test_the_same_content_is_stored_once_and_kept_while_used(catalog) -> None:
    first, second = catalog.model(), catalog.model()
    store(catalog, first.id, archive())
    store(catalog, second.id, archive())
    assert len(list(catalog.home.blobs.iterdir())) == 1
    with catalog.database.write() as session:
        models.delete_model(session, catalog.caller, first.id)
    with catalog.database.read() as session:
        assert catalog.blobs.sweep_blobs(used_blobs(session), older_than=-1) == 0


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_damaged_bytes_are_never_served(catalog, damage: str) -> None:
    artifact = store(catalog, catalog.model().id, archive())
    artifacts.open_artifact(catalog.blobs, artifact).close()
    path = catalog.home.blobs / artifact.sha256
    content = path.read_bytes()
    if damage == "flip":
        path.write_bytes(bytes([content[0] ^ 1]) + content[1:])
        os.utime(path, ns=(1, 1))
    elif damage == "truncate":
        path.write_bytes(content[:-1])
    else:
        path.unlink()
    with pytest.raises(BlobDamaged):
        artifacts.open_artifact(catalog.blobs, artifact)


def test_a_fresh_store_checks_again(catalog) -> None:
    artifact = store(catalog, catalog.model().id, archive())
    path = catalog.home.blobs / artifact.sha256
    path.write_bytes(b"x" * artifact.size)
    with pytest.raises(BlobDamaged):
        artifacts.artifact_path(BlobStore(catalog.home, 10**7), artifact)


class Crash(BaseException):
    """The process ends here."""


STEPS = ["write", "check", "fsync", "rename", "fsync folder", "commit", "after commit"]


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_leaves_all_or_nothing(catalog, monkeypatch, step: str) -> None:
    model = catalog.model()
    content = archive(step)

    def crash(*_args: object, **_named: object) -> None:
        raise Crash

    real_fsync = os.fsync
    if step == "write":
        monkeypatch.setattr(blobs.Upload, "stored", crash)
    elif step == "check":
        monkeypatch.setattr("ads.artifact.zip_reader.verify_zip", crash)
    elif step == "fsync":
        monkeypatch.setattr(os, "fsync", crash)
    elif step == "rename":
        monkeypatch.setattr(Path, "rename", crash)
    elif step == "fsync folder":
        monkeypatch.setattr("ads.registry.blob_folder.sync_folder", crash)
    elif step == "commit":
        monkeypatch.setattr(artifacts, "remember_outcome", crash)
    else:
        monkeypatch.setattr(blobs.Upload, "__exit__", crash)
    with pytest.raises(Crash):
        store(catalog, model.id, content)
    monkeypatch.undo()
    assert os.fsync is real_fsync

    fresh = BlobStore(catalog.home, 10**7)
    fresh.sweep_uploads()
    assert list(catalog.home.uploads.iterdir()) == []
    found = rows(catalog)
    assert len(found) == (1 if step == "after commit" else 0)
    for artifact in found:
        with artifacts.open_artifact(fresh, artifact) as file:
            assert file.read() == content
    if not found:
        store(catalog, model.id, content)


@pytest.mark.parametrize(("number", "stops"), [(errno.EIO, True), (errno.ENOSPC, False)])
def test_a_failed_fsync_is_never_tried_again(catalog, monkeypatch, number: int, stops: bool) -> None:
    model = catalog.model()

    def fail(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises((OSError, ServiceError)):
        store(catalog, model.id, archive())
    assert catalog.database.failed.is_set() is stops
    assert rows(catalog) == []


def test_limits(catalog, monkeypatch) -> None:
    small = BlobStore(catalog.home, 10)
    with pytest.raises(PayloadTooLarge):
        small.begin(11)
    with small.begin() as upload, pytest.raises(PayloadTooLarge):
        upload.write(b"x" * 11)
    with pytest.raises(ServiceError) as caught:
        BlobStore(catalog.home, 2**62).begin(2**61)
    assert caught.value.status == 507
    assert list(catalog.home.uploads.iterdir()) == []


def test_no_name_leads_out_of_the_folder(catalog) -> None:
    with pytest.raises(BlobDamaged):
        catalog.blobs.open_verified("../admin-token", 1)
