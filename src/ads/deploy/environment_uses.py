"""Which deployments use which environment, and how large environments are."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.deploy.environment_records import EnvironmentRecord, pinned
from ads.deploy.environments import environment_keys
from ads.errors import AdsError
from ads.home import Home
from ads.registry.deployments import Deployment, models_of, unfinished_or_served
from ads.registry.rollouts import Revision
from ads.registry.tables import Artifact

__all__ = ["environments_of", "size_of", "uses"]


def uses(session: Session, home: Home) -> dict[str, list[Deployment]]:
    """Return the deployments that run in each environment, or may again; failed and deleted ones don't count."""
    found: dict[str, list[Deployment]] = {}
    for deployment in unfinished_or_served(session):
        models = models_of(deployment)
        models |= set(session.scalars(select(Revision.model_id).where(Revision.deployment_id == deployment.id)))
        digests = session.scalars(select(Artifact.sha256).where(Artifact.model_id.in_(models)))
        for key in {key for sha256 in digests for key in environments_of(home.artifacts / sha256)}:
            found.setdefault(key, []).append(deployment)
    return found


def environments_of(artifact: Path) -> set[str]:
    """Return the environments that an unpacked artifact runs in; none where nobody can tell."""
    if not artifact.is_dir():
        return set()
    try:
        return {key for key in (*_computed(artifact), pinned(artifact)) if key}
    except AdsError:
        return set()  # its requirements can't be read, so it never got an environment


@lru_cache(maxsize=4096)
def _computed(artifact: Path) -> frozenset[str]:
    """Return what an unpacked artifact, which never changes, needs: asked again under a lock, it must not take long."""
    return frozenset(environment_keys(artifact))


def size_of(home: Home, record: EnvironmentRecord) -> int:
    """Return how many bytes an environment takes; what it shares with uv's cache counts for nothing."""
    return _size(home.environments / record.key, record.created)


@lru_cache(maxsize=1024)
def _size(folder: Path, _created: float) -> int:
    size = 0
    for root, _, files in os.walk(folder):
        for name in files:
            status = Path(root, name).lstat()
            size += status.st_size if status.st_nlink == 1 else 0
    return size
