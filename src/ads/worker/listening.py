"""Where a replica listens: a Unix socket, or a TCP port with a key."""

import contextlib
import os
import socket
from typing import Optional, Tuple

__all__ = ["address_of", "keep_alive", "tcp_listener", "unix_listener"]

_BACKLOG = 64
_IDLE, _EVERY, _TIMES = 10, 5, 3
_UNANSWERED = 60_000


def unix_listener(path: str, bound: "Optional[int]") -> socket.socket:
    """Return a socket that listens at ``path``; ``bound`` is the descriptor of one that is bound there already."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=bound)
    if bound is None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        listener.bind(path)
    return _listen(listener)


def tcp_listener(address: str, bound: "Optional[int]") -> socket.socket:
    """Return a socket that listens at ``host:port``, port 0 for any; ``bound`` as for a path. Raises OSError."""
    if bound is not None:
        return _listen(socket.socket(fileno=bound))
    host, port = address_of(address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return _listen(listener)


def address_of(text: str) -> "Tuple[str, int]":
    """Return host and port of ``host:port``; an IPv6 address stands in brackets. Raises ValueError."""
    host, _, port = text.rpartition(":")
    return host.strip("[]"), int(port)


def keep_alive(connection: socket.socket) -> None:
    """Send small frames at once, and notice a machine that is gone: within half a minute at rest, a minute at work."""
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = (("TCP_KEEPIDLE", _IDLE), ("TCP_KEEPINTVL", _EVERY), ("TCP_KEEPCNT", _TIMES))
    for name, value in (*options, ("TCP_USER_TIMEOUT", _UNANSWERED)):
        if hasattr(socket, name):  # not on every system
            connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _listen(listener: socket.socket) -> socket.socket:
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener
