"""A real control plane on a loopback port, in a thread, over a real data directory."""

from __future__ import annotations

import io
import json
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ads.api.context import Context, open_context
from ads.api.server import make_server
from ads.settings import Settings

from .description import check_promises


@dataclass(frozen=True)
class Running:
    """A running control plane."""

    url: str
    context: Context
    client: httpx.Client

    @property
    def compartment(self) -> str:
        return self.context.defaults.compartment_id

    @property
    def project(self) -> str:
        return self.context.defaults.project_id

    def create_model(self, **details: Any) -> dict[str, Any]:
        body = {"compartmentId": self.compartment, "projectId": self.project, **details}
        answer = self.client.post("/20190101/models", json=body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def upload(self, model_id: str, content: bytes, **headers: str) -> httpx.Response:
        return self.client.post(
            f"/20190101/models/{model_id}/artifact",
            content=content,
            headers={"content-type": "application/octet-stream", **headers},
        )


def start(home: Path, **settings: Any) -> tuple[Running, Callable[[], None]]:
    context = open_context(Settings(home=home, **settings))
    server = make_server(context)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    deadline = time.monotonic() + 60
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    token = context.home.token_file.read_text()
    hooks: Any = {"response": [check_promises]}
    client = httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=30, event_hooks=hooks)

    def stop() -> None:
        client.close()
        server.stop()
        thread.join(20)
        listening.close()

    return Running(url, context, client), stop


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, new_database: Callable[..., str]) -> Iterator[Running]:
    running, stop = start(tmp_path_factory.mktemp("home"), database_url=new_database())
    yield running
    stop()


def write_profile(service: Running, folder: Path) -> dict[str, str]:
    """Return a configuration of the ``oci`` client with a new key that the service knows."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    file = folder / "key.pem"
    file.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + b"\nOCI_API_KEY\n")
    file.chmod(0o600)
    found: dict[str, str] = service.client.post("/openads/v1/keys", json={"publicKey": pem}).json()
    return {**found, "key_file": str(file)}


@pytest.fixture(scope="module")
def profile(service: Running, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return write_profile(service, tmp_path_factory.mktemp("profile"))


@pytest.fixture(scope="module")
def client(service: Running, profile: dict[str, str]) -> Any:
    """The data science client of ``oci``, without its retries."""
    oci = pytest.importorskip("oci")
    return oci.data_science.DataScienceClient(
        profile, service_endpoint=service.url, retry_strategy=oci.retry.NoneRetryStrategy()
    )


def refusal(call: Any, *args: Any, **named: Any) -> Any:
    """Return the error with which a call of the ``oci`` client is refused."""
    import oci

    with pytest.raises(oci.exceptions.ServiceError) as caught:
        call(*args, **named)
    assert caught.value.request_id
    return caught.value


@pytest.fixture
def deployed(service: Running) -> str:
    """The id of a new deployment, which no engine knows of."""
    from .test_deployments import create

    model_id: str = service.create_model(displayName="m")["id"]
    assert service.upload(model_id, archive()).status_code in (200, 204)
    return str(create(service, model_id)["id"])


@pytest.fixture
def api(service: Running) -> httpx.Client:
    return service.client


def archive(**files: str) -> bytes:
    """Return a zip as clients upload it."""
    content = {
        "score.py": "def load_model(): return 1\ndef predict(data, model=None): return {}\n",
        "runtime.yaml": "{}",
    }
    return raw_archive({**content, **{name.replace("__", "."): text for name, text in files.items()}})


def raw_archive(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, text in files.items():
            target.writestr(zipfile.ZipInfo(name), text)  # the same bytes at any time
    return buffer.getvalue()


def expect(answer: httpx.Response, status: int, code: str) -> None:
    """Check that an error has its form."""
    assert answer.status_code == status, answer.text
    assert json.loads(answer.content).keys() == {"code", "message"}
    assert answer.json()["code"] == code
    assert answer.headers["opc-request-id"]
    assert "Traceback" not in answer.text
