"""Start the service in the background, or find the one that is running."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from ads.cluster.membership import check_role
from ads.errors import ServiceUnreachable
from ads.home import Home, ServiceFile
from ads.service.environment import environment_for
from ads.service.instance import prepare_home, service_log
from ads.service.lock import is_held
from ads.service.probe import address_of, status_of
from ads.settings import Settings

__all__ = ["ALREADY_RUNNING", "find_running", "start_detached"]

ALREADY_RUNNING = 75
"""Exit status of a background service that found another one in its data directory."""

_START_SECONDS = 60.0
_LOG_TAIL_LINES = 20


def find_running(home: Home) -> ServiceFile | None:
    """Return the service that runs on this data directory and answers, None when there is none.

    A member of a cluster without a gateway is found by its lock, and has no address.
    """
    found = home.read_service_file() or home.read_member_file()
    if found is None or not is_held(home.lock_file):
        return None
    if not found.url:
        return found
    secure = found.url.startswith("https:")
    return found if status_of(address_of(found.url), "/health/live", secure=secure) == 200 else None


def start_detached(settings: Settings, *, seconds: float = _START_SECONDS) -> ServiceFile:
    """Return the running service of the data directory; start one in the background when there is none.

    It outlives this process and its terminal. Raises SettingError for a data directory that can't be used, and
    ServiceUnreachable with the end of the log when the service doesn't answer within ``seconds``.
    """
    check_role(settings)
    home = prepare_home(settings)
    log = service_log(home)
    deadline = time.monotonic() + seconds
    process: subprocess.Popen[bytes] | None = None
    begin = log.stat().st_size if log.exists() else 0
    while time.monotonic() < deadline:
        found = find_running(home)
        if found is not None:
            return found
        status = process.poll() if process is not None else None
        if status not in {None, ALREADY_RUNNING}:
            raise _failure(f"The service ended with exit status {status} while it started.", log, begin)
        if (process is None or status == ALREADY_RUNNING) and not is_held(home.lock_file):
            process = _spawn(settings, home, log)
        time.sleep(0.02)
    raise _failure(f"The service didn't answer within {seconds:.0f} s.", log, begin)


def _spawn(settings: Settings, home: Home, log: Path) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-m", "ads.service", "--background"]
    environment = {**environment_for(settings), "OPENADS_HOME": str(home.root)}
    with log.open("ab") as output:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            cwd=home.root,
            start_new_session=True,
        )


def _failure(message: str, log: Path, begin: int) -> ServiceUnreachable:
    try:
        with log.open("rb") as file:
            file.seek(begin)
            lines = file.read().decode(errors="replace").splitlines()
    except OSError:
        lines = []
    tail = "\n".join(lines[-_LOG_TAIL_LINES:])
    return ServiceUnreachable(f"{message}\n{tail}".strip(), hint=f"Its logs are in {log.parent}.")
