"""Conda packs: fetched, unpacked, and finished where they lie by their own ``conda-unpack``.

A pack is kept under the hash of its bytes, once for all addresses and models. Its programs are somebody else's: they
run as a replica would, with a user of their own where the service may give them one.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from ads.artifact.pack_reader import extract_pack
from ads.deploy.environment_build import let_others_read
from ads.deploy.environment_records import EnvironmentRecord, read_record, records, write_record
from ads.deploy.environment_sources import PackSource, fetch, origin_of, shown_address, source_of
from ads.deploy.environment_supplies import Supplies
from ads.deploy.file_lock import locked
from ads.deploy.replica_users import free_user
from ads.errors import EnvironmentBuildError
from ads.home import Home

__all__ = ["Pack", "made_from"]

Report = Callable[[str], None]

_UNPACK = "conda-unpack"
_OLDEST = (3, 8)
_WORDS_KEPT = 2000
_MOST_PROCESSES = 300
_END_SECONDS = 30
_ASK_VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


@dataclass(frozen=True)
class Pack:
    """A pack to be used: its address, its slug where it has one, and its SHA-256 where somebody stated it."""

    address: str
    slug: str = ""
    sha256: str = ""


def made_from(home: Home, pack: Pack, supplies: Supplies, report: Report) -> EnvironmentRecord:
    """Return the environment that a pack holds, made if need be. Raises EnvironmentBuildError, ArchiveError."""
    origin = origin_of(pack.address)
    found = _key_of(pack.sha256) if pack.sha256 else ""
    known = _complete(home, found) if found else None
    if known is not None:
        return known
    with locked(home.environments / f".{origin[:32]}.lock"):
        source = source_of(pack.address, supplies.stored)
        known = None if pack.sha256 else _same_as_before(home, origin, source)
        if known is not None:
            return known
        building = home.environments / f".{origin[:32]}.building"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(mode=0o700)
        try:
            return _make(home, building, pack, source, supplies, report)
        finally:
            shutil.rmtree(building, ignore_errors=True)


def _key_of(sha256: str) -> str:
    return f"pack-{sha256[:32]}"


def _complete(home: Home, key: str) -> EnvironmentRecord | None:
    """Return an environment that is there, and where it was finished."""
    folder = home.environments / key
    record = read_record(home, key)
    return record if record is not None and folder.is_dir() and record.place == str(folder) else None


def _same_as_before(home: Home, origin: str, source: PackSource) -> EnvironmentRecord | None:
    """Return what was made of the same address when the same lay there."""
    for record in records(home):
        if source.validator and record.origins.get(origin) == source.validator:
            return _complete(home, record.key)
    return None


def _make(
    home: Home, building: Path, pack: Pack, source: PackSource, supplies: Supplies, report: Report
) -> EnvironmentRecord:
    deadline = time.monotonic() + supplies.timeout
    label = shown_address(pack.address)
    report(f"environment: fetching the pack {label}" + (f" ({source.size / 1024**2:.0f} MiB)" if source.size else ""))
    sha256 = fetch(source, building / "pack", supplies.max_bytes, supplies.timeout, report)
    if pack.sha256 and sha256 != pack.sha256:
        raise EnvironmentBuildError(
            f"The pack {label} has the SHA-256 {sha256}, and {pack.sha256} is stated for it.",
            hint="Somebody changed the pack: put the right one there, or correct the catalog of environments.",
        )
    key = _key_of(sha256)
    with locked(home.environments / f".{key}.lock"):
        known = _complete(home, key)
        if known is None:
            report(f"environment: unpacking {label}")
            extract_pack(building / "pack", building / "tree")
            target = home.environments / key
            shutil.rmtree(target, ignore_errors=True)  # what a service that ended left
            (building / "tree").rename(target)
            try:
                python = _finish(target, supplies, deadline, report)
            except BaseException:
                shutil.rmtree(target, ignore_errors=True)
                raise
            now = time.time()
            known = EnvironmentRecord(key, "pack", python, now, str(target), pack.slug, sha256=sha256)
        known = replace(known, source=label, origins={**known.origins, origin_of(pack.address): source.validator})
        write_record(home, known)
        return known


def _finish(folder: Path, supplies: Supplies, deadline: float, report: Report) -> str:
    """Let the pack put its own place into its files; return its Python version."""
    python = folder / "bin" / "python"
    if not python.exists():
        raise EnvironmentBuildError(
            "The pack has no bin/python.", hint="Pack an environment that has Python, with conda-pack."
        )
    with ExitStack() as stack:
        user = None
        users = supplies.users()
        if users is not None:
            user, claim = free_user(users, (), users[0])
            stack.enter_context(claim)
            stack.callback(_hand_over, folder, os.getuid())
            stack.callback(_end_all_of, user)
            _hand_over(folder, user)
        program = _Program(folder, user, supplies, deadline)
        if (folder / "bin" / _UNPACK).is_file():
            report(f"environment: running {_UNPACK}")
            program.run(str(python), str(folder / "bin" / _UNPACK))
        _require_own_python(folder)
        version = program.run(str(python), "-I", "-c", _ASK_VERSION)
    let_others_read(folder)
    parts = version.split(".")
    if len(parts) != 2 or not all(part.isdigit() for part in parts) or tuple(map(int, parts)) < _OLDEST:
        raise EnvironmentBuildError(
            f"The pack's Python is {version[-60:]!r}.", hint=f"Replicas need {_OLDEST[0]}.{_OLDEST[1]} or newer."
        )
    return version


class _Program:
    """Runs programs of a pack, kept apart as replicas are."""

    def __init__(self, folder: Path, user: int | None, supplies: Supplies, deadline: float) -> None:
        self._deadline = deadline
        self._order = {
            "user": user,
            "hide": supplies.hide,
            "show": [(str(folder), "rw")],
            "folder": str(folder),
            "processes": _MOST_PROCESSES,
            "file_bytes": supplies.file_bytes,
            "parent": os.getpid(),
            "variables": {
                "PATH": os.pathsep.join((str(folder / "bin"), "/usr/bin", "/bin")),
                "HOME": str(folder),
                "CONDA_PREFIX": str(folder),
                "LANG": "C.UTF-8",
                "PYTHONDONTWRITEBYTECODE": "1",
            },
        }

    def run(self, *argv: str) -> str:
        """Return what it prints. Raises EnvironmentBuildError with its words."""
        from ads.worker import isolation

        order = json.dumps({**self._order, "argv": argv})
        what = Path(argv[1]).name if argv[1].startswith("/") else "python"
        with tempfile.TemporaryFile() as said:  # a pipe would be held open by what it leaves running
            try:
                code = subprocess.run(
                    [sys.executable, "-I", "-S", isolation.__file__, "run", order],
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=said,
                    check=False,
                    timeout=max(1.0, self._deadline - time.monotonic()),
                ).returncode
            except subprocess.TimeoutExpired:
                code = None
            said.seek(max(0, said.seek(0, os.SEEK_END) - _WORDS_KEPT))
            words = said.read().decode("utf-8", "replace").strip()
        if code is None:
            raise EnvironmentBuildError(
                f"The pack's {what} did not end in time.", hint="Raise the setting environment_timeout."
            )
        if code:
            raise EnvironmentBuildError(
                f"The pack's {what} failed: {words or f'exit code {code}'}",
                hint="Pack the environment again with conda-pack, on a machine of the same kind as this one.",
            )
        return words


def _end_all_of(user: int) -> None:
    """End what a program has left running."""
    from ads.worker import isolation

    command = [sys.executable, "-I", "-S", isolation.__file__, "end", str(user)]
    subprocess.run(command, stdin=subprocess.DEVNULL, check=True, timeout=_END_SECONDS)


def _hand_over(folder: Path, user: int) -> None:
    """Make a pack's files those of ``user``; what may be run as somebody else, or written by all, loses that."""
    for root, _, files in os.walk(folder):
        for path in (Path(root), *(Path(root, name) for name in files)):
            os.chown(path, user, user, follow_symlinks=False)
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & 0o7022:
                path.chmod(mode & 0o755)


def _require_own_python(folder: Path) -> None:
    """Return when the interpreter lies in the pack: replicas see where it lies. Raises EnvironmentBuildError."""
    within = f"{folder.resolve()}{os.sep}"
    if not str((folder / "bin" / "python").resolve()).startswith(within) or (folder / "pyvenv.cfg").exists():
        raise EnvironmentBuildError(
            "The pack refers to a Python outside of it.",
            hint="Pack a conda environment with conda-pack: a virtual environment holds no interpreter.",
        )
