"""What deployments left on this machine: unpacked artifacts, environments, folders with logs.

A folder that is to go is renamed first, while no deployment can be ordered, and only if none needs it: so a start finds
it whole or not at all, and makes it anew.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.deploy.artifacts import list_beside, remove_tree
from ads.deploy.environment_records import forget, last_use, unpin
from ads.deploy.environment_uses import environments_of
from ads.deploy.file_lock import locked
from ads.home import Home
from ads.registry.deployments import Deployment, models_of, unfinished_or_served
from ads.registry.garbage import DAY, Garbage, Kind, Premises
from ads.registry.rollouts import Revision
from ads.registry.tables import Artifact

__all__ = ["DEPLOYMENT_KINDS", "ENVIRONMENT_KINDS", "NODE_KINDS"]

_GOING = ".going"
_COMING = (".unpacking", ".building")


def _unpacked(premises: Premises, older_than: float) -> Iterator[Garbage]:
    with premises.database.read() as session:
        needed = _needed_artifacts(session)
    yield from _folders(premises.home.artifacts, needed, older_than, "unpacked-artifact", "no deployment uses it")


def _remove_unpacked(premises: Premises, garbage: Garbage, _older_than: float) -> bool:
    path = premises.home.artifacts / garbage.what
    with locked(path.with_name(f".{path.name}.lock")), premises.database.write() as session:
        if garbage.what in _needed_artifacts(session):
            return False
        gone = _set_aside(path)
        list_beside(path).unlink(missing_ok=True)
        unpin(path)
    return _remove(gone)


def _environments(premises: Premises, older_than: float) -> Iterator[Garbage]:
    with premises.database.read() as session:
        needed = _needed_environments(session, premises.home)
    if needed is not None:
        why = "no deployment's model needs it"
        for found in _folders(premises.home.environments, needed, older_than, "environment", why):
            if time.time() - last_use(premises.home, found.what) >= older_than:
                yield found


def _remove_environment(premises: Premises, garbage: Garbage, _older_than: float) -> bool:
    path = premises.home.environments / garbage.what
    with locked(path.with_name(f".{path.name}.lock")), premises.database.write() as session:
        needed = _needed_environments(session, premises.home)
        if needed is None or garbage.what in needed:
            return False
        gone = _set_aside(path)
    forget(premises.home, path.name)
    return _remove(gone)


def _environments_here(premises: Premises, older_than: float) -> Iterator[Garbage]:
    why = "no model that is unpacked here needs it"
    for found in _folders(premises.home.environments, _used_here(premises.home), older_than, "environment", why):
        if time.time() - last_use(premises.home, found.what) >= older_than:
            yield found


def _remove_environment_here(premises: Premises, garbage: Garbage, _older_than: float) -> bool:
    path = premises.home.environments / garbage.what
    with locked(path.with_name(f".{path.name}.lock")):
        if garbage.what in _used_here(premises.home):
            return False
        gone = _set_aside(path)
    forget(premises.home, path.name)
    return _remove(gone)


def _ended(premises: Premises, older_than: float) -> Iterator[Garbage]:
    with premises.database.read() as session:
        kept = set(session.scalars(select(Deployment.id).where(Deployment.lifecycle_state != "DELETED")))
    folder = premises.home.root / "deployments"
    yield from _folders(folder, kept, older_than, "deployment-folder", "its deployment is deleted")


def _remove_ended(premises: Premises, garbage: Garbage, _older_than: float) -> bool:
    return _remove(_set_aside(premises.home.root / "deployments" / garbage.what))


def _interrupted(premises: Premises, older_than: float) -> Iterator[Garbage]:
    for parent in (premises.home.artifacts, premises.home.environments, premises.home.root / "deployments"):
        for path in sorted(parent.glob(".*")):
            what = str(path.relative_to(premises.home.root))
            if path.name.endswith(_GOING):
                yield Garbage("leftover", what, "removing it was interrupted", _size(path))
            elif path.name.endswith(_COMING) and time.time() - _newest(path) >= max(older_than, DAY):
                yield Garbage("leftover", what, "making it was interrupted", _size(path))


def _remove_interrupted(premises: Premises, garbage: Garbage, _older_than: float) -> bool:
    return _remove(premises.home.root / garbage.what)


ENVIRONMENT_KINDS: tuple[Kind, ...] = (Kind(_environments, _remove_environment),)
"""Environments that no deployment's model needs."""
DEPLOYMENT_KINDS: tuple[Kind, ...] = (
    Kind(_interrupted, _remove_interrupted),
    *ENVIRONMENT_KINDS,  # while the artifacts still say which they need
    Kind(_unpacked, _remove_unpacked),
    Kind(_ended, _remove_ended),
)
"""What deployments leave behind on the machine on which they run."""


NODE_KINDS: tuple[Kind, ...] = (
    Kind(_interrupted, _remove_interrupted),
    Kind(_unpacked, _remove_unpacked),
    Kind(_environments_here, _remove_environment_here),
    Kind(_ended, _remove_ended),
)
"""What they leave on a node, which has unpacked only some of the models: each start there prepares anew."""


def _used_here(home: Home) -> set[str]:
    """Return the environments that the models that are unpacked on this machine run in."""
    folders = [path for path in home.artifacts.iterdir() if path.is_dir() and not path.name.startswith(".")]
    return {key for folder in folders for key in environments_of(folder)}


def _needed_artifacts(session: Session) -> set[str]:
    """Return the archives of all revisions of the deployments that are looked after: each may serve again."""
    rows = unfinished_or_served(session)
    live = [row.id for row in rows]
    models = {model for row in rows for model in models_of(row)}
    models |= set(session.scalars(select(Revision.model_id).where(Revision.deployment_id.in_(live))))
    return set(session.scalars(select(Artifact.sha256).where(Artifact.model_id.in_(models))))


def _needed_environments(session: Session, home: Home) -> set[str] | None:
    """Return the environments that deployments need; None as long as one of them isn't unpacked and can't tell."""
    keys: set[str] = set()
    for sha256 in _needed_artifacts(session):
        folder = home.artifacts / sha256
        if not folder.is_dir():
            return None
        keys |= environments_of(folder)
    return keys


def _folders(parent: Path, needed: set[str], older_than: float, kind: str, why: str) -> Iterator[Garbage]:
    for path in sorted(parent.iterdir()):
        if path.name.startswith(".") or path.name in needed or not path.is_dir():
            continue
        if time.time() - _newest(path) >= older_than:
            yield Garbage(kind, path.name, why, _size(path))


def _newest(folder: Path) -> float:
    """Return when something in it was changed last: of the folder and what lies directly in it."""
    with os.scandir(folder) as entries:
        times = [entry.stat(follow_symlinks=False).st_mtime for entry in entries]
    return max([folder.stat().st_ctime, *times])


def _size(folder: Path) -> int:
    size = 0
    for root, _, files in os.walk(folder):
        for name in files:
            status = Path(root, name).lstat()
            size += status.st_size if status.st_nlink == 1 else 0  # uv links its cache: that stays
    return size


def _set_aside(path: Path) -> Path:
    gone = path.with_name(f".{path.name}{_GOING}")
    if gone.exists():
        remove_tree(gone)
    path.rename(gone)
    return gone


def _remove(folder: Path) -> bool:
    remove_tree(folder)
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
