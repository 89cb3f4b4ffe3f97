"""Artifacts of several parts through the real service: cut, continued from another process, and fetched back."""

from __future__ import annotations

import filecmp
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ads.client import Service
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
    """Counts the parts that go to the service, and lets the line break while one is on its way."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, break_at: int = 0) -> None:
        self.parts: list[str] = []
        self.break_at = break_at
        real: Any = Service.request

        def request(service: Service, method: str, path: str, **named: Any) -> Any:
            if "/parts/" in path:
                self.parts.append(path.rsplit("/", 1)[1])
                if 0 < self.break_at <= len(self.parts):
                    raise ServiceUnreachable("The cable is out.")
            return real(service, method, path, **named)

        monkeypatch.setattr(Service, "request", request)
        monkeypatch.setattr("ads.client.part_upload._AWAY_FOR", 0.0)


def test_a_cut_upload_goes_on_for_another_model(
    local_service: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        Sent(patch, break_at=4)
        with pytest.raises(ServiceUnreachable, match="cable is out"):
            DataScienceModel().with_artifact(str(folder)).create()
    with monkeypatch.context() as patch:
        rest = Sent(patch)
        model = DataScienceModel().with_artifact(str(folder)).create()
    assert len(rest.parts) <= PARTS - 2
    model.download_artifact(str(tmp_path / "back"))
    assert (tmp_path / "back" / "weights.bin").read_bytes() == (folder / "weights.bin").read_bytes()


CLIENT = """
import sys
from pathlib import Path
from ads.client import Service
from ads.client.transfer import upload
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
