"""Backups of one state, taken while models are registered, and put back into an empty catalog of either database."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from ads.errors import Conflict, InputError
from ads.registry import schema
from ads.registry.artifacts import get_artifact, open_artifact, store_artifact
from ads.registry.backup import back_up, check, find_snapshot, restore, snapshots_in
from ads.registry.blobs import BlobStore
from ads.registry.buckets import NewBucket, create_bucket
from ads.registry.database import Database, open_database
from ads.registry.identities import ensure_defaults
from ads.registry.models import NewModel, create_model, delete_model, select_models
from ads.registry.objects import NONE, Content, get_object, put_object
from ads.registry.rows import DumpDamaged
from ads.registry.schema import SchemaTooNew, upgrade
from ads.registry.tables import Artifact, Event, Model
from ads.settings import Settings
from tests.registry.conftest import Catalog, archive

BOTH = ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgres"))]


@pytest.fixture(params=BOTH)
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Empty]:
    """An empty catalog, of each database."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres").create(empty=True)
    made = Empty(tmp_path / "other", url)
    yield made
    made.database.close()


class Empty:
    """A catalog before its first start."""

    def __init__(self, root: Path, url: str) -> None:
        from ads.home import Home

        self.home = Home(root)
        self.home.create()
        self.settings = Settings(home=root, database_url=url)
        self.database: Database = open_database(self.settings, self.home)
        self.blobs = BlobStore(self.home, 10**7)


def stored(catalog: Catalog, name: str) -> str:
    model_id = catalog.model(name).id
    with catalog.blobs.begin() as upload:
        upload.write(archive(name))
        store_artifact(catalog.database, catalog.blobs, catalog.caller, model_id, upload, "a.zip")
    return model_id


def content(database: Database, blobs: BlobStore) -> dict[str, bytes]:
    """Return name and bytes of every live model."""
    found = {}
    with database.read() as session:
        for model in session.scalars(select_models({"lifecycle_state": "ACTIVE"})):
            with open_artifact(blobs, get_artifact(session, model.id)) as file:
                found[model.display_name] = file.read()
    return found


def test_everything_comes_back_in_either_database(catalog, other, tmp_path: Path) -> None:
    details = {
        **vars(catalog.new_model("größer ☃")),
        "freeform_tags": {"b": "2", "a": "ü\n\"'"},
        "custom_metadata": [{"key": "k", "value": None, "number": 1.5, "on": True}],
    }
    with catalog.database.write() as session:
        create_model(session, catalog.caller, NewModel(**details))
        create_bucket(session, catalog.caller, NewBucket("b", catalog.defaults.compartment_id))
    first = stored(catalog, "first")
    with catalog.database.write() as session:
        artifact = get_artifact(session, first)
        content_ = Content([(artifact.sha256, artifact.size)], "md5", {"x": "y"})
        put_object(session, catalog.caller, "b", "ob/jéct", content_, NONE)

    done = back_up(catalog.database, catalog.blobs, tmp_path / "backup")
    assert (done.new_blobs, done.known_blobs, done.bytes) == (1, 0, len(archive("first")))
    assert done.damaged == ()
    snapshot = find_snapshot(tmp_path / "backup")
    assert check(snapshot) == len(archive("first"))
    assert restore(other.database, other.blobs, snapshot) == done.rows

    assert ensure_defaults(other.database) == catalog.defaults
    with other.database.read() as session, catalog.database.read() as original:
        model = session.scalar(select(Model).where(Model.display_name == "größer ☃"))
        before = original.scalar(select(Model).where(Model.display_name == "größer ☃"))
        columns = Model.__table__.columns.keys()
        assert {name: getattr(model, name) for name in columns} == {name: getattr(before, name) for name in columns}
        found = get_object(session, "b", "ob/jéct")
        assert [path.read_bytes() for path, _ in paths(other.blobs, found)] == [archive("first")]
        nulls = text("SELECT count(*) FROM models WHERE retention_setting IS NULL")
        assert session.scalar(nulls) == original.scalar(nulls)
        assert session.scalar(select(Event.action).order_by(Event.seq.desc()).limit(1)) == "service.restore"
    with other.database.write() as session:  # numbers of new rows go on after the old ones
        created = create_model(session, catalog.caller, catalog.new_model("new"))
        assert created.seq > 2

    second = back_up(other.database, other.blobs, tmp_path / "backup-of-other")
    again = find_snapshot(tmp_path / "backup-of-other")
    assert second.new_blobs == 1
    assert again.tables["object_versions"] == snapshot.tables["object_versions"]
    assert again.tables["compartments"] == snapshot.tables["compartments"]


