"""What runs in a replica's pod: the replica's process, and a small door where service and cluster ask how it is.

``python -m ads.deploy.engines.pod_replica``, in the service's image, after :mod:`ads.deploy.engines.pod_preparation`.
``/live`` and ``/ready`` are for the cluster's probes; ``/status`` and ``/kill`` ask for what the replica's key proves.
It ends as the replica's process ends, so that the cluster knows how.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import hmac
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ads.deploy.engines.pod_preparation import PREPARED
from ads.deploy.engines.pod_words import FINAL, write_words
from ads.deploy.engines.replica_variables import variables_of
from ads.deploy.isolation import worker_file

__all__ = ["main", "status_pass"]

_LARGEST_STATUS = 1024 * 1024
_ASKING_SECONDS = 10.0
_SIGNALED = 128


def status_pass(key: str) -> str:
    """Return what proves, to the door of the replica with this key, that one may ask it anything."""
    return hmac.new(bytes.fromhex(key), b"openads pod status", hashlib.sha256).hexdigest()


def main(arguments: list[str] | None = None) -> int:
    """Run the replica until it ends; return the exit status that tells how."""
    options = _options(arguments)
    try:
        replica = _Replica(options)
    except (OSError, ValueError, KeyError) as error:
        message = f"The pod's replica can't be started: {type(error).__name__}: {error}."
        sys.stderr.write(f"{message}\n")
        write_words(options.words, message=message, hint="", final=True)
        return FINAL
    with replica.door(os.environ.get("POD_IP", ""), options.status_port):
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: replica.end())
        status = replica.process.wait()
    state = replica.status().get("state")
    write_words(options.words, message="", hint="", final=False, state=state)
    return _SIGNALED - status if status < 0 else status


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ads.deploy.engines.pod_replica", description="Run a replica.")
    parser.add_argument("--folder", type=Path, required=True, help="what was prepared")
    parser.add_argument("--work", type=Path, required=True, help="folder that the replica may write to")
    parser.add_argument("--secret", type=Path, required=True, help="folder with key and environment.json")
    parser.add_argument("--port", type=int, required=True, help="port for frames")
    parser.add_argument("--status-port", type=int, required=True, help="port of the door")
    parser.add_argument("--memory-limit", type=int, default=0, help="bytes, 0: no limit")
    parser.add_argument("--words", type=Path, required=True, help="file for the last words")
    return parser.parse_args(arguments)


class _Replica:
    """The replica's process. It gets the deployment's variables and nothing of this process's own."""

    def __init__(self, options: argparse.Namespace) -> None:
        prepared = json.loads((options.folder / PREPARED).read_bytes())
        variables = json.loads((options.secret / "environment.json").read_bytes())
        self.pass_ = status_pass((options.secret / "key").read_text("ascii").strip())
        self._status = options.work / "status.json"
        self._status.unlink(missing_ok=True)
        temporary = options.work / "tmp"
        temporary.mkdir(exist_ok=True)
        address = os.environ.get("POD_IP") or "0.0.0.0"  # noqa: S104 - a pod's own
        listen = f"[{address}]:{options.port}" if ":" in address else f"{address}:{options.port}"
        python = Path(prepared["python"])
        artifact = Path(prepared["artifact"])
        argv = [str(python), str(worker_file()), "--artifact", str(artifact), "--status", str(self._status)]
        argv += ["--listen", listen, "--key", str(options.secret / "key")]
        argv += ["--memory-limit", str(options.memory_limit)]
        env = variables_of(python, variables, temporary, os.environ)
        lifeline, self._life = os.pipe()  # the replica ends when this process does, however it ends
        env["OPENADS_LIFELINE"] = str(lifeline)
        self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, cwd=artifact, env=env, pass_fds=(lifeline,))
        os.close(lifeline)

    def end(self) -> None:
        """Ask the process to end; the cluster kills what doesn't."""
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()

    def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    def status(self) -> Mapping[str, Any]:
        """Return what the process wrote about itself; empty before it wrote anything."""
        try:
            with self._status.open("rb") as file:
                found = json.loads(file.read(_LARGEST_STATUS))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) and found.get("pid") == self.process.pid else {}

    @contextlib.contextmanager
    def door(self, address: str, port: int) -> Any:
        """Answer at the door for as long as the block lasts."""
        handler = type("_OwnDoor", (_Door,), {"replica": self})
        server = _server(address)((address, port), handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True).start()
        try:
            yield
        finally:
            server.server_close()


class _Door(BaseHTTPRequestHandler):
    """See the module."""

    replica: _Replica
    timeout = _ASKING_SECONDS

    def do_GET(self) -> None:
        """Tell how the replica is."""
        if self.path == "/live":
            self._answer(200 if self.replica.process.poll() is None else 503)
        elif self.path == "/ready":
            self._answer(200 if self.replica.status().get("state") == "ready" else 503)
        elif self.path == "/status" and self._known():
            self._answer(200, json.dumps(self.replica.status()).encode())
        else:
            self._answer(404)

    def do_POST(self) -> None:
        """Kill the replica's process."""
        if self.path == "/kill" and self._known():
            self._answer(202)  # first: this process ends with the replica's
            self.replica.kill()
        else:
            self._answer(404)

    def log_message(self, *_args: Any) -> None:
        """Say nothing of probes."""

    def _known(self) -> bool:
        sent = self.headers.get("authorization", "").encode("utf-8", "replace")
        return hmac.compare_digest(sent, f"Bearer {self.replica.pass_}".encode())

    def _answer(self, status: int, body: bytes = b"{}") -> None:
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


def _server(address: str) -> type[ThreadingHTTPServer]:
    import socket

    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return type("_Server", (ThreadingHTTPServer,), {"address_family": family, "daemon_threads": True})


if __name__ == "__main__":
    sys.exit(main())
