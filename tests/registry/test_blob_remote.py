"""Blobs in object stores: a real S3-compatible server, another service's buckets, fsspec's own memory and folder."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fsspec
import pytest

from ads.errors import ServiceUnavailable, SettingError
from ads.home import Home
from ads.registry.blobs import BlobDamaged, BlobStore
from tests.oci_server import ObjectStorage, object_storage
from tests.s3_server import CREDENTIALS, s3_server, use_s3

if TYPE_CHECKING:
    from typing_extensions import Self

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with s3_server(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture(scope="module")
def oci(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStorage]:
    with object_storage(tmp_path_factory.mktemp("oci")) as storage:
        yield storage


@pytest.fixture(params=["s3", "oci", "memory", "file"])
def address(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    unique = tmp_path.name.replace("_", "-").replace("[", "").replace("]", "")
    if request.param == "memory":
        return f"memory://{unique}-{os.getpid()}/blobs"
    if request.param == "file":
        return f"file://{tmp_path}/elsewhere"
    bucket = f"bucket-{hashlib.sha256(str(tmp_path).encode()).hexdigest()[:16]}"
    if request.param == "oci":
        storage: ObjectStorage = request.getfixturevalue("oci")
        monkeypatch.setitem(fsspec.config.conf, "oci", storage.options)
        storage.make_bucket(bucket)
        return f"oci://{bucket}@openads/openads"
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", request.getfixturevalue("s3"))
    system = fsspec.filesystem("s3", skip_instance_cache=True)
    system.mkdir(bucket)
    return f"s3://{bucket}/openads"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create()
    return made


@pytest.fixture
def store(home: Home, address: str) -> BlobStore:
    return BlobStore(home, 10**9, address)


def put(store: BlobStore, content: bytes) -> str:
    with store.begin(len(content)) as upload:
        upload.write(content)
        with store.keep(upload) as blob:
            return blob.sha256


def overwrite(address: str, sha256: str, content: bytes) -> None:
    with fsspec.open(f"{address}/{sha256}", "wb", skip_instance_cache=True) as file:
        file.write(content)


def test_what_was_put_is_read_back(store: BlobStore, home: Home) -> None:
    for content in (b"small", b"", os.urandom(20 * MIB)):  # the last one goes in parts
        name = put(store, content)
        assert name == hashlib.sha256(content).hexdigest()
        assert b"".join(store.chunks(name, len(content))) == content
        with store.open_verified(name, len(content)) as file:
            assert file.read() == content
        assert store.verified_path(name, len(content)).read_bytes() == content
        assert b"".join(store.chunks(name, len(content), 0, len(content) // 2)) == content[: len(content) // 2]
    assert list(home.uploads.iterdir()) == []
    assert list(home.blobs.iterdir()) == []


def test_the_same_content_is_there_once(store: BlobStore) -> None:
    assert put(store, b"same") == put(store, b"same")
    assert [(entry.sha256[:6], entry.size) for entry in store.entries()] == [("0967115f2813"[:6], 4)]


def test_what_another_process_put_is_found(store: BlobStore, home: Home, address: str) -> None:
    name = put(store, b"content")
    assert b"".join(BlobStore(home, 10**9, address).chunks(name, 7)) == b"content"


@pytest.mark.parametrize("wrong", [b"", b"contenT", b"content and more"], ids=["truncated", "flipped", "longer"])
def test_damaged_bytes_never_come_out_whole(store: BlobStore, address: str, wrong: bytes) -> None:
    name = put(store, b"content")
    overwrite(address, name, wrong)
    with pytest.raises(BlobDamaged):
        store.verified_path(name, 7)
    got = []
    with pytest.raises(BlobDamaged):
        got.extend(store.chunks(name, 7))
    assert b"".join(got) == b""


def test_a_missing_blob_is_said_to_be_missing(store: BlobStore) -> None:
    absent = "0" * 64
    with pytest.raises(BlobDamaged, match="missing"):
        store.expect(absent, 1)
    with pytest.raises(BlobDamaged, match="missing"):
        store.open_verified(absent, 1)
    with pytest.raises(BlobDamaged, match="missing"):
        list(store.chunks(absent, 1))


def test_the_sweep_removes_what_nothing_needs(store: BlobStore) -> None:
    kept, unused = put(store, b"kept"), put(store, b"unused")
    assert store.sweep_blobs({kept}) == 0  # an upload may still be about to use the other one
    assert store.sweep_blobs({kept}, older_than=-1000) == 1
    assert [entry.sha256 for entry in store.entries()] == [kept]
    with pytest.raises(BlobDamaged):
        store.open_verified(unused, 6)


def test_the_sweep_of_an_empty_store_finds_nothing(store: BlobStore) -> None:
    assert store.sweep_blobs(set()) == 0


def test_blobs_of_the_data_directory_stay_readable_and_collectable(home: Home, address: str) -> None:
    name = put(BlobStore(home, 10**9), b"from before")
    store = BlobStore(home, 10**9, address)
    with store.open_verified(name, 11) as file:
        assert file.read() == b"from before"
    assert b"".join(store.chunks(name, 11)) == b"from before"
    assert [entry.sha256 for entry in store.entries()] == [name]
    assert store.sweep_blobs(set(), older_than=-1000) == 1
    assert list(home.blobs.iterdir()) == []


def test_the_cache_stays_within_its_size(home: Home, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("ads.registry.blob_cache._IN_USE", 0.0)
    store = BlobStore(home, 10**9, f"memory://cache-{tmp_path.name}-{os.getpid()}", cache_bytes=3 * MIB)
    contents = [os.urandom(MIB) for _ in range(6)]
    names = [put(store, content) for content in contents]
    for name in names:
        store.verified_path(name, MIB)
    left = {path.name for path in (home.root / "blob-cache").iterdir()}
    assert len(left) == 3
    assert names[-1] in left
    for name, content in zip(names, contents, strict=True):  # what went is fetched again
        assert store.verified_path(name, MIB).read_bytes() == content


def test_a_damaged_copy_is_fetched_again(home: Home, tmp_path: Path) -> None:
    store = BlobStore(home, 10**9, f"memory://copy-{tmp_path.name}-{os.getpid()}")
    name = put(store, b"content")
    path = store.verified_path(name, 7)
    path.write_bytes(b"contenT")
    os.utime(path, ns=(1, 1))
    assert store.verified_path(name, 7).read_bytes() == b"content"


def test_a_store_that_answers_nothing_is_unavailable(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    use_s3(monkeypatch, "http://127.0.0.1:1", AWS_MAX_ATTEMPTS="1")
    store = BlobStore(home, 10**9, "s3://bucket/prefix")
    with pytest.raises(ServiceUnavailable, match="artifact store"):
        put(store, b"content")
    assert list(home.uploads.iterdir()) == []


def test_a_bucket_that_is_not_there_is_named(home: Home, s3: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use_s3(monkeypatch, s3)
    with pytest.raises(ServiceUnavailable, match="bucket"):
        put(BlobStore(home, 10**9, "s3://nowhere-to-be-found/prefix"), b"content")


@pytest.mark.parametrize("wrong", ["nosuch://bucket", "webhdfs2://x"])
def test_an_address_that_nobody_knows_is_a_setting_error(home: Home, wrong: str) -> None:
    with pytest.raises(SettingError, match="artifact_store"):
        put(BlobStore(home, 10**9, wrong), b"content")


class Failing:
    """A file whose disk fails after 17 MiB."""

    def __init__(self, file: Any) -> None:
        self.file, self.left = file, 17

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def read(self, size: int) -> bytes:
        self.left -= 1
        if not self.left:
            raise OSError(errno.EIO, "the disk failed")
        return bytes(self.file.read(size))


@pytest.mark.parametrize("address", ["s3", "oci", "memory"], indirect=True)
def test_a_failed_put_leaves_nothing(store: BlobStore, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Any = Path.open

    def opened(self: Path, *args: Any, **named: Any) -> Any:
        file = real(self, *args, **named)
        return Failing(file) if args == ("rb",) else file

    content = os.urandom(20 * MIB)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", opened)
        with pytest.raises(ServiceUnavailable):
            put(store, content)
    assert list(store.entries()) == []
