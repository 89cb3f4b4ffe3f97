"""Uploads that come in parts and may go on after any cut: the bytes and the list of their parts, in a folder each.

A part counts once its bytes are on the disk and it is in the list. Which digest a part will have is written down before
its first byte: what had arrived whole when the service was killed is recognised by that, and isn't sent again. Of one
that comes in a run of parts it is written down that it arrived: its bytes are there for as long as the machine runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ads.errors import Conflict, InputError, NotFound, ServiceUnavailable
from ads.home import write_private
from ads.registry.incoming import full_disk_reported, sync_folder
from ads.registry.part_run import PartRun, Running

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PART_SIZE", "About", "PartWriter", "PartialUpload", "PartialUploads"]

PART_SIZE = 8 * 1024 * 1024
"""Bytes of every part but the last."""

_CHUNK = 1024 * 1024
_EXPECTED, _DURABLE, _ARRIVED = 1, 2, 3
_MOST_RUNNING = 64
_RECORD = 33
_UNKNOWN_BOOT = bytes(32).hex()
_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True)
class About:
    """What was said when the upload began. ``sha256`` is empty when the caller didn't know it."""

    principal: str
    size: int
    sha256: str
    file_name: str

    @property
    def part_count(self) -> int:
        """How many parts make the whole."""
        return -(-self.size // PART_SIZE)


class PartialUploads:
    """All uploads in parts of one data directory. Parts of one upload may come at the same time, each once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._busy: set[tuple[str, int]] = set()
        self._seen: set[str] = set()
        self._running: dict[str, Running] = {}

    def begin(self, about: About) -> PartialUpload:
        """Return the caller's upload of these bytes, a new one when there is none."""
        known = hashlib.sha256(f"{about.principal}\n{about.size}\n{about.sha256}".encode()).hexdigest()[:32]
        upload_id = known if about.sha256 else secrets.token_hex(16)
        with self._lock, full_disk_reported():
            folder = self._folder / upload_id
            if not (folder / "about.json").is_file():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                write_private(folder / "about.json", json.dumps(asdict(about)).encode())
                sync_folder(self._folder)
            upload = PartialUpload(upload_id, folder, about)
            if not upload.committed:
                upload.make_files()
            if upload_id not in self._seen:
                upload.recover()
                self._seen.add(upload_id)
            os.utime(folder)
        return upload

    def find(self, upload_id: str, principal: str) -> PartialUpload:
        """Return the caller's upload of this id. Raises NotFound."""
        about = None
        folder = self._folder / (upload_id if _ID.fullmatch(upload_id) else "-")
        with contextlib.suppress(FileNotFoundError):
            about = About(**json.loads((folder / "about.json").read_bytes()))
        if about is None or about.principal != principal:
            raise NotFound(
                "There is no such upload; it may have been given up.",
                status=404,
                service_code="NoSuchUpload",
                hint="Begin it again.",
            )
        return PartialUpload(upload_id, folder, about)

    @contextlib.contextmanager
    def part(self, upload: PartialUpload, number: int, sha256: str) -> Iterator[PartWriter]:
        """Give what takes the bytes of a part. Raises InputError; ServiceUnavailable while the part is coming in."""
        if not 1 <= number <= upload.about.part_count:
            raise InputError(f"The upload has the parts 1 to {upload.about.part_count}, not {number}.")
        with self._lock:
            if (upload.id, number) in self._busy:
                raise ServiceUnavailable(f"The part {number} is coming in already.", retry_after=1.0)
            self._busy.add((upload.id, number))
        try:
            with PartWriter(upload, number, sha256) as writer:
                yield writer
        finally:
            with self._lock:
                self._busy.discard((upload.id, number))

    def begin_run(self, upload: PartialUpload, first: int, last: int) -> PartRun:
        """Return what takes the bytes of several parts; give it to :meth:`end_run` at the end, however it ends.

        Raises InputError; Conflict when one of them is there; ServiceUnavailable while one is coming in.
        """
        if not 1 <= first <= last <= upload.about.part_count:
            raise InputError(f"The upload has the parts 1 to {upload.about.part_count}, not {first} to {last}.")
        if not upload.about.sha256:
            raise InputError(
                "Several parts at once are for an upload whose SHA-256 was given.", hint="Send each part by itself."
            )
        numbers = {(upload.id, number) for number in range(first, last + 1)}
        with self._lock:
            if numbers & self._busy:
                raise ServiceUnavailable(f"A part from {first} to {last} is coming in already.", retry_after=1.0)
            there = {number for number in upload.present() if first <= number <= last}
            if there:
                raise Conflict(f"The part {min(there)} is there already.", hint="Ask for the parts that are there.")
            self._busy |= numbers
            begun = self._running.pop(upload.id, None)
        return PartRun(upload, first, last, begun if begun is not None and begun.parts == first - 1 else None)

    def end_run(self, run: PartRun) -> None:
        """Return once the parts that arrived whole are durable. Raises OSError when the disk fails."""
        upload = run.upload
        try:
            running = run.close()
        finally:
            with self._lock:
                self._busy -= {(upload.id, number) for number in range(run.first, run.last + 1)}
        if running is not None and upload.folder.is_dir():
            with self._lock:
                self._running[upload.id] = running
                while len(self._running) > _MOST_RUNNING:
                    del self._running[next(iter(self._running))]

    def running(self, upload: PartialUpload) -> Running | None:
        """Return the digests of the whole where all its parts came in order, since the service began."""
        with self._lock:
            found = self._running.get(upload.id)
        return found if found is not None and found.parts == upload.about.part_count else None

    def remove(self, upload: PartialUpload) -> None:
        """Forget an upload and its bytes."""
        with self._lock:
            self._running.pop(upload.id, None)
            shutil.rmtree(upload.folder, ignore_errors=True)

    def entries(self) -> Iterator[tuple[str, int, float]]:
        """Yield id, bytes on the disk and seconds since the last change of every upload."""
        if not self._folder.is_dir():
            return
        for folder in sorted(self._folder.iterdir()):
            size, changed = 0, folder.stat().st_mtime
            for path in folder.iterdir():
                with contextlib.suppress(FileNotFoundError):
                    status = path.stat()
                    size += status.st_blocks * 512
                    changed = max(changed, status.st_mtime)
            yield folder.name, size, time.time() - changed

    def forget(self, upload_id: str, older_than: float) -> bool:
        """Remove one upload that nobody went on with for so many seconds; tell whether it is gone."""
        ages = {name: age for name, _, age in self.entries()}
        with self._lock:
            busy = any(name == upload_id for name, _ in self._busy)
            if busy or ages.get(upload_id, -1.0) < older_than:
                return False
            shutil.rmtree(self._folder / upload_id, ignore_errors=True)
        return True

    def sweep(self, older_than: float) -> int:
        """Remove the uploads that nobody went on with for so many seconds; return how many."""
        old = [name for name, _, age in self.entries() if age >= older_than]
        with self._lock:
            for name in old:
                self._running.pop(name, None)
                shutil.rmtree(self._folder / name, ignore_errors=True)
        return len(old)


class PartialUpload:
    """One upload: its bytes in ``data``, a record for each part in ``parts``."""

    def __init__(self, upload_id: str, folder: Path, about: About) -> None:
        self.id = upload_id
        self.folder = folder
        self.about = about
        self.data = folder / "data"
        self.parts = folder / "parts"

    @property
    def committed(self) -> bool:
        """Whether the bytes became an artifact and aren't here any more."""
        return (self.folder / "committed").is_file()

    def present(self) -> list[int]:
        """Return the numbers of the parts that are durable, all of them after the commit."""
        if self.committed:
            return list(range(1, self.about.part_count + 1))
        records = self.parts.read_bytes()
        return [n + 1 for n in range(len(records) // _RECORD) if records[n * _RECORD] == _DURABLE]

    def make_files(self) -> None:
        """Make the files that parts are written to, unless they are there."""
        for path, size in ((self.data, self.about.size), (self.parts, self.about.part_count * _RECORD)):
            with path.open("ab"):
                os.truncate(path, size)
        sync_folder(self.folder)

    def record(self, number: int) -> tuple[int, str]:
        """Return state and digest of a part."""
        with self.parts.open("rb") as file:
            file.seek((number - 1) * _RECORD)
            content = file.read(_RECORD)
        return content[0], content[1:].hex()

    def note(self, number: int, state: int, sha256: str) -> None:
        """Write down a part's state and digest, durably once the part itself is."""
        descriptor = os.open(self.parts, os.O_WRONLY)
        try:
            with full_disk_reported():
                os.pwrite(descriptor, bytes([state]) + bytes.fromhex(sha256), (number - 1) * _RECORD)
                if state == _DURABLE:
                    os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def note_arrived(self, number: int) -> None:
        """Write down that a part is there, if not on the disk yet."""
        self.note(number, _ARRIVED, _this_boot())

    def note_durable(self, numbers: Sequence[int]) -> None:
        """Write down, durably, that parts are on the disk."""
        with self.parts.open("r+b", buffering=0) as file, full_disk_reported():
            for number in numbers:
                os.pwrite(file.fileno(), bytes([_DURABLE]) + bytes(32), (number - 1) * _RECORD)
            os.fsync(file.fileno())

    def span(self, number: int) -> tuple[int, int]:
        """Return where a part begins, and its length."""
        start = (number - 1) * PART_SIZE
        return start, min(PART_SIZE, self.about.size - start)

    def recover(self) -> None:
        """Count the parts that had arrived whole when the service ended, and were not acknowledged."""
        if self.committed:
            return
        for number in range(1, self.about.part_count + 1):
            state, sha256 = self.record(number)
            whole = state == _EXPECTED and self.digest(number) == sha256
            arrived = state == _ARRIVED and sha256 == _this_boot() != _UNKNOWN_BOOT
            if whole or arrived:
                with self.data.open("rb") as file:
                    os.fsync(file.fileno())
                self.note(number, _DURABLE, sha256 if whole else bytes(32).hex())

    def finish(self, sha256: str) -> None:
        """Leave only the note that these bytes are an artifact: a commit that is repeated finds it."""
        write_private(self.folder / "committed", sha256.encode())
        self.data.unlink(missing_ok=True)
        self.parts.unlink(missing_ok=True)

    def committed_sha256(self) -> str:
        """Return the digest of what was committed."""
        return (self.folder / "committed").read_text()

    def reopen(self) -> None:
        """Take parts again: what was committed isn't stored any more."""
        (self.folder / "committed").unlink(missing_ok=True)
        self.make_files()

    def digest(self, number: int) -> str:
        """Return the SHA-256 of what lies where a part belongs."""
        start, left = self.span(number)
        digest = hashlib.sha256()
        with self.data.open("rb") as file:
            file.seek(start)
            while left and (chunk := file.read(min(left, _CHUNK))):
                digest.update(chunk)
                left -= len(chunk)
        return digest.hexdigest()


def _this_boot() -> str:
    """Return what names the time since the machine was started: what was written in it can be read in it."""
    try:
        return hashlib.sha256(Path("/proc/sys/kernel/random/boot_id").read_bytes()).hexdigest()
    except OSError:  # not Linux: then only what is on the disk counts
        return _UNKNOWN_BOOT


class PartWriter:
    """Takes the bytes of one part. One that is durable already is only compared."""

    holds = 0

    def __init__(self, upload: PartialUpload, number: int, sha256: str) -> None:
        self._upload = upload
        self._number = number
        self._sha256 = sha256
        self._position, self._left = upload.span(number)
        self._digest = hashlib.sha256()
        state, known = upload.record(number) if not upload.committed else (_DURABLE, "")
        self._there = state == _DURABLE
        if self._there and known == bytes(32).hex():
            known = upload.digest(number)
        if self._there and known and known != sha256:
            raise InputError(f"The part {number} is there with another SHA-256.", hint="Begin a new upload.")
        if not self._there:
            upload.note(number, _EXPECTED, sha256)
        self._descriptor = -1 if self._there else os.open(upload.data, os.O_WRONLY)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def write(self, data: bytes | memoryview) -> None:
        """Take the next bytes. Raises InputError for more than the part has, ServiceError 507 when the disk is full."""
        if len(data) > self._left:
            raise InputError(f"The part {self._number} is longer than it may be.")
        if self._descriptor >= 0:
            rest = memoryview(data)
            with full_disk_reported():
                while rest:
                    written = os.pwrite(self._descriptor, rest, self._position)
                    self._position += written
                    rest = rest[written:]
        self._left -= len(data)
        self._digest.update(data)

    def finish(self) -> None:
        """Return once the part is durable. Raises InputError when the bytes aren't those of the digest."""
        if self._left or self._digest.hexdigest() != self._sha256:
            raise InputError(
                f"The part {self._number} arrived with other bytes than its SHA-256 says.", hint="Send it again."
            )
        if self._descriptor >= 0:
            with full_disk_reported():
                os.fsync(self._descriptor)
            self._upload.note(self._number, _DURABLE, self._sha256)
