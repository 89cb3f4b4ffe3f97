"""The minutes that charts are drawn from: the loop takes stock every few seconds, a thread writes it down.

What a minute has is the difference between the counters now and at its beginning, so requests are counted once, and
nothing is added to their way.
"""

from __future__ import annotations

import logging
import queue
import secrets
import sqlite3
import threading
from collections.abc import Mapping

from ads.deploy.minutes import BOUNDS, MINUTE, Minutes, Usage, packed
from ads.gateway.metrics import DeploymentMetrics
from ads.gateway.pool import Pool
from ads.home import Home

__all__ = ["Rollups"]

logger = logging.getLogger(__name__)

_EVERY = 2.0
_MOST_WAITING = 30

_Rows = list[tuple[str, int, Usage]]


class _Stock:
    """The counters of one deployment at one moment."""

    __slots__ = ("codes", "latency", "load", "rows", "samples")

    def __init__(self, metrics: DeploymentMetrics | None = None, pool: Pool | None = None) -> None:
        self.codes = dict(metrics.codes) if metrics is not None else {}
        self.latency = list(metrics.request.counts) if metrics is not None else [0] * (len(BOUNDS) + 1)
        self.rows = metrics.rows if metrics is not None else 0
        self.load = pool.load_sum if pool is not None else 0
        self.samples = pool.load_samples if pool is not None else 0

    def differs(self, before: _Stock) -> bool:
        """Tell whether there was anything to do in between."""
        return self.codes != before.codes or self.load != before.load

    def since(self, before: _Stock) -> Usage:
        """Return what was counted in between."""
        samples = self.samples - before.samples
        return Usage(
            {code: more for code, count in self.codes.items() if (more := count - before.codes.get(code, 0)) > 0},
            self.rows - before.rows,
            (self.load - before.load) / samples if samples else 0.0,
            packed({n: a - b for n, (a, b) in enumerate(zip(self.latency, before.latency, strict=True)) if a > b}),
        )


class Rollups:
    """Call :meth:`take` about once a second, :meth:`close` at the end. Unix time comes from the caller."""

    def __init__(self, home: Home) -> None:
        self._minutes = Minutes(home)
        self._writer = secrets.token_hex(6)
        self._minute = 0
        self._next = 0.0
        self._began: dict[str, _Stock] = {}
        self._told: dict[str, _Stock] = {}
        self._waiting: queue.Queue[tuple[str, int, _Rows] | None] = queue.Queue(_MOST_WAITING)
        self._expired = 0
        self._thread = threading.Thread(target=self._run, name="rollups", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def take(self, now: float, pools: Mapping[str, Pool], *, last: bool = False) -> None:
        """Have what was counted written down, if it is time for that."""
        minute = int(now) // MINUTE * MINUTE
        if minute == self._minute and now < self._next and not last:
            return
        self._next = now + _EVERY
        self._minute = self._minute or minute
        stocks = {id_: _Stock(pool.metrics, pool) for id_, pool in pools.items()}
        self._began = {id_: self._began.get(id_) or _Stock() for id_ in stocks}
        rows: _Rows = []
        for id_, stock in stocks.items():
            began = self._began[id_]
            if stock.differs(self._told.get(id_) or began):
                rows.append((id_, self._minute, stock.since(began)))
        self._told = stocks
        if rows:
            self._hand_over(rows)
        if minute < self._minute:  # the clock was set back: keep what was written of these minutes before
            self._writer = secrets.token_hex(6)
        if minute != self._minute:
            self._minute = minute
            self._began = stocks

    def close(self) -> None:
        """Write what is left, waiting at most two seconds."""
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _hand_over(self, rows: _Rows) -> None:
        try:
            self._waiting.put_nowait((self._writer, self._minute, rows))
        except queue.Full:
            logger.error("minutes for charts can't be written as fast as they come")  # noqa: TRY400

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            writer, minute, rows = item
            try:
                self._minutes.write(writer, rows)
                if minute > self._expired:
                    self._minutes.expire(minute)
                    self._expired = minute
            except sqlite3.OperationalError as error:
                logger.error("minutes for charts can't be written: %s", error)  # noqa: TRY400
            except sqlite3.DatabaseError as error:
                logger.error("%s is begun anew: %s", self._minutes.path, error)  # noqa: TRY400
                self._minutes.set_aside()
