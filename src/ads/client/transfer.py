"""Artifacts over HTTP: streamed in constant memory, with a byte bar for people and a digest check for machines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.client.progress import byte_bar
from ads.errors import ArchiveError

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["PIECE", "STALLED_AFTER", "Download", "download", "upload"]

PIECE = 1024 * 1024
"""Bytes that are read or written at a time."""
STALLED_AFTER = 300.0
"""Seconds without a byte after which a transfer is given up."""


@dataclass(frozen=True)
class Download:
    """What was written: the file, its name in the catalog, its size in bytes, its SHA-256 in hexadecimal."""

    path: Path
    name: str
    size: int
    sha256: str


def upload(service: Service, model_id: str, archive: Path, *, sha256: str | None = None, progress: bool = True) -> None:
    """Send ``archive`` as the artifact of ``model_id``; ``sha256`` is its digest, where the caller knows it.

    A large one goes in parts where the service takes them, so that a repeated call continues what was cut. Otherwise
    it goes in one piece, and a repeated upload is recognised by its retry token.
    """
    from ads.client.part_upload import LEAST_SIZE, upload_in_parts

    size = archive.stat().st_size
    file_name = f"{model_id}{archive.suffix or '.zip'}"
    with byte_bar(f"Uploading {archive.name}", size, progress) as bar:
        if size > LEAST_SIZE and upload_in_parts(service, model_id, archive, sha256, file_name, bar):
            return

        def pieces() -> Iterator[bytes]:
            bar.reset()
            with archive.open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece
                    bar.update(len(piece))

        service.request(
            "POST",
            f"/20190101/models/{model_id}/artifact",
            content=pieces,
            headers={
                "content-type": "application/octet-stream",
                "content-length": str(size),
                "content-disposition": f'attachment; filename="{file_name}"',
            },
            timeout=STALLED_AFTER,
            retry_token=True,
        )


def download(service: Service, model_id: str, target: Path, *, progress: bool = True) -> Download:
    """Write the artifact of ``model_id`` to ``target``.

    Raises :class:`~ads.errors.NotFound` when the model has none and :class:`~ads.errors.ArchiveError` when what came
    differs in length or digest from what the service announced; ``target`` is then removed.
    """
    with _answer(service, model_id) as (headers, pieces):
        announced = int(headers.get("content-length", "-1"))
        # MD5 is what the OCI wire carries; it finds accidents, the archive's own manifest finds the rest.
        wanted = _Announced(headers)
        name = _file_name(headers.get("content-disposition", ""), model_id)
        with byte_bar(f"Downloading {name}", max(announced, 0), progress) as bar:
            sha256, size = _write(pieces, target, wanted, bar)
    if announced not in (-1, size) or not wanted.fits(sha256):
        target.unlink(missing_ok=True)
        raise ArchiveError(
            f"The artifact of {model_id} arrived damaged: {size} of {announced} bytes, or another digest.",
            hint="Repeat the download; if it stays so, the service's copy is damaged.",
        )
    return Download(target, name, size, sha256.hex())


def _write(pieces: Iterator[bytes | memoryview], target: Path, wanted: _Announced, bar: Any) -> tuple[bytes, int]:
    """Write the pieces while another thread hashes them; return SHA-256 and size. At most two pieces wait for it."""
    import hashlib
    from collections import deque
    from concurrent.futures import Future, ThreadPoolExecutor

    sha256, size = hashlib.sha256(), 0
    hashed: deque[Future[None]] = deque()

    def digest(piece: bytes | memoryview) -> None:
        sha256.update(piece)
        wanted.update(piece)

    with ThreadPoolExecutor(1, thread_name_prefix="digest") as pool, target.open("wb", buffering=PIECE) as file:
        for piece in pieces:
            hashed.append(pool.submit(digest, piece))
            file.write(piece)
            size += len(piece)
            bar.update(len(piece))
            while len(hashed) > 2:
                hashed.popleft().result()
    return sha256.digest(), size


@contextmanager
def _answer(service: Service, model_id: str) -> Iterator[tuple[Mapping[str, str], Iterator[bytes | memoryview]]]:
    from ads.client.bulk import is_near, opened

    path = f"/20190101/models/{model_id}/artifact/content"
    headers = {
        "accept": "application/octet-stream",
        "accept-encoding": "identity",
        "want-repr-digest": "sha-256=1",
    }
    if is_near(service):
        with opened(service, path, headers, timeout=STALLED_AFTER) as found:
            if found is not None:
                yield found[0], _unbroken(found[1], service, model_id)
                return
    with service.stream("GET", path, headers=headers, timeout=STALLED_AFTER) as response:
        yield response.headers, _unbroken(response.iter_raw(PIECE), service, model_id)


def _unbroken(
    pieces: Iterator[bytes] | Iterator[memoryview], service: Service, model_id: str
) -> Iterator[bytes | memoryview]:
    """Yield the pieces. Raises ServiceUnreachable where they break off."""
    import httpx

    from ads.errors import ServiceUnreachable

    try:
        yield from pieces
    except (httpx.TransportError, OSError) as error:
        raise ServiceUnreachable(
            f"The download of {model_id} from {service.url} broke off: {str(error) or type(error).__name__}.",
            hint="Repeat the download.",
        ) from error


class _Announced:
    """The digest that the service says the bytes have: SHA-256 where it knows how to say that, else MD5, or none."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        import hashlib

        found = re.search(r"sha-256=:([A-Za-z0-9+/=]+):", headers.get("repr-digest", ""))
        self._sha256 = found[1] if found else ""
        self._md5 = "" if found else headers.get("content-md5", "")
        self._digest = hashlib.md5(usedforsecurity=False)

    def update(self, data: bytes | memoryview) -> None:
        """Take the next bytes."""
        if self._md5:
            self._digest.update(data)

    def fits(self, sha256: bytes) -> bool:
        """Return whether the bytes, whose SHA-256 this is, are those that were announced."""
        import base64

        if self._sha256:
            return self._sha256 == base64.b64encode(sha256).decode()
        md5 = self._digest.digest()
        return not self._md5 or self._md5 in (base64.b64encode(md5).decode(), md5.hex())


def _file_name(disposition: str, model_id: str) -> str:
    """Return the base name that the header gives, without any folder in it."""
    _, marker, rest = disposition.partition("filename=")
    name = rest.split(";")[0].strip().strip('"') if marker else ""
    return Path(name.replace("\\", "/")).name or f"{model_id}.zip"
