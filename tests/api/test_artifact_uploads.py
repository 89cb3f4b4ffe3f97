"""Artifacts in parts over HTTP: any order, once each, whole or not at all."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import socket
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.own_service import eventually

from .conftest import Running, archive, expect, start

PART = 8 * 1024 * 1024


@pytest.fixture(scope="module")
def large() -> bytes:
    """An archive of three parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr(
            zipfile.ZipInfo("score.py"), "def load_model(): return 1\ndef predict(data, model=None): return {}\n"
        )
        target.writestr(zipfile.ZipInfo("runtime.yaml"), "{}")
        target.writestr(zipfile.ZipInfo("weights.bin"), os.urandom(2 * PART + 1000))
    return buffer.getvalue()


@pytest.fixture
def model(service: Running) -> dict[str, Any]:
    return service.create_model()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Parts:
    """One upload, as a client sees it."""

    def __init__(self, client: httpx.Client, model_id: str, content: bytes, **body: Any) -> None:
        self.client, self.content = client, content
        self.base = f"/openads/v1/models/{model_id}/artifact/uploads"
        self.begun = client.post(self.base, json={"size": len(content), "sha256": sha256(content), **body})
        if self.begun.status_code == 200:
            self.path = f"{self.base}/{self.begun.json()['uploadId']}"

    def part(self, number: int) -> bytes:
        return self.content[(number - 1) * PART : number * PART]

    def put(self, number: int, content: bytes | None = None, **headers: str) -> httpx.Response:
        sent = self.part(number) if content is None else content
        named = {"content-sha256": sha256(self.part(number)), "content-type": "application/octet-stream", **headers}
        return self.client.put(f"{self.path}/parts/{number}", content=sent, headers=named)

    def present(self) -> list[int]:
        found: list[int] = self.client.get(self.path).json()["parts"]
        return found

    def commit(self) -> httpx.Response:
        return self.client.post(f"{self.path}/commit", timeout=60)


def downloaded(client: httpx.Client, model_id: str) -> bytes:
    return client.get(f"/20190101/models/{model_id}/artifact/content").content


def test_parts_in_any_order_make_the_artifact(service: Running, api: httpx.Client, model: Any, large: bytes) -> None:
    parts = Parts(api, model["id"], large, fileName="model.zip")
    assert parts.begun.json() == {
        "uploadId": parts.begun.json()["uploadId"],
        "partSize": PART,
        "size": len(large),
        "sha256": sha256(large),
        "parts": [],
    }
    for number in (3, 1):
        assert parts.put(number).status_code == 204
    assert parts.present() == [1, 3]
    again = Parts(api, model["id"], large)
    assert again.path == parts.path
    assert again.begun.json()["parts"] == [1, 3]
    expect(parts.commit(), 409, "Conflict")
    expect(api.get(f"/20190101/models/{model['id']}/artifact/content"), 404, "NotAuthorizedOrNotFound")
    assert parts.put(2).status_code == 204
    committed = parts.commit()
    assert committed.json() == {"sha256": sha256(large), "size": len(large), "fileName": "model.zip"}
    assert downloaded(api, model["id"]) == large
    head = api.head(f"/20190101/models/{model['id']}/artifact/content")
    assert head.headers["content-disposition"] == "attachment; filename=model.zip"
    assert head.headers["etag"] == committed.headers["etag"]


def test_a_commit_that_is_repeated_gives_the_same(api: httpx.Client, model: Any, large: bytes) -> None:
    parts = Parts(api, model["id"], large)
    for number in (1, 2, 3):
        parts.put(number)
    first = parts.commit()
    assert (parts.commit().json(), parts.commit().headers["etag"]) == (first.json(), first.headers["etag"])
    assert Parts(api, model["id"], large).begun.json()["parts"] == [1, 2, 3]


def test_the_same_bytes_are_not_sent_again_for_another_model(service: Running, api: httpx.Client, large: bytes) -> None:
    first, second = service.create_model(), service.create_model()
    parts = Parts(api, first["id"], large)
    for number in set(range(1, 4)) - set(parts.begun.json()["parts"]):
        parts.put(number)
    parts.commit()
    other = Parts(api, second["id"], large)
    assert other.begun.json()["parts"] == [1, 2, 3]
    assert other.commit().status_code == 200
    assert downloaded(api, second["id"]) == large


def test_another_artifact_of_the_model_is_a_conflict(api: httpx.Client, service: Running, large: bytes) -> None:
    model = service.create_model()
    assert service.upload(model["id"], archive()).status_code == 204
    expect(Parts(api, model["id"], large).begun, 409, "Conflict")


