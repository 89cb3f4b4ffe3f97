"""A file from any web server: streamed in constant memory to a bounded size. No credentials of ours go along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ads.errors import InputError, ServiceTimeout, ServiceUnreachable

if TYPE_CHECKING:
    import httpx

__all__ = ["download_file", "public_address"]

_PIECE = 1024 * 1024
_MOST_REDIRECTS = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


def download_file(address: str, target: Path, *, max_bytes: int, timeout: float = 60.0) -> None:
    """Write what ``address`` (http or https) answers to ``target``; after an error there is no file.

    At most five redirects are followed, never from https to http. ``timeout``: seconds without a byte. Raises
    :class:`~ads.errors.InputError` for an error status or a longer file than ``max_bytes``,
    :class:`~ads.errors.ServiceUnreachable` and :class:`~ads.errors.ServiceTimeout` for the network's.
    """
    import httpx

    label = public_address(address)
    try:
        with httpx.Client(timeout=httpx.Timeout(timeout, connect=min(timeout, 10.0))) as client:
            _follow(client, httpx.URL(address), target, max_bytes)
    except httpx.TimeoutException as error:
        raise ServiceTimeout(
            f"{label} sent nothing for {timeout:g} s.", hint="Try again later, or download the file by other means."
        ) from error
    except httpx.TransportError as error:
        raise ServiceUnreachable(
            f"{label} can't be downloaded: {str(error) or type(error).__name__}.",
            hint="Check the address and this machine's network.",
        ) from error
    except httpx.InvalidURL as error:
        raise InputError(f"{label} is not a web address: {error}.", hint="Write https://host/path.zip.") from error


def public_address(address: str) -> str:
    """Return the address without password and query, which may be secrets, for a message."""
    scheme, _, rest = address.partition("://")
    rest = rest.split("#", 1)[0].split("?", 1)[0]
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


def _follow(client: httpx.Client, url: httpx.URL, target: Path, max_bytes: int) -> None:
    for _ in range(_MOST_REDIRECTS + 1):
        headers = {"accept": "*/*", "accept-encoding": "identity"}
        with client.stream("GET", url, headers=headers, follow_redirects=False) as response:
            if response.status_code not in _REDIRECTS:
                _write(response, target, max_bytes)
                return
            after = url.join(response.headers.get("location", ""))
        if after.scheme not in {"http", "https"} or (url.scheme == "https" and after.scheme == "http"):
            raise InputError(
                f"{public_address(str(url))} leads to {public_address(str(after))}, which is not followed.",
                hint="Name the final address.",
            )
        url = after
    raise InputError(f"{public_address(str(url))} is redirected again and again.", hint="Name the final address.")


def _write(response: httpx.Response, target: Path, max_bytes: int) -> None:
    label = public_address(str(response.url))
    if response.status_code != 200:
        raise InputError(
            f"{label} answered with status {response.status_code}.", hint="Check the address and who may read it."
        )
    announced = response.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise _too_large(label, max_bytes)
    try:
        with target.open("wb") as file:
            for piece in _bounded(response, label, max_bytes):
                file.write(piece)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _bounded(response: httpx.Response, label: str, max_bytes: int) -> Iterator[bytes]:
    size = 0
    for piece in response.iter_raw(_PIECE):
        size += len(piece)
        if size > max_bytes:
            raise _too_large(label, max_bytes)
        yield piece


def _too_large(label: str, max_bytes: int) -> InputError:
    return InputError(f"{label} has more than the {max_bytes:,} bytes that are allowed.", hint="Is this the artifact?")
