"""``ads backup`` and ``ads restore``."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from ads.api.context import Context, open_context
from ads.registry.artifacts import store_artifact
from ads.registry.events import Caller
from ads.registry.models import NewModel, create_model
from ads.service.lock import Lock
from ads.settings import Settings
from tests.registry.conftest import archive


@pytest.fixture
def filled(home) -> str:
    """A catalog with one model, whose service doesn't run. Returns the model's id."""
    context = open_context(Settings(home=home.root))
    caller = Caller(context.defaults.user_id)
    model_id = _register(context, caller)
    context.close()
    return model_id


def _register(context: Context, caller: Caller) -> str:
    with context.database.write() as session:
        new = NewModel(context.defaults.compartment_id, context.defaults.project_id, "churn")
        model_id = create_model(session, caller, new).id
    with context.blobs.begin() as upload:
        upload.write(archive())
        store_artifact(context.database, context.blobs, caller, model_id, upload, "a.zip")
    return model_id


def test_a_backup_is_checked_and_put_back(ads, home, filled, tmp_path: Path):
    first = ads("backup", "saved", "--format", "json")
    assert first.code == 0, first.err
    assert json.loads(first.out)["newBlobs"] == 1
    again = json.loads(ads("backup", "saved", "--format", "json").out)
    assert (again["newBlobs"], again["earlierBlobs"]) == (0, 1)

    checked = ads("restore", "saved", "--check")
    assert checked.code == 0, checked.err
    assert "what was written" in checked.err

    restored = ads("restore", "saved", "--home", "new", "--format", "json")
    assert restored.code == 0, restored.err
    assert json.loads(restored.out)["snapshot"] == again["snapshot"]
    context = open_context(Settings(home=tmp_path / "new"))
    with context.database.read() as session:
        from ads.registry.artifacts import get_artifact, open_artifact

        with open_artifact(context.blobs, get_artifact(session, filled)) as file:
            assert file.read() == archive()
    token = context.home.token_file.read_text()
    assert token != home.token_file.read_text()
    context.close()


def test_an_earlier_snapshot_can_be_chosen(ads, filled):
    first = json.loads(ads("backup", "saved", "--format", "json").out)["snapshot"]
    ads("backup", "saved")
    chosen = ads("restore", "saved", "--snapshot", Path(first).name, "--check", "-q")
    assert chosen.out.strip() == first
    unknown = ads("restore", "saved", "--snapshot", "x", "--check")
    assert unknown.code == 2
    assert Path(first).name in unknown.err


def test_a_catalog_that_is_not_empty_stays(ads, home, filled):
    ads("backup", "saved")
    refused = ads("restore", "saved")
    assert refused.code == 5
    assert "not empty" in refused.err
    with sqlite3.connect(home.database) as connection:
        assert connection.execute("SELECT display_name FROM models").fetchall() == [("churn",)]
    connection.close()


def test_a_running_service_is_not_written_under(ads, home, filled, tmp_path):
    ads("backup", "saved")
    other = tmp_path / "other"
    other.mkdir()
    lock = Lock(other / "service.lock")
    assert lock.acquire()
    refused = ads("restore", "saved", "--home", str(other))
    lock.release()
    assert refused.code == 5
    assert "runs" in refused.err


def test_no_catalog_and_no_backup_are_told(ads, tmp_path):
    nothing = ads("backup", "saved")
    assert nothing.code == 5
    assert "ads db upgrade" in nothing.err
    (tmp_path / "empty").mkdir()
    no_backup = ads("restore", "empty", "--check")
    assert no_backup.code == 2
    assert "not a backup" in no_backup.err


def test_bytes_that_are_gone_are_named_and_everything_else_is_saved(ads, home, filled):
    (blob,) = home.blobs.iterdir()
    blob.unlink()
    result = ads("backup", "saved")
    assert result.code == 1
    assert blob.name in result.err
    assert ads("restore", "saved", "--home", "new").code == 0
