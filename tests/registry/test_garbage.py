"""What is garbage, what isn't, and that a collection in the middle of uploads takes nothing from them."""

from __future__ import annotations

import hashlib
import os
import random
import threading
import time
from datetime import timedelta

from sqlalchemy import select, update

from ads.registry.artifacts import get_artifact, open_artifact, store_artifact
from ads.registry.buckets import NewBucket, create_bucket
from ads.registry.garbage import CATALOG_KINDS, DAY, Premises, collect, find
from ads.registry.models import delete_model
from ads.registry.multipart import begin_upload, put_part
from ads.registry.partial import PART_SIZE, About
from ads.registry.retry_tokens import Attempt, remember_outcome
from ads.registry.storage_tables import UploadInParts
from ads.registry.tables import Event, RetryToken, now
from tests.registry.conftest import Catalog, archive


def premises(catalog: Catalog) -> Premises:
    return Premises(catalog.home, catalog.database, catalog.blobs)


def found(catalog: Catalog, older_than: float = 0) -> list[tuple[str, str]]:
    return [(garbage.kind, garbage.what) for garbage in find(premises(catalog), CATALOG_KINDS, older_than)]


def collected(catalog: Catalog, older_than: float = 0) -> list[tuple[str, str]]:
    gone = collect(premises(catalog), CATALOG_KINDS, catalog.caller, older_than)
    return [(garbage.kind, garbage.what) for garbage in gone]


def stored(catalog: Catalog, text: str) -> tuple[str, str]:
    """Return a model with an artifact: its id, and the name of its blob."""
    model_id = catalog.model().id
    with catalog.blobs.begin() as upload:
        upload.write(archive(text))
        kept = store_artifact(catalog.database, catalog.blobs, catalog.caller, model_id, upload, "a.zip")
    return model_id, kept.sha256


def delete(catalog: Catalog, model_id: str) -> None:
    with catalog.database.write() as session:
        delete_model(session, catalog.caller, model_id)


def blobs(catalog: Catalog) -> set[str]:
    return {entry.sha256 for entry in catalog.blobs.entries()}


def test_a_new_catalog_has_no_garbage(catalog) -> None:
    assert collected(catalog) == []


def test_the_blob_of_a_deleted_model_goes_when_no_other_shares_it(catalog) -> None:
    first, shared = stored(catalog, "shared")
    second, again = stored(catalog, "shared")
    assert shared == again
    delete(catalog, first)
    assert found(catalog) == []
    delete(catalog, second)
    assert found(catalog, older_than=DAY) == []
    (garbage,) = find(premises(catalog), CATALOG_KINDS, 0)
    assert (garbage.kind, garbage.what, garbage.bytes) == ("blob", shared, len(archive("shared")))
    assert blobs(catalog) == {shared}
    assert collected(catalog) == [("blob", shared)]
    assert blobs(catalog) == set()
    assert found(catalog) == []


def test_what_was_collected_is_an_event(catalog) -> None:
    model_id, _ = stored(catalog, "x")
    delete(catalog, model_id)
    collect(premises(catalog), CATALOG_KINDS, catalog.caller, 0)
    with catalog.database.read() as session:
        (event,) = session.scalars(select(Event).where(Event.action == "garbage.collect"))
    assert event.details == {"things": 1, "size": len(archive("x"))}


def test_a_blob_that_is_used_again_between_look_and_removal_stays(catalog, monkeypatch) -> None:
    model_id, _ = stored(catalog, "back")
    delete(catalog, model_id)
    (looked,) = find(premises(catalog), CATALOG_KINDS, 0)
    again, _ = stored(catalog, "back")
    kind = CATALOG_KINDS[-1]
    assert kind.remove(premises(catalog), looked, 0) is False
    with catalog.database.read() as session, open_artifact(catalog.blobs, get_artifact(session, again)) as file:
        assert file.read() == archive("back")


def test_old_retry_tokens_are_forgotten(catalog) -> None:
    with catalog.database.write() as session:
        for token in ("old", "new"):
            remember_outcome(session, catalog.caller, Attempt("POST /x", token, "0"), "id")
        session.flush()
        old = now() - timedelta(hours=25)
        session.execute(update(RetryToken).where(RetryToken.token == "old").values(time_created=old))
    assert collected(catalog) == [("retry-tokens", "1 outcomes")]
    with catalog.database.read() as session:
        assert list(session.scalars(select(RetryToken.token))) == ["new"]


