"""How a child is kept apart from everything else: under which user, with which files, within which limits."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ads.deploy.replica_users import free_user
from ads.errors import InputError
from ads.replica_address import parse_tcp
from ads.worker import isolation as process

__all__ = ["Isolation", "enter", "free_user", "hand_over", "open_socket", "parse_isolation"]

_HIGHEST_USER = 2**31


@dataclass(frozen=True)
class Isolation:
    """``users`` is the range of user numbers from which the child gets one of its own, None: it stays the service's.

    ``folder`` becomes the child's, ``socket`` (a path, or ``tcp://host:port``) is bound for it: it need not be able to
    make files where sockets are.
    ``hide`` and ``show`` are folders, and paths with ``ro`` or ``rw``, of the file system that it sees. ``processes``
    and ``file_bytes`` are limits, 0: none; so are ``memory_bytes`` and ``processors``, of all its processes together.
    """

    users: tuple[int, int] | None = None
    folder: str = ""
    socket: str = ""
    hide: tuple[str, ...] = ()
    show: tuple[tuple[str, str], ...] = ()
    network: bool = True
    processes: int = 0
    file_bytes: int = 0
    memory_bytes: int = 0
    processors: int = 0


def parse_isolation(data: object) -> Isolation | None:
    """Return the part ``isolation`` of an order. Raises InputError."""
    if data is None:
        return None
    if not isinstance(data, dict):
        raise InputError("isolation must be an object.")
    try:
        return _parsed(data)
    except (TypeError, ValueError) as error:
        raise InputError(f"isolation is not as it has to be: {error}.") from None


def _parsed(data: Mapping[str, Any]) -> Isolation:
    users = data.get("users")
    if users is not None:
        low, high = (int(number) for number in users)
        if not 0 < low <= high < _HIGHEST_USER:
            raise ValueError("users is no range of user numbers")
        users = (low, high)
    show = tuple((str(path), str(mode)) for path, mode in data.get("show", ()))
    if any(mode not in ("ro", "rw") for _, mode in show):
        raise ValueError("show takes ro and rw")
    return Isolation(
        users=users,
        folder=str(data.get("folder", "")),
        socket=str(data.get("socket", "")),
        hide=tuple(str(path) for path in data.get("hide", ())),
        show=show,
        network=bool(data.get("network", True)),
        processes=int(data.get("processes", 0)),
        file_bytes=int(data.get("file_bytes", 0)),
        memory_bytes=int(data.get("memory_bytes", 0)),
        processors=int(data.get("processors", 0)),
    )


def hand_over(isolation: Isolation, user: int) -> None:
    """Make a child's folder, which the service has just made, its own."""
    for root, folders, files in os.walk(isolation.folder):
        for name in (".", *folders, *files):
            os.chown(Path(root, name), user, user, follow_symlinks=False)


def open_socket(place: str, port: int = 0) -> socket.socket:
    """Return a socket bound to a path, or to ``tcp://host:port``, that the child will listen on; until it does,
    connections are refused. It stays usable for a child that has no network.

    Where any port will do, ``port`` is preferred: one that was started again is then found where it was.
    """
    address = parse_tcp(place)
    if address is not None:
        if port and not address[1]:
            with suppress(OSError):
                return _bound_to((address[0], port))
        return _bound_to(address)
    bound = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        Path(place).unlink(missing_ok=True)
        bound.bind(place)
    except OSError:
        bound.close()
        raise
    return bound


def _bound_to(address: tuple[str, int]) -> socket.socket:
    bound = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the one before linger
        bound.bind(address)
    except OSError:
        bound.close()
        raise
    return bound


def enter(isolation: Isolation, user: int | None, folder: str, group: str = "") -> None:
    """Become the isolated process, in a control group if there is one; called in the child. Raises OSError."""
    if group:
        process.join(group)
    if user is not None:
        process.seclude(isolation.hide, isolation.show, isolation.network)
        os.chdir(folder)  # the one that is shown now
        if isolation.folder:
            process.name_user(user, isolation.folder)
    process.drop_rights(user, isolation.processes, isolation.file_bytes)
