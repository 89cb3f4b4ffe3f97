"""Where the service is: a URL that was set, the one running on this machine, or one that is started now."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass

from ads.errors import ServiceUnreachable
from ads.home import Home, ServiceFile
from ads.settings import Settings, load_settings

__all__ = ["Address", "find", "is_alive", "member_of"]

_START_WITHIN = 60.0
_ALIVE_WITHIN = 2.0


@dataclass(frozen=True)
class Address:
    """Where a service answers. ``home`` is its data directory's service when it was found on this machine."""

    url: str
    token: str
    local: bool = False


def find(settings: Settings | None = None, *, start: bool = True) -> Address:
    """Return the address of the service that these settings mean.

    A ``url`` (argument or ``OPENADS_URL``) is taken as it is. Otherwise the service of the data directory is used when
    it is alive, and started, detached from this process, when it isn't and ``start`` is true. Raises
    :class:`~ads.errors.ServiceUnreachable` when there is none or it doesn't come up.
    """
    settings = settings or load_settings()
    home = Home(settings.home)
    if settings.url:
        return _given(settings, home)
    running = _running(home)
    if running is not None:
        return Address(running.url, running.token, local=True)
    if member_of(home) is not None:
        raise ServiceUnreachable(
            f"What runs on {home.root} is a member of a cluster without a gateway: clients can't speak to it.",
            hint="Set OPENADS_URL to the address of one of the cluster's gateways.",
        )
    if not start:
        raise ServiceUnreachable(
            f"No service is running for the data directory {home.root}.",
            hint="Start one with `ads serve`, or set OPENADS_URL to a running one.",
        )
    found = _start(home)
    return Address(found.url, found.token, local=True)


def _given(settings: Settings, home: Home) -> Address:
    url = settings.url.rstrip("/")
    if not url.startswith(("http://", "https://")):
        raise ServiceUnreachable(
            f"The service address {settings.url!r} has no scheme.", hint=f"Write http://{settings.url} or https://…"
        )
    token = settings.token
    if not token:
        running = home.read_service_file()
        if running is not None and running.url.rstrip("/") == url:
            token = running.token
    return Address(url, token)


def _running(home: Home) -> ServiceFile | None:
    """Return what the service file says, when its process lives and its address answers.

    A killed service leaves its file behind, and another one may answer at the same address now.
    """
    found = home.read_service_file()
    if found is None or not _exists(found.pid) or not is_alive(found.url):
        return None
    return found


def member_of(home: Home) -> ServiceFile | None:
    """Return what a member of a cluster without a gateway says of itself, when it runs on this data directory."""
    found = home.read_member_file()
    return found if found is not None and _exists(found.pid) else None


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def is_alive(url: str, timeout: float = _ALIVE_WITHIN) -> bool:
    """Return whether something answers ``GET /health/live`` with 200 at ``url`` within ``timeout`` seconds."""
    from http.client import HTTPConnection, HTTPException, HTTPSConnection
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    if not parts.hostname:
        return False
    connection: HTTPConnection
    if parts.scheme == "https":
        from ads.client.trust import tls_context

        connection = HTTPSConnection(parts.hostname, parts.port, timeout=timeout, context=tls_context(url))
    else:
        connection = HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        connection.request("GET", parts.path.rstrip("/") + "/health/live")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _start(home: Home) -> ServiceFile:
    """Start the service detached and wait for its service file. Two at once are fine: the supervisor's lock decides."""
    import subprocess
    import tempfile

    command = [sys.executable, "-m", "ads.service", "--detached", "--home", str(home.root)]
    environment = dict(os.environ, OPENADS_HOME=str(home.root))
    deadline = time.monotonic() + _START_WITHIN
    # A file, not a pipe: what outlives the starter would hold the pipe open and block us.
    with tempfile.TemporaryFile() as output:
        starter = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        while time.monotonic() < deadline:
            exit_code = starter.poll()
            found = _running(home)
            if found is not None:
                _reap(starter)
                return found
            if exit_code:
                output.seek(0)
                reason = output.read().decode("utf-8", "replace").strip()[-2000:]
                raise ServiceUnreachable(
                    f"The service could not be started for {home.root}: {reason or f'exit code {exit_code}'}",
                    hint=f"Its logs are in {home.logs}. `ads serve` shows the reason in the foreground.",
                )
            time.sleep(0.02)
    raise ServiceUnreachable(
        f"The service for {home.root} did not answer within {_START_WITHIN:.0f} s of its start.",
        hint=f"Its logs are in {home.logs}. `ads serve` shows the reason in the foreground.",
    )


def _reap(starter: object) -> None:
    """Collect the starter's exit in the background, so that no zombie stays for the life of this process."""
    import threading

    wait = getattr(starter, "wait")  # noqa: B009 - Popen is imported only where it is used
    threading.Thread(target=wait, name="openads-starter", daemon=True).start()
