"""What a replica's pod does before the model: fetch the archive, compare it, unpack it strictly, make its environment.

``python -m ads.deploy.engines.pod_preparation``, in the service's image. The pass for the archive is made from the
replica's key, for this one archive and a few minutes. What ended for good exits with 78, what may pass with 75.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
import time
from pathlib import Path
from typing import BinaryIO

from ads.deploy.artifacts import unpack
from ads.deploy.engines.pod_words import FINAL, TEMPORARY, write_words
from ads.deploy.environment_supplies import supplies_of
from ads.deploy.environments import resolve
from ads.errors import AdsError, ArchiveError, EnvironmentBuildError
from ads.home import Home, write_private
from ads.identity.replica_keys import ArchiveWanted, archive_pass
from ads.settings import load_settings

__all__ = ["PREPARED", "main"]

PREPARED = "prepared.json"
"""Beside what was prepared: ``python`` and ``artifact``."""

_CHUNK = 1024 * 1024
_PATIENCE = 300.0
_SILENCE = 60.0
_LONGEST_PAUSE = 10.0
_REFUSED = frozenset({401, 403, 404})


class _Unreachable(AdsError):
    """The service could not be asked, or its answer broke off."""

    code = "service-unreachable"


def main(arguments: list[str] | None = None) -> int:
    """Prepare; return the exit status."""
    options = _options(arguments)
    try:
        _prepare(options)
    except _Unreachable as error:
        return _end(options.words, error, TEMPORARY)
    except AdsError as error:
        return _end(options.words, error, FINAL)
    except OSError as error:
        return _end(options.words, _Unreachable(f"The pod's disk failed: {error}."), TEMPORARY)
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ads.deploy.engines.pod_preparation", description="Get a model.")
    parser.add_argument("--url", required=True, help="address of the service")
    parser.add_argument("--replica", required=True, help="whose archive it is")
    parser.add_argument("--start", required=True, help="which start of that replica")
    parser.add_argument("--sha256", required=True, help="the archive")
    parser.add_argument("--size", type=int, required=True, help="its bytes")
    parser.add_argument("--secret", type=Path, required=True, help="folder with the replica's key")
    parser.add_argument("--folder", type=Path, required=True, help="where everything is put")
    parser.add_argument("--words", type=Path, required=True, help="file for the last words")
    return parser.parse_args(arguments)


def _prepare(options: argparse.Namespace) -> None:
    home = Home(options.folder)
    for folder in (home.artifacts, home.environments):
        folder.mkdir(parents=True, exist_ok=True)
    artifact = unpack(home, options.sha256, lambda: _fetched(options))
    (options.folder / _archive_name(options)).unlink(missing_ok=True)
    environment = resolve(home, artifact, supplies_of(load_settings()), _say)
    shutil.rmtree(options.folder / ".cache", ignore_errors=True)  # uv's: what it linked stays
    content = {"python": str(environment.python), "artifact": str(artifact), "own": environment.own}
    write_private(options.folder / PREPARED, json.dumps(content).encode())
    _say(f"environment: {environment.description}")


def _archive_name(options: argparse.Namespace) -> str:
    return f".{options.sha256}.zip"


def _fetched(options: argparse.Namespace) -> Path:
    """Return the archive, compared with its digest. What breaks off goes on where it was."""
    path: Path = options.folder / _archive_name(options)
    key = (options.secret / "key").read_text("ascii").strip()
    wanted = ArchiveWanted(options.replica, options.start, options.sha256)
    deadline, pause = time.monotonic() + _PATIENCE, 0.5
    while True:
        try:
            _receive(options, key, wanted, path)
            break
        except _Unreachable as error:
            if time.monotonic() + pause > deadline:
                raise
            _say(f"{error.message} Trying again.")
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)
    with path.open("rb") as file:
        found = _digest(file)
    if found != options.sha256:
        path.unlink()
        raise ArchiveError(
            "The archive that arrived is not the one that was registered: its SHA-256 differs.",
            hint="Look at what lies between the cluster and the service, then deploy again.",
        )
    _say(f"archive: {options.size:,} bytes fetched and compared")
    return path


def _receive(options: argparse.Namespace, key: str, wanted: ArchiveWanted, path: Path) -> None:
    import httpx

    have = path.stat().st_size if path.exists() else 0
    if have > options.size:
        path.unlink()
        have = 0
    if have == options.size:
        return
    headers = {"authorization": f"Bearer {archive_pass(key, wanted, time.time())}", "accept-encoding": "identity"}
    if have:
        headers["range"] = f"bytes={have}-"
    url = f"{options.url.rstrip('/')}/openads/v1/archives/{wanted.sha256}"
    try:
        with httpx.stream("GET", url, headers=headers, timeout=httpx.Timeout(_SILENCE, connect=5.0)) as response:
            if response.status_code in _REFUSED:
                raise EnvironmentBuildError(
                    f"The service at {options.url} refused the model's archive ({response.status_code}).",
                    hint="Compare the clocks of the nodes with the service's. Was the deployment deleted meanwhile?",
                )
            if response.status_code not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
                raise _Unreachable(f"The service at {options.url} answered {response.status_code}.")
            mode = "ab" if response.status_code == httpx.codes.PARTIAL_CONTENT else "wb"
            with path.open(mode) as file:
                for piece in response.iter_raw(_CHUNK):
                    file.write(piece)
                    if file.tell() > options.size:
                        raise ArchiveError("The archive that arrives is longer than the one that was registered.")
    except httpx.HTTPError as error:
        raise _Unreachable(
            f"The service can't be reached at {options.url}: {str(error) or type(error).__name__}.",
            hint="Set kubernetes_service_url to an address that pods of the cluster reach.",
        ) from error
    if path.stat().st_size < options.size:
        raise _Unreachable(f"The archive broke off after {path.stat().st_size:,} of {options.size:,} bytes.")


def _digest(file: BinaryIO) -> str:
    found = hashlib.sha256()
    while data := file.read(_CHUNK):
        found.update(data)
    return found.hexdigest()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _end(words: Path, error: AdsError, status: int) -> int:
    _say(str(error))
    write_words(words, message=error.message, hint=error.hint, final=status == FINAL)
    return status


if __name__ == "__main__":
    sys.exit(main())
