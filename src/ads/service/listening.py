"""The service's listening socket, which belongs to the supervisor and outlives every gateway."""

from __future__ import annotations

import errno
import socket

from ads.errors import SettingError
from ads.service.environment import is_chosen
from ads.settings import Settings

__all__ = ["listen", "url_of"]

_BACKLOG = 1024
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - where a service that listens everywhere is reached from here


def listen(settings: Settings, *, any_port: bool = False) -> socket.socket:
    """Return the socket that ``host`` and ``port`` ask for. Raises SettingError when they can't be had.

    With ``any_port`` a free port is taken instead of one that is in use, unless somebody asked for that very port.
    """
    try:
        return _bind(settings.host, settings.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and any_port and not is_chosen(settings, "port"):
            return _bind(settings.host, 0)
        if error.errno == errno.EADDRINUSE:
            raise SettingError(
                f"Port {settings.port} of {settings.host} is in use by another program.",
                hint="Choose another port with --port or OPENADS_PORT; 0 takes any free one.",
            ) from error
        raise SettingError(
            f"The service can't listen on {settings.host} port {settings.port}: {error.strerror or error}.",
            hint="host must be an address of this machine, for example 127.0.0.1.",
        ) from error
    except OverflowError as error:
        raise SettingError(f"{settings.port} is not a port.", hint="Ports go from 0 to 65535.") from error


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


def url_of(listening: socket.socket, *, secure: bool = False) -> str:
    """Return the address under which programs on this machine reach the socket, ``secure`` with HTTPS."""
    host, port = listening.getsockname()[:2]
    host = _ANY.get(host, host)
    scheme = "https" if secure else "http"
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
