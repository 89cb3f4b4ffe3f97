"""What each deployment answered in each minute of the last day, for charts: a small SQLite file that gateways write.

A gateway keeps one row per deployment and minute, replaced while the minute lasts; readers add the rows of all
gateways. The file is no part of the catalog: losing it loses charts. Durations are kept in buckets, so that the minutes
of several gateways, and several minutes, add up to percentiles that mean something.

A page adds up thousands of minutes, so their buckets are one large number each, with so many bits for every bucket: two
minutes are added by one addition.
"""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import accumulate

import orjson

from ads.home import Home

__all__ = ["BOUNDS", "KEPT_SECONDS", "MINUTE", "Minutes", "Point", "Usage", "packed", "spread"]

MINUTE = 60
KEPT_SECONDS = 25 * 3600
"""A day, and an hour more, so that a chart of a day is whole."""
_MOST_ROWS = 2_000_000
_BUSY_SECONDS = 5.0
_FAULT = 500
_REFUSED = 400
_LANE = 6
_DECADE = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)

BOUNDS: tuple[float, ...] = (
    *(round(each * 10**power, 7) for power in (-4, -3, -2, -1, 0) for each in _DECADE),
    *(10.0, 12.0, 15.0, 20.0, 30.0, 45.0, 60.0, 120.0, 300.0),
)
"""Upper ends of the buckets that durations are sorted into, in seconds; there is one more bucket for what is longer."""

_TABLE = """
CREATE TABLE IF NOT EXISTS minutes (
    deployment_id TEXT NOT NULL,
    minute INTEGER NOT NULL,
    writer TEXT NOT NULL,
    content TEXT NOT NULL,
    PRIMARY KEY (deployment_id, minute, writer)
) WITHOUT ROWID
"""
_INDEX = "CREATE INDEX IF NOT EXISTS minutes_by_time ON minutes (minute)"


@dataclass(slots=True)
class Usage:
    """What was answered in some time. ``in_flight`` is the average number of requests that waited or were worked on."""

    codes: dict[int, int] = field(default_factory=dict)
    """How many answers had each status."""
    rows: int = 0
    in_flight: float = 0.0
    packed: int = 0
    """How many answers fell into each bucket, as :func:`packed` makes it of a mapping."""

    @property
    def requests(self) -> int:
        """How many predictions were asked for and admitted."""
        return sum(self.codes.values())

    @property
    def errors(self) -> int:
        """How many of them failed (5xx)."""
        return sum(count for code, count in self.codes.items() if code >= _FAULT)

    @property
    def refused(self) -> int:
        """How many of them were their callers' fault, or too many (4xx)."""
        return sum(count for code, count in self.codes.items() if _REFUSED <= code < _FAULT)

    @property
    def latency(self) -> list[int]:
        """How many answers fell into each bucket, up to the last one that has any."""
        content = self.packed.to_bytes(_LANE * (len(BOUNDS) + 1), "little")
        counts = [int.from_bytes(content[at : at + _LANE], "little") for at in range(0, len(content), _LANE)]
        return counts[: next((n + 1 for n in range(len(counts) - 1, -1, -1) if counts[n]), 0)]

    def add(self, other: Usage) -> None:
        """Count what another gateway, or another minute, has counted."""
        self.rows += other.rows
        self.in_flight += other.in_flight
        self.packed += other.packed
        for code, count in other.codes.items():
            self.codes[code] = self.codes.get(code, 0) + count

    def percentile(self, share: float) -> float | None:
        """Return in how many seconds this share of the answers came; None where there was none."""
        counts = self.latency
        running = list(accumulate(counts))
        if not running:
            return None
        wanted = share * running[-1]
        bucket = min(bisect_left(running, wanted or 1), len(counts) - 1)
        if bucket >= len(BOUNDS):
            return BOUNDS[-1]
        low = BOUNDS[bucket - 1] if bucket else 0.0
        before = running[bucket - 1] if bucket else 0
        return low + (BOUNDS[bucket] - low) * (wanted - before) / counts[bucket]


