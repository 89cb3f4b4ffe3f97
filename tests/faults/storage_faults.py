"""Uploads while the disk fails or is full, or control is killed; what was acknowledged is compared afterwards."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from ads.home import Home

__all__ = ["FAULTS", "WAYS", "Control", "Outcome", "fail_at_every_step"]

PART = 8 * 1024 * 1024
WAYS = ("in one piece", "in parts")
FAULTS = ("kill", "eio", "enospc")
_PATIENCE = 240.0
_PROGRAM = Path(__file__).with_name("failing_control.py")


@dataclass
class Outcome:
    """What was counted in one series of faults."""

    steps: list[str] = field(default_factory=list)
    acknowledged: int = 0
    lost: int = 0
    half_visible: int = 0
    orphans: int = 0


def archive(size: int) -> bytes:
    """Return an archive that is like no other."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("score.py", f"# {secrets.token_hex(8)}\ndef load_model(): ...\ndef predict(data, model): ...\n")
        target.writestr("runtime.yaml", "{}\n")
        target.writestr("weights.bin", os.urandom(size))
    return buffer.getvalue()


class Control:
    """A control plane whose faults are chosen while it runs."""

    def __init__(self, folder: Path, disk_bytes: int = 0, **settings: str) -> None:
        """Make one, with a data directory on a disk of ``disk_bytes`` of its own where that isn't 0."""
        self.home = Home(folder / "home")
        self._disk_bytes = disk_bytes
        self._fault = folder / "fault"
        self._log = folder / "control.log"
        self._settings = {f"OPENADS_{name.upper()}": value for name, value in settings.items()}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and return once it answers."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENADS_", "OCI_"))}
        environment = {**kept, **self._settings, "OPENADS_HOME": str(self.home.root), "FAULT_FILE": str(self._fault)}
        with self._log.open("ab") as log:
            command = [*self._small_disk(), sys.executable, str(_PROGRAM)]
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        deadline = time.monotonic() + _PATIENCE
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(self._log.read_text()[-3000:])
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            with self.client() as client:
                return client.get("/openads/v1/service").status_code == 200
        except (httpx.HTTPError, FileNotFoundError):
            return False

    def _small_disk(self) -> list[str]:
        """Return what runs a program in a name space whose data directory is a disk of its own."""
        if not self._disk_bytes:
            return []
        self.home.root.mkdir(exist_ok=True)
        mount = f'mount -t tmpfs -o size={self._disk_bytes} none "$0" && exec "$@"'
        return ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mount, str(self.home.root)]

    def seen(self, path: Path) -> Path:
        """Return the path under which this process sees a file of the data directory."""
        if not self._disk_bytes or self._process is None:
            return path
        return Path(f"/proc/{self._process.pid}/root{path}")

    def stop(self) -> None:
        """End it."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(30)

    def went(self, within: float = 20.0) -> bool:
        """Tell whether the process ended, by the fault or because its disk failed."""
        assert self._process is not None
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            return False
        return True

    def client(self) -> httpx.Client:
        """Return a client with the administrator's token."""
        token = self.seen(self.home.token_file).read_text().strip()
        socket = self.home.control_socket
        inside = socket.is_relative_to(self.home.root)
        transport = httpx.HTTPTransport(uds=str(self.seen(socket) if inside else socket))
        headers = {"authorization": f"Bearer {token}"}
        return httpx.Client(transport=transport, base_url="http://control", headers=headers, timeout=60)

    def plan(self, text: str) -> None:
        """Let this happen from now on; nothing when it is empty."""
        self._fault.with_suffix(".hit").unlink(missing_ok=True)
        temporary = self._fault.with_suffix(".new")
        temporary.write_text(text)
        temporary.replace(self._fault)

    def hit(self) -> str:
        """Return the step at which it happened, nothing when it didn't."""
        try:
            return self._fault.with_suffix(".hit").read_text().partition(" ")[2]
        except FileNotFoundError:
            return ""

    def new_model(self) -> str:
        """Return the id of a new model."""
        with self.client() as client:
            about = client.get("/openads/v1/service").json()
            body = {"compartmentId": about["compartmentId"], "projectId": about["projectId"]}
            found: str = client.post("/20190101/models", json=body).raise_for_status().json()["id"]
            return found

    def send(self, way: str, model_id: str, content: bytes) -> None:
        """Upload, as whoever repeats it does."""
        with self.client() as client:
            SENDERS[way](client, model_id, content)

    def insisting(self, ask: Callable[[], Any]) -> Any:
        """Return what ``ask()`` does. While the process ends because its disk failed, start it and ask again."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                return ask()
            except (httpx.TransportError, FileNotFoundError):  # noqa: PERF203 - it waits anyway
                if time.monotonic() > deadline:
                    raise
                if self.went(0.2):
                    self.start()

    def download(self, model_id: str) -> bytes | None:
        """Return the model's archive, None when it has none."""
        with self.client() as client:
            answer = client.get(f"/20190101/models/{model_id}/artifact/content")
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        return answer.content


