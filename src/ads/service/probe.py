"""Ask the service one short question over HTTP. A few lines instead of a library: the supervisor stays small."""

from __future__ import annotations

import re
import socket
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["address_of", "status_of"]

_STATUS = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")


def address_of(url: str) -> tuple[str, int]:
    """Return host and port of a service's address."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 80


def status_of(
    address: tuple[str, int] | Path, path: str, *, token: str = "", timeout: float = 1.0, secure: bool = False
) -> int:
    """Return the HTTP status of ``GET path``, 0 when nothing answers within ``timeout`` seconds per step.

    ``address`` may be the path of a Unix socket. With ``secure`` it speaks TLS and believes any certificate:
    ``address`` must be a socket of this very service.
    """
    host, port = address if isinstance(address, tuple) else ("localhost", 80)
    name = f"[{host}]" if ":" in host else host
    lines = [f"GET {path} HTTP/1.1", f"host: {name}:{port}", "connection: close"]
    if token:
        lines.append(f"authorization: Bearer {token}")
    request = "\r\n".join([*lines, "", ""]).encode()
    try:
        with _connect(address, timeout, secure) as connection:
            connection.sendall(request)
            beginning = b""
            while len(beginning) < 13 and (data := connection.recv(4096)):
                beginning += data
    except OSError:
        return 0
    match = _STATUS.match(beginning)
    return int(match[1]) if match else 0


def _connect(address: tuple[str, int] | Path, timeout: float, secure: bool) -> socket.socket:
    if isinstance(address, Path):
        unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        unix.settimeout(timeout)
        try:
            unix.connect(str(address))
        except BaseException:
            unix.close()
            raise
        return unix
    connection = socket.create_connection(address, timeout)
    if not secure:
        return connection
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        return context.wrap_socket(connection)
    except BaseException:
        connection.close()
        raise