def packed(counts: Mapping[int, int]) -> int:
    """Return how many answers fell into each bucket, by its number, as one number."""
    return sum(count << (8 * _LANE * bucket) for bucket, count in counts.items())


@dataclass(frozen=True)
class Point:
    """What was answered from ``time`` (Unix seconds) on, for one step of a chart."""

    time: int
    usage: Usage


class Minutes:
    """The file of one data directory. Writing raises sqlite3.Error; reading where there is no file finds nothing."""

    def __init__(self, home: Home) -> None:
        self.path = home.root / "minutes.db"

    def write(self, writer: str, rows: Iterable[tuple[str, int, Usage]]) -> None:
        """Keep (deployment, minute, usage) of one gateway, in place of what it wrote of the same minute."""
        content = [(id_, minute, writer, _to_text(usage)) for id_, minute, usage in rows]
        with self._open() as connection, connection:
            connection.executemany("INSERT OR REPLACE INTO minutes VALUES (?, ?, ?, ?)", content)

    def expire(self, now: float) -> None:
        """Drop what is older than a day; when there is far too much, the oldest half."""
        with self._open() as connection, connection:
            connection.execute("DELETE FROM minutes WHERE minute < ?", (int(now) - KEPT_SECONDS,))
            (count,) = connection.execute("SELECT count(*) FROM minutes").fetchone()
            if count > _MOST_ROWS:
                middle = "SELECT minute FROM minutes ORDER BY minute LIMIT 1 OFFSET ?"
                connection.execute(f"DELETE FROM minutes WHERE minute < ({middle})", (count // 2,))  # noqa: S608

    def set_aside(self) -> None:
        """Begin with a new file: this one can't be read."""
        for suffix in ("-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def read(self, deployment_ids: Collection[str], since: int, until: int) -> dict[str, dict[int, Usage]]:
        """Return for each of these deployments the minutes from ``since`` on, before ``until``, that saw requests."""
        found: dict[str, dict[int, Usage]] = {id_: {} for id_ in deployment_ids}
        if not self.path.exists():
            return found
        columns = "SELECT minute, content FROM minutes WHERE deployment_id = ? AND minute >= ? AND minute < ?"
        try:
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", _BUSY_SECONDS, uri=True)) as connection:
                for id_ in deployment_ids:
                    for minute, text in connection.execute(columns, (id_, since, until)):
                        usage, known = _from_text(text), found[id_].get(minute)
                        if known is None:
                            found[id_][minute] = usage
                        else:
                            known.add(usage)
        except sqlite3.Error:  # it is about to be replaced, or was never written whole
            return {id_: {} for id_ in deployment_ids}
        return found

    def series(self, deployment_id: str, since: int, until: int, step: int = MINUTE) -> list[Point]:
        """Return one point per step, also where there were no requests."""
        return spread(self.read([deployment_id], since, until)[deployment_id], since, until, step)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, _BUSY_SECONDS)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=NORMAL")
            connection.execute(_TABLE)
            connection.execute(_INDEX)
            yield connection


def spread(minutes: Mapping[int, Usage], since: int, until: int, step: int) -> list[Point]:
    """Return the minutes added up to steps of so many seconds, beginning at ``since``. In flight becomes an average."""
    points = [Point(time, Usage()) for time in range(since, until, step)]
    for minute, usage in minutes.items():
        if since <= minute < until:
            points[(minute - since) // step].usage.add(usage)
    for point in points:
        point.usage.in_flight /= max(1, step // MINUTE)
    return points


def _to_text(usage: Usage) -> str:
    codes = {str(code): count for code, count in usage.codes.items()}
    return json.dumps([codes, usage.rows, round(usage.in_flight, 4), f"{usage.packed:x}"], separators=(",", ":"))


def _from_text(text: str) -> Usage:
    codes, rows, in_flight, latency = orjson.loads(text)
    return Usage(
        {int(code): count for code, count in codes.items()},
        rows,
        in_flight,
        # before they were packed, buckets were written by their numbers
        int(latency, 16) if isinstance(latency, str) else packed({int(n): count for n, count in latency.items()}),
    )
