"""kill -9 of each part, during a stream of predictions and of registrations."""

from __future__ import annotations

import hashlib
import io
import random
import threading
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from tests.own_service import OwnService, eventually

if TYPE_CHECKING:
    from typing_extensions import Self

from ads.model.generic_model import GenericModel
from tests.runtime_yaml import RUNTIME

SCORE = """\
def load_model():
    return 7

def predict(data, model=load_model()):
    return {"prediction": [(x * 31 + model) % 1000003 for x in data]}
"""


class Load:
    """Predictions and registrations, one after the other in a thread each; every outcome is written down."""

    def __init__(self, url: str, token: str) -> None:
        self.base, _, _ = url.rpartition("/")
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"}
        self.right = self.retried = 0
        self.wrong: list[object] = []
        self.failed: list[object] = []
        self.acknowledged: dict[str, str] = {}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._predict), threading.Thread(target=self._register)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _predict(self) -> None:
        chance = random.Random(1)
        session = requests.Session()
        while not self._stop.is_set():
            numbers = [chance.randrange(10**6) for _ in range(3)]
            expected = {"prediction": [(x * 31 + 7) % 1000003 for x in numbers]}
            try:
                answer = session.post(f"{self.url}/predict", json=numbers, headers=self.headers, timeout=20)
            except requests.ConnectionError:
                self.retried += 1  # the connection was open on a part that died; the next one must work
                continue
            if answer.status_code == 503 and "Retry-After" in answer.headers:
                self.retried += 1
                time.sleep(0.05)
            elif answer.status_code != 200:
                self.failed.append((answer.status_code, answer.text))
            elif answer.json() != expected:
                self.wrong.append((numbers, answer.text))
            else:
                self.right += 1

    def _register(self) -> None:
        session = requests.Session()
        session.headers.update(self.headers)
        service = None
        number = 0
        while not self._stop.is_set():
            number += 1
            content = artifact(f"artifact {number}")
            try:
                service = service or session.get(f"{self.base}/openads/v1/service", timeout=20).json()
                details = {key: service[key] for key in ("compartmentId", "projectId")}
                model = session.post(f"{self.base}/20190101/models", json=details, timeout=20)
                if model.status_code != 200:
                    continue
                upload = session.post(
                    f"{self.base}/20190101/models/{model.json()['id']}/artifact",
                    data=content,
                    headers={"Content-Type": "application/octet-stream"},
                    timeout=20,
                )
            except (requests.RequestException, KeyError):
                service = None
                continue
            if upload.status_code == 204:
                self.acknowledged[model.json()["id"]] = hashlib.sha256(content).hexdigest()

    def require_nothing_lost(self) -> None:
        """Every acknowledged registration is there, byte for byte."""
        for model_id, digest in self.acknowledged.items():
            answer = requests.get(
                f"{self.base}/20190101/models/{model_id}/artifact/content", headers=self.headers, timeout=20
            )
            assert answer.status_code == 200, (model_id, answer.text)
            assert hashlib.sha256(answer.content).hexdigest() == digest


def artifact(note: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("score.py", SCORE)
        archive.writestr("runtime.yaml", RUNTIME)
        archive.writestr("note.txt", note)
    return buffer.getvalue()


def deploy(folder: Path, replicas: int) -> GenericModel:
    folder.mkdir()
    (folder / "score.py").write_text(SCORE)
    (folder / "runtime.yaml").write_text(RUNTIME)
    model = GenericModel.from_model_artifact(str(folder), artifact_dir=str(folder), force_overwrite=True)
    model.save(display_name="recorder", ignore_introspection=True, reload=False)
    model.deploy(display_name="recorder", deployment_instance_count=replicas)
    return model


@pytest.mark.timeout(180)
def test_a_killed_replica_costs_no_request(own_service: OwnService, tmp_path: Path) -> None:
    model = deploy(tmp_path / "artifact", replicas=2)
    with Load(model.model_deployment.url, own_service.token) as load:
        for _ in range(8):
            seen = load.right
            eventually(lambda seen=seen: load.right > seen + 50, what="fifty right answers")
            victim = own_service.kill("replica/")
            eventually(lambda victim=victim: victim not in own_service.children().values())
            eventually(lambda: len(own_service.replica_processes()) == 2, what="a new replica")
    assert load.wrong == []
    assert load.failed == []
    assert load.retried == 0
    assert load.right > 400
    load.require_nothing_lost()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("part", ["gateway", "control"])
def test_a_killed_part_of_the_service_comes_back_by_itself(own_service: OwnService, tmp_path: Path, part: str) -> None:
    model = deploy(tmp_path / "artifact", replicas=1)
    replicas = own_service.replica_processes()
    with Load(model.model_deployment.url, own_service.token) as load:
        for _ in range(5):
            seen, registered = load.right, len(load.acknowledged)
            eventually(
                lambda seen=seen, registered=registered: load.right > seen and len(load.acknowledged) > registered + 2,
                what="right answers and registrations",
            )
            own_service.kill(part)
        seen, registered = load.right, len(load.acknowledged)
        eventually(lambda: load.right > seen + 20 and len(load.acknowledged) > registered + 2, what="normal service")
    assert load.wrong == []
    assert load.failed == []
    if part == "control":
        assert load.retried == 0  # predictions don't need the control plane
    assert own_service.replica_processes() == replicas
    load.require_nothing_lost()


@pytest.mark.timeout(180)
def test_after_the_supervisor_is_killed_everything_is_back_at_the_next_start(
    own_service: OwnService, tmp_path: Path
) -> None:
    model = deploy(tmp_path / "artifact", replicas=2)
    deployment = model.model_deployment
    with Load(deployment.url, own_service.token) as load:
        eventually(lambda: load.right > 50 and len(load.acknowledged) > 5, what="right answers and registrations")
        own_service.kill("supervisor")
        eventually(lambda: own_service.processes() == [], what="the end of every process")
    assert load.wrong == []
    assert load.failed == []

    own_service.start()
    deployment.sync()
    load.base, _, _ = deployment.url.rpartition("/")
    load.require_nothing_lost()

    def answers() -> bool:
        reply = requests.post(f"{deployment.url}/predict", json=[1], headers=load.headers, timeout=20)
        return reply.status_code == 200 and reply.json() == {"prediction": [38]}

    eventually(answers, what="the deployment's return")
    eventually(lambda: deployment.sync().lifecycle_state == "ACTIVE", what="ACTIVE")
    assert len(own_service.replica_processes()) == 2
