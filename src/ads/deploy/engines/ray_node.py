"""A replica on a node of a Ray cluster: its artifact put in place, its process started, watched and started again.

It runs in a thread of the actor that Ray Serve placed, and ends with it. It needs the standard library and what
travels with it (:mod:`ads.deploy.engines.ray_kit`), nothing of the service.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from ads.deploy.artifacts import remove_tree, unpack
from ads.deploy.engines.replica_variables import variables_of
from ads.home import Home

__all__ = ["NodeReplica", "node_home", "sweep"]

_LOOK = 0.1
_GRACE = 10.0
_STABLE_SECONDS = 10.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_READ = 1 << 16
_LARGEST_STATUS = 1 << 20
_LONGEST_PRINTED = 256 * 1024
_HEARTBEAT = 1.0
_KEPT_UNUSED = 3600.0

Tell = Callable[["dict[str, Any] | None", bytes], None]


def node_home() -> Home:
    """Return the folder of this user on this node: archives that replicas share, and a folder for each replica."""
    root = Path(tempfile.gettempdir()) / f"openads-ray-{os.getuid()}"
    root.mkdir(mode=0o700, exist_ok=True)
    if root.stat().st_uid != os.getuid():
        raise PermissionError(f"{root} belongs to somebody else.")
    return Home(root)


class NodeReplica:
    """One replica. ``order`` says what to run, ``pieces`` gives its archive's bytes, ``tell`` hears how it is."""

    def __init__(self, order: Mapping[str, Any], pieces: Callable[[], Iterable[bytes]], tell: Tell) -> None:
        self._order = order
        self._pieces = pieces
        self._tell = tell
        self._home = node_home()
        self._folder = self._home.root / "replicas" / f"{order['name']}-{os.getpid()}"
        self._status_file = self._folder / "status.json"
        self._process: subprocess.Popen[bytes] | None = None
        self._lifeline: int | None = None
        self._began = 0.0
        self._due = 0.0
        self._crashes = 0
        self._restarts = 0
        self._exit = ""
        self._was_ready = False
        self._status: dict[str, Any] | None = None
        self._failure: dict[str, str] | None = None
        self._printed = bytearray()
        self._dropped = 0
        self._told: dict[str, Any] | None = None
        self._told_at = 0.0
        self._stopping = threading.Event()
        self._artifact: Path | None = None
        self.ready = threading.Event()
        """Set while the worker is ready: it has loaded the model and reproduced its sample."""
        self.over = threading.Event()
        """Set when nothing of the replica is left."""

    # -- what the actor asks

    def run(self) -> None:
        """Put everything in place, start the worker, and look after it until :meth:`stop`."""
        try:
            try:
                self._artifact = self._placed()
            except Exception as error:  # noqa: BLE001 - a thread's boundary: the deployment must hear of it
                self._failure = _failure(error)
            while not self._stopping.is_set():
                self._round()
            self._end()
        finally:
            self._leave()

    def stop(self) -> None:
        """Let the worker answer what it has, and end."""
        self._stopping.set()

    def kill(self) -> None:
        """End the worker's process at once; it is started again."""
        process = self._process
        if process is not None:
            _signal(process, signal.SIGKILL)

    # -- its files

    def _placed(self) -> Path:
        """Return the unpacked artifact, which all replicas of this node share."""
        for path in (self._home.artifacts, self._folder / "tmp"):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = self._folder / "key"
        descriptor = os.open(key, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(str(self._order["key"]))
        sha256 = str(self._order["sha256"])
        archive = self._folder / "archive.zip"
        try:
            return unpack(self._home, sha256, lambda: self._fetched(archive, sha256))
        finally:
            archive.unlink(missing_ok=True)

    def _fetched(self, archive: Path, sha256: str) -> Path:
        digest = hashlib.sha256()
        with archive.open("wb") as file:
            for piece in self._pieces():
                digest.update(piece)
                file.write(piece)
        if digest.hexdigest() != sha256:
            raise ValueError(f"The archive that came has the SHA-256 {digest.hexdigest()}, not {sha256}.")
        return archive

    # -- its process

    def _round(self) -> None:
        self._listen(_LOOK)
        process = self._process
        if process is not None and process.poll() is not None:
            self._ended(process)
        if self._process is None and self._failure is None and time.monotonic() >= self._due:
            self._start()  # before anything is told: what is started again at once has not been away
        self._report()

    def _start(self) -> None:
        assert self._artifact is not None
        self._status_file.unlink(missing_ok=True)
        self._status = None
        worker = Path(__file__).parents[2] / "worker" / "launch.py"
        argv = [sys.executable, str(worker), "--artifact", str(self._artifact), "--status", str(self._status_file)]
        argv += ["--listen", f"{self._order['host']}:0", "--key", str(self._folder / "key")]
        argv += ["--memory-limit", str(self._order["memory_bytes"])]
        python = Path(sys.executable)
        variables = variables_of(python, self._order["environment"], self._folder / "tmp", os.environ)
        lifeline, self._lifeline = os.pipe()
        self._began = time.monotonic()
        try:
            self._process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**variables, "OPENADS_LIFELINE": str(lifeline)},
                cwd=self._artifact,
                start_new_session=True,
                pass_fds=(lifeline,),
            )
        except OSError as error:
            self._failure = _failure(error)
        finally:
            os.close(lifeline)
        if self._process is not None and self._process.stdout is not None:
            os.set_blocking(self._process.stdout.fileno(), False)

    def _listen(self, seconds: float) -> None:
        """Take what the worker printed, waiting for it a moment."""
        process = self._process
        output = None if process is None else process.stdout
        if output is None:
            self._stopping.wait(seconds)
            return
        if not select.select([output], [], [], seconds)[0]:
            return
        try:
            data = os.read(output.fileno(), _READ)
        except BlockingIOError:
            return
        if not data:  # it has closed it, and may live on
            self._stopping.wait(seconds)
        room = _LONGEST_PRINTED - len(self._printed)
        self._printed += data[:room]
        self._dropped += max(0, len(data) - room)

    def _ended(self, process: subprocess.Popen[bytes]) -> None:
        """Sweep what it left, note how it ended, and say when it is started again."""
        self._listen(0)
        _signal(process, signal.SIGKILL)
        self._close(process)
        lived = time.monotonic() - self._began
        killed = process.returncode == -signal.SIGKILL
        self._exit = _how(process.returncode)
        self._was_ready = (self._status or {}).get("state") == "ready"
        self._status = None
        self.ready.clear()
        if lived >= _STABLE_SECONDS:
            self._crashes = self._restarts = 0
        self._crashes += 0 if killed and self._was_ready else 1
        self._restarts += 1
        pause = 0.0 if self._crashes <= 1 else min(_FIRST_PAUSE * 2.0 ** (self._crashes - 2), _LONGEST_PAUSE)
        self._due = time.monotonic() + pause

    def _close(self, process: subprocess.Popen[bytes]) -> None:
        self._process = None
        if process.stdout is not None:
            process.stdout.close()
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None

    def _end(self) -> None:
        """Ask the worker to end, and make it end after its grace."""
        process = self._process
        if process is None:
            return
        _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE
        while process.poll() is None and time.monotonic() < deadline:
            self._listen(0.02)
        self._listen(0)
        _signal(process, signal.SIGKILL)
        process.wait()
        self._close(process)

    # -- what is told

    def _report(self) -> None:
        """Tell what has changed; once in a while that it is there."""
        process = self._process
        if process is not None:
            status = _read(self._status_file)
            if status is not None and status.get("pid") == process.pid:
                self._status = status
                if status.get("state") == "ready":
                    self.ready.set()
        report = self._described()
        now = time.monotonic()
        lines = self._lines()
        if report == self._told and not lines and now - self._told_at < _HEARTBEAT:
            return
        self._tell(None if report == self._told else report, lines)
        self._told, self._told_at = report, now

    def _described(self) -> dict[str, Any]:
        status = self._status
        if self._failure is not None:
            status = {"state": "failed", "stages": [], "error": self._failure}
        return {
            "node": self._order["node"],
            "key": self._order["key"],
            "sha256": self._order["sha256"],
            "host": self._order["host"],
            "actor": os.getpid(),
            "pid": None if self._process is None else self._process.pid,
            "running": self._process is not None or self._failure is not None,
            "restarts": self._restarts,
            "exit": self._exit,
            "started": self._began,
            "status": status,
            "was_ready": self._was_ready,
        }

    def _lines(self) -> bytes:
        """Return the whole lines that were printed, and a word on what was too much."""
        process = self._process
        end = len(self._printed) if process is None else self._printed.rfind(b"\n") + 1
        if not end and len(self._printed) > _READ:
            end = len(self._printed)
        data = bytes(self._printed[:end])
        del self._printed[:end]
        if self._dropped and data:
            data += b"[openads] %d bytes were dropped: more was printed than a log takes.\n" % self._dropped
            self._dropped = 0
        return data

    def _leave(self) -> None:
        """Tell that it is gone, and remove its folder."""
        self.ready.clear()
        with contextlib.suppress(Exception):  # the ledger may be gone before it
            self._tell({**self._described(), "running": False, "gone": True}, self._lines())
        remove_tree(self._folder)
        self.over.set()


