"""Artifacts that mean harm, deployed for real: a score.py as text, a deployment, its end and its words."""

from __future__ import annotations

import io
import json
import textwrap
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.own_service import OwnService, eventually

from .conftest import Answer, Open, running

DEPLOYMENTS = "/20190101/modelDeployments"
MODELS = "/20190101/models"
HARMLESS = "def load_model():\n    return 1\n"


@dataclass
class Deployed:
    """One deployment of one score.py."""

    service: Open
    id: str
    model_id: str

    @property
    def row(self) -> dict[str, Any]:
        """Return what the API says of it."""
        found: dict[str, Any] = self.service.admin.ask("GET", f"{DEPLOYMENTS}/{self.id}").body
        return found

    def wait(self, *states: str, within: float = 90) -> dict[str, Any]:
        """Return the deployment once it is in one of these states, ACTIVE and FAILED where none is named."""
        states = states or ("ACTIVE", "FAILED")
        eventually(lambda: self.row["lifecycleState"] in states, within, f"{states} of {self.row}")
        return self.row

    def predict(self, data: Any = None) -> Answer:
        """Ask it for a prediction."""
        return self.service.admin.ask("POST", f"/{self.id}/predict", json.dumps(data).encode(), JSON)

    def log(self) -> str:
        """Return what its replicas wrote."""
        folder = self.service.home.deployment(self.id)
        return "".join(path.read_text("utf-8", "replace") for path in sorted(folder.glob("predict.log*")))

    def pids(self) -> list[int]:
        """Return the processes of its replicas."""
        return list(replicas(self.service, self.id).values())

    def delete(self) -> None:
        """Delete it and wait until it is gone."""
        self.service.admin.ask("DELETE", f"{DEPLOYMENTS}/{self.id}")
        self.wait("DELETED", "FAILED")


JSON = {"content-type": "application/json"}


def replicas(service: Open, deployment_id: str = "") -> dict[str, int]:
    """Return name and process of every running replica, of one deployment where it is named."""
    own = object.__new__(OwnService)
    own.home = service.home
    tail = deployment_id.rpartition(".")[2]
    found = own.children().items()
    return {
        name: pid for name, pid in found if name.startswith("replica/") and name[8:].partition("-")[0] in (tail or name)
    }


def deploy(service: Open, score: str, count: int = 1, **more: Any) -> Deployed:
    """Register an artifact with this score.py and deploy it. ``files``: more of it; ``environment``: variables."""
    about = service.about
    home = {"compartmentId": about["compartmentId"], "projectId": about["projectId"]}
    model_id = service.model(home["compartmentId"], home["projectId"])
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("score.py", textwrap.dedent(score))
        target.writestr("runtime.yaml", "MODEL_ARTIFACT_VERSION: '3.0'\n")
        for name, content in more.get("files", {}).items():
            target.writestr(name, content)
    named = {"content-type": "application/octet-stream", "content-disposition": 'attachment; filename="a.zip"'}
    assert service.admin.ask("POST", f"{MODELS}/{model_id}/artifact", buffer.getvalue(), named).status == 204
    body: dict[str, Any] = {
        **home,
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {
                "modelId": model_id,
                "instanceConfiguration": more.get("shape", {"instanceShapeName": "VM.Standard2.1"}),
                "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": count},
            },
        },
    }
    if "environment" in more:
        body["modelDeploymentConfigurationDetails"]["environmentConfigurationDetails"] = {
            "environmentConfigurationType": "DEFAULT",
            "environmentVariables": more["environment"],
        }
    made = service.admin.ask("POST", DEPLOYMENTS, body)
    assert made.status == 200, made
    return Deployed(service, made.body["id"], model_id)


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """One service with short limits for all tests of a module: 4 s for a prediction, 8 s for a start."""
    limits = {"OPENADS_PREDICT_TIMEOUT": "4", "OPENADS_START_TIMEOUT": "8"}
    with running(tmp_path_factory.mktemp("abuse") / "home", limits) as found:
        yield found