def send_whole(client: httpx.Client, model_id: str, content: bytes) -> None:
    """Upload in one piece."""
    headers = {"content-type": "application/octet-stream", "opc-retry-token": hashlib.sha256(content).hexdigest()[:30]}
    client.post(f"/20190101/models/{model_id}/artifact", content=content, headers=headers).raise_for_status()


def send_parts(client: httpx.Client, model_id: str, content: bytes) -> None:
    """Upload in parts, going on where an earlier call ended."""
    base = f"/openads/v1/models/{model_id}/artifact/uploads"
    body = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    begun = client.post(base, json=body).raise_for_status().json()
    for number in range(1, -(-len(content) // PART) + 1):
        if number not in begun["parts"]:
            part = content[(number - 1) * PART : number * PART]
            headers = {"content-type": "application/octet-stream", "content-sha256": hashlib.sha256(part).hexdigest()}
            client.put(f"{base}/{begun['uploadId']}/parts/{number}", content=part, headers=headers).raise_for_status()
    client.post(f"{base}/{begun['uploadId']}/commit").raise_for_status()


SENDERS: dict[str, Callable[[httpx.Client, str, bytes], None]] = dict(zip(WAYS, (send_whole, send_parts), strict=True))


def fail_at_every_step(folder: Path, way: str, fault: str, first: int = 1, most: int = 0, **settings: Any) -> Outcome:
    """Upload again and again, with the fault at the first step, the second, … until an upload takes fewer steps.

    With ``first`` the steps before that one are left out; with ``most`` it ends after so many.
    """
    control, outcome = Control(folder, **settings), Outcome()
    content_size = PART if way == "in parts" else 3 * 1024 * 1024
    kept: dict[str, bytes] = {}
    control.start()
    number = first - 1
    try:
        while True:
            number += 1
            model_id, content = control.insisting(control.new_model), archive(content_size)
            control.plan(f"{fault}@{number}#{secrets.token_hex(4)}")
            acknowledged = _try(control, way, model_id, content)
            step = control.hit()
            control.plan("")
            if step and fault in {"kill", "eio"} and control.went(20 if fault == "kill" else 5):
                control.start()
            found = control.insisting(lambda name=model_id: control.download(name))
            outcome.half_visible += found not in (None, content)
            outcome.lost += acknowledged and found is None
            control.insisting(lambda name=model_id, bytes_=content: control.send(way, name, bytes_))
            kept[model_id] = content
            outcome.acknowledged += 1
            if not step:
                break
            outcome.steps.append(step)
            if len(outcome.steps) == most:
                break
        outcome.lost += sum(control.download(model_id) != content for model_id, content in kept.items())
    finally:
        control.stop()
    outcome.orphans = orphans(control.home, kept, settings.get("artifact_store", ""))
    return outcome


def orphans(home: Home, kept: dict[str, bytes], store: str = "") -> int:
    """Return how many files are left that nothing needs, after a start and a sweep; and how many are missing."""
    from ads.api.context import open_context
    from ads.registry.storing import used_blobs
    from ads.settings import Settings

    context = open_context(Settings(home=home.root, artifact_store=store))
    try:
        context.blobs.partial.sweep(older_than=-1)
        with context.database.read() as session:
            used = used_blobs(session)
        context.blobs.sweep_blobs(used, older_than=-1)
        there = {entry.sha256 for entry in context.blobs.entries()}
        left = [path for path in home.uploads.rglob("*") if path.is_file()]
        left += [path for path in home.blobs.iterdir() if path.name not in used]
        wanted = {hashlib.sha256(content).hexdigest() for content in kept.values()}
    finally:
        context.close()
    return len(left) + len(there ^ wanted)


def _try(control: Control, way: str, model_id: str, content: bytes) -> bool:
    """Return whether the upload was acknowledged."""
    try:
        with control.client() as client:
            SENDERS[way](client, model_id, content)
    except httpx.HTTPError:
        return False
    return True
