"""Where an existing artifact comes from: a folder, a zip or tar file, or the address of one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ads.artifact import layout
from ads.artifact.fresh_folder import exchange, fresh_folder
from ads.artifact.limits import DEFAULT_LIMITS
from ads.errors import AdsError, InputError

__all__ = ["PACKAGES", "fetch", "store_errors"]

PACKAGES = {"oci": "ocifs", "s3": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "az": "adlfs"}
"""Which package brings fsspec the file system of an address."""
_JUNK = ("__MACOSX", ".")


def fetch(uri: str, folder: Path, *, force_overwrite: bool, auth: dict[str, Any] | None = None) -> None:
    """Put the artifact at ``uri`` into ``folder``; when it lies there already it stays as it is.

    ``uri``: a path, or an address with ``file``, ``http``, ``https``, or any scheme that fsspec knows (``s3``,
    ``oci``, …). An artifact in one folder inside of what is there is taken out of it. Raises
    :class:`~ads.errors.InputError` for what isn't there or can't be read, or a ``folder`` in use;
    :class:`~ads.errors.ArchiveError` for a damaged archive.
    """
    scheme, separator, rest = str(uri).partition("://")
    if not separator:
        _fetch_local(Path(uri).expanduser().absolute(), folder, force_overwrite=force_overwrite)
        return
    if scheme.lower() == "file":
        from urllib.parse import unquote

        path = Path(unquote(rest.removeprefix("localhost")))
        _fetch_local(path.absolute(), folder, force_overwrite=force_overwrite)
        return
    from ads.client import Service
    from ads.model.bucket_transfer import copy_from_bucket, is_ours

    _refuse_occupied(folder, force_overwrite)
    with tempfile.TemporaryDirectory(prefix="openads-") as scratch:
        if scheme.lower() in {"http", "https"}:
            local = Path(scratch) / "artifact"
            _download(str(uri), local)
        elif is_ours(str(uri)):
            local = copy_from_bucket(Service.find(), str(uri), Path(scratch))
        else:
            local = _copy_of(str(uri), scheme.lower(), Path(scratch), auth)
        _fetch_local(local, folder, force_overwrite=force_overwrite, moved=True)


def _fetch_local(source: Path, folder: Path, *, force_overwrite: bool, moved: bool = False) -> None:
    if not source.exists():
        raise InputError(
            f"There is no artifact at {source}.", hint="Name the folder, the zip file or the tar file of the artifact."
        )
    if source == folder and source.is_dir():
        return
    _refuse_occupied(folder, force_overwrite)
    if source.is_relative_to(folder) or (source.is_dir() and folder.is_relative_to(source)):
        raise InputError(f"{folder} and {source} lie within each other.", hint="Name another artifact_dir.")
    if source.is_dir():
        with fresh_folder(folder, replace=True) as fresh:
            top = _top_of(source)
            if moved:
                fresh.rmdir()
                shutil.move(top, fresh)
            else:
                shutil.copytree(top, fresh, dirs_exist_ok=True)
        return
    from ads.artifact.archive import extract

    extract(source, folder, replace=True)
    top = _top_of(folder)
    if top != folder:
        with tempfile.TemporaryDirectory(prefix=".openads-", dir=folder.parent) as aside:
            lifted = Path(aside) / "artifact"
            top.rename(lifted)
            exchange(lifted, folder)


def _refuse_occupied(folder: Path, force_overwrite: bool) -> None:
    if folder.is_dir() and any(folder.iterdir()) and not force_overwrite:
        raise InputError(f"The folder {folder} is not empty.", hint="Pass force_overwrite=True to replace it.")


def _top_of(folder: Path) -> Path:
    """Return the folder that holds score.py and runtime.yaml: this one, or the only one in it."""
    if any((folder / name).exists() for name in layout.REQUIRED_FILES):
        return folder
    entries = [entry for entry in folder.iterdir() if not entry.name.startswith(_JUNK)]
    if len(entries) == 1 and all((entries[0] / name).is_file() for name in layout.REQUIRED_FILES):
        return entries[0]
    return folder


def _download(address: str, target: Path) -> None:
    from ads.client.web_file import download_file

    download_file(address, target, max_bytes=DEFAULT_LIMITS.max_bytes)


def _copy_of(address: str, scheme: str, scratch: Path, auth: dict[str, Any] | None) -> Path:
    """Return a local copy of the folder or file at an address that fsspec knows."""
    import fsspec

    package = PACKAGES.get(scheme)
    try:
        system, path = fsspec.core.url_to_fs(address, **(_oci_options(auth) if scheme == "oci" else {}))
    except ImportError as error:
        raise InputError(
            f"Addresses with {scheme}:// need {f'the package {package}' if package else 'a package'} that isn't "
            f"installed: {error}.",
            hint=f"pip install {package}" if package else "Install it, or download the artifact by other means.",
        ) from error
    except ValueError as error:
        raise InputError(
            f"{address!r} can't be read: {error}.", hint="Name a path, or a zip file's address."
        ) from error
    local = scratch / (path.rstrip("/").rsplit("/", 1)[-1] or "artifact")
    with store_errors(address, "read"):
        try:
            if system.isdir(path):
                system.get(path.rstrip("/") + "/", str(local), recursive=True)
            else:
                _check_size(address, system.size(path))
                system.get_file(path, str(local))
        except FileNotFoundError as error:
            raise InputError(f"There is no artifact at {address}.", hint="Check the address.") from error
    return local


@contextmanager
def store_errors(address: str, purpose: str) -> Iterator[None]:
    """Turn what a file system of fsspec raises into an InputError: the address can't be ``purpose`` (read, used)."""
    try:
        yield
    except AdsError:
        raise
    except Exception as error:  # each file system has errors of its own, without a common root
        raise InputError(
            f"{address} can't be {purpose}: {str(error) or type(error).__name__}.",
            hint="Check the address and your access.",
        ) from error


def _check_size(address: str, size: int | None) -> None:
    if size is not None and size > DEFAULT_LIMITS.max_bytes:
        raise InputError(
            f"{address} has {size:,} bytes, {DEFAULT_LIMITS.max_bytes:,} are allowed.", hint="Is this the artifact?"
        )


def _oci_options(auth: dict[str, Any] | None) -> dict[str, Any]:
    """Return what ocifs needs to sign requests, and to find a service that isn't Oracle's."""
    if auth is None:
        from ads.common.auth import default_signer

        auth = default_signer()
    options: dict[str, Any] = {name: auth[name] for name in ("config", "signer") if auth.get(name)}
    endpoint = (auth.get("client_kwargs") or {}).get("service_endpoint")
    if endpoint:
        options["config_kwargs"] = {"service_endpoint": endpoint}
    return options
