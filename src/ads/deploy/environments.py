"""Which interpreter a model runs in: the service's own where it holds what the model needs, a pack's, or one uv builds.

A conda pack that the service can get is what the model was meant for, so it is used; what a slug stands for, the
operator's catalog says. Otherwise the packages in ``requirements.txt`` decide: the name of a pack of OCI's own and its
nominal Python decide nothing. An artifact without requirements runs in the service's own environment, and the parity
gate shows whether that was right. Environments are named after the hash of what they hold, so deployments share them.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from ads.artifact import conda_packs, runtime_yaml
from ads.artifact import requirements as requirements_file
from ads.artifact.requirements import Requirements
from ads.deploy.environment_build import build_environment, find_python
from ads.deploy.environment_packs import Pack, made_from
from ads.deploy.environment_records import (
    EnvironmentRecord,
    note_use,
    pin,
    pinned,
    read_record,
    write_record,
)
from ads.deploy.environment_sources import allowed, origin_of, shown_address
from ads.deploy.environment_supplies import Supplies
from ads.deploy.file_lock import locked
from ads.errors import ArtifactError, CondaPackNotFound, EnvironmentBuildError
from ads.home import Home

__all__ = [
    "Environment",
    "Plan",
    "build",
    "choose",
    "choose_slug",
    "environment_keys",
    "find_python",
    "plan",
    "resolve",
]

Report = Callable[[str], None]

_OWN_VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"
_OLDEST = (3, 8)
"""The oldest Python that a replica runs on."""
_TRIES = 3


@dataclass(frozen=True)
class Environment:
    """An interpreter that holds what the model needs. ``description`` is a phrase for the deployment's log."""

    python: Path
    description: str
    own: bool
    key: str = ""


@dataclass(frozen=True)
class Plan:
    """What has to be built: requirement lines for a Python version (``3.11``). ``build`` false: the service's own."""

    build: bool
    python: str
    lines: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True)
class _Named:
    """What ``runtime.yaml`` says of the environment."""

    slug: str = ""
    path: str = ""


def resolve(home: Home, artifact: Path, supplies: Supplies, report: Report) -> Environment:
    """Return the environment for an unpacked artifact, making it when nobody has yet.

    ``report`` hears what is made before it takes its time, and how far it is. Raises EnvironmentBuildError with the
    resolver's own words, ArtifactError for a requirements.txt or a pack that can't be used, SettingError.
    """
    chosen = choose(artifact, supplies)
    inside = artifact if artifact.parent == home.artifacts else None
    if isinstance(chosen, Plan) and not chosen.build:
        if inside is not None:
            pin(inside, "")
        note = f" ({chosen.note})" if chosen.note else ""
        return Environment(Path(sys.executable), f"the service's own, Python {_OWN_VERSION}{note}", own=True)
    before = pinned(inside) if inside is not None and isinstance(chosen, Pack) else None
    return build(home, chosen, supplies, report, inside, before)


def build(
    home: Home,
    wanted: Plan | Pack,
    supplies: Supplies,
    report: Report,
    artifact: Path | None = None,
    before: str | None = None,
) -> Environment:
    """Return the environment for a plan or a pack, made if need be, and note that ``artifact`` runs in it.

    ``before`` is what it ran in so far: a pack that changed at its address changes no model. Raises as :func:`resolve`.
    """
    for _ in range(_TRIES):
        record, made = _made(home, wanted, supplies, report, before)
        with locked(home.environments / f".{record.key}.lock"):
            python = home.environments / record.key / "bin" / "python"
            if not python.exists():
                continue  # removed since, as nobody needed it
            note_use(home, record.key)
            if artifact is not None:
                pin(artifact, record.key)
        return Environment(python, _described(record, wanted, made), own=False, key=record.key)
    raise EnvironmentBuildError(
        "The model's environment was removed as soon as it was made.", hint="Deploy the model again."
    )


def _made(
    home: Home, wanted: Plan | Pack, supplies: Supplies, report: Report, before: str | None
) -> tuple[EnvironmentRecord, bool]:
    """Return the environment, and whether it was made now."""
    began = time.time()
    if isinstance(wanted, Plan):
        record = _built(home, wanted, supplies, report)
    else:
        known = read_record(home, before) if before else None
        if known is not None and origin_of(wanted.address) in known.origins and _is_there(home, known):
            return known, False
        record = made_from(home, wanted, supplies, report)
    return record, record.created >= began


def _is_there(home: Home, record: EnvironmentRecord) -> bool:
    folder = home.environments / record.key
    return record.place == str(folder) and folder.is_dir()


def _described(record: EnvironmentRecord, wanted: Plan | Pack, made: bool) -> str:
    cached = "" if made else ", from the cache"
    if isinstance(wanted, Pack):
        return f"the pack {wanted.slug or shown_address(wanted.address)}, Python {record.python}{cached}"
    note = f" ({wanted.note})" if wanted.note else ""
    return f"built for {len(wanted.lines)} requirements, Python {wanted.python}{note}{cached}"


