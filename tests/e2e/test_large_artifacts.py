"""Artifacts of several parts through the real service: cut, continued from another process, and fetched back."""

from __future__ import annotations

import filecmp
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from ads.client import Service, part_upload
from ads.errors import ServiceUnreachable
from ads.model.datascience_model import DataScienceModel
from tests.own_service import OwnService, environment, eventually

PART = 8 * 1024 * 1024
PARTS = 5


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An artifact of a little more than four parts, which doesn't get smaller by packing."""
    made = tmp_path / "artifact"
    made.mkdir()
    (made / "score.py").write_text("def load_model(): return 1\ndef predict(data, model=None): return {}\n")
    (made / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    (made / "weights.bin").write_bytes(os.urandom(4 * PART + 1000))
    return made


class Sent:
    """Counts the parts that the service took, and lets the line break after so many: at once or one by one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, break_after: int = 0, *, near: bool = True) -> None:
        self.parts: list[int] = []
        real: Any = Service.request
        really_send: Any = part_upload.send_file

        def request(service: Service, method: str, path: str, **named: Any) -> Any:
            if "/parts/" in path:
                if 0 < break_after <= len(self.parts):
                    raise ServiceUnreachable("The cable is out.")
                self.parts.append(int(path.rsplit("/", 1)[1]))
            return real(service, method, path, **named)

        def send_file(*given: Any, sent: Any, **named: Any) -> None:
            gone = 0

            def count(size: int) -> None:
                nonlocal gone
                gone += size
                sent(size)
                if gone >= break_after * PART > 0:
                    raise ServiceUnreachable("The cable is out.")

            really_send(*given, sent=count, **named)
            first, last = given[1].rsplit("/", 1)[1].split("-")
            self.parts += range(int(first), int(last) + 1)

        monkeypatch.setattr(Service, "request", request)
        monkeypatch.setattr(part_upload, "send_file", send_file)
        if not near:
            monkeypatch.setattr(part_upload, "is_near", lambda _: False)
        if break_after:
            monkeypatch.setattr(part_upload, "_AWAY_FOR", 0.0)


@pytest.mark.parametrize("near", [True, False])
def test_a_cut_upload_goes_on_for_another_model(
    local_service: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, near: bool
) -> None:
    with monkeypatch.context() as patch:
        Sent(patch, break_after=3, near=near)
        with pytest.raises(ServiceUnreachable, match="cable is out"):
            DataScienceModel().with_artifact(str(folder)).create()
    with monkeypatch.context() as patch:
        rest = Sent(patch, near=near)
        model = DataScienceModel().with_artifact(str(folder)).create()
    assert len(rest.parts) <= PARTS - 2
    model.download_artifact(str(tmp_path / "back"))
    assert (tmp_path / "back" / "weights.bin").read_bytes() == (folder / "weights.bin").read_bytes()


CLIENT = """
import sys, time
from pathlib import Path
from ads.client import Service, bulk, part_upload
from ads.client.transfer import upload
send_file, bulk._BLOCK = part_upload.send_file, 2**20
def slowly(*given, sent, **named):
    send_file(*given, sent=lambda size: (time.sleep(0.01), sent(size)), **named)
part_upload.send_file = slowly
upload(Service.find(start=False), sys.argv[1], Path(sys.argv[2]))
"""


def received(home: Path) -> int:
    """Return how many parts are durable, of all uploads."""
    records = [path.read_bytes() for path in (home / "uploads" / "parts").glob("*/parts")]
    return sum(content[n] == 2 for content in records for n in range(0, len(content), 33))


def new_model(service: Service) -> str:
    body = {"compartmentId": service.compartment_id, "projectId": service.project_id}
    found: str = service.request("POST", "/20190101/models", json=body).json()["id"]
    return found


def packed(folder: Path, target: Path) -> str:
    from ads.artifact.archive import write_zip

    return write_zip(folder, target).sha256


@pytest.mark.parametrize("victim", ["client", "control", "gateway"])
def test_killing_a_side_costs_one_part_at_most(
    own_service: OwnService, tmp_path: Path, victim: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "score.py").write_text("def load_model(): return 1\ndef predict(data, model=None): return {}\n")
    (folder / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    (folder / "weights.bin").write_bytes(os.urandom(20 * PART))
    digest = packed(folder, tmp_path / "model.zip")
    own_service.start()
    service = Service.find()
    model_id = new_model(service)
    command = [sys.executable, "-c", CLIENT, model_id, str(tmp_path / "model.zip")]
    with subprocess.Popen(command, env=environment(own_service.home.root)) as process:
        eventually(lambda: received(own_service.home.root) >= 3, what="the first parts")
        if victim == "client":
            process.kill()
        else:
            own_service.kill(victim)
        process.wait(120)
        assert process.returncode == (-9 if victim == "client" else 0)  # the client goes on by itself
    before = received(own_service.home.root)
    sent = Sent(monkeypatch)
    service.upload_artifact(model_id, tmp_path / "model.zip")
    if victim == "client":
        assert 3 <= before < 21
        assert len(sent.parts) <= 21 - before
    else:
        assert sent.parts == []
    back = service.download_artifact(model_id, tmp_path / "back.zip")
    assert back.sha256 == digest


MEMORY = """
import json, resource, sys
from pathlib import Path
import httpx, tqdm, concurrent.futures
from ads.client import Service
from ads.client.transfer import download, upload
service = Service.find(start=False)
service.about
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
upload(service, sys.argv[1], Path(sys.argv[2]))
download(service, sys.argv[1], Path(sys.argv[3]))
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before))
"""


def peak(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0])


def test_memory_stays_small_on_every_side(own_service: OwnService, tmp_path: Path) -> None:
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "score.py").write_text("def load_model(): return 1\ndef predict(data, model=None): return {}\n")
    (folder / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    block = os.urandom(PART)
    with (folder / "weights.bin").open("wb") as file:
        for number in range(40):
            file.write(number.to_bytes(4, "big") + block[4:])
    packed(folder, tmp_path / "model.zip")
    own_service.start()
    model_id = new_model(Service.find())
    pids = {name: pid for name, pid in own_service.children().items() if name in {"gateway", "control"}}
    before = {name: peak(pid) for name, pid in pids.items()}
    command = [sys.executable, "-c", MEMORY, model_id, str(tmp_path / "model.zip"), str(tmp_path / "back.zip")]
    done = subprocess.run(command, env=environment(own_service.home.root), capture_output=True, text=True, check=True)
    grown = {"client": json.loads(done.stdout), **{name: peak(pid) - before[name] for name, pid in pids.items()}}
    assert len(grown) == 3
    assert max(grown.values()) < 60 * 1024, grown  # KiB, of an artifact of 320 MiB
    assert filecmp.cmp(tmp_path / "back.zip", tmp_path / "model.zip", shallow=False)


@pytest.fixture
def line(local_service: Path) -> Iterator[httpx.Client]:
    """One connection to the service, kept from request to request."""
    service = Service.find()
    limits = httpx.Limits(max_connections=1)
    with httpx.Client(
        base_url=service.url, headers={"authorization": f"Bearer {service.bearer}"}, timeout=60, limits=limits
    ) as client:
        body = {"name": "bulk", "compartmentId": service.compartment_id}
        assert client.post("/n/openads/b", json=body).status_code in {200, 409}
        yield client


def test_large_bodies_and_small_requests_share_a_connection(line: httpx.Client) -> None:
    content = os.urandom(3 * PART + 17)
    for name in ("one", "two"):
        assert line.put(f"/n/openads/b/bulk/o/{name}", content=content).status_code == 200
        assert line.get("/openads/v1/service").status_code == 200
        assert line.get(f"/n/openads/b/bulk/o/{name}").content == content
        span = {"range": f"bytes={PART - 5}-{2 * PART}"}
        assert line.get(f"/n/openads/b/bulk/o/{name}", headers=span).content == content[PART - 5 : 2 * PART + 1]
        assert line.head(f"/n/openads/b/bulk/o/{name}").headers["content-length"] == str(len(content))


def test_a_large_body_is_refused_before_it_has_come(line: httpx.Client) -> None:
    answer = line.put("/n/openads/b/missing/o/x", content=bytes(PART))
    assert answer.status_code == 404
    answer = line.put("/n/openads/b/bulk/o/x", content=bytes(PART), headers={"authorization": "Bearer wrong"})
    assert answer.status_code == 401
    assert line.put("/n/openads/b/bulk/o/x", content=bytes(PART)).status_code == 200


def test_nobody_lends_a_connection_that_isnt_his(line: httpx.Client) -> None:
    content = os.urandom(2 * PART)
    for name in ("openads-lent", "openads-offered", "openads-taken", "openads-wanted"):
        headers = {name: f"{'0' * 32} 99999999"}
        assert line.put("/n/openads/b/bulk/o/own", content=content, headers=headers).status_code == 200
        answer = line.get("/n/openads/b/bulk/o/own", headers=headers)
        assert answer.content == content
        assert not [key for key in answer.headers if key.startswith("openads-")]


def test_half_of_a_large_body_is_nothing(line: httpx.Client) -> None:
    service = Service.find()
    address = (line.base_url.host, line.base_url.port)
    with socket.create_connection(address, 30) as connection:
        head = (
            f"PUT /n/openads/b/bulk/o/half HTTP/1.1\r\nhost: {address[0]}\r\ncontent-length: {2 * PART}\r\n"
            f"authorization: Bearer {service.bearer}\r\n\r\n"
        )
        connection.sendall(head.encode() + bytes(PART))
    assert line.get("/openads/v1/service").status_code == 200
    assert line.head("/n/openads/b/bulk/o/half").status_code == 404


def test_a_slow_reader_and_a_gone_one_hold_nobody_up(line: httpx.Client) -> None:
    content = os.urandom(3 * PART)
    assert line.put("/n/openads/b/bulk/o/slow", content=content).status_code == 200
    address = (line.base_url.host, line.base_url.port)
    head = (
        f"GET /n/openads/b/bulk/o/slow HTTP/1.1\r\nhost: {address[0]}\r\n"
        f"authorization: {line.headers['authorization']}\r\n\r\n"
    )
    readers = [socket.create_connection(address, 30) for _ in range(3)]
    for reader in readers:
        reader.sendall(head.encode())
    assert line.get("/n/openads/b/bulk/o/slow").content == content
    readers.pop().close()
    with readers[0].makefile("rb") as file:
        while file.readline() != b"\r\n":
            pass
        assert file.read(len(content)) == content
    for reader in readers:
        reader.close()
    assert line.get("/openads/v1/service").status_code == 200
