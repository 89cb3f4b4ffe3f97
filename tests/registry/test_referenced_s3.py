"""Models by reference whose objects lie in S3: read only where the operator allows it, and only as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ads.errors import InputError, ModelFileDescriptionError
from ads.registry.referenced_files import S3, Folder, fetch_referenced, list_referenced, require_allowed
from ads.registry.references import describe

pytestmark = [pytest.mark.needs("moto"), pytest.mark.needs("s3fs")]
BUCKET = "models"


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A server that speaks S3, which the environment names as the service's does."""
    import fsspec
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }.items():
        monkeypatch.setenv(name, value)
    fsspec.filesystem("s3").clear_instance_cache()
    found = fsspec.filesystem("s3", skip_instance_cache=True)
    found.mkdir(BUCKET)
    yield found
    fsspec.filesystem("s3").clear_instance_cache()
    server.stop()


def fetch(folder: Folder, target: Path, allowed: list[str]) -> None:
    listed = list_referenced(None, folder)  # type: ignore[arg-type]
    text = describe([(S3, folder.bucket, folder.prefix, listed)])
    fetch_referenced(None, None, text, target, allowed=allowed, max_bytes=10**6)  # type: ignore[arg-type]


def test_objects_are_fetched_as_they_were(store: Any, tmp_path: Path) -> None:
    store.pipe_file(f"{BUCKET}/m/score.py", b"score")
    store.pipe_file(f"{BUCKET}/m/sub/data.bin", b"\0" * 1000)
    store.pipe_file(f"{BUCKET}/more/score.py", b"another model's")
    folder = Folder(S3, BUCKET, "m/")
    fetch(folder, tmp_path / "a", ["s3://models/m/"])
    files = {str(p.relative_to(tmp_path / "a")): p.read_bytes() for p in (tmp_path / "a").rglob("*") if p.is_file()}
    assert files == {"score.py": b"score", "sub/data.bin": b"\0" * 1000}

    text = describe([(S3, BUCKET, "m/", list_referenced(None, folder))])  # type: ignore[arg-type]
    store.pipe_file(f"{BUCKET}/m/score.py", b"other")
    with pytest.raises(InputError, match="not the one"):
        fetch_referenced(
            None,  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            text,
            tmp_path / "b",
            allowed=["s3://models"],
            max_bytes=10**6,
        )
    with pytest.raises(ModelFileDescriptionError, match="no objects"):
        fetch(Folder(S3, BUCKET, "nothing/"), tmp_path / "c", ["s3://models"])
    with pytest.raises(InputError, match="can't be read"):
        fetch(Folder(S3, "no-such-bucket", ""), tmp_path / "d", ["s3://no-such-bucket"])


@pytest.mark.parametrize(
    ("allowed", "bucket", "prefix"),
    [
        ([], "models", "m/"),
        (["s3://models/m"], "models", "more/"),
        (["s3://models/m/"], "models", "m/../secret/"),
        (["s3://models"], "models-too", ""),
        (["s3://other/"], "models", "m/"),
    ],
)
def test_nothing_else_is_read(allowed: list[str], bucket: str, prefix: str) -> None:
    with pytest.raises(InputError, match="reference_urls"):
        require_allowed(Folder(S3, bucket, prefix), allowed)
    require_allowed(Folder(S3, "models", "m/x/"), ["s3://models/m"])
