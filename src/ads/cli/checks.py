"""What ``ads doctor`` looks at: one function per check, each answering with its findings and the way out."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ads.home import Home
from ads.settings import Settings

__all__ = ["CHECKS", "Finding", "examine"]

State = Literal["ok", "warn", "fail"]

_LEAST_FREE = 500 * 10**6
_COMFORTABLY_FREE = 5 * 10**9
_LEAST_FILES = 1024
_OLDEST_SQLITE = (3, 35, 0)  # the first with RETURNING, and with the WAL repairs that the catalog relies on
_NETWORK_FILE_SYSTEMS = ("nfs", "cifs", "smb", "afs", "9p", "fuse.sshfs", "lustre")


@dataclass(frozen=True)
class Finding:
    """What one check found. ``hint`` says what to do unless all is well."""

    name: str
    state: State
    detail: str
    hint: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Return the findings of all checks, in order."""
    return [check(settings) for check in CHECKS]


def _python(_settings: Settings) -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", "ok", f"{version} at {sys.executable}")


def _oracle_ads(_settings: Settings) -> Finding:
    from importlib.metadata import PackageNotFoundError, version

    name = "oracle-ads"
    try:
        found = version(name)
    except PackageNotFoundError:
        return Finding(name, "ok", "not in this environment")
    return Finding(
        name,
        "fail",
        f"{found} is installed here too; both own the package 'ads'",
        "Keep them apart: pip uninstall oracle-ads, then pip install --force-reinstall --no-deps openads",
    )


def _command(_settings: Settings) -> Finding:
    own = Path(sys.executable).parent / "ads"
    first = shutil.which("ads")
    if first is None:
        return Finding(
            "command", "warn", "'ads' is not on PATH", f"Add {own.parent} to PATH, or activate the environment."
        )
    if own.exists() and not own.samefile(first):
        return Finding("command", "warn", f"'ads' on PATH is {first}, not {own}", f"Put {own.parent} first on PATH.")
    return Finding("command", "ok", first)


def _data_directory(settings: Settings) -> Finding:
    root = Home(settings.home).root
    if root.exists() and not root.is_dir():
        return Finding("data directory", "fail", f"{root} is not a folder", "Choose another one: export OPENADS_HOME=…")
    existing = _nearest_existing(root)
    if not os.access(existing, os.W_OK | os.X_OK):
        return Finding(
            "data directory", "fail", f"can't write in {existing}", "Choose another one: export OPENADS_HOME=…"
        )
    if root.exists() and root.stat().st_mode & 0o077:
        return Finding(
            "data directory", "warn", f"{root} can be entered by other users", f"Keep it private: chmod 700 {root}"
        )
    kind = _file_system(existing)
    if kind.startswith(_NETWORK_FILE_SYSTEMS):
        hint = "SQLite needs a local disk: export OPENADS_HOME=… there, or set database_url to PostgreSQL."
        return Finding("data directory", "warn", f"{root} is on a network file system ({kind})", hint)
    return Finding("data directory", "ok", str(root) if root.exists() else f"{root} (made at the first start)")


def _disk_space(settings: Settings) -> Finding:
    from ads.cli.moments import size

    free = shutil.disk_usage(_nearest_existing(Home(settings.home).root)).free
    state: State = "ok" if free >= _COMFORTABLY_FREE else "warn" if free >= _LEAST_FREE else "fail"
    return Finding(
        "disk space",
        state,
        f"{size(free)} free",
        "" if state == "ok" else "Models and environments take room: free some.",
    )


def _sqlite(_settings: Settings) -> Finding:
    import sqlite3

    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        wanted = ".".join(map(str, _OLDEST_SQLITE))
        return Finding(
            "sqlite", "fail", sqlite3.sqlite_version, f"The catalog needs SQLite {wanted}: use a newer Python build."
        )
    return Finding("sqlite", "ok", sqlite3.sqlite_version)


def _uv(_settings: Settings) -> Finding:
    found = _find_uv()
    if found is None:
        hint = "Models that need other versions can't be deployed without it: pip install uv"
        return Finding("uv", "fail", "not found", hint)
    return Finding("uv", "ok", found)


def _service(settings: Settings) -> Finding:
    from ads.client import finder
    from ads.errors import ServiceUnreachable

    recorded = Home(settings.home).read_service_file()
    try:
        address = finder.find(settings, start=False)
    except ServiceUnreachable as error:
        if settings.url:
            return Finding("service", "fail", error.message, error.hint)
        if recorded is None:
            return Finding("service", "ok", "none runs (ads serve starts it; so does the first save() from Python)")
        logs = Home(settings.home).logs
        return Finding(
            "service", "warn", f"{recorded.url} does not answer", f"Start it again: ads serve. Its logs: {logs}"
        )
    if not finder.is_alive(address.url):
        return Finding(
            "service", "fail", f"{address.url} does not answer", "Check OPENADS_URL, and that the service runs there."
        )
    return Finding("service", "ok", f"answers at {address.url}")


def _port(settings: Settings) -> Finding:
    import socket

    from ads.client import finder

    recorded = Home(settings.home).read_service_file()
    if recorded and recorded.url.endswith(f":{settings.port}") and finder.is_alive(recorded.url):
        return Finding("port", "ok", f"{settings.port} is used by the service itself")
    if settings.port == 0:
        return Finding("port", "ok", "any free one")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            reason = f"{settings.host}:{settings.port} can't be used: {error.strerror}"
            return Finding(
                "port", "warn", reason, "Choose another one: ads serve --port 8901, or export OPENADS_PORT=8901"
            )
    return Finding("port", "ok", f"{settings.host}:{settings.port} is free")


def _open_files(_settings: Settings) -> Finding:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    shown = "unlimited" if soft == resource.RLIM_INFINITY else str(soft)
    if soft != resource.RLIM_INFINITY and soft < _LEAST_FILES:
        detail = f"at most {shown} (the hard limit is {hard})"
        return Finding("open files", "warn", detail, "Connections and replicas need them: ulimit -n 4096")
    return Finding("open files", "ok", f"at most {shown}")


CHECKS: tuple[Callable[[Settings], Finding], ...] = (
    _python,
    _oracle_ads,
    _command,
    _data_directory,
    _disk_space,
    _sqlite,
    _uv,
    _service,
    _port,
    _open_files,
)


def _nearest_existing(path: Path) -> Path:
    return next(folder for folder in (path, *path.parents) if folder.exists())


def _file_system(path: Path) -> str:
    """Return the type of the file system that ``path`` is on, as the system calls it; empty when it doesn't say."""
    import psutil

    resolved = path.resolve()
    mounts = [part for part in psutil.disk_partitions(all=True) if resolved.is_relative_to(part.mountpoint)]
    return max(mounts, key=lambda part: len(part.mountpoint)).fstype.lower() if mounts else ""


def _find_uv() -> str | None:
    try:
        from uv import find_uv_bin

        return str(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return shutil.which("uv")
