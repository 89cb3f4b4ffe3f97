"""Artifacts from paths and addresses, packed and unpacked, at the top or one folder too deep."""

from __future__ import annotations

import shutil
import sys
import tarfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ads.errors import ArchiveError, InputError
from ads.model.artifact_source import fetch

FILES = {"score.py": "x = 1\n", "runtime.yaml": "a: 1\n", "sub/data.bin": "d"}


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    folder = tmp_path / "original"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


@pytest.fixture
def archives(artifact: Path, tmp_path: Path) -> dict[str, Path]:
    """The artifact packed in each way, at the top and in a folder of its own."""
    made = {}
    for form, kind in (("zip", "zip"), ("tar", "tar"), ("gztar", "tar.gz")):
        made[kind] = Path(shutil.make_archive(str(tmp_path / "flat"), form, artifact))
        made[f"nested {kind}"] = Path(shutil.make_archive(str(tmp_path / "deep"), form, tmp_path, "original"))
    return made


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(tmp_path)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def memory(artifact: Path, archives: dict[str, Path]) -> Iterator[str]:
    import fsspec

    system = fsspec.filesystem("memory")
    system.put(f"{artifact}/", "/bucket/folder/", recursive=True)
    system.put_file(str(archives["zip"]), "/bucket/a.zip")
    yield "memory://bucket"
    system.rm("/bucket", recursive=True)


def same(folder: Path) -> bool:
    found = {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}
    return found == FILES


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "nested zip", "nested tar", "nested tar.gz"])
@pytest.mark.parametrize("way", ["path", "file", "web"])
def test_archives_are_unpacked(way: str, kind: str, archives: dict[str, Path], web: str, tmp_path: Path) -> None:
    archive = archives[kind]
    uri = {"path": str(archive), "file": archive.as_uri(), "web": f"{web}/{archive.name}"}[way]
    fetch(uri, tmp_path / "new" / "target", force_overwrite=False)
    assert same(tmp_path / "new" / "target")
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["target"]


@pytest.mark.parametrize("trailing", ["", "/"])
def test_a_separator_at_the_end_changes_nothing(trailing: str, artifact: Path, tmp_path: Path) -> None:
    fetch(f"{artifact}{trailing}", tmp_path / "target", force_overwrite=False)
    assert same(tmp_path / "target")
    fetch(f"{artifact.as_uri()}{trailing}", tmp_path / "again", force_overwrite=False)
    assert same(tmp_path / "again")


def test_a_folder_in_a_folder(artifact: Path, tmp_path: Path) -> None:
    (tmp_path / "outer").mkdir()
    artifact.rename(tmp_path / "outer" / "original")
    (tmp_path / "outer" / "__MACOSX").mkdir()
    (tmp_path / "outer" / ".DS_Store").write_text("")
    fetch(str(tmp_path / "outer"), tmp_path / "target", force_overwrite=False)
    assert same(tmp_path / "target")


def test_two_artifacts_side_by_side_stay_as_they_are(artifact: Path, tmp_path: Path) -> None:
    shutil.copytree(artifact, tmp_path / "outer" / "one")
    shutil.copytree(artifact, tmp_path / "outer" / "two")
    fetch(str(tmp_path / "outer"), tmp_path / "target", force_overwrite=False)
    assert sorted(path.name for path in (tmp_path / "target").iterdir()) == ["one", "two"]


@pytest.mark.parametrize("name", ["folder", "folder/", "a.zip"])
def test_any_file_system_of_fsspec(name: str, memory: str, tmp_path: Path) -> None:
    fetch(f"{memory}/{name}", tmp_path / "target", force_overwrite=False)
    assert same(tmp_path / "target")


def test_nothing_at_the_address(memory: str, web: str, tmp_path: Path) -> None:
    for uri, text in (
        (f"{memory}/none.zip", "no artifact"),
        (f"{web}/none.zip", "404"),
        ("file:///none/x.zip", "no artifact"),
        ("nonsense://bucket/x.zip", "nonsense"),
    ):
        with pytest.raises(InputError, match=text):
            fetch(uri, tmp_path / "target", force_overwrite=False)
    assert not (tmp_path / "target").exists()


@pytest.mark.parametrize(("scheme", "package"), [("oci", "ocifs"), ("s3", "s3fs"), ("gs", "gcsfs")])
def test_a_file_system_whose_package_is_missing(
    scheme: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(
        sys.modules["fsspec.registry"]._registry, scheme, raising=False
    )  # what was imported stays there
    auth = {"config": {}, "signer": None}
    with pytest.raises(InputError, match=f"pip install {package}"):
        fetch(f"{scheme}://bucket@namespace/a.zip", tmp_path / "target", force_overwrite=False, auth=auth)


def test_oci_addresses_go_where_the_other_requests_go(
    archives: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fsspec.implementations.local import LocalFileSystem

    seen = {}

    class Buckets(LocalFileSystem):  # type: ignore[misc]
        protocol = "oci"
        cachable = False

        def __init__(self, **options: object) -> None:
            seen.update(options)
            super().__init__()

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            return str(path).replace("oci://bucket@ns", str(tmp_path))

    monkeypatch.setitem(sys.modules["fsspec.registry"]._registry, "oci", Buckets)
    auth = {"config": {"user": "u"}, "signer": "S", "client_kwargs": {"service_endpoint": "http://here"}}
    uri = f"oci://bucket@ns/{archives['zip'].name}"
    fetch(uri, tmp_path / "new" / "target", force_overwrite=False, auth=auth)
    assert same(tmp_path / "new" / "target")
    assert seen == {"config": {"user": "u"}, "signer": "S", "config_kwargs": {"service_endpoint": "http://here"}}


def test_the_archive_in_the_folder_that_would_be_replaced(archives: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="lie within each other"):
        fetch(str(archives["zip"]), tmp_path, force_overwrite=True)
    assert archives["zip"].exists()


def test_a_damaged_archive_leaves_the_old_artifact(artifact: Path, tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as tar:
        link = tarfile.TarInfo("score.py")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    with pytest.raises(ArchiveError):
        fetch(str(tmp_path / "bad.tar"), artifact, force_overwrite=True)
    assert same(artifact)
