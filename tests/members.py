"""A cluster of one test alone: members as real services, each with a data directory, against one PostgreSQL."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import requests

from ads.home import Home, ServiceFile
from tests.own_service import environment, eventually
from tests.postgres import Postgres

__all__ = ["Cluster", "Member"]


class Member:
    """One member, seen from outside."""

    def __init__(self, name: str, home: Home, process: subprocess.Popen[bytes]) -> None:
        self.name = name
        self.home = home
        self.process = process

    @property
    def found(self) -> ServiceFile | None:
        """What the member wrote once it answered."""
        return self.home.read_service_file() or self.home.read_member_file()

    @property
    def url(self) -> str:
        """The address of its gateway."""
        found = self.found
        assert found is not None
        return found.url

    @property
    def id(self) -> str:
        """Its name in the cluster."""
        return (self.home.root / "member-id").read_text()

    def children(self) -> dict[str, int]:
        """Return name and pid of each process that its supervisor owns now."""
        told = json.loads((self.home.run / "children.json").read_bytes())
        return {each["name"]: each["pid"] for each in told}

    def kill(self, name: str) -> int:
        """kill -9 one of its processes; return the pid."""
        pid = self.children()[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    def crash(self) -> None:
        """kill -9 all of it, as a machine that loses its power."""
        for pid in (self.process.pid, *self.children().values()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(60)

    def stop(self) -> None:
        """End it in good order."""
        self.process.terminate()
        self.process.wait(120)

    def logs(self) -> str:
        """Return what its processes wrote, for a failure's message."""
        paths = [self.home.root / "service.out", *sorted(self.home.logs.glob("*.log"))]
        return "\n".join(f"--- {path}\n{path.read_text()[-3000:]}" for path in paths if path.exists())


class Cluster:
    """Members start with :meth:`start`; :meth:`close` ends all of them."""

    def __init__(self, postgres: Postgres, folder: Path, store: str = "") -> None:
        self.folder = folder
        self.key = secrets.token_hex(20)
        self.database_url = postgres.create()
        self._postgres = postgres
        self._store = store or f"file://{folder}/store"
        self.members: dict[str, Member] = {}

    def settings(self, role: str, **more: str) -> dict[str, str]:
        """Return the environment of a member with this role."""
        told = {
            "role": role,
            "database_url": self.database_url,
            "artifact_store": self._store,
            "cluster_key": self.key,
            "replica_templates": "false",
            **more,
        }
        return {f"OPENADS_{name.upper()}": value for name, value in told.items()}

    def start(self, name: str, role: str, **more: str) -> Member:
        """Start a member, anew where it was there before; it need not answer yet."""
        home = Home(self.folder / name)
        home.root.mkdir(exist_ok=True)
        for path in (home.service_file, home.member_file):
            path.unlink(missing_ok=True)
        with (home.root / "service.out").open("ab") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "ads.service"],
                env={**environment(home.root), **self.settings(role, **more)},
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        member = self.members[name] = Member(name, home, process)
        return member

    def await_all(self) -> None:
        """Return once every member answers, and knows of all the others."""
        for member in self.members.values():
            eventually(
                lambda member=member: member.found is not None or member.process.poll() is not None, 90, member.name
            )
            assert member.found is not None, member.logs()
        wanted = {member.id for member in self.members.values()}
        eventually(lambda: wanted <= set(self.live()), what="all members")

    @property
    def token(self) -> str:
        """The administrator's token, the same everywhere."""
        found = next(iter(self.members.values())).found
        assert found is not None
        return found.token

    @property
    def headers(self) -> dict[str, str]:
        """The administrator's credential."""
        return {"Authorization": f"Bearer {self.token}"}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what the cluster's database answers."""
        name = self.database_url.partition("@/")[2].partition("?")[0]
        with psycopg.connect(self._postgres.conninfo(name)) as connection:
            return connection.execute(sql).fetchall()

    def live(self) -> dict[str, dict[str, Any]]:
        """Return the members that were heard of lately, by id, with what each has in force."""
        rows = self.query(
            "SELECT id, role, control, acknowledged FROM members "
            "WHERE seen > (extract(epoch from clock_timestamp()) - 5) * 1000000"
        )
        return {id_: {"role": role, "control": control, **acknowledged} for id_, role, control, acknowledged in rows}

    def leader(self) -> tuple[int, str]:
        """Return the epoch and the leader's id, (0, "") before there is one."""
        rows = self.query("SELECT generation, content FROM published WHERE name = 'leader'")
        return rows[0] if rows else (0, "")

    def named(self, member_id: str) -> Member:
        """Return the member with this id."""
        return next(member for member in self.members.values() if member.id == member_id)

    def get(self, member: Member, path: str, **more: Any) -> requests.Response:
        """Ask a member's gateway."""
        return requests.get(f"{member.url}{path}", headers=self.headers, timeout=60, **more)

    def close(self) -> None:
        """End all members."""
        for member in self.members.values():
            if member.process.poll() is None:
                member.process.terminate()
        for member in self.members.values():
            try:
                member.process.wait(60)
            except subprocess.TimeoutExpired:  # noqa: PERF203 - it waits anyway
                member.crash()

    def remove(self) -> None:
        """End all members, and remove what they wrote."""
        self.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture
def cluster(own_postgres: Postgres) -> Iterator[Cluster]:
    """A cluster without members yet, on a PostgreSQL of its own."""
    folder = Path(tempfile.mkdtemp(prefix="oac"))  # a socket's path is short
    made = Cluster(own_postgres, folder)
    yield made
    made.remove()