def test_a_wrong_part_is_refused_and_not_counted(service: Running, api: httpx.Client) -> None:
    content = os.urandom(PART + 5)
    parts = Parts(api, service.create_model()["id"], content)
    expect(parts.put(1, os.urandom(PART)), 400, "InvalidParameter")
    expect(parts.put(1, parts.part(1)[:-1]), 400, "InvalidParameter")
    expect(parts.put(2, parts.part(2) + b"x"), 400, "InvalidParameter")
    expect(parts.put(1, **{"content-sha256": "nothing"}), 400, "InvalidParameter")
    for number in ("0", "3", "x", "01"):
        named = {"content-sha256": "0" * 64}
        expect(api.put(f"{parts.path}/parts/{number}", content=b"", headers=named), 400, "InvalidParameter")
    assert parts.present() == []
    assert parts.put(1).status_code == 204
    expect(parts.put(1, **{"content-sha256": "0" * 64}), 400, "InvalidParameter")
    assert parts.put(1).status_code == 204
    assert parts.present() == [1]


def test_what_is_no_archive_becomes_no_artifact(service: Running, api: httpx.Client) -> None:
    model = service.create_model()
    parts = Parts(api, model["id"], os.urandom(PART + 5))
    assert [parts.put(1).status_code, parts.put(2).status_code] == [204, 204]
    assert parts.commit().status_code == 400
    expect(api.get(f"/20190101/models/{model['id']}/artifact/content"), 404, "NotAuthorizedOrNotFound")


def test_a_whole_with_another_digest_is_refused(service: Running, api: httpx.Client, large: bytes) -> None:
    model = service.create_model()
    parts = Parts(api, model["id"], large, sha256="f" * 64)
    for number in (1, 2, 3):
        parts.put(number)
    expect(parts.commit(), 400, "InvalidParameter")
    expect(api.get(f"/20190101/models/{model['id']}/artifact/content"), 404, "NotAuthorizedOrNotFound")


@pytest.mark.parametrize("body", [{"size": 0}, {"size": -1}, {"size": "9"}, {"size": 9, "sha256": "x"}, {},
                                  {"size": 9, "fileName": "../x\n"}, {"size": 9, "more": 1}])  # fmt: skip
def test_a_begin_that_makes_no_sense_is_refused(api: httpx.Client, model: Any, body: dict[str, Any]) -> None:
    answer = api.post(f"/openads/v1/models/{model['id']}/artifact/uploads", json=body)
    assert answer.status_code == 400


def test_no_upload_for_no_model_and_none_larger_than_the_limit(tmp_path: Path) -> None:
    running, stop = start(tmp_path / "home", max_artifact_bytes=PART)
    try:
        path = "/openads/v1/models/{}/artifact/uploads"
        expect(running.client.post(path.format("ocid1.none"), json={"size": 9}), 404, "NotAuthorizedOrNotFound")
        model = running.create_model()
        expect(running.client.post(path.format(model["id"]), json={"size": PART + 1}), 413, "PayloadTooLarge")
    finally:
        stop()


def test_an_upload_given_up_is_gone(service: Running, api: httpx.Client) -> None:
    parts = Parts(api, service.create_model()["id"], os.urandom(PART + 5))
    parts.put(1)
    assert api.delete(parts.path).status_code == 204
    expect(api.get(parts.path), 404, "NoSuchUpload")
    expect(api.get(f"{parts.base}/../../../admin-token"), 404, "NotFound")
    assert Parts(api, parts.base.split("/")[4], parts.content).begun.json()["parts"] == []


def test_parts_survive_a_restart_and_go_after_a_week(tmp_path: Path, large: bytes) -> None:
    running, stop = start(tmp_path / "home")
    model = running.create_model()
    parts = Parts(running.client, model["id"], large)
    parts.put(2)
    stop()
    running, stop = start(tmp_path / "home")
    assert Parts(running.client, model["id"], large).begun.json()["parts"] == [2]
    stop()
    folder = running.context.home.uploads / "parts"
    for path in [*folder.rglob("*"), *folder.iterdir()]:
        os.utime(path, (1, 1))
    running, stop = start(tmp_path / "home")
    try:
        assert list(folder.iterdir()) == []
    finally:
        stop()


