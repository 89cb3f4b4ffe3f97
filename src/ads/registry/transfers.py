"""Artifacts between the catalog and object storage, each a work request.

An *export* brings an object into the catalog, an *import* puts a model's artifact into a bucket: as OCI names them.
"""

from __future__ import annotations

import base64
import contextlib
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ads.errors import AdsError, Conflict, InputError, NotFound, ServiceUnavailable
from ads.registry.artifacts import expect_artifact, get_artifact, store_artifact
from ads.registry.blobs import BlobStore, Upload
from ads.registry.buckets import NAMESPACE
from ads.registry.database import Database
from ads.registry.events import Caller
from ads.registry.models import live_model
from ads.registry.objects import NONE, Content, get_object, put_object
from ads.registry.retry_tokens import Attempt, earlier_outcome, remember_outcome
from ads.registry.storage_tables import ObjectVersion
from ads.registry.work_requests import (
    WorkRequest,
    accept_work_request,
    add_log,
    fail_left,
    finish_work_request,
    get_work_request,
    progress_work_request,
)

__all__ = ["EXPORT", "IMPORT", "Place", "Transfers", "cancel_export", "fail_unfinished", "import_artifact"]

logger = logging.getLogger(__name__)

EXPORT = "EXPORT_MODEL_ARTIFACT"
IMPORT = "IMPORT_MODEL_ARTIFACT"

_CHUNK = 1024 * 1024
_AT_ONCE = 2
_AGAIN_AFTER = 1.0


@dataclass(frozen=True)
class Place:
    """An object: in which bucket it is, or goes to."""

    namespace: str
    bucket: str
    name: str


class _Stopped(Exception):
    """The transfer was canceled, or the service ends."""


class Transfers:
    """What brings objects into the catalog, beside the requests; at most two at a time."""

    def __init__(self, database: Database, blobs: BlobStore, max_bytes: int, member: str = "") -> None:
        self._member = member
        self._database = database
        self._blobs = blobs
        self._max_bytes = max_bytes
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="transfer")

    def export(self, caller: Caller, model_id: str, place: Place, attempt: Attempt | None = None) -> str:
        """Return the work request that makes the object the model's artifact.

        Raises NotFound for model, bucket or object; Conflict when the model has an artifact.
        """
        with self._database.write() as session:
            earlier = earlier_outcome(session, caller, attempt)
            if earlier is not None:
                return earlier
            model = live_model(session, model_id)
            expect_artifact(session, caller, model_id, None)
            source = _source(session, place)
            work = _accept(
                session, EXPORT, model_id, model.compartment_id, f"Exporting {place.name} to the catalog", self._member
            )
            remember_outcome(session, caller, attempt, work.id)
        self._pool.submit(self._run, work.id, caller, model_id, source)
        return work.id

    def close(self) -> None:
        """End what is under way; its work requests fail, at the next start when the catalog can't be written now."""
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)
        with contextlib.suppress(ServiceUnavailable), self._database.write() as session:
            fail_unfinished(session, self._member)

    def _run(self, work_id: str, caller: Caller, model_id: str, source: ObjectVersion) -> None:
        try:
            self._copy(work_id, caller, model_id, source)
        except _Stopped:
            return
        except AdsError as error:
            self._fail(work_id, error.code, f"{error.message} {error.hint}".strip())
        except Exception:  # the boundary of the thread: a defect must end the work request, not only the thread
            logger.exception("the export %s failed", work_id)
            self._fail(work_id, "InternalServerError", "The service failed on this export; its log says more.")

    def _copy(self, work_id: str, caller: Caller, model_id: str, source: ObjectVersion) -> None:
        self._progress(work_id, 10, "Reading the object")
        with self._blobs.begin(source.size, archive=True) as upload:
            for segment in source.segments:
                for data in self._blobs.chunks(segment.sha256, segment.size):
                    self._check_wanted(work_id, upload)
                    upload.write(data)
            self._progress(work_id, 80, "Checking the archive")
            artifact = store_artifact(
                self._database, self._blobs, caller, model_id, upload, f"{model_id}.zip", max_bytes=self._max_bytes
            )
        with self._database.write() as session:
            finish_work_request(session, work_id, "SUCCEEDED", f"The model has its artifact of {artifact.size} bytes")

    def _check_wanted(self, work_id: str, upload: Upload) -> None:
        if self._stopping.is_set():
            raise _Stopped
        if upload.size % (64 * _CHUNK) == 0:
            with self._database.read() as session:
                if get_work_request(session, work_id).finished:
                    raise _Stopped

    def _progress(self, work_id: str, percent: int, message: str) -> None:
        with self._database.write() as session:
            if get_work_request(session, work_id).finished:
                raise _Stopped
            progress_work_request(session, work_id, percent, message)

    def _fail(self, work_id: str, code: str, message: str) -> None:
        """Fail the work request, as soon as the catalog can be written: nobody else does before the next start."""
        while not self._stopping.is_set():
            with contextlib.suppress(ServiceUnavailable), self._database.write() as session:
                finish_work_request(session, work_id, "FAILED", message, code=code)
                return
            self._stopping.wait(_AGAIN_AFTER)


