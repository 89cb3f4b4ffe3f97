"""A client's connection, lent by the gateway to the control plane for one large body.

Gateway and control plane run on one machine. A body of many megabytes is read from, or written to, the client's own
connection by the control plane: its descriptor travels as a message on a Unix socket, under a key that the request
between the two names. Nobody but the gateway may set the headers below; it drops those that come from elsewhere.
"""

from __future__ import annotations

import array
import contextlib
import os
import secrets
import socket
import time
from pathlib import Path

__all__ = ["LEAST_SIZE", "LENT", "OFFERED", "TAKEN", "WANTED", "LentConnections", "lend", "new_key"]

LENT = b"openads-lent"
"""In a request: the key of the lent connection, and how many bytes of the body follow on it."""
TAKEN = b"openads-taken"
"""In an answer: the lent body was read to its end, so the connection is at its next request."""
OFFERED = b"openads-offered"
"""In a request: the key under which the connection would be lent for the answer's body."""
WANTED = b"openads-wanted"
"""In an answer: the bytes of the body that control wants to send itself. One byte stands for it, once it was sent."""

LEAST_SIZE = 1024 * 1024
"""Bytes from which a body is worth the message."""

_KEY_LENGTH = 32
_KEPT_SECONDS = 30.0
_MOST_KEPT = 1024
_CLOSE_ON_EXEC = getattr(socket, "MSG_CMSG_CLOEXEC", 0)


def new_key() -> bytes:
    """Return a key that nobody guesses."""
    return secrets.token_hex(_KEY_LENGTH // 2).encode("ascii")


def lend(path: Path, key: bytes, descriptor: int) -> bool:
    """Send the connection's descriptor to control; return whether it is there. Never waits."""
    if not hasattr(socket, "SCM_RIGHTS"):
        return False
    rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            return sender.sendmsg([key], [rights], 0, str(path)) == len(key)
    except OSError:
        return False


class LentConnections:
    """Control's side: the connections that were lent and not taken yet. One that nobody takes is closed."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        path.chmod(0o600)
        self._socket.setblocking(False)
        self._kept: dict[bytes, tuple[socket.socket, float]] = {}
        self.ending_by: float | None = None
        """When what is still under way has to end, on the monotonic clock: the process is leaving."""

    def take(self, key: bytes) -> socket.socket | None:
        """Return the connection that was lent under the key, None when there is none."""
        self._receive()
        return self._kept.pop(key, (None, 0.0))[0]

    def _receive(self) -> None:
        now = time.monotonic()
        while (message := self._next()) is not None:
            key, descriptors = message
            if len(descriptors) == 1 and len(key) == _KEY_LENGTH and key not in self._kept:
                self._kept[key] = (socket.socket(fileno=descriptors[0]), now)
            else:
                for descriptor in descriptors:
                    os.close(descriptor)
        while self._kept:
            oldest, (connection, since) = next(iter(self._kept.items()))
            if len(self._kept) <= _MOST_KEPT and now - since < _KEPT_SECONDS:
                break
            del self._kept[oldest]
            connection.close()

    def close(self) -> None:
        """Close everything."""
        self._socket.close()
        with contextlib.suppress(FileNotFoundError):
            self._path.unlink()
        for connection, _ in self._kept.values():
            connection.close()
        self._kept.clear()

    def _next(self) -> tuple[bytes, list[int]] | None:
        try:
            key, descriptors, _, _ = socket.recv_fds(self._socket, _KEY_LENGTH + 1, 4, _CLOSE_ON_EXEC)
        except (BlockingIOError, InterruptedError):
            return None
        return key, list(descriptors)
