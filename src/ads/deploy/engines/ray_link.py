"""The control plane's side of the process that talks to Ray (:mod:`ads.deploy.engines.ray_driver`)."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from concurrent.futures import TimeoutError as Late
from typing import IO, Any

from ads.deploy.engines.supervisor_client import EngineUnavailable
from ads.errors import SettingError

__all__ = ["NAMESPACE", "RayLink", "require_listener", "require_ray", "unavailable"]

NAMESPACE = "openads"
"""Where everything of ours lives on a cluster."""
_CONNECT_SECONDS = 120.0
_ASK_SECONDS = 60.0
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 15.0
_REACH_SECONDS = 5.0
_NEXT_STEP = "Start the cluster (ray start --head), or correct the setting ray_address."


def require_ray() -> None:
    """Return when Ray Serve is installed. Raises SettingError."""
    import importlib.util

    if importlib.util.find_spec("ray") is None:
        raise SettingError("The engine 'ray' needs Ray Serve.", hint='pip install "openads[ray]"')


def require_listener(address: str) -> None:
    """Return when somebody listens there: Ray itself would wait for minutes. Raises OSError."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_REACH_SECONDS).close()


def unavailable(address: str, trouble: str) -> EngineUnavailable:
    """Return the error for a cluster that can't be used now."""
    return EngineUnavailable(f"The Ray cluster at {address!r} can't be used: {trouble}.", hint=_NEXT_STEP)


class RayLink:
    """Questions to a cluster. The process behind it is started with the first one, and again where it ended.

    It connects in the background; until it has, and while the cluster can't be reached, every question raises
    EngineUnavailable at once.
    """

    def __init__(self, address: str, service: str) -> None:
        self._address = address
        self._service = service
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._connected = False
        self._trouble = "it is being connected to"
        self._due = 0.0
        self._pause = _FIRST_PAUSE
        self._number = 0
        self._waiting: dict[int, Future[Any]] = {}

    def ask(self, verb: str, *arguments: Any, seconds: float = _ASK_SECONDS) -> Any:
        """Return the answer. Raises EngineUnavailable, also for what the cluster refused."""
        with self._lock:
            self._keep_running()
            process = self._process
            if not self._connected or process is None:
                raise self._unavailable(self._trouble)
            self._number += 1
            number = self._number
            waiting = self._waiting[number] = Future()
            try:
                assert process.stdin is not None
                process.stdin.write(json.dumps({"number": number, "verb": verb, "arguments": arguments}) + "\n")
                process.stdin.flush()
            except OSError as error:
                del self._waiting[number]
                raise self._unavailable(str(error)) from error
        try:
            return waiting.result(seconds)
        except Late as error:
            raise self._unavailable(f"no answer to {verb!r} within {seconds:g} s") from error
        finally:
            with self._lock:
                self._waiting.pop(number, None)

    def close(self) -> None:
        """End the process; another question starts it again."""
        with self._lock:
            process = self._process
        if process is not None:
            process.kill()
            process.wait()

    def _keep_running(self) -> None:
        """Start the process unless it runs, or ended just now."""
        now = time.monotonic()
        if self._process is not None or now < self._due:
            return
        argv = [sys.executable, "-m", "ads.deploy.engines.ray_driver", self._address, self._service]
        variables = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0", **os.environ}
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=variables
        )
        threading.Thread(target=self._listen, args=(self._process, now), name="ray", daemon=True).start()

    def _listen(self, process: subprocess.Popen[str], began: float) -> None:
        """Take answers until the process ends; then everybody who waits hears of it."""
        assert process.stdout is not None
        timer = threading.Timer(_CONNECT_SECONDS, self._give_up, [process])
        timer.daemon = True
        timer.start()
        self._take(process.stdout)
        timer.cancel()
        code = process.wait()
        with self._lock:
            if self._connected:
                self._trouble, self._pause = f"the connection ended (status {code})", _FIRST_PAUSE
            self._connected = False
            self._process = None
            self._due = max(time.monotonic(), began + self._pause)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE)
            waiting, self._waiting = self._waiting, {}
        for each in waiting.values():
            each.set_exception(self._unavailable(self._trouble))

    def _take(self, answers: IO[str]) -> None:
        for line in answers:
            answer = json.loads(line)
            with self._lock:
                waiting = self._waiting.get(answer["number"])
                if answer["number"] == 0:
                    self._connected = "error" not in answer
                    self._trouble = answer.get("error", "")
            if waiting is None:
                continue
            if "error" in answer:
                waiting.set_exception(self._unavailable(answer["error"]))
            else:
                waiting.set_result(answer["value"])

    def _give_up(self, process: subprocess.Popen[str]) -> None:
        with self._lock:
            late = not self._connected
            if late:
                self._trouble = f"no connection within {_CONNECT_SECONDS:g} s"
        if late:
            process.kill()

    def _unavailable(self, trouble: str) -> EngineUnavailable:
        return unavailable(self._address, trouble)