def import_artifact(
    session: Session, caller: Caller, model_id: str, place: Place, attempt: Attempt | None = None
) -> str:
    """Return the finished work request that made an object of the model's artifact: its bytes are there already.

    Raises NotFound for model, artifact or bucket, InputError for a name that can't be.
    """
    earlier = earlier_outcome(session, caller, attempt)
    if earlier is not None:
        return earlier
    _require_namespace(place)
    model = live_model(session, model_id)
    artifact = get_artifact(session, model_id)
    if not artifact.md5:
        raise ServiceUnavailable("The artifact's MD5 is not known yet.", retry_after=1.0)
    content = Content([(artifact.sha256, artifact.size)], _base64(artifact.md5), {"content-type": "application/zip"})
    put_object(session, caller, place.bucket, place.name, content, NONE)
    work = _accept(session, IMPORT, model_id, model.compartment_id, f"Importing the artifact into {place.bucket}")
    finish_work_request(session, work.id, "SUCCEEDED", f"The artifact is the object {place.name}")
    remember_outcome(session, caller, attempt, work.id)
    return work.id


def fail_unfinished(session: Session, *members: str) -> int:
    """Fail the exports that a service which ended left behind, in a cluster: members of it. Return how many."""
    named = [member for member in members if member]
    message = "The service ended before the export did. Start it again."
    return fail_left(session, EXPORT, message, named or None)


def cancel_export(session: Session, caller: Caller, work_id: str) -> None:
    """End an export that is under way; the model stays without artifact. Raises NotFound, Conflict."""
    work = get_work_request(session, work_id)
    if work.finished or work.operation_type != EXPORT:
        raise Conflict(
            f"The work request {work.id} is {work.status} and can't be canceled.",
            hint="Delete the deployment to give up what is under way for it.",
        )
    add_log(session, work.id, f"Canceled by {caller.principal}")
    finish_work_request(session, work.id, "CANCELED", "The export was canceled")


def _source(session: Session, place: Place) -> ObjectVersion:
    _require_namespace(place)
    try:
        return get_object(session, place.bucket, place.name)
    except NotFound as error:
        raise NotFound(
            error.message, status=404, service_code="RelatedResourceNotAuthorizedOrNotFound", hint=error.hint
        ) from error


def _require_namespace(place: Place) -> None:
    if place.namespace != NAMESPACE:
        raise InputError(f"This service has no namespace {place.namespace[:100]!r}.", hint=f"It has one: {NAMESPACE}.")


def _accept(
    session: Session, operation: str, model_id: str, compartment_id: str, message: str, member: str = ""
) -> WorkRequest:
    return accept_work_request(
        session,
        operation,
        model_id,
        compartment_id,
        entity_type="model",
        action_type="UPDATED",
        message=message,
        member=member,
    )


def _base64(md5: str) -> str:
    return base64.b64encode(bytes.fromhex(md5)).decode("ascii")
