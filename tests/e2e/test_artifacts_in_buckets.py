"""From session to served model where the service keeps its artifacts in a bucket: S3's, or that of another service."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import fsspec
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from ads.model.framework.sklearn_model import SklearnModel
from tests.oci_server import object_storage
from tests.own_service import OwnService
from tests.s3_server import s3_server, use_s3

Place = tuple[str, Callable[[], int]]


@contextmanager
def s3(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Yield the address of an empty bucket of S3, and what counts its objects."""
    with s3_server(folder) as url:
        use_s3(patch, url)
        fsspec.filesystem("s3", skip_instance_cache=True).mkdir("models")
        yield "s3://models/catalog", lambda: len(fsspec.filesystem("s3", skip_instance_cache=True).find("models"))


@contextmanager
def oci(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Place]:
    """The same of another service, which ocifs is told of as its users tell it."""
    with object_storage(folder) as storage:
        patch.setenv("FSSPEC_OCI", json.dumps(storage.options))
        storage.make_bucket("models")
        yield "oci://models@openads/catalog", lambda: len(storage.objects("models"))


@pytest.mark.parametrize("bucket", [s3, oci])
def test_a_model_is_served_from_the_bucket(
    bucket: Callable[..., Iterator[Place]], own_service: OwnService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, target = load_iris(return_X_y=True, as_frame=True)
    with bucket(tmp_path, monkeypatch) as (address, count):
        own_service.use(artifact_store=address)
        model = SklearnModel(LogisticRegression(max_iter=500).fit(rows, target), artifact_dir=str(tmp_path / "iris"))
        model.prepare(X_sample=rows, y_sample=target)
        model.save(display_name="iris")
        model.deploy(display_name="iris")
        assert model.predict(rows[:3])["prediction"] == [0, 0, 0]
        assert count() == 1
        assert list(own_service.home.blobs.iterdir()) == []

        fresh = SklearnModel.from_model_catalog(model.model_id, artifact_dir=str(tmp_path / "fresh"))
        assert fresh.verify(rows[:3])["prediction"] == [0, 0, 0]

        model.delete_deployment(wait_for_completion=True)
        model.delete()
        command = [sys.executable, "-m", "ads.cli", "gc", "--older-than", "0s", "--yes"]
        subprocess.run(command, check=True, timeout=60, capture_output=True)
        assert count() == 0
