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
    """A thread that scans archives without a label, one at a time, each in a process of its own with a low priority."""

    def __init__(self, database: Database, blobs: BlobStore) -> None:
        self._database = database
        self._blobs = blobs
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="labeller", daemon=True)

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
            waiting = labels.unlabelled(session, PICKLES)
        for each in waiting:
            if self._stopping.is_set():
                return
            try:
                found = scan(self._blobs.verified_path(each.sha256, each.size))
            except (AdsError, OSError) as error:
                found = _unknown(str(error))
            with self._database.write() as session:
                labels.label_artifact(session, each.sha256, PICKLES, found)


def scan(archive: Path) -> dict[str, Any]:
    """Return what the pickles of an archive import; a scan that fails is a finding, too."""
    with archive.open("rb") as file:
        if file.read(2) != b"PK":
            return {"verdict": "none", "summary": "no archive", "suspicious": [], "files": []}
    command = [sys.executable, "-m", "ads.artifact.pickle_scan", str(archive)]
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
        found: dict[str, Any] = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return _unknown(f"the scan took longer than {_LONGEST:.0f} s")
    except subprocess.CalledProcessError as error:
        return _unknown(f"the scan ended with exit code {error.returncode}")
    except (ValueError, OSError) as error:
        return _unknown(f"the scan failed: {error}")
    return found


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
        found = labels.labels_of(session, model_id)
    return answer({"items": [label_json(label) for label in found]})