def paths(blobs: BlobStore, row) -> list[tuple[Path, int]]:
    return [(blobs.verified_path(segment.sha256, segment.size), segment.size) for segment in row.segments]


def test_a_backup_while_models_are_registered_is_one_state(catalog, other, tmp_path: Path) -> None:
    stop = threading.Event()
    acknowledged: list[str] = []
    failures: list[BaseException] = []

    def register(writer: int) -> None:
        number = 0
        try:
            while not stop.is_set():
                name = f"{writer}-{number}"
                stored(catalog, name)
                acknowledged.append(name)
                number += 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=register, args=(writer,)) for writer in range(2)]
    for thread in threads:
        thread.start()
    try:
        before: list[list[str]] = []
        for _ in range(3):
            enough = len(acknowledged) + 5
            while len(acknowledged) < enough and not failures:
                stop.wait(0.01)
            before.append(list(acknowledged))
            back_up(catalog.database, catalog.blobs, tmp_path / "backup")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []
    names = snapshots_in(tmp_path / "backup")
    assert len(names) == 3
    restore(other.database, other.blobs, find_snapshot(tmp_path / "backup", names[1]))
    with other.database.read() as session:
        with_artifact = set(session.scalars(select(Model.display_name).join(Artifact, Artifact.model_id == Model.id)))
    assert set(before[1]) <= with_artifact
    assert with_artifact <= set(acknowledged)
    for name in with_artifact:
        with other.database.read() as session:
            model_id = session.scalar(select(Model.id).where(Model.display_name == name))
            with open_artifact(other.blobs, get_artifact(session, str(model_id))) as file:
                assert file.read() == archive(name)


def test_what_a_backup_has_already_is_not_copied_again(catalog, tmp_path: Path) -> None:
    stored(catalog, "one")
    back_up(catalog.database, catalog.blobs, tmp_path / "b")
    kept = next((tmp_path / "b" / "blobs").iterdir())
    before = kept.stat()
    stored(catalog, "two")
    done = back_up(catalog.database, catalog.blobs, tmp_path / "b")
    assert (done.new_blobs, done.known_blobs) == (1, 1)
    assert kept.stat().st_mtime_ns == before.st_mtime_ns


def test_a_backup_is_private(sqlite_catalog, tmp_path: Path) -> None:
    stored(sqlite_catalog, "one")
    back_up(sqlite_catalog.database, sqlite_catalog.blobs, tmp_path / "b")
    for folder in (
        tmp_path / "b",
        *find_snapshot(tmp_path / "b").folder.parents[:2],
        find_snapshot(tmp_path / "b").folder,
    ):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_blobs_that_went_meanwhile_mean_a_new_snapshot(sqlite_catalog, tmp_path: Path, monkeypatch) -> None:
    catalog = sqlite_catalog
    gone, stays = stored(catalog, "gone"), stored(catalog, "stays")
    real = catalog.blobs.chunks

    def chunks(sha256: str, size: int, *rest: int):
        with catalog.database.write() as session:
            if session.scalar(select(Model.lifecycle_state).where(Model.id == gone)) == "ACTIVE":
                name = get_artifact(session, gone).sha256
                delete_model(session, catalog.caller, gone)
                (catalog.home.blobs / name).unlink()
        return real(sha256, size, *rest)

    monkeypatch.setattr(catalog.blobs, "chunks", chunks)
    done = back_up(catalog.database, catalog.blobs, tmp_path / "b")
    assert done.damaged == ()
    assert len(snapshots_in(tmp_path / "b")) == 1
    with catalog.database.read() as session:
        assert list(find_snapshot(tmp_path / "b").blobs) == [get_artifact(session, stays).sha256]


def test_a_damaged_blob_is_named_and_the_rest_is_saved(sqlite_catalog, tmp_path: Path) -> None:
    catalog = sqlite_catalog
    broken, whole = stored(catalog, "broken"), stored(catalog, "whole")
    with catalog.database.read() as session:
        name = get_artifact(session, broken).sha256
    (catalog.home.blobs / name).write_bytes(b"rotten")
    done = back_up(catalog.database, catalog.blobs, tmp_path / "b")
    assert done.damaged == (name,)
    other = Empty(tmp_path / "other", "")
    restore(other.database, other.blobs, find_snapshot(tmp_path / "b"))
    with other.database.read() as session, open_artifact(other.blobs, get_artifact(session, whole)) as file:
        assert file.read() == archive("whole")
    other.database.close()


def test_a_catalog_in_use_is_not_overwritten(catalog, tmp_path: Path) -> None:
    back_up(catalog.database, catalog.blobs, tmp_path / "b")
    stored(catalog, "mine")
    with pytest.raises(Conflict, match="not empty"):
        restore(catalog.database, catalog.blobs, find_snapshot(tmp_path / "b"))
    assert content(catalog.database, catalog.blobs) == {"mine": archive("mine")}