def test_a_part_that_arrived_whole_before_a_crash_is_recognised(tmp_path: Path, large: bytes) -> None:
    running, stop = start(tmp_path / "home")
    model = running.create_model()
    parts = Parts(running.client, model["id"], large)
    upload_id = parts.path.rsplit("/", 1)[1]
    folder = running.context.home.uploads / "parts" / upload_id
    for number in (1, 2):
        parts.put(number)
    stop()
    records = bytearray((folder / "parts").read_bytes())
    records[0] = records[33] = 1  # neither was acknowledged,
    (folder / "parts").write_bytes(records)
    with (folder / "data").open("r+b") as file:  # and of the second one only a half had come
        file.seek(PART + 99)
        file.write(b"\0" * 99)
    running, stop = start(tmp_path / "home")
    try:
        assert Parts(running.client, model["id"], large).begun.json()["parts"] == [1]
    finally:
        stop()


def test_md5_is_told_to_those_who_ask_for_it(service: Running, api: httpx.Client) -> None:
    content = archive()
    model = service.create_model()
    parts = Parts(api, model["id"], content)
    parts.put(1)
    assert parts.commit().status_code == 200
    path = f"/20190101/models/{model['id']}/artifact/content"
    ours = api.head(path, headers={"want-repr-digest": "sha-256=1"}).headers
    assert ours["repr-digest"] == f"sha-256=:{base64.b64encode(hashlib.sha256(content).digest()).decode()}:"
    assert "content-md5" not in ours
    assert api.head(path).headers["content-md5"] == base64.b64encode(hashlib.md5(content).digest()).decode()
    assert api.get(path).headers["content-md5"] == base64.b64encode(hashlib.md5(content).digest()).decode()


def put_run(parts: Parts, first: int, last: int, content: bytes | None = None, **headers: str) -> httpx.Response:
    sent = parts.content[(first - 1) * PART : last * PART] if content is None else content
    named = {"content-type": "application/octet-stream", **headers}
    return parts.client.put(f"{parts.path}/parts/{first}-{last}", content=sent, headers=named)


