"""``bucket_uri`` of stores that the service doesn't know: a real S3-compatible server, through the user's s3fs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from ads.errors import InputError
from ads.model.datascience_model import DataScienceModel
from tests.s3_server import s3_server, use_s3


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch, local_service: Path, tmp_path: Path) -> str:
    use_s3(monkeypatch, s3)
    name = f"b{abs(hash(str(tmp_path)))}"
    fsspec.filesystem("s3", skip_instance_cache=True).mkdir(name)
    return f"s3://{name}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "artifact"
    made.mkdir()
    (made / "score.py").write_text("def load_model(): return 1\ndef predict(data, model=None): return {}\n")
    (made / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    return made


def names(bucket: str) -> list[str]:
    system = fsspec.filesystem("s3", skip_instance_cache=True)
    return sorted(str(name).partition("/")[2] for name in system.find(bucket.removeprefix("s3://")))


def test_the_copy_is_removed_unless_it_is_to_stay(bucket: str, folder: Path, tmp_path: Path) -> None:
    model = DataScienceModel().with_artifact(str(folder)).create(bucket_uri=f"{bucket}/models/")
    assert names(bucket) == []
    kept = DataScienceModel().with_artifact(str(folder))
    kept.create(bucket_uri=f"{bucket}/models/one", remove_existing_artifact=False)
    assert names(bucket) == ["models/one.zip"]
    for number, one in enumerate((model, kept)):
        one.download_artifact(str(tmp_path / f"back{number}"))
        assert (tmp_path / f"back{number}" / "score.py").read_text() == (folder / "score.py").read_text()


def test_what_is_there_is_not_overwritten_against_the_will(bucket: str, folder: Path) -> None:
    uri = f"{bucket}/one.zip"
    DataScienceModel().with_artifact(str(folder)).create(bucket_uri=uri, remove_existing_artifact=False)
    with pytest.raises(FileExistsError, match=r"one\.zip"):
        DataScienceModel().with_artifact(str(folder)).create(bucket_uri=uri, overwrite_existing_artifact=False)


def test_a_bucket_that_is_not_there_is_named(bucket: str, folder: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        DataScienceModel().with_artifact(str(folder)).create(bucket_uri="s3://nowhere-at-all/")
