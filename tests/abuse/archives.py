"""Archives as they are abused, uploaded to a running service, and what must hold after each of them."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.artifact.conftest import Raw
from tests.artifact.conftest import _build as build
from tests.own_service import eventually

from .conftest import Answer, Open

__all__ = ["Raw", "Shop", "artifact", "build", "members", "zipped"]

MODELS = "/20190101/models"
DEPLOYMENTS = "/20190101/modelDeployments"
SCORE = "def load_model():\n    return 1\n\n\ndef predict(data, model=None):\n    return {'prediction': data}\n"
RUNTIME = "MODEL_ARTIFACT_VERSION: '3.0'\n"
USUAL: dict[str, str | bytes] = {"score.py": SCORE, "runtime.yaml": RUNTIME}
_NAMED = {"content-type": "application/octet-stream", "content-disposition": 'attachment; filename="a.zip"'}


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """Return an archive as a well-behaved tool writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def artifact(**files: str | bytes) -> bytes:
    """Return a whole artifact with more files, or others; ``__`` in a name is a dot."""
    return zipped({**USUAL, **{name.replace("__", "."): content for name, content in files.items()}})


def members(*more: Raw) -> list[Raw]:
    """Return the members of a whole artifact and these."""
    usual = [Raw(name=b"score.py", data=SCORE.encode()), Raw(name=b"runtime.yaml", data=RUNTIME.encode())]
    return [*usual, *more]


@dataclass
class Shop:
    """A running service that archives are uploaded to."""

    service: Open
    home: dict[str, str]
    blank: str = ""
    """A model that has no artifact: every refused upload must leave it so."""

    def model(self) -> str:
        """Return a new model."""
        return self.service.model(self.home["compartmentId"], self.home["projectId"])

    def upload(self, model_id: str, content: bytes, **headers: str) -> Answer:
        """Upload an archive."""
        given = {**_NAMED, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return self.service.admin.ask("POST", f"{MODELS}/{model_id}/artifact", content, given)

    def stored(self, content: bytes) -> str:
        """Upload what has to be taken; return the model."""
        model_id = self.model()
        answer = self.upload(model_id, content)
        assert answer.status == 204, answer
        return model_id

    def refused(self, content: bytes, *statuses: int, said: str = "") -> str:
        """Upload what must not be taken: a proper refusal, nothing stored, the service well. Return the message."""
        self.blank = self.blank or self.model()
        before = self.left_behind()
        answer = self.upload(self.blank, content)
        assert answer.status in (statuses or (400,)), answer
        assert answer.headers["opc-request-id"]
        assert set(answer.body) == {"code", "message"}
        message: str = answer.body["message"]
        assert message.isprintable()
        assert "Traceback" not in message
        assert str(self.service.home.root) not in message
        assert said.lower() in message.lower(), message
        self.nothing_came_of(self.blank, before)
        return message

    def refused_or_kept_as_is(self, content: bytes) -> str | None:
        """Upload what may be either: return the model that holds exactly these bytes, None when it was refused."""
        model_id = self.model()
        answer = self.upload(model_id, content)
        assert answer.status in (204, 400, 413), answer
        if answer.status != 204:
            assert self.download(model_id).status == 404
            return None
        assert self.download(model_id).content == content
        return model_id

    def nothing_came_of(self, model_id: str, before: set[str]) -> None:
        """Check that an upload left no bytes, no artifact and no name that it brought along."""
        head = self.service.admin.ask("HEAD", f"{MODELS}/{model_id}/artifact/content")
        assert head.status == 404, head
        assert self.service.admin.ask("GET", f"{MODELS}/{model_id}").body["lifecycleState"] == "ACTIVE"
        assert self.left_behind() == before
        assert not list(self.service.home.uploads.iterdir())

    def left_behind(self) -> set[str]:
        """Return every file that uploads may make: the blobs, and what lies around the data directory."""
        root = self.service.home.root
        around = {str(path) for path in root.parent.iterdir()} | {str(path) for path in root.iterdir()}
        blobs = {str(path) for path in self.service.home.blobs.rglob("*") if path.is_file()}
        planted = {str(path) for path in (Path("/tmp/planted"), Path.cwd() / "planted") if path.exists()}
        assert not planted
        return around | blobs

    def download(self, model_id: str) -> Answer:
        """Get the artifact of a model."""
        return self.service.admin.ask("GET", f"{MODELS}/{model_id}/artifact/content")

    def unpacked(self, model_id: str, folder: Path) -> Path:
        """Download a model's archive and unpack it as the SDK does; return the folder."""
        from ads.artifact.archive import extract

        folder.mkdir(parents=True, exist_ok=True)
        (folder / "it.zip").write_bytes(self.download(model_id).content)
        extract(folder / "it.zip", folder / "in")
        outside = {path.name for path in folder.iterdir()}
        assert outside == {"it.zip", "in"}
        return folder / "in"

    def deployed(self, content: bytes) -> dict[str, Any]:
        """Upload and deploy; return the deployment once it is ACTIVE or FAILED. It is deleted then."""
        body = {
            **self.home,
            "modelDeploymentConfigurationDetails": {
                "deploymentType": "SINGLE_MODEL",
                "modelConfigurationDetails": {
                    "modelId": self.stored(content),
                    "instanceConfiguration": {"instanceShapeName": "VM.Standard2.1"},
                    "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 1},
                },
            },
        }
        made = self.service.admin.ask("POST", DEPLOYMENTS, body)
        assert made.status == 200, made
        path = f"{DEPLOYMENTS}/{made.body['id']}"

        def state() -> str:
            found: str = self.service.admin.ask("GET", path).body["lifecycleState"]
            return found

        eventually(lambda: state() in ("ACTIVE", "FAILED"), 90, "an end of the deployment's start")
        found: dict[str, Any] = self.service.admin.ask("GET", path).body
        if found["lifecycleState"] == "ACTIVE":
            predicted = self.service.admin.ask("POST", f"/{made.body['id']}/predict", {"x": 1})
            found["predicted"] = (predicted.status, predicted.body)
        assert self.service.admin.ask("DELETE", path).status in (204, 202)
        return found

    def failed(self, content: bytes, said: str) -> str:
        """Deploy what can't be deployed; return the reason, which names this."""
        found = self.deployed(content)
        assert found["lifecycleState"] == "FAILED", found
        reason: str = found["lifecycleDetails"]
        assert said in reason, reason
        return reason


def planted_nowhere() -> str:
    """Return a path that hostile code would write if anybody ran it, and that isn't there."""
    path = Path(f"/tmp/openads-marker-{os.getpid()}-{os.urandom(4).hex()}")
    assert not path.exists()
    return str(path)


def at_top(named: Sequence[str]) -> bytes:
    """Return an archive of empty files."""
    return zipped(dict.fromkeys(named, ""))
