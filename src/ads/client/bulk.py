"""Many megabytes to and from a service on this machine: plain HTTP, in large pieces, without copies in between.

What goes wrong before an answer begins is left to the ordinary way, which tries again and says what it was.
"""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ads.client.trust import is_loopback
from ads.errors import AdsError

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["became_shorter", "is_near", "opened", "send_file"]

_PIECE = 1024 * 1024
_BLOCK = 4 * 1024 * 1024
_LONGEST_ERROR_BODY = 64 * 1024


def is_near(service: Service) -> bool:
    """Tell whether the service is on this machine, and is spoken to without TLS and signatures."""
    return service.url.startswith("http://") and is_loopback(service.url) and bool(service.bearer)


def send_file(
    service: Service,
    path: str,
    file: Path,
    start: int,
    length: int,
    *,
    timeout: float,
    sent: Callable[[int], object],
) -> None:
    """PUT a span of the file to ``path``; ``sent`` is called with bytes as they go. Raises as Service.request does."""
    from ads.client.answers import error_from_answer
    from ads.errors import ServiceTimeout, ServiceUnreachable

    headers = {"content-type": "application/octet-stream", "content-length": str(length)}
    try:
        with file.open("rb", buffering=0) as source, _connection(service, timeout) as connection:
            _begin(connection, service, "PUT", path, headers)
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # an answer may say why
                for position in range(start, start + length, _BLOCK):
                    count = min(_BLOCK, start + length - position)
                    if connection.sock.sendfile(source, position, count) != count:
                        raise became_shorter(file)
                    sent(count)
            answer = connection.getresponse()
            content = answer.read(_LONGEST_ERROR_BODY)
    except TimeoutError as error:
        raise ServiceTimeout(f"The service at {service.url} took longer than {timeout:g} s for PUT {path}.") from error
    except (OSError, http.client.HTTPException) as error:
        raise ServiceUnreachable(
            f"The service at {service.url} did not answer PUT {path}: {str(error) or type(error).__name__}."
        ) from error
    if answer.status >= 400:
        raise error_from_answer("PUT", path, answer.status, _lower(answer), content)


@contextmanager
def opened(
    service: Service, path: str, headers: Mapping[str, str], *, timeout: float
) -> Iterator[tuple[Mapping[str, str], Iterator[memoryview]] | None]:
    """Yield headers and body of a good answer to GET, None where the ordinary way has to be taken.

    The body's pieces are valid until the next one is asked for; they raise OSError where it breaks off.
    """
    with _connection(service, timeout) as connection:
        answer = None
        with contextlib.suppress(OSError, http.client.HTTPException):
            _begin(connection, service, "GET", path, headers)
            answer = connection.getresponse()
        if answer is None or answer.status != 200 or answer.length is None:
            yield None
        else:
            yield _lower(answer), _pieces(answer)


def became_shorter(file: Path) -> AdsError:
    """Return the error for a file that somebody cuts meanwhile."""
    return AdsError(f"{file.name} became shorter while it was uploaded.", hint="Wait until it is complete.")


def _pieces(answer: http.client.HTTPResponse) -> Iterator[memoryview]:
    buffers = [bytearray(_PIECE) for _ in range(4)]
    number = 0
    while True:
        view = memoryview(buffers[number % len(buffers)])
        count = answer.readinto(view)
        if not count:
            break
        yield view[:count]
        number += 1
    if answer.length:
        raise ConnectionError(f"{answer.length} bytes are missing")


@contextmanager
def _connection(service: Service, timeout: float) -> Iterator[http.client.HTTPConnection]:
    address = urlsplit(service.url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port or 80, timeout=timeout)
    with contextlib.closing(connection):
        yield connection


def _begin(
    connection: http.client.HTTPConnection, service: Service, method: str, path: str, headers: Mapping[str, str]
) -> None:
    prefix = urlsplit(service.url).path.rstrip("/")
    connection.putrequest(method, prefix + path, skip_accept_encoding=True)
    for name, value in {"authorization": f"Bearer {service.bearer}", "accept": "*/*", **headers}.items():
        connection.putheader(name, value)
    connection.endheaders()


def _lower(answer: http.client.HTTPResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.getheaders()}
