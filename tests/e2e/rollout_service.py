"""Models that say who answered, a load that writes down every outcome, and the calls of a rollout over HTTP."""

from __future__ import annotations

import io
import os
import threading
import time
import zipfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from ads.client import Service
from ads.home import Home
from ads.model.deployment import ModelDeployment, ModelDeploymentCondaRuntime, ModelDeploymentInfrastructure
from tests.own_service import eventually
from tests.runtime_yaml import RUNTIME

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Load", "Rolling", "register", "token"]

SCORE = """\
import time
import zipfile

def load_model():
    return {version}

def predict(data, model=load_model()):
    {body}
    return {{"prediction": [(x * 31 + 7) % 1000003 for x in data], "version": model}}
"""


def register(version: int | None, body: str = "pass", sample: str = "", **details: Any) -> str:
    """Return the id of a registered model that answers with its version."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("score.py", SCORE.format(version=version, body=body))
        archive.writestr("runtime.yaml", RUNTIME)
        if sample:
            archive.writestr("sample.json", sample)
    service = Service.find()
    place = {"compartmentId": service.compartment_id, "projectId": service.project_id}
    model = service.request("POST", "/20190101/models", json={**place, **details}).json()
    headers = {"content-type": "application/octet-stream"}
    service.request("POST", f"/20190101/models/{model['id']}/artifact", content=buffer.getvalue(), headers=headers)
    return str(model["id"])


def token() -> str:
    """Return the administrator's token of the service that the test uses."""
    return Home(Path(os.environ["OPENADS_HOME"])).token_file.read_text().strip()


class Load:
    """Predictions in some threads, one after the other each; every outcome is counted, and every number checked."""

    def __init__(self, url: str, token: str, threads: int = 3) -> None:
        self.versions: Counter[int] = Counter()
        self.wrong: list[object] = []
        self.failed: list[object] = []
        self._url = f"{url}/predict"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def more(self, count: int = 30) -> None:
        """Return after so many more right answers."""
        before = sum(self.versions.values())
        eventually(lambda: sum(self.versions.values()) >= before + count, 60, "more answers")

    def require_all_right(self) -> None:
        """Nothing failed and nothing was wrong."""
        assert not self.failed, self.failed[:3]
        assert not self.wrong, self.wrong[:3]

    def _run(self, number: int) -> None:
        session = requests.Session()
        value = number
        while not self._stop.is_set():
            value += len(self._threads)
            answer = session.post(self._url, json=[value], headers=self._headers, timeout=60)
            if answer.status_code != 200:
                self.failed.append((answer.status_code, answer.text))
                time.sleep(0.05)
                continue
            content = answer.json()
            if content["prediction"] != [(value * 31 + 7) % 1000003]:
                self.wrong.append((value, content))
            self.versions[content["version"]] += 1
            time.sleep(0.002)


class Rolling:
    """One deployment over HTTP."""

    def __init__(self, model_id: str, name: str, instances: int = 1) -> None:
        infrastructure = ModelDeploymentInfrastructure(replica=instances)
        runtime = ModelDeploymentCondaRuntime(model_uri=model_id)
        self.deployment = ModelDeployment(display_name=name, infrastructure=infrastructure, runtime=runtime).deploy()
        self.id = str(self.deployment.id)
        self.url = str(self.deployment.url)
        self.service = Service.find()
        self.path = f"/openads/v1/deployments/{self.id}"

    def load(self, threads: int = 3) -> Load:
        return Load(self.url, token(), threads)

    def ask(self, method: str, suffix: str, body: Any = None) -> Any:
        return self.service.request(method, f"{self.path}{suffix}", json=body).json()

    def look(self) -> Any:
        return self.service.get_json(self.path)

    def last(self) -> Any:
        """Return the newest rollout."""
        return self.service.get_json(f"{self.path}/rollouts")["items"][0]

    def details(self) -> str:
        found = self.service.get_json(f"/20190101/modelDeployments/{self.id}")
        return str(found["lifecycleDetails"])

    def ended(self, within: float = 60) -> Any:
        """Return the newest rollout once it has ended and the deployment is at rest."""
        eventually(lambda: self.last()["timeEnded"] is not None, within, "the end of the rollout")
        eventually(lambda: self.look()["lifecycleState"] == "ACTIVE", within, "ACTIVE")
        return self.last()
