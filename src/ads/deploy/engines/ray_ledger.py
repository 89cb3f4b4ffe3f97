"""What replicas on a Ray cluster tell and are told: one detached actor, in which nothing is that can't be told again.

Replicas tell how they are and what they printed; the engine reads it in one question for all of them. The engine's
orders wait here until their replica asks. Pieces of archives lie in Ray's object store, owned by this actor: so a
replica can be started on another node while no control plane runs. This file travels to the node as it is: the
standard library and Ray are all that it may use.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from typing import Any

__all__ = ["Ledger"]

_MOST_LINES = 512 * 1024
"""How many bytes of what a replica printed are kept until they are read."""


class Ledger:
    """The actor. ``incarnation`` changes when it was started anew and knows nothing yet."""

    def __init__(self) -> None:
        self._incarnation = secrets.token_hex(8)
        self._version = 0
        self._reports: dict[str, dict[str, Any]] = {}
        self._heard: dict[str, tuple[float, float]] = {}
        self._lines: dict[str, list[tuple[int, bytes]]] = {}
        self._next_line = 0
        self._orders: dict[str, str] = {}
        self._pieces: dict[str, list[Any]] = {}
        self._whole: set[str] = set()
        self._changed = asyncio.Condition()

    async def tell(self, name: str, report: dict[str, Any] | None, lines: bytes, clock: float) -> str:
        """Take a replica's report (None: as before) and what it printed since; return this ledger's incarnation.

        ``clock`` is the replica's own (monotonic), in which its report says when it was started.
        """
        self._heard[name] = (time.monotonic(), clock)
        if lines:
            kept = self._lines.setdefault(name, [])
            self._next_line += 1
            kept.append((self._next_line, lines))
            while len(kept) > 1 and sum(len(data) for _, data in kept) > _MOST_LINES:
                kept.pop(0)
        if report is not None:
            self._reports[name] = report
        if report is not None or lines:
            await self._tell_watchers()
        return self._incarnation

    async def read(self, prefix: str, seen: dict[str, int]) -> dict[str, Any]:
        """Return the reports of all replicas whose name begins so, with their age, and the lines after those seen."""
        now = time.monotonic()
        found: dict[str, Any] = {}
        for name, report in self._reports.items():
            if not name.startswith(prefix):
                continue
            kept = [pair for pair in self._lines.get(name, ()) if pair[0] > seen.get(name, 0)]
            self._lines[name] = kept
            heard, clock = self._heard[name]
            silent = now - heard
            age = clock - report["started"] + silent
            found[name] = {"report": report, "silent": silent, "age": age, "lines": kept}
        return {"incarnation": self._incarnation, "version": self._version, "replicas": found}

    async def wait(self, version: int, seconds: float) -> int:
        """Return the present version as soon as it is another one, or after so many seconds."""
        try:
            async with self._changed:
                await asyncio.wait_for(self._changed.wait_for(lambda: self._version != version), seconds)
        except asyncio.TimeoutError:
            pass
        return self._version

    async def order(self, name: str, order: str) -> None:
        """Leave an order (``stop``, ``kill``) for a replica."""
        self._orders[name] = order
        await self._tell_watchers()

    async def orders(self, name: str, seconds: float) -> str:
        """Return the order for a replica as soon as there is one; empty after so many seconds without."""
        try:
            async with self._changed:
                await asyncio.wait_for(self._changed.wait_for(lambda: name in self._orders), seconds)
        except asyncio.TimeoutError:
            pass
        return self._orders.pop(name, "")

    async def forget(self, name: str) -> None:
        """Forget a replica that is gone."""
        for known in (self._reports, self._heard, self._lines, self._orders):
            known.pop(name, None)
        await self._tell_watchers()

    async def has(self, sha256: str) -> bool:
        """Tell whether all of an archive is here."""
        return sha256 in self._whole

    async def put(self, sha256: str, number: int, piece: bytes, last: bool) -> None:
        """Take a piece of an archive; number 0 begins anew."""
        import ray

        if number == 0:
            self._pieces[sha256] = []
            self._whole.discard(sha256)
        pieces = self._pieces.get(sha256, [])
        if len(pieces) != number:
            raise ValueError(f"Piece {len(pieces)} of {sha256} is next, not {number}.")
        pieces.append(ray.put(piece))
        if last:
            self._whole.add(sha256)

    async def pieces(self, sha256: str) -> list[Any]:
        """Return references to the pieces of an archive; none when it isn't here."""
        return list(self._pieces[sha256]) if sha256 in self._whole else []

    async def keep(self, wanted: list[str]) -> None:
        """Let go of all archives but these."""
        for sha256 in [each for each in self._whole if each not in wanted]:
            self._whole.discard(sha256)
            del self._pieces[sha256]

    async def _tell_watchers(self) -> None:
        self._version += 1
        async with self._changed:
            self._changed.notify_all()