def fresh(size: int = 2 * PART + 1000, **files: bytes) -> bytes:
    """Return an archive that no other test has."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr(
            zipfile.ZipInfo("score.py"), "def load_model(): return 1\ndef predict(data, model=None): return {}\n"
        )
        target.writestr(zipfile.ZipInfo("runtime.yaml"), "{}")
        target.writestr(zipfile.ZipInfo("weights.bin"), os.urandom(size))
        for name, content in files.items():
            target.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


@pytest.mark.parametrize("runs", [[(1, 3)], [(1, 2), (3, 3)], [(2, 3), (1, 1)]])
def test_runs_of_parts_make_the_artifact(service: Running, api: httpx.Client, runs: list[tuple[int, int]]) -> None:
    content = fresh()
    parts = Parts(api, service.create_model()["id"], content)
    for first, last in runs:
        assert put_run(parts, first, last).status_code == 204
    assert parts.present() == [1, 2, 3]
    committed = parts.commit()
    assert (committed.status_code, committed.json()["sha256"]) == (200, sha256(content))
    assert downloaded(api, parts.base.split("/")[4]) == content


def test_runs_and_single_parts_mix(service: Running, api: httpx.Client) -> None:
    content = fresh(4 * PART)
    parts = Parts(api, service.create_model()["id"], content)
    assert put_run(parts, 1, 2).status_code == 204
    assert parts.put(3).status_code == 204
    assert parts.put(2).status_code == 204
    expect(parts.put(2, **{"content-sha256": "0" * 64}), 400, "InvalidParameter")
    expect(put_run(parts, 2, 5), 409, "Conflict")
    assert put_run(parts, 4, 5).status_code == 204
    assert parts.commit().status_code == 200
    assert downloaded(api, parts.base.split("/")[4]) == content


def test_a_run_that_makes_no_sense_is_refused(service: Running, api: httpx.Client) -> None:
    content = fresh()
    parts = Parts(api, service.create_model()["id"], content)
    for numbers in ("0-1", "2-1", "1-4", "1-", "-2", "1-02"):
        expect(api.put(f"{parts.path}/parts/{numbers}", content=b""), 400, "InvalidParameter")
    expect(put_run(parts, 1, 2, **{"content-sha256": sha256(content)}), 400, "InvalidParameter")
    expect(put_run(parts, 1, 2, content), 400, "InvalidParameter")
    assert parts.present() == [1, 2]
    expect(put_run(parts, 3, 3, content[2 * PART : -1]), 400, "InvalidParameter")
    assert parts.present() == [1, 2]
    unnamed = Parts(api, service.create_model()["id"], content, sha256=None)
    expect(put_run(unnamed, 1, 3), 400, "InvalidParameter")


def test_a_cut_run_leaves_its_whole_parts(service: Running, api: httpx.Client) -> None:
    content = fresh()
    parts = Parts(api, service.create_model()["id"], content)
    host, port = urlsplit(service.url).hostname, urlsplit(service.url).port
    with socket.create_connection((host, port), 30) as line:
        head = (
            f"PUT {parts.path}/parts/1-3 HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(content)}\r\n"
            f"authorization: {api.headers['authorization']}\r\n\r\n"
        )
        line.sendall(head.encode() + content[: 2 * PART - 5])
        eventually(lambda: parts.present() == [1], what="the first part")
    eventually(lambda: put_run(parts, 2, 3).status_code == 204, what="the end of the run that was cut")
    assert parts.commit().status_code == 200
    assert downloaded(api, parts.base.split("/")[4]) == content


def test_a_run_of_other_bytes_is_removed_at_the_commit(service: Running, api: httpx.Client) -> None:
    content = fresh()
    parts = Parts(api, service.create_model()["id"], content)
    assert put_run(parts, 1, 3, bytes(len(content))).status_code == 204
    expect(parts.commit(), 400, "InvalidParameter")
    assert Parts(api, parts.base.split("/")[4], content).begun.json()["parts"] == []
    assert put_run(parts, 1, 3).status_code == 204
    assert parts.commit().status_code == 200


def test_an_archive_that_breaks_its_own_checksum_or_manifest_is_refused(service: Running, api: httpx.Client) -> None:
    damaged = bytearray(fresh())
    damaged[PART] ^= 1
    manifest = json.dumps({"version": 1, "files": {"weights.bin": {"sha256": "0" * 64, "size": 9}}})
    for content in (bytes(damaged), fresh(**{"model_artifact_manifest.json": manifest.encode()})):
        parts = Parts(api, service.create_model()["id"], content)
        assert put_run(parts, 1, 3).status_code == 204
        assert parts.commit().status_code == 400
        expect(api.get(f"/20190101/models/{parts.base.split('/')[4]}/artifact/content"), 404, "NotAuthorizedOrNotFound")


def test_a_part_of_a_run_counts_after_a_crash_of_the_service_alone(tmp_path: Path) -> None:
    content = fresh()
    running, stop = start(tmp_path / "home")
    model = running.create_model()
    parts = Parts(running.client, model["id"], content)
    assert put_run(parts, 1, 3).status_code == 204
    stop()
    upload_id = parts.path.rsplit("/", 1)[1]
    records = running.context.home.uploads / "parts" / upload_id / "parts"
    boot = hashlib.sha256(Path("/proc/sys/kernel/random/boot_id").read_bytes()).digest()
    records.write_bytes(b"\3" + boot + b"\3" + b"another boot".ljust(32) + b"\2" + bytes(32))
    running, stop = start(tmp_path / "home")
    try:
        again = Parts(running.client, model["id"], content)
        assert again.begun.json()["parts"] == [1, 3]
        assert put_run(again, 2, 2).status_code == 204
        assert again.commit().status_code == 200
        assert downloaded(running.client, model["id"]) == content
    finally:
        stop()


def test_a_damaged_large_artifact_never_arrives_whole(service: Running, api: httpx.Client) -> None:
    content = fresh()
    model_id = service.create_model()["id"]
    parts = Parts(api, model_id, content)
    assert put_run(parts, 1, 3).status_code == 204
    assert parts.commit().status_code == 200
    blob = service.context.home.blobs / sha256(content)
    with blob.open("r+b") as file:
        file.seek(PART)
        file.write(b"damage")
    path = f"/20190101/models/{model_id}/artifact/content"
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            api.get(path, headers={"want-repr-digest": "sha-256=1"})
        expect(api.get(path), 500, "InternalServerError")
        expect(api.get(path, headers={"range": f"bytes={PART}-{PART + 9}"}), 500, "InternalServerError")
    blob.write_bytes(content)
    assert downloaded(api, model_id) == content


def test_a_large_archive_in_one_piece_is_checked_while_it_comes(service: Running, api: httpx.Client) -> None:
    content = fresh()
    model_id = service.create_model()["id"]
    assert service.upload(model_id, content).status_code == 204
    assert downloaded(api, model_id) == content
    damaged = bytearray(fresh())
    damaged[PART] ^= 1
    expect(service.upload(service.create_model()["id"], bytes(damaged)), 400, "InvalidParameter")