def test_an_upload_in_parts_that_was_given_up_goes_with_its_parts(catalog) -> None:
    with catalog.database.write() as session:
        create_bucket(session, catalog.caller, NewBucket("b", catalog.defaults.compartment_id))
        ids = [begin_upload(session, catalog.caller, "b", f"name{n}", {}).id for n in range(2)]
    for number, id_ in enumerate(ids):
        with catalog.blobs.begin() as upload:
            upload.write(b"part%d" % number)
            with catalog.blobs.keep(upload) as blob, catalog.database.write() as session:
                put_part(session, "b", f"name{number}", id_, 1, blob)
    with catalog.database.write() as session:
        old = now() - timedelta(days=8)
        session.execute(update(UploadInParts).where(UploadInParts.id == ids[0]).values(time_created=old))
    (garbage,) = find(premises(catalog), CATALOG_KINDS, 0)
    assert (garbage.kind, garbage.what, garbage.bytes) == ("upload-in-parts", ids[0], 5)
    assert "name0" in garbage.why
    assert [kind for kind, _ in collected(catalog)] == ["blob", "upload-in-parts"]
    assert len(blobs(catalog)) == 1


def test_files_of_uploads_go_when_they_are_old_only(catalog) -> None:
    old, young = catalog.home.uploads / "old", catalog.home.uploads / "young"
    for path in (old, young):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 2 * 3600,) * 2)
    assert collected(catalog) == [("upload", "old")]
    assert young.exists()
    assert not old.exists()


def test_artifacts_of_which_not_all_parts_came_go_after_a_week(catalog) -> None:
    partial = catalog.blobs.partial
    for letter in "ab":
        upload = partial.begin(About("user", PART_SIZE + 1, letter * 64, "a.zip"))
        content = letter.encode() * PART_SIZE
        with partial.part(upload, 1, hashlib.sha256(content).hexdigest()) as writer:
            writer.write(content)
            writer.finish()
    left = catalog.home.uploads / "parts" / upload.id
    for path in (left, *left.iterdir()):
        os.utime(path, (time.time() - 8 * DAY,) * 2)

    (garbage,) = find(premises(catalog), CATALOG_KINDS, 0)
    assert (garbage.kind, garbage.what) == ("artifact-in-parts", upload.id)
    assert garbage.bytes >= PART_SIZE
    assert found(catalog, 9 * DAY) == []
    assert collected(catalog) == [("artifact-in-parts", upload.id)]
    assert len(list(partial.entries())) == 1
    assert found(catalog) == []


def test_collections_in_the_middle_of_uploads_take_nothing_from_them(catalog) -> None:
    """The same four contents come and go in several threads, so blobs fall out of use and back in all the time."""
    stop = threading.Event()
    kept: list[tuple[str, str]] = []
    failures: list[BaseException] = []

    def upload(seed: int) -> None:
        chance = random.Random(seed)
        try:
            for number in range(25):
                text = str(chance.randrange(4))
                model_id, _ = stored(catalog, text)
                if number % 2:
                    delete(catalog, model_id)
                else:
                    kept.append((model_id, text))
        except BaseException as error:
            failures.append(error)

    def sweep() -> None:
        try:
            while not stop.is_set():
                collect(premises(catalog), CATALOG_KINDS, catalog.caller, 0)
        except BaseException as error:
            failures.append(error)

    uploads = [threading.Thread(target=upload, args=(seed,)) for seed in range(3)]
    sweeper = threading.Thread(target=sweep)
    for thread in (*uploads, sweeper):
        thread.start()
    for thread in uploads:
        thread.join()
    stop.set()
    sweeper.join()
    assert failures == []
    assert len(kept) == 39
    for model_id, text in kept:
        with catalog.database.read() as session, open_artifact(catalog.blobs, get_artifact(session, model_id)) as file:
            assert file.read() == archive(text)
        delete(catalog, model_id)
    collected(catalog)
    assert blobs(catalog) == set()