def sweep(home: Home, now: float) -> None:
    """Remove what replicas that are gone have left on this node: their folders, and archives nobody has used lately."""
    for folder in (home.root / "replicas").glob("*"):
        pid = folder.name.rpartition("-")[2]
        if pid.isdigit() and not Path("/proc", pid).exists():
            remove_tree(folder)
    used = {Path(link).resolve() for link in _folders_in_use()}
    for folder in home.artifacts.glob("[0-9a-f]*"):
        with contextlib.suppress(OSError):
            if folder not in used and now - folder.stat().st_ctime > _KEPT_UNUSED:
                remove_tree(folder)


def _folders_in_use() -> Iterable[str]:
    """Yield the working folders of this machine's processes: a worker's is its artifact."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            yield str((process / "cwd").readlink())


def _read(path: Path) -> dict[str, Any] | None:
    try:
        with path.open("rb") as file:
            status = json.loads(file.read(_LARGEST_STATUS))
    except (OSError, ValueError):
        return None
    return status if isinstance(status, dict) else None


def _failure(error: Exception) -> dict[str, str]:
    return {
        "code": "replica-files",
        "message": f"The replica could not be put in place on its node: {type(error).__name__}: {error}.",
        "hint": str(getattr(error, "hint", "") or "Look at the node's disk and at Ray's logs."),
    }


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Send a signal to the worker and everything that it started in its group."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _how(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"signal {signal.Signals(-code).name}"
    except ValueError:
        return f"signal {-code}"
