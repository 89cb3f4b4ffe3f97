"""Several parts of an upload that come one after the other in one request: each byte is written and hashed once.

What was hashed up to the last whole part is kept, so a run that is cut goes on there, in a run of its own.
"""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ads.artifact.stored_members import StoredMembers
from ads.errors import InputError
from ads.registry.incoming import full_disk_reported
from ads.registry.lanes import Followed, Lane

if TYPE_CHECKING:
    from hashlib import _Hash

    from ads.registry.partial import PartialUpload

__all__ = ["PartRun", "Running"]


@dataclass(frozen=True)
class Running:
    """What is known of the first ``parts`` parts together: their SHA-256, and that of the members in them."""

    parts: int
    sha256: _Hash
    members: Followed[StoredMembers]


class PartRun:
    """Takes the bytes of the parts ``first`` to ``last``. A part counts once it is durable, whatever follows it.

    The whole is hashed where it is written, while the bytes are near; what is in it in a thread beside that.
    """

    holds = Lane.holds

    def __init__(self, upload: PartialUpload, first: int, last: int, begun: Running | None) -> None:
        self.upload = upload
        self.first = first
        self.last = last
        self._number = first
        self._position, self._left = upload.span(first)
        begun = begun if begun is not None or first > 1 else _from_the_start()
        self._sha256 = None if begun is None else begun.sha256.copy()
        self._kept = None if begun is None else begun.sha256
        self._members = None if begun is None else Lane(begun.members, "members")
        self._descriptor = os.open(upload.data, os.O_WRONLY)
        self._disk = _Disk(upload, self._descriptor)

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes. Raises InputError for too many, ServiceError 507 when the disk is full, OSError."""
        rest = memoryview(data)
        while rest:
            if self._number > self.last:
                raise InputError(f"The parts {self.first} to {self.last} are longer than they may be.")
            piece = rest[: self._left]
            rest = rest[len(piece) :]
            self._hash(piece)
            self._store(piece)
            if not self._left:
                self._next_part()

    def finish(self) -> None:
        """Return once all parts are durable. Raises InputError when bytes are missing, OSError when the disk fails."""
        if self._number <= self.last:
            raise InputError(f"The parts {self._number} to {self.last} did not arrive whole.", hint="Send them again.")
        self._disk.close()

    def close(self) -> Running | None:
        """Return what is known of all whole parts from the first one on, once they are durable. Raises OSError."""
        try:
            self._disk.close()
        finally:
            running = None
            if self._kept is not None and self._members is not None:
                running = Running(self._number - 1, self._kept, self._members.close())
            os.close(self._descriptor)
        return running

    def _hash(self, piece: memoryview) -> None:
        if self._sha256 is not None and self._members is not None:
            self._members.put(piece)
            self._sha256.update(piece)

    def _store(self, piece: memoryview) -> None:
        self._disk.check()
        with full_disk_reported():
            while piece:
                written = os.pwrite(self._descriptor, piece, self._position)
                self._position += written
                self._left -= written
                piece = piece[written:]

    def _next_part(self) -> None:
        self.upload.note_arrived(self._number)
        if self._sha256 is not None and self._members is not None:
            self._members.mark()
            self._kept = self._sha256.copy()
        self._disk.arrived(self._number)
        self._number += 1
        if self._number <= self.last:
            self._position, self._left = self.upload.span(self._number)


class _Disk:
    """Makes the parts that arrived durable, as many at once as came meanwhile, in a thread of its own."""

    def __init__(self, upload: PartialUpload, descriptor: int) -> None:
        self._upload = upload
        self._descriptor = descriptor
        self._arrived: list[int] = []
        self._ended = False
        self._error: BaseException | None = None
        self._change = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="durable", daemon=True)
        self._thread.start()

    def arrived(self, number: int) -> None:
        """Give a part whose bytes are all written."""
        with self._change:
            self._arrived.append(number)
            self._change.notify()

    def check(self) -> None:
        """Raise what went wrong."""
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        """Return once all is durable. Raises what went wrong."""
        with self._change:
            self._ended = True
            self._change.notify()
        self._thread.join()
        self.check()

    def _run(self) -> None:
        while True:
            with self._change:
                while not self._arrived and not self._ended:
                    self._change.wait()
                numbers, self._arrived = self._arrived, []
            if not numbers:
                return
            try:
                with full_disk_reported():
                    os.fsync(self._descriptor)
                self._upload.note_durable(numbers)
            except BaseException as error:  # noqa: BLE001 - it belongs to the thread that brings the bytes
                self._error = error
                return


def _from_the_start() -> Running:
    return Running(0, hashlib.sha256(), Followed(StoredMembers()))
