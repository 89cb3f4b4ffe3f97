"""The service under test: a data directory of its own, started, killed, asked and looked into from outside."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psutil

from ads.home import Home
from benchmarks.faults import models

__all__ = ["Deployed", "Subject", "until"]

_FOREIGN = ("OPENADS_", "OCI_", "NB_SESSION")
_AT_REST = ("ACTIVE", "FAILED", "DELETED", "INACTIVE", "NEEDS_ATTENTION")


def until(condition: Callable[[], Any], within: float, what: str) -> float:
    """Return after how many seconds ``condition()`` was true. Raises TimeoutError after ``within`` seconds."""
    begin = time.monotonic()
    while not condition():
        if time.monotonic() - begin > within:
            raise TimeoutError(f"{what}: not within {within:g} s")
        time.sleep(0.02)
    return time.monotonic() - begin


class Deployed:
    """One deployment of the subject."""

    def __init__(self, subject: Subject, deployment_id: str) -> None:
        self.id = deployment_id
        self.subject = subject

    @property
    def url(self) -> str:
        """Where it is asked."""
        return f"{self.subject.url}/{self.id}/predict"

    def look(self) -> dict[str, Any]:
        """Return what the API says of it."""
        found: dict[str, Any] = self.subject.ask("GET", f"/20190101/modelDeployments/{self.id}")
        return found

    def rest(self, within: float = 60.0) -> dict[str, Any]:
        """Return it once it is in a state that it stays in."""
        until(lambda: self._state() in _AT_REST, within, "the deployment comes to rest")
        return self.look()

    def _state(self) -> str:
        try:
            return str(self.look()["lifecycleState"])
        except (httpx.HTTPError, KeyError):
            return ""

    def replicas(self) -> dict[str, int]:
        """Return name and pid of its replicas."""
        known = f"replica/{self.id[-12:]}-"
        return {name: pid for name, pid in self.subject.children().items() if name.startswith(known)}

    def roll(self, model_id: str, **how: Any) -> None:
        """Begin a rollout."""
        body = {"modelId": model_id, "strategy": "rolling", **how}
        self.subject.ask("POST", f"/openads/v1/deployments/{self.id}/rollouts", json=body)

    def rollout(self) -> dict[str, Any]:
        """Return the newest rollout."""
        found = self.subject.ask("GET", f"/openads/v1/deployments/{self.id}/rollouts")
        newest: dict[str, Any] = found["items"][0]
        return newest

    def rolled(self, within: float) -> dict[str, Any]:
        """Return the newest rollout once it has ended."""

        def ended() -> bool:
            with contextlib.suppress(httpx.HTTPError, KeyError):
                return self.rollout()["timeEnded"] is not None and self._state() == "ACTIVE"
            return False

        until(ended, within, "the end of the rollout")
        return self.rollout()


class Subject:
    """See the module. ``settings`` are settings of the service, ``environment`` more of its environment."""

    def __init__(self, folder: Path, environment: dict[str, str] | None = None, **settings: str) -> None:
        self.home = Home(folder / "home")
        folder.chmod(0o755)  # replicas may have users of their own
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        chosen = {f"OPENADS_{name.upper()}": value for name, value in settings.items()}
        self.environment = {**kept, **(environment or {}), **chosen, "OPENADS_HOME": str(self.home.root)}
        self._port = 0
        self._log = folder / "service.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._client: httpx.Client | None = None
        self.place: dict[str, str] = {}

    # -- the whole

    def start(self) -> float:
        """Start the service; return after how many seconds it answered."""
        command = [sys.executable, "-m", "ads.service", "--port", str(self._port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)
        took = until(self._answers, 60, "the service starts")
        found = self.home.read_service_file()
        assert found is not None
        self._port = int(found.url.rpartition(":")[2])
        self._client = httpx.Client(
            base_url=found.url, headers={"authorization": f"Bearer {self.token}"}, timeout=30, trust_env=False
        )
        about = self.ask("GET", "/openads/v1/service")
        self.place = {name: about[name] for name in ("compartmentId", "projectId")}
        return took

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"The service ended: {self._log.read_text()[-2000:]}")
        found = self.home.read_service_file()
        return found is not None and self._process is not None and found.pid == self._process.pid

    def stop(self) -> int:
        """End the service as an operator does; return its exit status."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.terminate()
        return self._process.wait(90)

    def close(self) -> None:
        """End the service, whatever state it is in."""
        if self._client is not None:
            self._client.close()
        if self._process is not None:
            for pid in (pid for pid in self.children_quietly().values() if pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait(10)

    @property
    def url(self) -> str:
        """The service's address."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def port(self) -> int:
        """The service's port."""
        return self._port

    @property
    def token(self) -> str:
        """The administrator's token."""
        return self.home.token_file.read_text().strip()

    # -- its processes

    @property
    def supervisor(self) -> int:
        """The supervisor's pid."""
        assert self._process is not None
        return self._process.pid

    def wait(self, within: float = 30.0) -> int:
        """Return the supervisor's exit status once it has ended."""
        assert self._process is not None
        return self._process.wait(within)

    def children(self) -> dict[str, int]:
        """Return name and pid of every process that the supervisor owns now."""
        return {child["name"]: child["pid"] for child in self.reports() if child["state"] == "running"}

    def reports(self) -> list[dict[str, Any]]:
        """Return what the supervisor says of each child."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(10)
            connection.connect(str(self.home.supervisor_socket))
            connection.sendall(b'{"op": "list"}\n')
            found: list[dict[str, Any]] = json.loads(connection.makefile("rb").readline())["children"]
        return found

    def children_quietly(self) -> dict[str, int]:
        """Return the children, none when the supervisor doesn't answer."""
        try:
            return self.children()
        except (OSError, ValueError):
            return {}

    def kill(self, name: str) -> int:
        """kill -9 ``supervisor``, ``gateway`` or ``control``; return its pid, 0 when it isn't running."""
        pid = self.supervisor if name == "supervisor" else self.children().get(name, 0)
        if pid:
            os.kill(pid, signal.SIGKILL)
        return pid

    def process(self, name: str) -> psutil.Process:
        """Return one of the service's own processes."""
        return psutil.Process(self.children()[name])

    def processes(self) -> list[int]:
        """Return the pid of every process on the machine that belongs to this data directory."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.environ().get("OPENADS_HOME") == str(self.home.root) or str(self.home.root) in " ".join(
                    process.cmdline()
                ):
                    found.append(process.pid)
        return found

    # -- its API

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """Return what the API answers. Raises httpx.HTTPError."""
        assert self._client is not None
        answer = self._client.request(method, path, **body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def register(self, version: int, modelVersionSetId: str = "", **model: Any) -> str:  # noqa: N803 - the API's name
        """Return the id of a registered model."""
        content = models.archive(version, **model)
        member = {"modelVersionSetId": modelVersionSetId} if modelVersionSetId else {}
        body = {**self.place, **member, "displayName": f"version {version}"}
        found = self.ask("POST", "/20190101/models", json=body)
        headers = {"content-type": "application/octet-stream"}
        self.ask("POST", f"/20190101/models/{found['id']}/artifact", content=content, headers=headers)
        return str(found["id"])

    def fetch(self, model_id: str) -> bytes:
        """Return a model's archive."""
        assert self._client is not None
        answer = self._client.get(f"/20190101/models/{model_id}/artifact/content")
        return answer.raise_for_status().content

    def create(self, model_id: str, instances: int = 1, name: str = "faults", memory: float = 16.0) -> Deployed:
        """Begin to deploy a model."""
        flexible = {"ocpus": 1.0, "memoryInGBs": memory}
        shape = {
            "instanceShapeName": "VM.Standard.E4.Flex",
            "modelDeploymentInstanceShapeConfigDetails": flexible,
        }
        details = {
            "modelId": model_id,
            "instanceConfiguration": shape,
            "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": instances},
        }
        configuration = {"deploymentType": "SINGLE_MODEL", "modelConfigurationDetails": details}
        body = {**self.place, "displayName": name, "modelDeploymentConfigurationDetails": configuration}
        return Deployed(self, str(self.ask("POST", "/20190101/modelDeployments", json=body)["id"]))

    def deploy(self, model_id: str, instances: int = 1, name: str = "faults", memory: float = 16.0) -> Deployed:
        """Return a deployment that answers."""
        deployed = self.create(model_id, instances, name, memory)
        found = deployed.rest()
        if found["lifecycleState"] != "ACTIVE":
            raise RuntimeError(f"The deployment is {found['lifecycleState']}: {found['lifecycleDetails']}")
        return deployed
