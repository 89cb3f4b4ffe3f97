"""What is done to a process before it becomes a replica, while it still has its supervisor's rights: another user, a
view of the file system that holds what it needs and nothing else, limits, no way to more rights.

It is called between ``fork`` and the first line of anybody's code, so everything that is wrong is an OSError.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import stat
import sys
from typing import Any, Dict, Iterable, List, Optional, Tuple

__all__ = ["die_with", "drop_rights", "join", "kill_all_of", "name_user", "possible", "run", "seclude"]

_CLONE_NEWNS = 0x00020000
_CLONE_NEWNET = 0x40000000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_PR_SET_NO_NEW_PRIVS = 38
_FIRST_TO_GO = "500"
_COVER = "mode=0711,size=1m"
_USERS = "/etc/passwd"
_NAME = "replica"
_OWNER_ONLY = 0o077
_PASSABLE = 0o066

Show = Tuple[str, str]


def _library() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, "{}: {}".format(what, os.strerror(number)))


def _mount(source: str, target: str, kind: "Optional[str]", flags: int, data: "Optional[str]" = None) -> None:
    def text(value: "Optional[str]") -> "Optional[bytes]":
        return None if value is None else os.fsencode(value)

    found = _library().mount(text(source), text(target), text(kind), ctypes.c_ulong(flags), text(data))
    _check(found, "mounting at {}".format(target))


def seclude(hide: "Iterable[str]", show: "Iterable[Show]", network: bool = True) -> None:
    """Give this process a file system of its own: nothing in the folders ``hide`` but the paths in ``show``.

    ``show`` has a path and ``ro`` or ``rw`` each. Folders of others on the way to them are hidden as well where this
    process, once it is nobody in particular, couldn't pass them. Without ``network`` there is no way out but the
    descriptors it holds. Takes root's rights; raises OSError.
    """
    _check(_library().unshare(_CLONE_NEWNS | (0 if network else _CLONE_NEWNET)), "a file system of its own")
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    shown = _places(show)
    covers = {os.path.realpath(path) for path in hide if os.path.isdir(path)}
    for path, _, _ in shown:
        closed = _closed_on_the_way(path)
        if closed is not None:
            covers.add(closed)
    steps = [(path, "", -1) for path in covers]
    steps += shown
    os.umask(_PASSABLE)
    covered = []
    for path, mode, descriptor in sorted(steps, key=lambda step: (step[0].count("/"), step[1])):
        if mode:
            _show(path, mode, descriptor)
        elif os.path.isdir(path):  # else one above it is covered
            _mount("hidden", path, "tmpfs", _MS_NOSUID | _MS_NODEV, _COVER)
            covered.append(path)
    for path in covered:
        _mount("hidden", path, None, _MS_REMOUNT | _MS_RDONLY | _MS_NOSUID | _MS_NODEV, _COVER)
    for _, _, descriptor in shown:
        os.close(descriptor)


def _places(show: "Iterable[Show]") -> "List[Tuple[str, str, int]]":
    """Return every path under both its names, as it was given and without links, each with a descriptor."""
    wanted: "Dict[str, str]" = {}
    for path, mode in show:
        for name in (os.path.abspath(path), os.path.realpath(path)):
            if os.path.exists(name) and name != "/":
                wanted[name] = "rw" if "rw" in (mode, wanted.get(name)) else "ro"
    return [(path, mode, os.open(path, os.O_PATH | os.O_CLOEXEC)) for path, mode in wanted.items()]


def _closed_on_the_way(path: str) -> "Optional[str]":
    """Return the first folder above ``path`` that others may not pass."""
    parts = os.path.dirname(os.path.realpath(path)).split("/")
    for index in range(2, len(parts) + 1):
        folder = "/".join(parts[:index])
        if not os.stat(folder).st_mode & stat.S_IXOTH:
            return folder
    return None


def _show(path: str, mode: str, descriptor: int) -> None:
    if not os.path.lexists(path):
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            os.makedirs(path)
        else:
            os.makedirs(os.path.dirname(path), exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o444))
    _mount("/proc/self/fd/{}".format(descriptor), path, None, _MS_BIND | _MS_REC)
    flags = _MS_REMOUNT | _MS_BIND | _MS_NOSUID | (_MS_RDONLY if mode == "ro" else 0)
    _mount("none", path, None, flags)


def join(group: str) -> None:
    """Become a member of a control group, with everything that this process starts. Raises OSError."""
    with open(os.path.join(group, "cgroup.procs"), "w") as file:
        file.write("0")


def name_user(user: int, home: str) -> None:
    """Give the number ``user`` a name and a home folder, for this process alone: Java and others ask for both.

    To be called after :func:`seclude`. Takes root's rights; raises OSError.
    """
    try:
        with open(_USERS, encoding="utf-8", errors="surrogateescape") as file:
            known = file.read()
    except FileNotFoundError:  # names come from elsewhere on this system
        return
    path = os.path.join(home, ".users-{}".format(os.getpid()))
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, 0o444)
    try:
        os.fchmod(descriptor, 0o444)
        line = "{0}:x:{1}:{1}::{2}:/usr/sbin/nologin\n".format(_NAME, user, home)
        content = known if known.endswith("\n") or not known else known + "\n"
        os.write(descriptor, (content + line).encode("utf-8", "surrogateescape"))
        _mount(path, _USERS, None, _MS_BIND)
        _mount("none", _USERS, None, _MS_REMOUNT | _MS_BIND | _MS_NOSUID | _MS_NODEV | _MS_RDONLY)
    finally:
        os.close(descriptor)
        os.unlink(path)  # the view of it stays


def drop_rights(user: "Optional[int]", processes: int = 0, file_bytes: int = 0) -> None:
    """Become ``user`` (None: stay) for good: no group, no capability, no way to gain any; then limits, 0 meaning none.

    ``processes`` limits those of the user together and is for a user of its own only.
    """
    os.umask(_OWNER_ONLY)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(_FIRST_TO_GO)
    _limit(resource.RLIMIT_CORE, 0)
    if file_bytes:
        _limit(resource.RLIMIT_FSIZE, file_bytes)
    if user is not None:
        if processes:
            _limit(resource.RLIMIT_NPROC, processes)
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
    if sys.platform == "linux":
        library = _library()
        library.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if user is not None:  # else /proc/self would be root's, for a process that doesn't become another program
            library.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)


def _limit(which: int, wanted: int) -> None:
    _, hard = resource.getrlimit(which)
    value = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(which, (value, value))


def die_with(parent: int) -> None:
    """Let the system end this process with its parent. To be called after a change of the user, which undoes it."""
    if sys.platform == "linux":
        _library().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died in between
        os._exit(70)


def kill_all_of(user: int) -> None:
    """Kill every process of ``user``, which belongs to one replica alone, also those that left its group."""
    pid = os.fork()
    if pid == 0:
        with contextlib.suppress(OSError):
            os.setresuid(user, user, user)
            os.kill(-1, signal.SIGKILL)
        os._exit(0)  # killed by itself, where the system counts it in
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)


def possible() -> bool:
    """Tell whether this process may do all this: it takes root's rights and mount namespaces. Asks a child."""
    if sys.platform != "linux" or os.getuid() != 0:
        return False
    pid = os.fork()
    if pid == 0:
        code = 1
        with contextlib.suppress(OSError):
            seclude(["/mnt"], [], network=True)
            drop_rights(65534)
            code = 0
        os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


def run(order: "Dict[str, Any]") -> None:
    """Become the program ``argv`` of somebody else, kept apart as a replica is, without network where that is possible.

    ``user`` is a number that it alone has, or None: then rights are dropped and nothing is hidden. Raises OSError.
    """
    if order["user"] is not None:
        seclude(order["hide"], order["show"], network=False)
    os.chdir(order["folder"])
    drop_rights(order["user"], order["processes"], order["file_bytes"])
    die_with(order["parent"])
    os.execve(order["argv"][0], order["argv"], order["variables"])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "run":
        run(json.loads(sys.argv[2]))
    elif len(sys.argv) == 3 and sys.argv[1] == "end":
        kill_all_of(int(sys.argv[2]))
        sys.exit(0)
    sys.exit(0 if possible() else 1)
