"""One call of a webhook: a signed POST to an address that was checked, and nothing else.

The name is resolved once, every address it has is checked, and the connection goes to a checked address: a name that
means something else a moment later changes nothing. Redirects are not followed, proxies are not used.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import secrets
import socket
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from ads.errors import InputError

__all__ = ["LARGEST_BODY", "Outcome", "check_url", "is_public", "new_secret", "post", "signature_of"]

LARGEST_BODY = 64 * 1024
"""Bytes of the largest body that is sent."""

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 10.0
_SECRET_BYTES = 32
_PREFIX = "whsec_"
_EMBEDDING = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


@dataclass(frozen=True)
class Outcome:
    """What came of a call: the status of the answer, or why there is none."""

    status: int | None = None
    error: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


class _Refused(Exception):
    """The address must not be called."""


def new_secret() -> str:
    """Return a new signing secret, as Standard Webhooks writes it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def signature_of(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return the value of ``webhook-signature``."""
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")


def check_url(url: str, *, allow_private: bool) -> str:
    """Return the URL of a webhook. Raises InputError for one that can't be called, or whose host is no public one.

    A name that can't be resolved now is fine: it is resolved again for each call.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    plain = url.isascii() and url.isprintable() and " " not in url
    if parts.scheme not in {"http", "https"} or not host or not plain or port == 0:
        raise InputError("The address of a webhook is an http:// or https:// URL.", hint="https://example.com/hook")
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise InputError("The address of a webhook has no user, password or fragment in it.")
    if not allow_private:
        with suppress(OSError):
            try:
                _checked_addresses(host, port or 443, allow_private=False)
            except _Refused as error:
                raise InputError(
                    f"The webhook can't be at {host}: {error}.",
                    hint="The setting webhooks_allow_private allows addresses of private networks.",
                ) from error
    return url


def is_public(address: str) -> bool:
    """Tell whether an IP address is one of the public network, also within a form that embeds another."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if inner is None and any(ip in network for network in _EMBEDDING):
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def post(url: str, body: bytes, headers: dict[str, str], *, allow_private: bool) -> Outcome:
    """Send the body; return what came of it. Ends in any case after some seconds."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    named = {"host": parts.netloc, "content-length": str(len(body)), "connection": "close", **headers}
    try:
        connected = _connect(_checked_addresses(host, port, allow_private=allow_private))
    except _Refused as error:
        return Outcome(error=f"{host} is not called: {error}")
    except OSError as error:
        return Outcome(error=f"{host} can't be reached: {error}")
    watchdog = threading.Timer(_ANSWER_SECONDS, _cut, [connected])
    watchdog.daemon = True
    watchdog.start()
    try:
        connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
        connection.sock = _secured(connected, host) if parts.scheme == "https" else connected
        connection.request("POST", target, body, named)
        status = connection.getresponse().status
        return Outcome(status, None if 200 <= status < 300 else f"The receiver answered {status}.")
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Outcome(error=f"The call failed: {type(error).__name__} {error}".strip()[:500])
    finally:
        watchdog.cancel()
        connected.close()


def _checked_addresses(host: str, port: int, *, allow_private: bool) -> Sequence[tuple[int, tuple[str, int]]]:
    """Return families and addresses of a host. Raises _Refused when one of them may not be called, OSError."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise OSError(f"{host!r} is no name of a host") from error
    addresses = [(int(family), (str(address[0]), int(address[1]))) for family, _, _, _, address in found]
    if not allow_private:
        hidden = [address for _, (address, _) in addresses if not is_public(address)]
        if hidden:
            raise _Refused(f"{hidden[0]} is not an address of the public network")
    return addresses


def _connect(addresses: Sequence[tuple[int, tuple[str, int]]]) -> socket.socket:
    last: OSError = OSError("it has no address")
    for family, address in addresses[:3]:
        connected = socket.socket(family, socket.SOCK_STREAM)
        connected.settimeout(_CONNECT_SECONDS)
        try:
            connected.connect(address)
        except OSError as error:
            connected.close()
            last = error
            continue
        connected.settimeout(_ANSWER_SECONDS)
        return connected
    raise last


def _secured(connected: socket.socket, host: str) -> socket.socket:
    return ssl.create_default_context().wrap_socket(connected, server_hostname=host)


def _cut(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
