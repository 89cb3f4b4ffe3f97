"""What the gateways of this machine tell: a line each second, on a socket of each gateway's own."""

from __future__ import annotations

import selectors
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from ads.home import Home

__all__ = ["GatewayLines", "is_urgent"]

_LOOK_SECONDS = 1.0
_LONGEST_LINE = 16 * 1024 * 1024


def is_urgent(line: bytes) -> bool:
    """Tell whether somebody waits for what a line tells."""
    return b'"calling": true' in line or b'"kill": ' in line


class GatewayLines:
    """Listens until :meth:`stop`. ``take`` is given a gateway's socket and line, ``gone`` the socket of one that left.

    Both are called by one thread.
    """

    def __init__(self, home: Home, take: Callable[[Path, bytes], None], gone: Callable[[Path], None]) -> None:
        self._home = home
        self._take = take
        self._gone = gone
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateway-lines", daemon=True)

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(2 * _LOOK_SECONDS)

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            connections: dict[Path, socket.socket] = {}
            pending: dict[Path, bytes] = {}
            while not self._over.is_set():
                self._connect(selector, connections)
                for key, _ in selector.select(_LOOK_SECONDS):
                    path: Path = key.data
                    try:
                        data = connections[path].recv(1 << 18)
                    except OSError:
                        data = b""
                    text = pending.pop(path, b"") + data
                    if not data or len(text) > _LONGEST_LINE:
                        self._drop(selector, connections, path)
                        continue
                    *lines, rest = text.split(b"\n")
                    pending[path] = rest
                    for line in lines:
                        self._take(path, line)
            for path in list(connections):
                self._drop(selector, connections, path)

    def _connect(self, selector: selectors.BaseSelector, connections: dict[Path, socket.socket]) -> None:
        """Listen to gateways that came."""
        for path in self._home.gateways.glob("*.sock"):
            if path in connections:
                continue
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(_LOOK_SECONDS)
            try:
                connection.connect(str(path))
                connection.sendall(b"watch\n")
            except OSError:
                connection.close()
                continue
            connections[path] = connection
            selector.register(connection, selectors.EVENT_READ, path)

    def _drop(self, selector: selectors.BaseSelector, connections: dict[Path, socket.socket], path: Path) -> None:
        connection = connections.pop(path)
        selector.unregister(connection)
        connection.close()
        self._gone(path)
