"""A real PostgreSQL server of the tests' own: in a temporary folder, on a Unix socket, killed and started at will."""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import pytest

if TYPE_CHECKING:
    import psycopg

__all__ = ["Postgres", "find_programs"]

_TEMPLATE = "openads_template"
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_MOST_DATABASES = 40
_FAST = ("fsync=off", "full_page_writes=off")


def find_programs() -> Path | None:
    """Return the folder with ``postgres`` and ``initdb``, None where PostgreSQL isn't installed."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    if found:
        return max(found, key=lambda path: float(path.parent.name))
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path and shutil.which("initdb") else None


class Postgres:
    """One server. PostgreSQL refuses to run as root, so for root it runs as ``postgres`` or ``nobody``.

    ``durable``: with every fsync, as users have it; without, it only is faster.
    """

    def __init__(self, *, durable: bool = False, folder: Path | None = None) -> None:
        programs = find_programs()
        assert programs is not None
        self._programs = programs
        self._settings = () if durable else _FAST
        self.folder = folder or Path(tempfile.mkdtemp(prefix="openads-pg-", dir="/tmp"))  # a socket's path is short
        self._numbers = itertools.count(1)
        self._names: list[str] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _unprivileged_user()
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-D", "data", "-U", "openads", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8")
        self.start()

    def start(self) -> None:
        """Start the server, and return once it answers."""
        settings = ("listen_addresses=", f"unix_socket_directories={self.folder}", "shared_buffers=16MB")
        options = [word for setting in (*settings, *self._settings) for word in ("-c", setting)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._programs / "postgres"), "-D", str(self.folder / "data"), *options],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, and no server outlives killed tests
                **self._as_user(),
            )
        import psycopg

        def answers() -> bool:
            try:
                psycopg.connect(self.conninfo("postgres")).close()
            except psycopg.OperationalError:
                return False
            return True

        deadline = time.monotonic() + 60
        while not answers():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.02)

    def stop(self, number: int = signal.SIGINT) -> None:
        """End the server: SIGINT is ``fast``, SIGQUIT is ``immediate``, SIGKILL is a crash."""
        assert self._process is not None
        if number == signal.SIGKILL:
            self.signal(number)  # its children would notice by themselves, but a new server doesn't start beside them
        else:
            self._process.send_signal(number)
        self._process.wait(60)
        self._process = None

    def restart(self, number: int = signal.SIGINT) -> None:
        """Stop and start."""
        self.stop(number)
        self.start()

    def signal(self, number: int) -> None:
        """Send a signal to the server and every process of it: SIGSTOP freezes it, SIGCONT lets it go on."""
        assert self._process is not None
        server = psutil.Process(self._process.pid)
        for process in [server, *server.children()]:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def close(self) -> None:
        """End the server and remove what it wrote."""
        if self._process is not None:
            self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def conninfo(self, database: str) -> str:
        """Return how ``psycopg`` connects."""
        return f"host={self.folder} user=openads dbname={database}"

    def url(self, database: str) -> str:
        """Return the setting ``database_url``."""
        return f"postgresql+psycopg://openads@/{database}?host={self.folder}"

    def create(self, *, empty: bool = False) -> str:
        """Return the URL of a new database, with today's schema unless it shall be ``empty``."""
        import psycopg

        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.conninfo("postgres"), autocommit=True) as connection:
            if not empty and not self._has_template(connection):
                connection.execute(f"CREATE DATABASE {_TEMPLATE}")
                _migrate(self.url(_TEMPLATE))
            source = "" if empty else f" TEMPLATE {_TEMPLATE}"
            connection.execute(f"CREATE DATABASE {name}{source}")
            self._names.append(name)
            if len(self._names) > _MOST_DATABASES:
                with contextlib.suppress(psycopg.errors.ObjectInUse):
                    connection.execute(f"DROP DATABASE {self._names[0]}")
                    del self._names[0]
        return self.url(name)

    @staticmethod
    def _has_template(connection: psycopg.Connection[Any]) -> bool:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (_TEMPLATE,)).fetchone()
        return found is not None

    def _as_user(self) -> dict[str, Any]:
        return {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": []} if self._user else {}

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, **self._as_user())
        assert done.returncode == 0, done.stderr


def _unprivileged_user() -> str:
    if os.getuid() != 0:
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGQUIT)


def _migrate(url: str) -> None:
    from ads.home import Home
    from ads.registry.database import open_database
    from ads.registry.schema import upgrade
    from ads.settings import Settings

    nowhere = Path("/nonexistent")
    database = open_database(Settings(home=nowhere, database_url=url), Home(nowhere))
    upgrade(database.engine)
    database.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server that the tests of this process share. It syncs nothing."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server of one test alone, which may be stopped, killed and frozen. It syncs as a user's does."""
    server = Postgres(durable=True)
    yield server
    server.close()


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgres"))])
def new_database(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Return what makes the setting ``database_url`` of a new catalog; tests with it run once on each database.

    With ``empty=True`` the catalog has no tables yet.
    """
    if request.param == "sqlite":
        return _default_sqlite
    server: Postgres = request.getfixturevalue("postgres")
    return server.create


def _default_sqlite(*, empty: bool = False) -> str:
    return ""
