"""Looks at what was stored, beside the requests, and labels it; and ``/openads/v1/models/{id}/labels``."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request, Response

from ads.api.answers import answer, timestamp
from ads.api.context import context_of
from ads.errors import AdsError
from ads.registry import labels
from ads.registry.artifacts import get_artifact
from ads.registry.blobs import BlobStore
from ads.registry.database import Database
from ads.registry.labels import ArtifactLabel

__all__ = ["Labeller", "router"]

logger = logging.getLogger(__name__)

router = APIRouter(prefix="/openads/v1/models/{model_id}/labels", tags=["models"])

PICKLES = "pickles"
"""The label that says what the pickles of an artifact import."""

_EVERY = 2.0
_LONGEST = 120.0
_NICE = 10


class Labeller:
    """A thread that scans archives without a label, a few at a time, in a process of its own with a low priority."""

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="labeller", daemon=True)
        self._looked_up_to = -1
        """The number of the upload up to which every archive has its label."""

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the scan that is under way: it is repeated at the next start if it didn't end."""
        self._stopping.set()
        self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while not self._stopping.wait(_EVERY):
            self._round()

    def _round(self) -> None:
        try:
            self._label()
        except AdsError as error:
            logger.info("artifacts can't be labelled now: %s", error)

    def _label(self) -> None:
        with self._database.read() as session:
            uploads = labels.last_upload(session)
            if uploads == self._looked_up_to:
                return
            waiting = labels.unlabelled(session, PICKLES)
        if not waiting:
            self._looked_up_to = uploads
            return
        found: dict[str, dict[str, Any]] = {}
        archives: dict[str, Path] = {}
        for each in waiting:
            try:
                archives[each.sha256] = self._blobs.verified_path(each.sha256, each.size)
            except (AdsError, OSError) as error:  # noqa: PERF203 - one that is damaged holds up no other
                found[each.sha256] = _unknown(str(error))
        found.update(zip(archives, scan(list(archives.values())), strict=True))
        with self._database.write() as session:
            for sha256, about in found.items():
                labels.label_artifact(session, sha256, PICKLES, about)


def scan(archives: list[Path]) -> list[dict[str, Any]]:
    """Return what the pickles of each archive import; a scan that fails is a finding, too.

    One process looks at all of them: it takes longer to start than to look. When it fails each gets one of its own.
    """
    zips = [path for path in archives if _is_zip(path)]
    found = dict(zip(zips, _scanned(zips), strict=True))
    nothing = {"verdict": "none", "summary": "no archive", "suspicious": [], "files": []}
    return [found.get(path, nothing) for path in archives]


def _is_zip(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(2) == b"PK"
    except OSError:  # its model was deleted meanwhile
        return False


def _scanned(archives: list[Path]) -> list[dict[str, Any]]:
    if not archives:
        return []
    command = [sys.executable, "-m", "ads.artifact.pickle_scan", *map(str, archives)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("OPENADS_")}
    try:
        done = subprocess.run(
            ["nice", "-n", str(_NICE), *command],
            capture_output=True,
            timeout=_LONGEST,
            env=environment,
            stdin=subprocess.DEVNULL,
            check=True,
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        if len(lines) == len(archives):
            return lines
        reason = "the scan said too little"
    except subprocess.TimeoutExpired:
        reason = f"the scan took longer than {_LONGEST:.0f} s"
    except subprocess.CalledProcessError as error:
        reason = f"the scan ended with exit code {error.returncode}"
    except (ValueError, OSError) as error:
        reason = f"the scan failed: {error}"
    if len(archives) > 1:
        return [each for path in archives for each in _scanned([path])]
    return [_unknown(reason)]


def _unknown(reason: str) -> dict[str, Any]:
    return {"verdict": "incomplete", "summary": reason, "suspicious": [], "files": []}


def label_json(label: ArtifactLabel) -> dict[str, Any]:
    """Return a label as clients see it."""
    return {
        "name": label.name,
        "verdict": label.verdict,
        "summary": label.summary,
        "details": label.details,
        "timeCreated": timestamp(label.time_created),
    }


@router.get("")
def list_(model_id: str, request: Request) -> Response:
    """List what was found out about a model's artifact; empty as long as nobody has looked."""
    with context_of(request).database.read() as session:
        found = labels.labels_of(session, get_artifact(session, model_id))
    return answer({"items": [label_json(label) for label in found]})
