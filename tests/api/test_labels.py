"""Labels of artifacts, as somebody sees them who looks at a model."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ads.api.labelling import Labeller, scan
from tests.own_service import eventually

from .conftest import Running


class Payload:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("true",)


def archive(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as target:
        target.writestr("score.py", "def load_model(): return 1\ndef predict(data, model=None): return {}\n")
        target.writestr("runtime.yaml", "MODEL_ARTIFACT_VERSION: '3.0'\n")
        for name, data in files.items():
            target.writestr(name, data)
    return content.getvalue()


def labels(service: Running, model_id: str) -> list[dict[str, Any]]:
    found = service.client.get(f"/openads/v1/models/{model_id}/labels")
    assert found.status_code == 200, found.text
    items: list[dict[str, Any]] = found.json()["items"]
    return items


@pytest.fixture
def labeller(service: Running):
    made = Labeller(service.context.database, service.context.blobs)
    made.start()
    yield made
    made.stop()


@pytest.mark.usefixtures("labeller")
def test_pickle_that_reaches_the_system_is_labelled_and_still_stored(service: Running) -> None:
    model = service.create_model(displayName="odd")
    assert service.upload(model["id"], archive({"model.pkl": pickle.dumps(Payload())})).status_code == 204

    eventually(lambda: labels(service, model["id"]), what="the label")

    label = labels(service, model["id"])[0]
    assert (label["name"], label["verdict"]) == ("pickles", "suspicious")
    assert label["summary"] == "imports posix.system, which models have no need of"
    assert label["details"]["files"][0]["name"] == "model.pkl"


@pytest.mark.usefixtures("labeller")
def test_damaged_pickle_is_a_label_and_no_error(service: Running) -> None:
    model = service.create_model(displayName="cut off")
    service.upload(model["id"], archive({"model.pkl": b"\x80\x04\x95"}))

    eventually(lambda: labels(service, model["id"]), what="the label")

    assert labels(service, model["id"])[0]["verdict"] == "incomplete"


def test_nobody_has_looked_yet(service: Running) -> None:
    model = service.create_model(displayName="new")
    service.upload(model["id"], archive({}))

    assert labels(service, model["id"]) == []


def test_labels_of_a_model_without_an_artifact(service: Running) -> None:
    model = service.create_model(displayName="empty")

    assert service.client.get(f"/openads/v1/models/{model['id']}/labels").status_code == 404


def test_an_archive_that_can_not_be_scanned_holds_up_no_other(tmp_path: Path) -> None:
    contents = {
        "plain": archive({}),
        "damaged": b"PK\3\4 and nothing else",
        "odd": archive({"model.pkl": pickle.dumps(Payload())}),
        "none": b"{}",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    found = scan([tmp_path / name for name in contents])
    assert [about["verdict"] for about in found] == ["none", "incomplete", "suspicious", "none"]
    assert scan([]) == []
