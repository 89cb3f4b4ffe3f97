"""Artifacts in parts: after any cut, also from another process, only what isn't there yet is sent again."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.client.bulk import became_shorter, is_near, send_file
from ads.errors import Conflict, NotFound, ServiceError, ServiceTimeout, ServiceUnavailable, ServiceUnreachable

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["LEAST_SIZE", "digest_of", "upload_in_parts"]

LEAST_SIZE = 8 * 1024 * 1024
"""Bytes up to which an archive isn't worth parts."""

_PIECE = 256 * 1024
_MOST_BEGINNINGS = 3
_AT_ONCE = 2
_STALLED_AFTER = 300.0
_AWAY_FOR = 30.0


@dataclass(frozen=True)
class _Plan:
    """Where parts go, and how long they are."""

    path: str
    part_size: int
    size: int

    def span(self, number: int) -> tuple[int, int]:
        start = (number - 1) * self.part_size
        return start, min(self.part_size, self.size - start)


def upload_in_parts(
    service: Service, model_id: str, archive: Path, sha256: str | None, file_name: str, bar: Any
) -> bool:
    """Send the archive as the model's artifact in parts; return False when the service doesn't know this way.

    The service knows the upload by size and SHA-256, so a repeated call, for another model, too, continues what a cut
    one began. At most one part is on its way at a time, while the one before it is made durable; to a service on this
    machine parts follow each other in one request. An upload that the service lost, with the machine that it lay on, is
    begun again.
    """
    for _ in range(_MOST_BEGINNINGS - 1):
        try:
            return _upload(service, model_id, archive, sha256, file_name, bar)
        except NotFound as error:  # noqa: PERF203 - it happens once in a machine's life
            if error.service_code != "NoSuchUpload":
                raise
            bar.reset()
    return _upload(service, model_id, archive, sha256, file_name, bar)


def _upload(service: Service, model_id: str, archive: Path, sha256: str | None, file_name: str, bar: Any) -> bool:
    size = archive.stat().st_size
    body = {"size": size, "sha256": sha256 or digest_of(archive), "fileName": file_name}
    base = f"/openads/v1/models/{model_id}/artifact/uploads"
    try:
        begun = service.request("POST", base, json=body, repeatable=True).json()
    except NotFound:
        return False  # no such path here; where it is the model that is missing, the other way says so
    plan = _Plan(f"{base}/{begun['uploadId']}", int(begun["partSize"]), size)
    present = set(begun["parts"])
    bar.update(sum(plan.span(number)[1] for number in present))
    missing = [n for n in range(1, -(-size // plan.part_size) + 1) if n not in present]
    try:
        if not (is_near(service) and _send_runs(service, archive, plan, present, bar)):
            _send_parts(service, archive, plan, missing, bar)
        commit = f"{plan.path}/commit"
        _patiently(lambda: service.request("POST", commit, timeout=_commit_time(size), repeatable=True))
    except (ServiceUnreachable, ServiceUnavailable, ServiceTimeout) as error:
        raise type(error)(
            f"The upload of {archive.name} broke off: {error.message}",
            hint="Repeat it: what the service has already is not sent again.",
        ) from error
    return True


def digest_of(archive: Path) -> str:
    """Return the file's SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    buffer = bytearray(1024 * 1024)
    view = memoryview(buffer)
    with archive.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digest.update(view[:count])
    return digest.hexdigest()


def _send_runs(service: Service, archive: Path, plan: _Plan, present: set[int], bar: Any) -> bool:
    """Send what is missing in as few requests as there are gaps; return False where the service wants single parts.

    Nothing can damage bytes on the way within one machine, so the whole is hashed alone, by the service.
    """
    patient_until: float | None = None
    while (run := _first_gap(present, plan)) is not None:
        start, length = plan.span(run[0])[0], sum(plan.span(number)[1] for number in range(run[0], run[1] + 1))
        path = f"{plan.path}/parts/{run[0]}-{run[1]}"
        try:
            send_file(service, path, archive, start, length, timeout=_STALLED_AFTER, sent=bar.update)
        except (ServiceUnavailable, ServiceUnreachable, Conflict):
            now = time.monotonic()
            patient_until = now + _AWAY_FOR if patient_until is None else patient_until
            if now >= patient_until:
                raise
            time.sleep(0.5)
            found = _present(service, plan)
            if found != present:
                patient_until = None
            present = found
            bar.reset()
            bar.update(sum(plan.span(number)[1] for number in present))
        except ServiceError as error:
            if error.status == 400:
                return False
            raise
        else:
            patient_until = None
            present.update(range(run[0], run[1] + 1))
    return True


def _first_gap(present: set[int], plan: _Plan) -> tuple[int, int] | None:
    """Return the first and the last of the first parts that are missing."""
    missing = [number for number in range(1, -(-plan.size // plan.part_size) + 1) if number not in present]
    if not missing:
        return None
    last = missing[0]
    for number in missing[1:]:
        if number != last + 1:
            break
        last = number
    return missing[0], last


def _present(service: Service, plan: _Plan) -> set[int]:
    found: set[int] = set()
    _patiently(lambda: found.update(service.request("GET", plan.path).json()["parts"]))
    return found


def _send_parts(service: Service, archive: Path, plan: _Plan, numbers: list[int], bar: Any) -> None:
    sending = threading.Lock()
    failed = threading.Event()

    def send(number: int) -> None:
        if failed.is_set():
            return
        try:
            _send_part(service, archive, plan, number, sending)
        except BaseException:
            failed.set()
            raise
        bar.update(plan.span(number)[1])

    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="upload") as pool:
        futures = [pool.submit(send, number) for number in numbers]
        try:
            for future in futures:
                future.result()
        except BaseException:
            failed.set()
            raise


def _send_part(service: Service, archive: Path, plan: _Plan, number: int, sending: threading.Lock) -> None:
    start, length = plan.span(number)
    with archive.open("rb", buffering=0) as file:
        file.seek(start)
        content = file.read(length)
    if len(content) != length:
        raise became_shorter(archive)
    view = memoryview(content)

    turn = _Turn(sending)

    def pieces() -> Iterator[bytes]:
        turn.take()
        for position in range(0, length, _PIECE):
            yield bytes(view[position : position + _PIECE])
        turn.give()

    headers = {
        "content-type": "application/octet-stream",
        "content-length": str(length),
        "content-sha256": hashlib.sha256(content).hexdigest(),
    }

    def put() -> None:
        try:
            path = f"{plan.path}/parts/{number}"
            service.request("PUT", path, content=pieces, headers=headers, timeout=_STALLED_AFTER)
        finally:
            turn.give()

    _patiently(put)


def _patiently(action: Callable[[], object]) -> None:
    """Do it again while the service is away for a moment: an upload of hours outlives a restart of the service."""
    deadline = time.monotonic() + _AWAY_FOR
    while not _done(action, last=time.monotonic() > deadline):
        time.sleep(0.5)


def _done(action: Callable[[], object], *, last: bool) -> bool:
    try:
        action()
    except (ServiceUnavailable, ServiceUnreachable):
        if last:
            raise
        return False
    return True


class _Turn:
    """The right of one part to be on its way. A stream that was given up doesn't keep it from the next try."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._mine = False

    def take(self) -> None:
        if not self._mine:
            self._lock.acquire()
            self._mine = True

    def give(self) -> None:
        if self._mine:
            self._mine = False
            self._lock.release()


def _commit_time(size: int) -> float:
    """Return the seconds after which a commit is given up: the service reads everything once more, and checks it."""
    return _STALLED_AFTER + size / 20e6
