"""Blobs in an object store, reached by fsspec: put whole or not at all, and compared with their digest when read."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

from ads.errors import AdsError, ServiceError, ServiceUnavailable, SettingError
from ads.registry.blob_cache import BlobCache
from ads.registry.blob_place import BlobEntry, damaged, is_digest, missing, pieces
from ads.registry.incoming import StoredBlob
from ads.registry.store_reach import Reach, open_bounded

__all__ = ["BlobRemote"]

logger = logging.getLogger(__name__)

_CHUNK = 1024 * 1024
_PART = 16 * 1024 * 1024
_MOST_PARTS = 9_000
_SOON = 2.0
_YOUNG = 12 * 3600.0
"""Seconds for which a blob that is there already is not written again: less than what a sweep takes for old."""
_ATOMIC = frozenset({"s3", "s3a", "oci", "gs", "gcs", "abfs", "abfss", "az", "adl"})
"""Where a file appears whole when it is closed. Elsewhere it is written aside and renamed."""
_PACKAGES = {
    "s3": "openads[s3]",
    "s3a": "openads[s3]",
    "oci": "openads[oci]",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "abfs": "adlfs",
}
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "timeModified", "timeCreated", "created")


class BlobRemote:
    """See :class:`~ads.registry.blob_place.BlobPlace`. The store is first asked when it is first needed."""

    def __init__(self, address: str, cache: BlobCache) -> None:
        self._address = address.rstrip("/")
        self._scheme = address.partition("://")[0].lower()
        self._cache = cache
        self._reach = Reach()
        self._lock = threading.Lock()
        self._opened: tuple[Any, str] | None = None

    def prepare(self, path: Path, blob: StoredBlob) -> None:
        """Bring the file to the store, unless a young one of the name is there."""
        info = self._info(blob.sha256)
        if info is not None and info["size"] == blob.size and _age(info) < _YOUNG:
            return
        system, root = self._system()
        target = f"{root}/{blob.sha256}"
        action = f"take {blob.sha256[:12]}…"
        with self._reported(action):
            try:
                if self._scheme in _ATOMIC:
                    self._write(system, path, target, blob.size)
                else:
                    system.makedirs(root, exist_ok=True)
                    self._write(system, path, f"{target}.incoming", blob.size)
                    system.mv(f"{target}.incoming", target)
            except FileNotFoundError as error:
                raise self._unusable(action, str(error)) from error

    def settle(self, path: Path, blob: StoredBlob) -> None:  # noqa: ARG002 - prepare() brought the file
        """Return when the store has the blob with the right length."""
        info = self._info(blob.sha256)
        if info is None or info["size"] != blob.size:
            raise self._unusable(f"keep {blob.sha256[:12]}…", "it has other bytes than it was given")
        self._cache.drop(blob.sha256)

    def open(self, sha256: str, size: int) -> BinaryIO:
        """Return a local copy, fetched and checked when there is none yet."""
        if not self._cache.has(sha256):
            self._cache.add(sha256, self._verified(sha256, size))
        try:
            return self._cache.open(sha256, size)
        except AdsError:
            self._cache.drop(sha256)  # the copy is damaged or was just removed; the store's own decides
            self._cache.add(sha256, self._verified(sha256, size))
            return self._cache.open(sha256, size)

    def path(self, sha256: str, size: int) -> Path:
        """Return the local copy's file. Don't change it; open it within a minute."""
        self.open(sha256, size).close()
        return self._cache.path(sha256)

    def expect(self, sha256: str, size: int) -> None:
        """Return when the store has the blob in its length; its bytes are compared while they are read."""
        if self._cache.has(sha256):
            return
        info = self._info(sha256)
        if info is None:
            raise missing(sha256)
        if info["size"] != size:
            raise damaged(sha256)

    def chunks(self, sha256: str, size: int, start: int, end: int) -> Iterator[bytes]:
        """Yield a part of the blob from the local copy; the whole of it without making one."""
        if (start, end) == (0, size) and not self._cache.has(sha256):
            yield from self._verified(sha256, size)
            return
        with self.open(sha256, size) as file:
            yield from pieces(file, sha256, start, end)

    def has(self, sha256: str) -> bool:
        """Tell whether the store has a file of the name."""
        return self._info(sha256) is not None

    def entries(self) -> Iterator[BlobEntry]:
        """Yield every blob of the store."""
        system, root = self._system()
        with self._reported("list its files"):
            try:
                found: list[dict[str, Any]] = system.ls(root, detail=True, refresh=True)
            except FileNotFoundError:
                return
        for info in found:
            name = str(info["name"]).rsplit("/", 1)[-1]
            if is_digest(name):
                yield BlobEntry(name, int(info["size"] or 0), _age(info))

    def remove(self, sha256: str, older_than: float) -> int:
        """Remove a blob; see the interface."""
        info = self._info(sha256)
        if info is None or _age(info) < older_than:
            return -1
        system, root = self._system()
        with self._reported(f"remove {sha256[:12]}…"), contextlib.suppress(FileNotFoundError):
            system.rm(f"{root}/{sha256}")  # every file system has it; that of OCI has no rm_file()
        self._cache.drop(sha256)
        return int(info["size"])

    def _verified(self, sha256: str, size: int) -> Iterator[bytes]:
        """Yield the blob; its last bytes only after all of them were found to be right."""
        system, root = self._system()
        digest, left, held = hashlib.sha256(), size, b""
        with self._reported(f"read {sha256[:12]}…"):
            try:
                file = system.open(f"{root}/{sha256}", "rb", block_size=_PART, cache_type="readahead")
            except FileNotFoundError:
                raise missing(sha256) from None
        with file:
            while left >= 0:
                with self._reported(f"read {sha256[:12]}…"):
                    data = _read(file)
                if not data:
                    break
                if held:
                    yield held
                digest.update(data)
                left -= len(data)
                held = data
        if left != 0 or digest.hexdigest() != sha256:
            raise damaged(sha256)
        if held:
            yield held

    def _write(self, system: Any, source: Path, target: str, size: int) -> None:
        """Write the file in parts of constant memory. What fails is given up as a whole."""
        part = max(_PART, -(-size // _MOST_PARTS))
        file = system.open(target, "wb", block_size=part)
        try:
            with source.open("rb") as read:
                while data := read.read(_CHUNK):
                    file.write(data)
        except BaseException:
            discard = getattr(file, "discard", None)
            if discard is not None:
                with contextlib.suppress(Exception):  # whatever it is, the first error is the one to tell
                    discard()
            with contextlib.suppress(AttributeError):
                file.closed = True  # closing it would commit what came so far
            raise
        file.close()

    def _info(self, sha256: str) -> dict[str, Any] | None:
        system, root = self._system()
        with self._reported(f"look for {sha256[:12]}…"):
            try:
                system.invalidate_cache()
                info: dict[str, Any] = system.info(f"{root}/{sha256}")
            except FileNotFoundError:
                return None
        return info

    def _system(self) -> tuple[Any, str]:
        with self._lock:
            if self._opened is None:
                self._opened = self._open_system()
            return self._opened

    def _open_system(self) -> tuple[Any, str]:
        try:
            system, root = open_bounded(self._address, use_listings_cache=False, skip_instance_cache=True)
        except (ImportError, ValueError) as error:
            package = _PACKAGES.get(self._scheme)
            raise SettingError(
                f"artifact_store {self._address!r} can't be used: {error}.",
                hint=f"pip install {package}" if package else "Name an address that fsspec knows, or leave it empty.",
            ) from error
        return system, root.rstrip("/")

    @contextmanager
    def _reported(self, action: str) -> Iterator[None]:
        """Turn what the store answers into errors of ours. A missing file stays one."""
        try:
            with self._reach.attempt():
                yield
        except (AdsError, FileNotFoundError):
            raise
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise ServiceError(
                    "The artifact store has no room for this.",
                    status=507,
                    service_code="InsufficientStorage",
                    retry_after=30.0,
                ) from error
            raise self._unusable(action, str(error) or type(error).__name__) from error
        except Exception as error:  # each file system has errors of its own, without a common root
            raise self._unusable(action, str(error) or type(error).__name__) from error

    def _unusable(self, action: str, reason: str) -> ServiceUnavailable:
        logger.warning("the artifact store %s could not %s: %s", self._address, action, reason)
        return ServiceUnavailable(
            f"The artifact store could not {action}: {reason[:300]}.",
            hint="Try again; if it stays so, check artifact_store, its bucket and the service's credentials.",
            retry_after=5.0,
        )


def _read(file: Any) -> Any:
    """Return the next piece. A connection that breaks in it, as soon as it is asked, is given a second chance."""
    began = time.monotonic()
    try:
        return file.read(_CHUNK)
    except Exception:
        if time.monotonic() - began > _SOON:
            raise
        return file.read(_CHUNK)


def _age(info: Mapping[str, Any]) -> float:
    """Return the seconds since the file was written; 0 when the store doesn't tell, so it is never swept."""
    now = datetime.now(timezone.utc)
    value = next((info[name] for name in _TIMES if info.get(name)), None)
    if isinstance(value, (int, float)):
        return now.timestamp() - value
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return 0.0
    if not isinstance(value, datetime):
        return 0.0
    return (now - (value if value.tzinfo else value.replace(tzinfo=timezone.utc))).total_seconds()
