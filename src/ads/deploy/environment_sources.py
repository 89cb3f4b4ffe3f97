"""Where conda packs come from: a folder, a web server, a bucket of the service, or any store that fsspec reaches.

An artifact names the address of its pack, and the service fetches it with its own rights: so the operator says from
where, by the catalog of environments or the setting ``pack_urls``.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from ads.errors import AdsError, EnvironmentBuildError
from ads.registry.store_reach import open_bounded

__all__ = ["PackSource", "StoredObject", "allowed", "fetch", "origin_of", "shown_address", "source_of"]

Report = Callable[[str], None]

_CHUNK = 1024 * 1024
_MOST_REDIRECTS = 5
_CONNECT_SECONDS = 10.0
_SILENT_SECONDS = 60.0
_TELL_SECONDS = 5.0
_WEB = ("http", "https")


@dataclass(frozen=True)
class StoredObject:
    """An object in a bucket of the service: its etag, its size in bytes, and local files with its bytes."""

    etag: str
    size: int
    paths: Callable[[], Sequence[Path]]


@dataclass(frozen=True)
class PackSource:
    """A pack that can be read. ``validator`` changes with its bytes; empty where nobody can tell."""

    address: str
    validator: str
    size: int
    chunks: Callable[[], Iterator[bytes]]


def allowed(address: str, opened: Sequence[str]) -> bool:
    """Tell whether a pack may be taken from there. ``opened`` are beginnings of addresses, or folders."""
    parts = urlsplit(address)
    if ".." in parts.path.split("/") or "%" in parts.path or "\\" in address or not address.isprintable():
        return False
    wanted = _plain(address)
    for start in map(_plain, opened):
        if wanted == start or wanted.startswith(start if start.endswith("/") else f"{start}/"):
            return True
    return False


def origin_of(address: str) -> str:
    """Return what stands for an address, which may have secrets in it."""
    return hashlib.sha256(address.encode()).hexdigest()


def shown_address(address: str) -> str:
    """Return the address without password and query, for messages and records."""
    scheme, separator, rest = address.partition("://")
    if not separator or scheme not in _WEB:
        return address
    host, slash, path = rest.partition("#")[0].partition("?")[0].partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def source_of(address: str, stored: Callable[[str], StoredObject | None] | None = None) -> PackSource:
    """Return the pack at an address; nothing but its size and validator is asked for yet.

    ``stored`` gives an object of the service's buckets by its ``oci://`` address, None for what is elsewhere. Raises
    EnvironmentBuildError when there is nothing, or nobody to ask.
    """
    plain = _plain(address)
    found = stored(address) if stored is not None and plain.startswith("oci://") else None
    try:
        if found is not None:
            return PackSource(address, found.etag, found.size, lambda: _of_files(found.paths()))
        if "://" not in plain:
            return _file(address, Path(plain))
        return _web(address) if urlsplit(plain).scheme in _WEB else _store(address)
    except AdsError:
        raise
    except (OSError, ValueError, ImportError) as error:
        raise _unreachable(address, error) from None


def fetch(source: PackSource, target: Path, most: int, seconds: float, report: Report) -> str:
    """Write the pack to ``target``; return its SHA-256 in hexadecimal.

    ``most`` bytes are taken, within ``seconds``; ``report`` hears how far it is. Raises EnvironmentBuildError.
    """
    digest, size, began = hashlib.sha256(), 0, time.monotonic()
    told = began
    label = shown_address(source.address)
    try:
        with target.open("wb") as file:
            for data in source.chunks():
                size += len(data)
                digest.update(data)
                file.write(data)
                now = time.monotonic()
                if size > most:
                    raise EnvironmentBuildError(f"The pack {label} has more than the {most:,} bytes that are allowed.")
                if now - began > seconds:
                    raise EnvironmentBuildError(
                        f"The pack {label} was not fetched within {seconds:g} s, but {size:,} bytes of it.",
                        hint="Look at the network, or raise the setting environment_timeout.",
                    )
                if now - told >= _TELL_SECONDS:
                    told = now
                    report(f"environment: {_amount(size, source.size)} of {label} fetched")
    except AdsError:
        raise
    except (OSError, ValueError) as error:
        raise _unreachable(source.address, error) from None
    if source.size and size != source.size:
        raise EnvironmentBuildError(
            f"The pack {label} ended after {size:,} of {source.size:,} bytes.", hint="Deploy the model again."
        )
    return digest.hexdigest()


def _amount(size: int, whole: int) -> str:
    return f"{size / 1024**2:.0f} of {whole / 1024**2:.0f} MiB" if whole else f"{size / 1024**2:.0f} MiB"


def _plain(address: str) -> str:
    return address.removeprefix("file://")


def _unreachable(address: str, error: Exception) -> EnvironmentBuildError:
    return EnvironmentBuildError(
        f"The pack {shown_address(address)} can't be read: {str(error) or type(error).__name__}.",
        hint="Check the address, and whether this machine reaches it.",
    )


# -- files of this machine


def _file(address: str, path: Path) -> PackSource:
    if not path.is_file():
        raise FileNotFoundError("there is no such file")
    status = path.stat()
    validator = f"{status.st_size}-{status.st_mtime_ns}-{status.st_ino}"
    return PackSource(address, validator, status.st_size, lambda: _of_files([path]))


def _of_files(paths: Sequence[Path]) -> Iterator[bytes]:
    for path in paths:
        with path.open("rb") as file:
            yield from _pieces(file)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while data := file.read(_CHUNK):
        yield data


# -- web servers


def _web(address: str) -> PackSource:
    import httpx

    try:
        with _answer("HEAD", address) as response:
            headers = response.headers
            validator = headers.get("etag") or headers.get("last-modified", "")
            size = headers.get("content-length", "")
    except httpx.HTTPError as error:
        raise _unreachable(address, error) from None
    except EnvironmentBuildError:  # servers that sign addresses may sign them for GET alone
        validator = size = ""
    encoded = int(size) if size.isdigit() else 0
    return PackSource(address, f"{validator}-{encoded}" if validator else "", encoded, lambda: _downloaded(address))


def _downloaded(address: str) -> Iterator[bytes]:
    import httpx

    try:
        with _answer("GET", address) as response:
            yield from response.iter_raw(_CHUNK)
    except httpx.HTTPError as error:
        raise _unreachable(address, error) from None


def _answer(method: str, address: str) -> Any:
    """Return the answer of a web server, as a context. Redirects are followed, never from https to http."""
    import contextlib

    import httpx

    @contextlib.contextmanager
    def opened() -> Iterator[httpx.Response]:
        url = httpx.URL(address)
        with httpx.Client(timeout=httpx.Timeout(_SILENT_SECONDS, connect=_CONNECT_SECONDS)) as client:
            for _ in range(_MOST_REDIRECTS + 1):
                with client.stream(method, url, headers={"accept-encoding": "identity"}) as response:
                    if not response.is_redirect:
                        if response.status_code != httpx.codes.OK:
                            raise _unreachable(address, ValueError(f"the server answered {response.status_code}"))
                        yield response
                        return
                    following = url.join(response.headers["location"])
                    if following.scheme not in _WEB or (url.scheme, following.scheme) == ("https", "http"):
                        raise _unreachable(address, ValueError("it is redirected to where it may not lead"))
                    url = following
            raise _unreachable(address, ValueError(f"it is redirected more than {_MOST_REDIRECTS} times"))

    return opened()


# -- stores


def _store(address: str) -> PackSource:
    try:
        store, path = open_bounded(address)
        store.invalidate_cache()
        row = store.info(path)
    except ImportError as error:
        raise EnvironmentBuildError(
            f"The pack {shown_address(address)} can't be read: {error}.", hint="Install that, or copy the pack."
        ) from None
    except Exception as error:  # each file system has errors of its own, without a common root
        raise EnvironmentBuildError(
            f"The pack {shown_address(address)} can't be read: {str(error) or type(error).__name__}.",
            hint="Check the address, and the service's access to it.",
        ) from error
    etag = str(row.get("ETag") or row.get("etag") or "").strip('"')

    def chunks() -> Iterator[bytes]:
        with store.open(path, "rb", block_size=8 * _CHUNK, cache_type="readahead") as file:
            yield from _pieces(file)

    return PackSource(address, etag, int(row.get("size") or 0), chunks)
