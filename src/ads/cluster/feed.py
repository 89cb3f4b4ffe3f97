"""One machine's end of the cluster: says that the member is there, brings what is published to its files.

A thread of the control plane, or a process of its own beside a gateway without one. It listens to notices, and looks
by itself every second. Without the database it changes nothing: gateways go on with what they have.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.engine import URL

from ads.cluster.board import ACKNOWLEDGED
from ads.cluster.members import NOW, Seen, beat, join, leave, members_seen
from ads.cluster.membership import Me
from ads.deploy.gateway_lines import is_urgent
from ads.registry.notices import CHANNEL
from ads.registry.postgres import lone_connection

__all__ = ["GATEWAY_LINES", "Feed", "Line", "controls_json"]

logger = logging.getLogger(__name__)

GATEWAY_LINES = "lines"
"""The notice that a gateway told something that shouldn't wait."""

Line = tuple[str, bytes]
"""A gateway's name in the cluster, and what it told."""
_LOOK_SECONDS = 1.0
_PATIENCE = 4.0
_AGAIN_AFTER = 0.5
_MOST_UNSENT = 200
_KEPT_SECONDS = 30.0
_FORGOTTEN_DAYS = 1
_HOUSEKEEPING = 10.0


class Feed:
    """Runs until :meth:`stop`.

    ``takes`` says for each published name who is given its content when that changed; what raises OSError is tried
    again. ``hears`` is called for notices of these names, ``on_members`` with who is there whenever that changed.
    """

    def __init__(
        self,
        url: URL,
        me: Me,
        takes: Mapping[str, Callable[[str], None]],
        hears: Mapping[str, Callable[[], None]] | None = None,
        on_members: Callable[[Sequence[Seen]], None] | None = None,
    ) -> None:
        self.me = me
        self._url = url
        self._takes = takes
        self._hears = hears or {}
        self._on_members = on_members
        self._over = threading.Event()
        self._poke, self._poked = os.pipe()
        os.set_blocking(self._poke, False)
        os.set_blocking(self._poked, False)
        self._unsent: deque[Line] = deque(maxlen=_MOST_UNSENT)
        self._notices: set[str] = set()
        self._have: dict[str, int] = {}
        self._members: list[tuple[str, str, str, str]] = []
        self._lines: Callable[[Sequence[Line]], None] | None = None
        self._last_line = -1
        self._cleaned = 0.0
        self._thread = threading.Thread(target=self._run, name="feed", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, and take this member from the list of those that are there."""
        self._over.set()
        self._wake()
        if self._thread.is_alive():
            self._thread.join(5)

    def forward(self, gateway: str, line: bytes, *, urgent: bool) -> None:
        """Bring what a gateway of this machine told to the leader; with ``urgent`` at once."""
        self._unsent.append((f"{self.me.id}/{gateway}", line))
        if urgent:
            self._wake()

    def listen_to_lines(self, listener: Callable[[Sequence[Line]], None] | None) -> None:
        """Give what gateways of other machines tell from now on to this listener, which counts it; None: to nobody."""
        self._last_line, self._lines = -1, listener

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._poked, b"!")

    # -- the thread

    def _run(self) -> None:
        import psycopg

        trouble = ""
        while not self._over.is_set():
            try:
                with lone_connection(self._url, "openads feed", _PATIENCE) as connection:
                    connection.add_notify_handler(lambda notice: self._notices.add(notice.payload))
                    connection.execute(f"LISTEN {CHANNEL}")
                    self._have = {}
                    join(connection, self.me)
                    trouble = ""
                    while not self._over.is_set():
                        self._round(connection)
                        self._await(connection)
                    leave(connection, self.me)
            except psycopg.Error as error:  # noqa: PERF203 - it waits anyway
                if not trouble:
                    trouble = str(error)
                    logger.warning(
                        "the database tells nothing yet: a control plane has to make the catalog"
                        if isinstance(error, psycopg.errors.UndefinedTable)
                        else f"the database can't be reached; what is known stays in force: {error}"
                    )
                self._over.wait(_AGAIN_AFTER)
            except Exception:  # the thread's boundary: a defect in one round must not cut the machine off for good
                logger.exception("a round of the feed failed")
                self._over.wait(_AGAIN_AFTER)

    def _await(self, connection: Any) -> None:
        """Wait for a notice, for something to send, or for a second."""
        if not self._notices and not self._unsent:
            select.select([connection.fileno(), self._poke], [], [], _LOOK_SECONDS)
        with contextlib.suppress(BlockingIOError):
            os.read(self._poke, 4096)

    def _round(self, connection: Any) -> None:
        self._send_lines(connection)
        notices, self._notices = self._notices, set()
        if not beat(connection, self.me, self._have):
            join(connection, self.me)
        notices |= self._notices
        self._notices = set()
        for notice in notices:
            if notice in self._hears:
                self._hears[notice]()
        if self._take(connection):
            beat(connection, self.me, self._have)
            connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, ACKNOWLEDGED))
        self._tell_members(members_seen(connection))
        self._give_lines(connection)
        self._clean(connection)

    def _take(self, connection: Any) -> bool:
        """Put into force what changed; tell whether anything did."""
        changed = False
        known = dict(connection.execute("SELECT name, generation FROM published").fetchall())
        for name in self._takes:
            if known.get(name, 0) == self._have.get(name, 0):
                continue
            row = connection.execute("SELECT generation, content FROM published WHERE name = %s", (name,)).fetchone()
            if row is None:
                continue
            try:
                self._takes[name](row[1])
            except OSError as error:
                logger.warning("%s can't be put into force here: %s", name, error)
                continue
            self._have[name] = row[0]
            changed = True
        return changed

    def _tell_members(self, members: Sequence[Seen]) -> None:
        told = [(each.id, each.role, each.control, each.gateway) for each in members]
        if self._on_members is not None and told != self._members:
            self._on_members(members)
            self._members = told

    # -- what gateways count

    def _send_lines(self, connection: Any) -> None:
        urgent = False
        while self._unsent:
            gateway, line = self._unsent[0]
            connection.execute(
                f"INSERT INTO gateway_lines (gateway, time, line) VALUES (%s, {NOW}, %s)",  # noqa: S608
                (gateway, line.decode("utf-8", "replace")),
            )
            self._unsent.popleft()
            urgent = urgent or is_urgent(line)
        if urgent:
            connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, GATEWAY_LINES))

    def _give_lines(self, connection: Any) -> None:
        listener = self._lines
        if listener is None:
            return
        if self._last_line < 0:
            (last,) = connection.execute("SELECT coalesce(max(seq), 0) FROM gateway_lines").fetchone()
            self._last_line = last
            return
        rows = connection.execute(
            "SELECT seq, gateway, line FROM gateway_lines WHERE seq > %s ORDER BY seq", (self._last_line,)
        ).fetchall()
        if rows:
            self._last_line = rows[-1][0]
            listener([(gateway, line.encode()) for _, gateway, line in rows])

    def _clean(self, connection: Any) -> None:
        """Forget what this machine's gateways told long ago, and members that went long ago."""
        if time.monotonic() - self._cleaned < _HOUSEKEEPING:
            return
        self._cleaned = time.monotonic()
        connection.execute(
            f"DELETE FROM gateway_lines WHERE time < {NOW} - {int(_KEPT_SECONDS * 1e6)}"  # noqa: S608
        )
        connection.execute(
            f"DELETE FROM members WHERE seen < {NOW} - {_FORGOTTEN_DAYS * 86_400_000_000}"  # noqa: S608
        )


def controls_json(me: Me, members: Sequence[Seen]) -> bytes:
    """Return what a gateway is told of the control planes that are there."""
    controls = [{"id": each.id, "address": each.control} for each in members if each.control]
    return json.dumps({"me": me.id, "controls": controls}).encode()
