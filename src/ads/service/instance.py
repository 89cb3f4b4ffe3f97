"""The service in this process: lock, socket, children, and the service file once everything answers."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from ads._version import __version__
from ads.cluster.membership import check_role, has_control, has_gateway
from ads.errors import Conflict, ServiceUnreachable, SettingError
from ads.home import Home, ServiceFile
from ads.service.child import Child
from ads.service.environment import environment_for
from ads.service.listening import listen, url_of
from ads.service.lock import Lock, holder
from ads.service.orders import ChildSpec
from ads.service.probe import address_of, status_of
from ads.service.supervisor import Supervisor
from ads.service.sweep import record, sweep
from ads.service.templates import Template
from ads.settings import Settings

__all__ = ["AlreadyRunning", "prepare_home", "serve"]

_GATEWAY_GRACE = 65.0
_CONTROL_GRACE = 20.0
_PROBE_SECONDS = 1.0
_LOG_TAIL_LINES = 15


class AlreadyRunning(Conflict):
    """Another service holds this data directory."""

    code = "service-running"


def prepare_home(settings: Settings) -> Home:
    """Return the data directory with its folders. Raises SettingError when it can't be written."""
    home = Home(settings.home)
    try:
        home.create()
        probe = home.root / f".writable.{os.getpid()}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise SettingError(
            f"The data directory {home.root} can't be used: {error.strerror or error}.",
            hint="Choose another one with OPENADS_HOME.",
        ) from error
    return home


def serve(settings: Settings, *, any_port: bool = False, on_ready: Callable[[ServiceFile], None] | None = None) -> int:
    """Run the service until SIGTERM or SIGINT; return the exit status. ``on_ready`` is called once it answers.

    Raises AlreadyRunning when the data directory is taken, SettingError when home or port can't be used, and
    ServiceUnreachable when the service's own processes can't be started.
    """
    check_role(settings)
    os.umask(0o077)
    home = prepare_home(settings)
    lock = Lock(home.lock_file)
    if not lock.acquire():
        raise AlreadyRunning(
            f"A service is already running on {home.root} (process {holder(home.lock_file) or 'unknown'}).",
            hint="'ads status' shows it, 'ads stop' ends it; another OPENADS_HOME starts another one.",
        )
    try:
        home.remove_service_file()
        sweep(home)
        with ExitStack() as held:
            listening, url = None, ""
            if has_gateway(settings):
                listening = held.enter_context(listen(settings, any_port=any_port))
                url = url_of(listening, secure=bool(settings.tls_certificate))
            check = _Readiness(home, settings, url, on_ready)
            failed = Supervisor(home, _permanent(settings, home, listening, url), check, settings, listening).run()
        if failed is not None:
            raise _impossible(failed)
        return 0
    finally:
        home.remove_service_file()
        record(home, ())
        lock.release()


def _impossible(child: Child) -> ServiceUnreachable:
    """Return the error for a service whose own processes can't be started, with the end of their log."""
    name, log = child.spec.name, Path(child.spec.log)
    how = f"signal {child.signal}" if child.signal else f"exit status {child.exit_code}"
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:]) if log.exists() else ""
    return ServiceUnreachable(
        f"The service can't be started: its {name} process ended with {how}.\n{tail}".strip(),
        hint=f"Its whole log is {log}.",
    )


class _Readiness:
    """Writes the service file as soon as what runs here answers, control with the administrator's token."""

    def __init__(
        self, home: Home, settings: Settings, url: str, on_ready: Callable[[ServiceFile], None] | None
    ) -> None:
        self._home = home
        self._settings = settings
        self._url = url
        self._on_ready = on_ready

    def __call__(self) -> bool:
        try:
            token = self._home.token_file.read_text(encoding="utf-8").strip()
        except OSError:
            return False
        if not token or not self._gateway_answers() or not self._control_answers(token):
            return False
        found = ServiceFile(self._url, token, os.getpid(), __version__)
        self._home.write_service_file(found)
        if self._on_ready is not None:
            with contextlib.suppress(OSError):  # nobody reads what we print: the service goes on
                self._on_ready(found)
        return True

    def _gateway_answers(self) -> bool:
        if not has_gateway(self._settings):
            return True
        address, secure = address_of(self._url), self._url.startswith("https:")
        return status_of(address, "/health/ready", timeout=_PROBE_SECONDS, secure=secure) == 200

    def _control_answers(self, token: str) -> bool:
        """Ask by way of the gateway where there is one. A gateway without a control plane of its own needs none."""
        if not has_control(self._settings):
            return True
        address = address_of(self._url) if self._url else self._home.control_socket
        secure = self._url.startswith("https:")
        return status_of(address, "/openads/v1/service", token=token, timeout=_PROBE_SECONDS, secure=secure) == 200


def _permanent(settings: Settings, home: Home, listening: socket.socket | None, url: str) -> list[ChildSpec]:
    """Return what the role asks for: control, gateway, what feeds a gateway without control.

    All of them get the settings that this process was given, wherever they came from.
    """
    env = {
        **environment_for(settings),
        "OPENADS_HOME": str(home.root),
        "OPENADS_SERVICE_URL": url,
        "PYTHONUNBUFFERED": "1",
    }

    def child(name: str, module: str, *arguments: str, grace: float, pass_fds: tuple[int, ...] = ()) -> ChildSpec:
        return ChildSpec(
            name=name,
            argv=(sys.executable, "-m", module, *arguments),
            env=env,
            cwd=str(home.root),
            log=str(home.logs / f"{name}.log"),
            grace=grace,
            pass_fds=pass_fds,
            preload=preload,
        )

    programs = [] if listening is None else ["ads.gateway"]  # the smaller one first: what it uses lies together
    programs += ["ads.api"] if has_control(settings) else ["ads.cluster" if listening is not None else "ads.node"]
    preload = _preload(programs, env)
    children = []
    if has_control(settings):
        children.append(child("control", "ads.api", grace=_CONTROL_GRACE))
    elif listening is not None:
        children.append(child("feed", "ads.cluster", grace=_CONTROL_GRACE))
    else:
        children.append(child("node", "ads.node", grace=_CONTROL_GRACE))
    if listening is not None:
        number = listening.fileno()
        children.append(child("gateway", "ads.gateway", "--fd", str(number), grace=_GATEWAY_GRACE, pass_fds=(number,)))
    return children


def _preload(programs: Sequence[str], env: Mapping[str, str]) -> Template | None:
    """Return the one process that programs of the service are forked from: who comes back needs no second for imports.

    None where processes can't be adopted.
    """
    if sys.platform != "linux":
        return None
    return Template((sys.executable, "-m", "ads.service.preload", ",".join(programs)), env)


def service_log(home: Home) -> Path:
    """Return where a detached supervisor writes."""
    return home.logs / "service.log"
