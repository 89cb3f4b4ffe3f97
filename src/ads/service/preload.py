"""``python -m ads.service.preload ads.gateway,ads.api --template FD``: a process that becomes a program by forking.

It has imported these programs of the service, which takes a second for the control plane, and has one thread. So a
control plane or a gateway that was killed is back after milliseconds, and shares what was imported with this process.
Orders come as to :mod:`ads.worker.template`.
"""

from __future__ import annotations

import ctypes
import fcntl
import functools
import gc
import importlib
import os
import random
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from ads.worker.isolation import die_with
from ads.worker.template import LENGTH, fork, receive, wait_for_parent

__all__ = ["main"]

_NOT_SAFE = 3
_ARGUMENTS_BEGIN, _ARGUMENTS_END = 45, 46
"""Fields of /proc/self/stat behind the process's name."""


def main() -> int:
    """Serve orders until the socket closes; return the exit status. 3: this process must not be forked."""
    names, descriptor = sys.argv[1].split(","), int(sys.argv[3])
    orders = socket.socket(fileno=descriptor)
    programs = {name: importlib.import_module(f"{name}.__main__") for name in names}
    for program in programs.values():
        for later in getattr(program, "LATER", ()):
            with suppress(ImportError):
                importlib.import_module(later)
        if hasattr(program, "warm"):
            program.warm()
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        return _NOT_SAFE
    gc.collect()
    gc.freeze()
    with suppress(OSError):  # the supervisor has ended
        orders.sendall(b"!")
    while True:
        order, descriptors = receive(orders)
        if not order:
            return 0
        program = programs[order["argv"][2]]
        pid = fork(functools.partial(_become, program.main, orders, order, descriptors))
        for number in descriptors:
            os.close(number)
        orders.sendall(LENGTH.pack(pid))


def _become(
    program: Callable[[], int], orders: socket.socket, order: Mapping[str, Any], descriptors: Sequence[int]
) -> NoReturn:
    """Be the program from here on, and end as it ends."""
    os.setsid()
    orders.detach()
    _take_over(descriptors, order["numbers"])
    os.environ.clear()
    os.environ.update(order["variables"])
    time.tzset()
    os.chdir(order["folder"])
    wait_for_parent(order["parent"])
    die_with(order["parent"])
    random.seed()
    sys.argv = [order["argv"][2], *order["argv"][3:]]
    _show(order["argv"])
    sys.exit(program())


def _take_over(descriptors: Sequence[int], numbers: Sequence[int]) -> None:
    """Print to the first descriptor, give the others their numbers, and close what is not for this process."""
    log, *others = descriptors
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    kept = [fcntl.fcntl(other, fcntl.F_DUPFD, max(numbers, default=2) + 1) for other in others]
    for number in [int(path.name) for path in Path("/proc/self/fd").iterdir()]:
        if number > 2 and number not in kept:
            with suppress(OSError):
                os.close(number)
    for source, target in zip(kept, numbers, strict=True):
        os.dup2(source, target)
        os.close(source)


def _show(argv: Sequence[str]) -> None:
    """Have ``ps`` show these arguments instead of this process's own. They must not be longer."""
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    begin, end = int(fields[_ARGUMENTS_BEGIN]), int(fields[_ARGUMENTS_END])
    shown = b"".join(os.fsencode(word) + b"\0" for word in argv)
    if begin > 0 and len(shown) <= end - begin and shown.startswith(b"/"):
        shown = b"/" * (end - begin - len(shown)) + shown  # more slashes are the same path
        ctypes.memmove(begin, shown, len(shown))


if __name__ == "__main__":
    sys.exit(main())