def environment_keys(artifact: Path) -> set[str]:
    """Return the names of the environments that an unpacked artifact may run in; empty: only in the service's own.

    Raises ArtifactError for a requirements.txt that can't be used.
    """
    noted = pinned(artifact)
    wanted = requirements_file.read(artifact) or Requirements(())
    found = plan(wanted, requirements_file.unsatisfied(wanted.lines), find_python)
    return {key for key in (noted, _key(found) if found.build else "") if key}


def choose(artifact: Path, supplies: Supplies) -> Plan | Pack:
    """Return what an unpacked artifact runs in. Raises ArtifactError, SettingError, CondaPackNotFound."""
    named = _named(artifact)
    entry = supplies.entries().get(named.slug)
    if entry is not None and entry.pack:
        return Pack(entry.pack, entry.slug, entry.sha256)
    if named.path and allowed(named.path, supplies.pack_urls):
        return Pack(named.path, named.slug)
    wanted = requirements_file.read(artifact)
    if wanted is None and entry is not None:
        wanted = Requirements(entry.requirements, entry.python)
    elif wanted is None and named.slug and not named.path:
        _require_known(named.slug, supplies)
    elif wanted is not None and entry is not None and not wanted.python:
        wanted = replace(wanted, python=entry.python)
    wanted = wanted or Requirements(())
    return plan(wanted, requirements_file.unsatisfied(wanted.lines), find_python)


def choose_slug(slug: str, supplies: Supplies) -> Plan | Pack:
    """Return what a slug of the operator's catalog stands for. Raises CondaPackNotFound that names near ones."""
    entry = supplies.entries().get(slug)
    if entry is None:
        _require_known(slug, supplies)
        raise CondaPackNotFound(
            f"{slug!r} is a pack of OCI's own, which is not on this machine.",
            hint="Say in the catalog of environments what stands for it: the setting environment_catalog.",
        )
    if entry.pack:
        return Pack(entry.pack, entry.slug, entry.sha256)
    chosen = plan(Requirements(entry.requirements, entry.python), [slug], find_python)
    if chosen.note:
        raise EnvironmentBuildError(
            f"{slug} is for Python {entry.python}, which is not on this machine.", hint="Install it, or let uv get it."
        )
    return chosen


def _require_known(slug: str, supplies: Supplies) -> None:
    from difflib import get_close_matches

    known = {*supplies.entries(), *conda_packs.shipped_slugs()}
    if slug not in known:
        near = get_close_matches(slug, sorted(known), n=3, cutoff=0.5)
        raise CondaPackNotFound(
            f"No environment has the slug {slug[:100]!r}.",
            hint=f"Did you mean {' or '.join(near)}?" if near else "ads environments catalog lists what is known.",
        )


def _named(artifact: Path) -> _Named:
    try:
        document = runtime_yaml.read(artifact)
    except (FileNotFoundError, ArtifactError):  # what can't be read names nothing
        return _Named()
    place: object = document
    for key in ("MODEL_DEPLOYMENT", "INFERENCE_CONDA_ENV"):
        place = place.get(key) if isinstance(place, dict) else None
    if not isinstance(place, dict):
        return _Named()
    slug, path = (str(place.get(f"INFERENCE_ENV_{name}") or "").strip() for name in ("SLUG", "PATH"))
    if path and "://" not in path and "/" not in path:
        slug, path = path, ""
    return _Named(slug, path)


def plan(wanted: Requirements, lacking: list[str], python_of: Callable[[str], Path | None]) -> Plan:
    """Decide between the service's own environment and one to build.

    ``lacking`` says what the service's own packages lack, ``python_of`` finds an interpreter of a version.
    """
    pinned_to = ".".join(wanted.python.split(".")[:2])
    if not pinned_to or pinned_to == _OWN_VERSION:
        return Plan(bool(lacking), _OWN_VERSION, wanted.lines)
    if _supported(pinned_to) and python_of(pinned_to) is not None:
        return Plan(True, pinned_to, wanted.lines)
    note = f"the model was made with Python {pinned_to}, which is not on this machine"
    return Plan(bool(lacking), _OWN_VERSION, wanted.lines, note)


def _supported(version: str) -> bool:
    return tuple(int(part) for part in version.split(".")) >= _OLDEST


def _built(home: Home, found: Plan, supplies: Supplies, report: Report) -> EnvironmentRecord:
    key = _key(found)
    target = home.environments / key
    with locked(home.environments / f".{key}.lock"):
        known = read_record(home, key)
        if known is not None and (target / "bin" / "python").exists():
            return known
        report(f"environment: building Python {found.python} with {_listed(found.lines)}")
        build_environment(target, found.python, found.lines, supplies.timeout, supplies.wheels, report)
        now = time.time()
        record = EnvironmentRecord(
            key, "requirements", found.python, now, str(target), requirements=found.lines, source="uv"
        )
        write_record(home, record)
        return record


def _listed(lines: tuple[str, ...]) -> str:
    shown = ", ".join(lines[:6])
    return f"{shown} and {len(lines) - 6} more" if len(lines) > 6 else shown or "no packages"


def _key(found: Plan) -> str:
    content = [found.python, sorted(found.lines), platform.system(), platform.machine()]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:32]