def test_a_database_with_tables_and_no_rows_is_empty(catalog, other, tmp_path: Path) -> None:
    stored(catalog, "one")
    back_up(catalog.database, catalog.blobs, tmp_path / "b")
    upgrade(other.database.engine)
    restore(other.database, other.blobs, find_snapshot(tmp_path / "b"))
    assert content(other.database, other.blobs) == {"one": archive("one")}


@pytest.mark.parametrize("what", ["blob", "table", "blobs.json", "manifest.json", "missing"])
def test_a_damaged_backup_is_refused_and_nothing_is_restored(sqlite_catalog, tmp_path: Path, what: str) -> None:
    stored(sqlite_catalog, "one")
    back_up(sqlite_catalog.database, sqlite_catalog.blobs, tmp_path / "b")
    folder = find_snapshot(tmp_path / "b").folder
    blob = next((tmp_path / "b" / "blobs").iterdir())
    if what == "missing":
        blob.unlink()
    else:
        path = {"blob": blob, "table": folder / "models.jsonl"}.get(what, folder / what)
        path.write_bytes(path.read_bytes()[:-3] + b"!!!")
    other = Empty(tmp_path / "other", "")
    with pytest.raises(DumpDamaged):
        check(find_snapshot(tmp_path / "b"))
    with pytest.raises(DumpDamaged):
        restore(other.database, other.blobs, find_snapshot(tmp_path / "b"))
    assert schema.current_version(other.database.engine) is None
    other.database.close()


def test_an_interrupted_backup_is_none_and_an_interrupted_restore_goes_on(
    sqlite_catalog, tmp_path, monkeypatch
) -> None:
    stored(sqlite_catalog, "one")
    target = tmp_path / "b"
    monkeypatch.setattr("ads.registry.backup._write_json", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        back_up(sqlite_catalog.database, sqlite_catalog.blobs, target)
    assert snapshots_in(target) == []
    assert list((target / "snapshots").iterdir()) == []
    with pytest.raises(InputError, match="no complete snapshot"):
        find_snapshot(target)
    monkeypatch.undo()
    assert back_up(sqlite_catalog.database, sqlite_catalog.blobs, target).known_blobs == 1

    other = Empty(tmp_path / "other", "")
    monkeypatch.setattr("ads.registry.backup.read_tables", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        restore(other.database, other.blobs, find_snapshot(target))
    assert schema.current_version(other.database.engine) is None
    monkeypatch.undo()
    restore(other.database, other.blobs, find_snapshot(target))
    assert content(other.database, other.blobs) == {"one": archive("one")}
    other.database.close()


def test_a_backup_of_a_newer_version_is_refused(sqlite_catalog, tmp_path: Path) -> None:
    back_up(sqlite_catalog.database, sqlite_catalog.blobs, tmp_path / "b")
    manifest = find_snapshot(tmp_path / "b").folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "schema": "9999"}))
    other = Empty(tmp_path / "other", "")
    with pytest.raises(SchemaTooNew, match="9999"):
        restore(other.database, other.blobs, find_snapshot(tmp_path / "b"))
    other.database.close()


@pytest.mark.parametrize("revision", schema.KNOWN)
def test_a_backup_of_an_older_schema_is_brought_up_to_date(tmp_path: Path, monkeypatch, revision: str) -> None:
    old, new = Empty(tmp_path / "old", ""), Empty(tmp_path / "new", "")
    with old.database.engine.execution_options(openads_write=True).begin() as connection:
        schema.migrate(connection, revision)
        connection.execute(text("INSERT INTO defaults (name, value) VALUES ('theirs', '1')"))
    if revision != schema.HEAD:
        with pytest.raises(Conflict, match=revision) as caught:
            back_up(old.database, old.blobs, tmp_path / "b")
        assert "ads db upgrade" in caught.value.hint
    with monkeypatch.context() as then:  # the version of the program that wrote it
        then.setattr("ads.registry.backup.HEAD", revision)
        then.setattr("ads.registry.backup.used_blob_sizes", lambda _session: {})
        back_up(old.database, old.blobs, tmp_path / "b")
    restore(new.database, new.blobs, find_snapshot(tmp_path / "b"))
    assert schema.current_version(new.database.engine) == schema.HEAD
    with new.database.read() as session:
        assert session.scalar(text("SELECT value FROM defaults WHERE name = 'theirs'")) == "1"
        assert session.scalar(select(func.count()).select_from(Event)) == 1
    old.database.close()
    new.database.close()
