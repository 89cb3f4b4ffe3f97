"""Artifacts over HTTP: any size, ranges, refused archives, cut uploads."""

from __future__ import annotations

import base64
import hashlib
import http.client
import socket
import time
from urllib.parse import urlsplit

import pytest

from .conftest import Running, archive, expect, raw_archive

BASE = "/20190101/models"


@pytest.fixture(scope="module")
def stored(service: Running) -> tuple[str, bytes]:
    model = service.create_model()
    content = archive(data="x" * 10_000)
    answer = service.upload(model["id"], content, **{"content-disposition": 'attachment; filename="churn model.zip"'})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["etag"]
    return f"{BASE}/{model['id']}/artifact", content


def test_headers_are_those_that_clients_read(api, stored) -> None:
    path, content = stored
    for answer in (api.head(f"{path}/content"), api.get(f"{path}/content")):
        assert answer.status_code == 200
        assert answer.headers["content-length"] == str(len(content))
        assert answer.headers["content-disposition"] == "attachment; filename=churn model.zip"
        assert base64.b64decode(answer.headers["content-md5"]) == hashlib.md5(content).digest()
        assert answer.headers["content-type"] == "application/octet-stream"
        assert "content-encoding" not in answer.headers
        assert answer.headers["last-modified"].endswith(" GMT")
    assert answer.content == content


@pytest.mark.parametrize(
    ("value", "start", "end"),
    [("bytes=0-9", 0, 10), ("bytes=7-", 7, None), ("bytes=-5", -5, None), ("bytes=0-99999999", 0, None)],
)
def test_ranges(api, stored, value: str, start: int, end: int | None) -> None:
    path, content = stored
    answer = api.get(f"{path}/content", headers={"range": value})
    assert answer.status_code == 206
    assert answer.content == content[start:end]
    first = start % len(content)
    last = first + len(answer.content) - 1
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(content)}"
    assert answer.headers["content-length"] == str(len(answer.content))


def test_ranges_that_cannot_be(api, stored) -> None:
    path, content = stored
    for value in (f"bytes={len(content)}-", "bytes=-0"):
        expect(api.get(f"{path}/content", headers={"range": value}), 416, "InvalidRange")
    for value in ("bytes=5-2", "lines=1-2", "bytes=0-1,3-4", "bytes=x-y", "bytes=-"):
        answer = api.get(f"{path}/content", headers={"range": value})
        assert (answer.status_code, answer.content) == (200, content)


def test_a_second_artifact_is_refused_and_the_first_one_stays(service: Running, api, stored) -> None:
    path, content = stored
    model_id = path.split("/")[3]
    expect(service.upload(model_id, archive(other="1")), 409, "Conflict")
    expect(service.upload(model_id, archive(other="1"), **{"opc-retry-token": "new"}), 409, "Conflict")
    assert api.get(f"{path}/content").content == content


def test_a_repeated_upload_is_answered_as_the_first(service: Running) -> None:
    model = service.create_model()
    first = service.upload(model["id"], archive(), **{"opc-retry-token": "t1"})
    again = service.upload(model["id"], archive(), **{"opc-retry-token": "t1"})
    assert (again.status_code, again.headers["etag"]) == (204, first.headers["etag"])
    expect(service.upload(model["id"], archive(a="b"), **{"opc-retry-token": "t1"}), 409, "InvalidatedRetryToken")


BROKEN = {
    "escapes": raw_archive({"score.py": "", "runtime.yaml": "", "../../x": "gotcha"}),
    "absolute": raw_archive({"score.py": "", "runtime.yaml": "", "/tmp/x": "gotcha"}),
    "empty": b"",
    "text": b"hello",
    "gzip": b"\x1f\x8b\x08" + bytes(100),
    "pickle": b"\x80\x04K\x01.",
    "truncated": archive()[:-10],
    "trailing": archive() + b"x",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_archives_that_are_refused(service: Running, api, kind: str) -> None:
    model = service.create_model()
    expect(service.upload(model["id"], BROKEN[kind]), 400, "InvalidParameter")
    head = api.head(f"{BASE}/{model['id']}/artifact/content")
    assert (head.status_code, head.content) == (404, b"")
    assert list(service.context.home.uploads.iterdir()) == []
    assert service.upload(model["id"], archive()).status_code == 204


def test_a_wrong_md5_is_refused(service: Running) -> None:
    model = service.create_model()
    wrong = base64.b64encode(bytes(16)).decode()
    expect(service.upload(model["id"], archive(), **{"content-md5": wrong}), 400, "InvalidParameter")


def test_unknown_and_deleted_models_take_no_artifact(service: Running, api) -> None:
    expect(service.upload("ocid1.datasciencemodel.oc1..none", archive()), 404, "NotAuthorizedOrNotFound")
    model = service.create_model()
    assert service.upload(model["id"], archive()).status_code == 204
    api.delete(f"{BASE}/{model['id']}")
    expect(service.upload(model["id"], archive()), 404, "NotAuthorizedOrNotFound")
    expect(api.get(f"{BASE}/{model['id']}/artifact/content"), 404, "NotAuthorizedOrNotFound")


def test_hostile_file_names_are_not_sent_back(service: Running, api) -> None:
    for name in ("a\tb", "../x.zip", "x;y.zip", "n" * 300):
        model = service.create_model()
        service.upload(model["id"], archive(), **{"content-disposition": f'attachment; filename="{name}"'})
        answer = api.head(f"{BASE}/{model['id']}/artifact/content")
        assert "/" not in answer.headers["content-disposition"]
        assert answer.headers["content-disposition"].startswith("attachment; filename=")


def test_an_upload_that_is_cut_off_leaves_nothing(service: Running, api) -> None:
    model = service.create_model()
    host, port = urlsplit(service.url).netloc.split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall(
            f"POST {BASE}/{model['id']}/artifact HTTP/1.1\r\nhost: h\r\ncontent-length: 1000000\r\n"
            f"authorization: {api.headers['authorization']}\r\n\r\nPK\x03\x04x".encode()
        )
        _wait_until(lambda: any(service.context.home.uploads.iterdir()))
    _wait_until(lambda: not any(service.context.home.uploads.iterdir()))
    assert api.head(f"{BASE}/{model['id']}/artifact/content").status_code == 404
    assert service.upload(model["id"], archive()).status_code == 204


def _wait_until(condition) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_chunked_uploads_and_sizes_above_the_limit(service: Running, api) -> None:
    model = service.create_model()
    pieces = archive(big="y" * 100_000)
    answer = api.post(f"{BASE}/{model['id']}/artifact", content=iter([pieces[:50], pieces[50:]]))
    assert answer.status_code == 204
    too_big = str(service.context.settings.max_artifact_bytes + 1)
    connection = http.client.HTTPConnection(urlsplit(service.url).netloc)
    connection.putrequest("POST", f"{BASE}/{service.create_model()['id']}/artifact")
    connection.putheader("authorization", api.headers["authorization"])
    connection.putheader("content-length", too_big)
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_damaged_bytes_are_not_sent(service: Running, api) -> None:
    model = service.create_model()
    content = archive(unique="damage me")
    service.upload(model["id"], content)
    (service.context.home.blobs / hashlib.sha256(content).hexdigest()).write_bytes(b"z" * len(content))
    expect(api.get(f"{BASE}/{model['id']}/artifact/content"), 500, "InternalServerError")
