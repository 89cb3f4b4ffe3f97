"""The supervisor's socket: connections that bring orders, line by line, and get answers back."""

from __future__ import annotations

import contextlib
import selectors
import socket
from collections.abc import Callable
from pathlib import Path

__all__ = ["OrderConnection", "OrderSocket"]

_LONGEST_ORDER = 1024 * 1024
_MOST_CONNECTIONS = 64


class OrderConnection:
    """One client. ``answer`` sends a line; a client that doesn't read its answers is dropped."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self.pending = b""
        self.open = True

    def answer(self, line: bytes) -> None:
        """Send one answer."""
        if not self.open:
            return
        try:
            self.socket.sendall(line)
        except OSError:
            self.open = False


class OrderSocket:
    """Accepts connections on ``path`` and hands complete lines to ``on_line``."""

    def __init__(
        self, path: Path, selector: selectors.BaseSelector, on_line: Callable[[OrderConnection, bytes], None]
    ) -> None:
        self._path = path
        self._selector = selector
        self._on_line = on_line
        self._connections: set[OrderConnection] = set()
        path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listening.bind(str(path))
        path.chmod(0o600)
        self._listening.listen(_MOST_CONNECTIONS)
        self._listening.setblocking(False)
        selector.register(self._listening, selectors.EVENT_READ, self._accept)

    def _accept(self) -> None:
        try:
            accepted, _ = self._listening.accept()
        except OSError:
            return
        if len(self._connections) >= _MOST_CONNECTIONS:
            accepted.close()
            return
        accepted.setblocking(False)
        connection = OrderConnection(accepted)
        self._connections.add(connection)
        self._selector.register(accepted, selectors.EVENT_READ, lambda: self._read(connection))

    def _read(self, connection: OrderConnection) -> None:
        try:
            data = connection.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        connection.pending += data
        while connection.open and b"\n" in connection.pending:
            line, _, connection.pending = connection.pending.partition(b"\n")
            self._on_line(connection, line)
        if not data or not connection.open or len(connection.pending) > _LONGEST_ORDER:
            self._drop(connection)

    def _drop(self, connection: OrderConnection) -> None:
        connection.open = False
        self._connections.discard(connection)
        self._selector.unregister(connection.socket)
        connection.socket.close()

    def close(self) -> None:
        """End all connections and remove the socket."""
        for connection in list(self._connections):
            self._drop(connection)
        self._selector.unregister(self._listening)
        self._listening.close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
