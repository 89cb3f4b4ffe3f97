"""Uploads that come in parts and may go on after any cut: the bytes and the list of their parts, in a folder each.

A part counts once its bytes are on the disk and it is in the list. Which digest a part will have is written down before
its first byte: what had arrived whole when the service was killed is recognised by that, and isn't sent again.
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
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ads.errors import InputError, NotFound, ServiceUnavailable
from ads.home import write_private
from ads.registry.incoming import full_disk_reported, sync_folder

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["PART_SIZE", "About", "PartWriter", "PartialUpload", "PartialUploads"]

PART_SIZE = 8 * 1024 * 1024
"""Bytes of every part but the last."""

_CHUNK = 1024 * 1024
_EXPECTED, _DURABLE = 1, 2
_RECORD = 33
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

    def remove(self, upload: PartialUpload) -> None:
        """Forget an upload and its bytes."""
        with self._lock:
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
            if state == _EXPECTED and self._digest(number) == sha256:
                with self.data.open("rb") as file:
                    os.fsync(file.fileno())
                self.note(number, _DURABLE, sha256)

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

    def _digest(self, number: int) -> str:
        start, left = self.span(number)
        digest = hashlib.sha256()
        with self.data.open("rb") as file:
            file.seek(start)
            while left and (chunk := file.read(min(left, _CHUNK))):
                digest.update(chunk)
                left -= len(chunk)
        return digest.hexdigest()


class PartWriter:
    """Takes the bytes of one part. One that is durable already is only compared."""

    def __init__(self, upload: PartialUpload, number: int, sha256: str) -> None:
        self._upload = upload
        self._number = number
        self._sha256 = sha256
        self._position, self._left = upload.span(number)
        self._digest = hashlib.sha256()
        state, known = upload.record(number) if not upload.committed else (_DURABLE, "")
        self._there = state == _DURABLE
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

    def write(self, data: bytes) -> None:
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
