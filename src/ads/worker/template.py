"""A process that has imported what models need and becomes replicas by forking, in milliseconds instead of seconds.

It runs in the service's own interpreter, runs nobody's code, and has one thread only: what makes threads while it is
imported isn't imported here. Each order on its socket is a length, a JSON object, and the descriptors of the log, the
lifeline and the replica's socket. The replica is a grandchild whose parent has ended, so that it becomes the
supervisor's child; the answer is its pid.
"""

import atexit
import contextlib
import ctypes
import functools
import gc
import importlib
import json
import os
import random
import socket
import struct
import sys
import time
import traceback
import warnings
from typing import Any, Callable, Dict, List, NoReturn, Tuple

from . import isolation, replica

__all__ = ["FAILED_ISOLATION", "LENGTH", "fork", "main", "receive", "wait_for_parent"]

LENGTH = struct.Struct(">I")
FAILED_ISOLATION = 71
_DESCRIPTORS = 3
_NOT_SAFE = 3
_ALLOCATOR = "jemalloc_bg_thd"
_ADOPTION_SECONDS = 5.0
_NAME = b"replica"
_PR_SET_NAME = 15


def main(arguments: "List[str]") -> int:
    """Serve orders until the socket closes. Options: ``--template FD --modules a,b``; 3: this must not be forked."""
    options = dict(zip(arguments[::2], arguments[1::2]))  # noqa: B905 - `strict` is not in Python 3.8
    orders = socket.socket(fileno=int(options["--template"]))
    before = set(os.environ)
    for name in options["--modules"].split(","):
        importlib.import_module(name)
    set_by_libraries = {name: value for name, value in os.environ.items() if name not in before}
    if not _single():
        return _NOT_SAFE
    warnings.filterwarnings("ignore", "This process", DeprecationWarning)  # the allocator's thread, from Python 3.12 on
    gc.collect()
    gc.freeze()
    orders.sendall(b"!")
    while True:
        order, descriptors = receive(orders)
        if not order:
            return 0
        pid = fork(functools.partial(_become, dict(order, set_by_libraries=set_by_libraries), descriptors))
        for descriptor in descriptors:
            os.close(descriptor)
        orders.sendall(LENGTH.pack(pid))


def _single() -> bool:
    """Tell whether this process has one thread, and the means to give its libraries more later.

    The allocator's own thread, which pyarrow brings, counts for nothing: jemalloc prepares itself for forks.
    """
    with contextlib.suppress(ImportError):
        importlib.import_module("threadpoolctl")
        names = []
        for number in os.listdir("/proc/self/task"):
            with open("/proc/self/task/{}/comm".format(number)) as file:
                names.append(file.read().strip())
        return len([name for name in names if name != _ALLOCATOR]) == 1
    return False


def receive(orders: socket.socket) -> "Tuple[Dict[str, Any], List[int]]":
    """Return the next order and the descriptors that came with it; an empty one when nobody gives orders any more."""
    data, descriptors, _, _ = socket.recv_fds(orders, LENGTH.size, _DESCRIPTORS)  # type: ignore[attr-defined,unused-ignore]
    if len(data) < LENGTH.size:
        return {}, []
    (length,) = LENGTH.unpack(data)
    content = b""
    while len(content) < length:
        piece = orders.recv(length - len(content))
        if not piece:
            return {}, []
        content += piece
    return json.loads(content.decode("utf-8")), list(descriptors)


def fork(become: "Callable[[], NoReturn]") -> int:
    """Return the pid of a process that calls ``become``; 0 when it could not be made.

    Its parent has ended: it becomes the child of the next one above that adopts processes.
    """
    told, tell = os.pipe()
    between = os.fork()
    if between == 0:
        try:
            pid = os.fork()
        except OSError:
            os._exit(1)
        if pid:
            os.write(tell, LENGTH.pack(pid))
            os._exit(0)
        become()
    os.close(tell)
    data = os.read(told, LENGTH.size)
    os.close(told)
    os.waitpid(between, 0)
    return int(LENGTH.unpack(data)[0]) if len(data) == LENGTH.size else 0


def _become(order: "Dict[str, Any]", descriptors: "List[int]") -> NoReturn:
    """Become the replica: another session, its descriptors, variables and rights; then what launch.py does."""
    try:
        _take_over(order, descriptors)
    except OSError as error:
        os.write(2, "This replica could not be isolated: {}\n".format(error).encode("utf-8", "backslashreplace"))
        os._exit(FAILED_ISOLATION)
    code = 1
    try:
        code = replica.main(order["arguments"])
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001 - the process boundary, as of any program
        traceback.print_exc()
    finally:
        atexit._run_exitfuncs()  # noqa: SLF001 - as launch.py
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)


def _take_over(order: "Dict[str, Any]", descriptors: "List[int]") -> None:
    log, lifeline, bound = descriptors
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    # The streams of the template know that theirs was another kind of file.
    sys.stdout = open(1, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)  # noqa: SIM115
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    for name in os.listdir("/proc/self/fd"):
        if int(name) > 2 and int(name) not in (lifeline, bound):
            with contextlib.suppress(OSError):
                os.close(int(name))
    os.environ.clear()
    os.environ.update(order["set_by_libraries"])
    os.environ.update(order["variables"])
    os.environ.update(OPENADS_LIFELINE=str(lifeline), OPENADS_SOCKET=str(bound))
    time.tzset()
    wait_for_parent(order["parent"])
    if order["group"]:
        isolation.join(order["group"])
    if order["user"] is not None:
        isolation.seclude(order["hide"], order["show"], order["network"])
        if order["own_folder"]:
            isolation.name_user(order["user"], order["own_folder"])
    os.chdir(order["folder"])
    ctypes.CDLL(None).prctl(_PR_SET_NAME, _NAME, 0, 0, 0)  # its arguments are the template's
    isolation.drop_rights(order["user"], order["processes"], order["file_bytes"])
    isolation.die_with(order["parent"])
    _be_another()


def wait_for_parent(parent: int) -> None:
    """Return once this process is a child of that one; end it when that takes too long."""
    deadline = time.monotonic() + _ADOPTION_SECONDS
    while os.getppid() != parent:
        if time.monotonic() > deadline:
            os._exit(1)
        time.sleep(0.0005)


def _be_another() -> None:
    """Undo what all forks of one process would share: random numbers, and the one thread of numeric libraries."""
    random.seed()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        numpy.random.seed()
    tempfile = sys.modules.get("tempfile")
    if tempfile is not None:
        tempfile.tempdir = None  # type: ignore[attr-defined]
    counts = {"openmp": os.environ.get("OMP_NUM_THREADS", ""), "blas": os.environ.get("OPENBLAS_NUM_THREADS", "")}
    limits = {kind: int(count) for kind, count in counts.items() if count.isdigit() and count != "1"}
    if limits:
        importlib.import_module("threadpoolctl").threadpool_limits(limits=limits)
