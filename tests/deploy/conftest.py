"""A catalog, a supervisor and a controller: everything real but the HTTP in front."""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ads.deploy import orders
from ads.deploy.controller import Controller
from ads.deploy.engines.local import LocalEngine
from ads.deploy.engines.supervisor_client import Child, EngineUnavailable, SupervisorClient
from ads.deploy.isolation import isolated_supplies
from ads.home import Home
from ads.registry.database import Database, open_database
from ads.registry.deployments import Deployment, ModelSource, get_deployment
from ads.registry.events import Caller
from ads.registry.identities import ensure_defaults
from ads.registry.models import NewModel, create_model
from ads.registry.schema import upgrade
from ads.registry.tables import Artifact
from ads.registry.work_requests import entries_of, get_work_request
from ads.replica_address import parse_tcp
from ads.settings import Settings
from ads.worker import frames, strangers

CALLER = Caller("tester")
SUPERVISOR = """
import sys
from pathlib import Path
from ads.home import Home
from ads.service.supervisor import Supervisor

Supervisor(Home(Path(sys.argv[1])), [], lambda: True).run()
"""

SCORE = """
def load_model():
    return {number}

def predict(data, model=load_model()):
    return [data, model]
"""


def wait_until(condition: Callable[[], Any], seconds: float = 30) -> Any:
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
    return found


class Machine:
    """One data directory with what runs on it."""

    def __init__(self, root: Path, listen: str = "", **settings: Any) -> None:
        self.listen = listen
        self.home = Home(root)
        self.home.create()
        self.settings = Settings(home=root, **settings)
        self.database: Database = open_database(self.settings, self.home)
        upgrade(self.database.engine)
        self.defaults = ensure_defaults(self.database)
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.controller: Controller | None = None
        self.client = SupervisorClient(self.home.supervisor_socket)
        self.start_supervisor()
        self.start_controller()

    def start_supervisor(self) -> None:
        self.supervisor = subprocess.Popen([sys.executable, "-c", SUPERVISOR, str(self.home.root)])
        wait_until(self.supervisor_answers)

    def supervisor_answers(self) -> bool:
        try:
            self.client.list()
        except EngineUnavailable:
            return False
        return True

    def start_controller(self) -> None:
        engine = LocalEngine(self.home, settings=self.settings, listen=self.listen)
        supplies = isolated_supplies(self.home, self.settings)
        self.controller = Controller(self.database, self.home, self.settings, engine, self.archive, supplies)
        self.controller.start()

    def stop_controller(self) -> None:
        assert self.controller is not None
        self.controller.stop()

    def archive(self, source: ModelSource) -> Path:
        return self.home.blobs / source.sha256

    def model(self, score: str, **files: str) -> str:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in {"score__py": score, "runtime__yaml": "{}", **files}.items():
                archive.writestr(name.replace("__", "."), content)
        sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
        (self.home.blobs / sha256).write_bytes(buffer.getvalue())
        with self.database.write() as session:
            model = create_model(session, CALLER, NewModel(self.defaults.compartment_id, self.defaults.project_id))
            session.add(
                Artifact(
                    model_id=model.id, sha256=sha256, md5="", size=1, file_name="a.zip", created_by=CALLER.principal
                )
            )
        return model.id

    def create(self, model_id: str, replicas: int = 1, **variables: str) -> str:
        details = orders.NewDeployment(
            self.defaults.compartment_id, self.defaults.project_id, configuration(model_id, replicas, **variables)
        )
        return self.order(orders.create_deployment, details)

    def order(self, function: Callable[..., Deployment], *arguments: Any) -> str:
        with self.database.write() as session:
            deployment = function(session, CALLER, *arguments)
        assert self.controller is not None
        self.controller.wake()
        return deployment.id

    def row(self, deployment_id: str) -> Deployment:
        with self.database.read() as session:
            return get_deployment(session, deployment_id)

    def wait(self, deployment_id: str, *states: str, seconds: float = 60) -> Deployment:
        wait_until(lambda: self.row(deployment_id).lifecycle_state in states, seconds)
        return self.row(deployment_id)

    def work(self, deployment_id: str) -> tuple[str, list[str], list[str]]:
        """Return status, log and errors of the deployment's last work request."""
        with self.database.read() as session:
            request = get_work_request(session, self.row(deployment_id).work_request_id or "")
            logs = [entry.message for entry in entries_of(session, request.id, errors=False)]
            return request.status, logs, [entry.message for entry in entries_of(session, request.id, errors=True)]

    def routes(self, deployment_id: str) -> dict[str, Any] | None:
        table = json.loads(self.home.routes_file.read_text())
        return next((entry for entry in table["deployments"] if entry["id"] == deployment_id), None)

    def replicas(self) -> list[Child]:
        return [child for child in self.client.list() if child.name.startswith("replica/")]

    def ask(self, deployment_id: str, data: str = "1") -> list[Any]:
        """Return what each routed replica answers."""
        route = self.routes(deployment_id)
        assert route is not None
        answers = []
        for replica in route["replicas"]:
            with connected(replica) as connection:
                payload = frames.encode_items([frames.Item(frames.JSON, b"", data.encode())])
                connection.sendall(frames.encode_frame(frames.PREDICT, 1, payload))
                buffer = frames.FrameBuffer()
                found = next(
                    frame for chunk in iter(lambda: connection.recv(65536), b"") for frame in buffer.feed(chunk)
                )
            answers.append(json.loads(frames.decode_answers(found[2])[0][1]))
        return answers

    def close(self) -> None:
        self.stop_controller()
        if self.supervisor is not None and self.supervisor.poll() is None:
            self.supervisor.send_signal(signal.SIGTERM)
            self.supervisor.wait(30)
        self.database.close()


def connected(replica: dict[str, Any]) -> socket.socket:
    """Return a connection to a replica of the routes, on which frames may be sent."""
    address = parse_tcp(replica["socket"])
    connection = socket.socket(socket.AF_UNIX if address is None else socket.AF_INET)
    connection.settimeout(60)
    connection.connect(address or replica["socket"])
    if address is not None:
        question = connection.recv(strangers.SIZE, socket.MSG_WAITALL)
        connection.sendall(strangers.answer(bytes.fromhex(replica["key"]), question))
    return connection


def configuration(model_id: str, replicas: int = 1, **variables: str) -> dict[str, Any]:
    return {
        "deploymentType": "SINGLE_MODEL",
        "modelConfigurationDetails": {
            "modelId": model_id,
            "instanceConfiguration": {"instanceShapeName": "VM.Standard.E4.Flex"},
            "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": replicas},
        },
        "environmentConfigurationDetails": {
            "environmentConfigurationType": "DEFAULT",
            "environmentVariables": variables,
        },
    }


@pytest.fixture
def machine() -> Iterator[Callable[..., Machine]]:
    """Make machines in short folders: a Unix socket's address is short."""
    made: list[Machine] = []
    with tempfile.TemporaryDirectory(prefix="ads") as folder:

        def make(**settings: Any) -> Machine:
            made.append(Machine(Path(folder) / str(len(made)), **settings))
            return made[-1]

        yield make
        for each in made:
            each.close()
        for root, _, _ in os.walk(folder):
            Path(root).chmod(0o700)
