"""The gateway's own socket, on which control says that the tables changed, and listens to what gateways count."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import cast

from ads.home import Home

__all__ = ["Notices", "serve_notices"]

_MOST_UNREAD = 4 * 1024 * 1024


class Notices:
    """Everybody on the socket. ``reload`` is asked to read the tables; ``line`` gives what listeners are told."""

    def __init__(self, reload: Callable[[], None], line: Callable[[], bytes]) -> None:
        self.reload = reload
        self.listeners: set[asyncio.Transport] = set()
        self._line = line

    def tell(self) -> None:
        """Tell the listeners how things stand. One that doesn't read is dropped."""
        if not self.listeners:
            return
        line = self._line()
        for transport in list(self.listeners):
            if transport.get_write_buffer_size() > _MOST_UNREAD:
                transport.abort()
            else:
                transport.write(line)


class _Notice(asyncio.Protocol):
    def __init__(self, notices: Notices) -> None:
        self._notices = notices
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if data == b"watch\n":
            self._notices.listeners.add(self._transport)
            self._notices.tell()
            return
        if data == b"reload\n":
            self._notices.reload()
            self._transport.write(b"ok\n")
        else:
            self._transport.write(b"unknown\n")
        self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - it's asyncio's protocol
        if self._transport is not None:
            self._notices.listeners.discard(self._transport)


async def serve_notices(home: Home, notices: Notices) -> tuple[asyncio.Server, Path]:
    """Listen for ``reload``, answered ``ok`` once the tables were read, and ``watch``, answered by a line each second.

    Return the server and its socket's path.
    """
    _remove_dead(home.gateways)
    path = home.gateways / f"{os.getpid()}.sock"
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    server = await asyncio.get_running_loop().create_unix_server(lambda: _Notice(notices), str(path))
    return server, path


def _remove_dead(folder: Path) -> None:
    """Remove the sockets of gateways that were killed, so that nobody tries to reach them."""
    for path in folder.glob("*.sock"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(0.2)
            try:
                probe.connect(str(path))
            except ConnectionRefusedError:
                path.unlink(missing_ok=True)
            except OSError:
                continue
