"""What is known of each environment that was made: a small file beside its folder. Its time is that of the last use.

A folder without one was left by a service that ended while it made it, or by one that kept no such files.
"""

from __future__ import annotations

import json
import os
import platform
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ads.home import Home, write_private

__all__ = [
    "EnvironmentRecord",
    "forget",
    "last_use",
    "note_use",
    "pin",
    "pinned",
    "read_record",
    "records",
    "unpin",
    "write_record",
]

_KEY = re.compile(r"[0-9a-f]{32}|pack-[0-9a-f]{32}")


@dataclass(frozen=True)
class EnvironmentRecord:
    """One environment. ``source`` is what it was made from, for people: a pack's address without secrets, or empty.

    ``origins`` has what stands for each address that it came from, and for what lay there (empty: nobody knows).
    Times are seconds since 1970.
    """

    key: str
    kind: str
    python: str
    created: float
    place: str
    slug: str = ""
    requirements: tuple[str, ...] = ()
    source: str = ""
    origins: Mapping[str, str] = field(default_factory=dict)
    sha256: str = ""
    used: float = 0.0


def write_record(home: Home, record: EnvironmentRecord) -> None:
    """Keep what is known of an environment: from now on it counts as complete."""
    content = {name: value for name, value in asdict(record).items() if name != "used"}
    write_private(_file(home, record.key), json.dumps(content).encode())


def read_record(home: Home, key: str) -> EnvironmentRecord | None:
    """Return what is known of an environment, None where there is none."""
    file = _file(home, key)
    try:
        content = json.loads(file.read_bytes())
        lines = tuple(map(str, content.pop("requirements", ())))
        return EnvironmentRecord(**content, requirements=lines, used=file.stat().st_mtime)
    except (OSError, ValueError, TypeError):
        return _of_earlier(home, key)


def _of_earlier(home: Home, key: str) -> EnvironmentRecord | None:
    """Return what can be seen of one that has no file."""
    folder = home.environments / key
    if key.startswith("pack-") or not (folder / "bin" / "python").exists():
        return None
    lines: tuple[str, ...] = ()
    with suppress(OSError):
        lines = tuple((home.environments / f"{key}.txt").read_text("utf-8").splitlines())
    found = next((path.name.removeprefix("python") for path in sorted((folder / "lib").glob("python3.*"))), "")
    made = folder.stat().st_mtime
    return EnvironmentRecord(key, "requirements", found, made, str(folder), requirements=lines, used=made)


def records(home: Home) -> Iterator[EnvironmentRecord]:
    """Yield all environments that are complete, in the order of their keys."""
    for path in sorted(home.environments.iterdir()):
        if _KEY.fullmatch(path.name) and path.is_dir():
            record = read_record(home, path.name)
            if record is not None:
                yield record


def note_use(home: Home, key: str) -> None:
    """Note that an environment is used now."""
    with suppress(OSError):
        now = time.time()
        os.utime(_file(home, key), (now, now))


def last_use(home: Home, key: str) -> float:
    """Return when an environment was used last, in seconds since 1970; 0 where nobody noted it."""
    try:
        return _file(home, key).stat().st_mtime
    except OSError:
        return 0.0


def forget(home: Home, key: str) -> None:
    """Remove what lies beside an environment that is gone."""
    for suffix in (".txt", ".log", ".json"):
        (home.environments / f"{key}{suffix}").unlink(missing_ok=True)


def pin(artifact: Path, key: str) -> None:
    """Note beside an unpacked artifact which environment it runs in; an empty key: the service's own."""
    if pinned(artifact) != key:
        write_private(_pin_file(artifact), json.dumps({"key": key, "machine": platform.machine()}).encode())


def pinned(artifact: Path) -> str | None:
    """Return the environment that an unpacked artifact runs in, empty for the service's own; None: nobody decided."""
    try:
        key = json.loads(_pin_file(artifact).read_bytes())["key"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return key if isinstance(key, str) and (not key or _KEY.fullmatch(key)) else None


def unpin(artifact: Path) -> None:
    """Forget which environment an artifact ran in: it is going."""
    _pin_file(artifact).unlink(missing_ok=True)


def _pin_file(artifact: Path) -> Path:
    return artifact.with_name(f".{artifact.name}.environment")


def _file(home: Home, key: str) -> Path:
    return home.environments / f"{key}.json"
