"""The gateway's own socket, on which control says that the tables changed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import cast

from ads.home import Home

__all__ = ["serve_notices"]


class _Notices(asyncio.Protocol):
    def __init__(self, reload: Callable[[], None]) -> None:
        self._reload = reload
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport = cast("asyncio.Transport", transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if data == b"reload\n":
            self._reload()
            self._transport.write(b"ok\n")
        else:
            self._transport.write(b"unknown\n")
        self._transport.close()


async def serve_notices(home: Home, reload: Callable[[], None]) -> tuple[asyncio.Server, Path]:
    """Listen for ``reload``, answered ``ok`` once the tables were read. Return the server and its socket's path."""
    _remove_dead(home.gateways)
    path = home.gateways / f"{os.getpid()}.sock"
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    server = await asyncio.get_running_loop().create_unix_server(lambda: _Notices(reload), str(path))
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
