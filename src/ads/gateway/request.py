"""The head of a request: request line and headers, with exactly one meaning, or refused.

What stock servers forgive is refused here, because a second server behind could read it differently: bare line feeds,
folded headers, two lengths, a length beside a transfer coding, no or several hosts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ads.gateway.answer import Refusal
from ads.gateway.hosts import Hosts
from ads.gateway.limits import Limits

__all__ = ["HeadReader", "RequestHead", "check_beginning", "parse_head"]

_TOKEN_BYTES = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_TEXT_BYTES = bytes([0x09, *range(0x20, 0x7F), *range(0x80, 0x100)])
_REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) ([\x21-\x7e]+) HTTP/(\d)\.(\d)")
_HOST = re.compile(rb"(?:[A-Za-z0-9._~%!$&'()*+,;=-]{1,255}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{0,5})?")
_LENGTH = re.compile(rb"[0-9]{1,18}")
_METHODS = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE"))
# Two of these would be two meanings.
_ONCE = frozenset(
    (
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"authorization",
        b"content-type",
        b"date",
        b"x-date",
        b"x-content-sha256",
        b"expect",
        b"opc-request-id",
    )
)
_CACHED_HEAD_BYTES = 2048
_CACHED_HEADS = 512


@dataclass(frozen=True, slots=True, eq=False)
class RequestHead:
    """One request without its body. Names in ``fields`` are lower case; ``lines`` are as received, in order.

    Heads are compared by identity: one that came again is the same object, see :class:`HeadReader`.
    """

    method: bytes
    target: bytes
    minor: int
    fields: dict[bytes, bytes]
    lines: tuple[tuple[bytes, bytes], ...]
    content_length: int | None
    chunked: bool
    keep_alive: bool
    expects_continue: bool

    @property
    def has_body(self) -> bool:
        """Whether bytes of a body follow the head."""
        return self.chunked or bool(self.content_length)


def _bad(message: str) -> Refusal:
    return Refusal(400, "InvalidParameter", message)


def check_beginning(data: bytes, limits: Limits) -> None:
    """Refuse what can't become a good head any more, as long as its end has not arrived."""
    line_end = data.find(b"\r\n")
    if (len(data) if line_end < 0 else line_end) > limits.target_bytes + 32:
        raise Refusal(414, "UriTooLong", f"The request line is longer than {limits.target_bytes} bytes.")
    if len(data) > limits.head_bytes:
        raise Refusal(431, "HeadersTooLarge", f"The headers are larger than {limits.head_bytes} bytes.")
    if not data[:1].isalpha():
        raise _bad("This is not an HTTP/1.1 request.")
    if data.count(b"\n") != data.count(b"\r\n"):
        raise _bad("A header line ends with a bare line feed.")


def parse_head(data: bytes, limits: Limits) -> RequestHead:
    """Return the meaning of a head, given without the empty line that ends it. Raises Refusal."""
    first, *rest = data.split(b"\r\n")
    method, target, minor = _request_line(first, limits)
    if len(data) > limits.head_bytes or len(rest) > limits.headers:
        raise Refusal(431, "HeadersTooLarge", f"More than {limits.headers} headers or {limits.head_bytes} bytes.")
    if data.translate(None, _TEXT_BYTES) != b"\r\n" * len(rest):
        raise _bad("The headers hold a control character.")
    fields: dict[bytes, bytes] = {}
    lines: list[tuple[bytes, bytes]] = []
    for line in rest:
        name, colon, value = line.partition(b":")
        if not colon or not name or name.translate(None, _TOKEN_BYTES):
            raise _bad("A header line is not 'name: value'.")
        if b"_" in name:
            continue  # some back ends read it as '-': nobody gets to see it
        name = name.lower()
        value = value.strip(b" \t")
        if name in fields:
            if name in _ONCE:
                raise _bad(f"The header {name.decode()} was sent twice.")
            fields[name] += b", " + value
        else:
            fields[name] = value
        lines.append((name, line))
    return _with_framing(method, target, minor, fields, tuple(lines))


def _request_line(line: bytes, limits: Limits) -> tuple[bytes, bytes, int]:
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        raise _bad("The request line is not 'METHOD /path HTTP/1.1'.")
    method, target, major, minor = match.groups()
    if major != b"1" or minor not in b"01":
        raise Refusal(505, "HttpVersionNotSupported", "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
    if len(target) > limits.target_bytes:
        raise Refusal(414, "UriTooLong", f"The path is longer than {limits.target_bytes} bytes.")
    if not target.startswith(b"/") or b"#" in target:
        raise _bad("The path must start with '/'.")
    if method not in _METHODS:
        raise Refusal(501, "NotImplemented", "This method is not known here.")
    return method, target, int(minor)


def _with_framing(
    method: bytes, target: bytes, minor: int, fields: dict[bytes, bytes], lines: tuple[tuple[bytes, bytes], ...]
) -> RequestHead:
    host = fields.get(b"host")
    if host is None or _HOST.fullmatch(host) is None:
        raise _bad("The Host header is missing or not a host name.")
    length = fields.get(b"content-length")
    coding = fields.get(b"transfer-encoding")
    if length is not None and coding is not None:
        raise _bad("Content-Length and Transfer-Encoding exclude each other.")
    if length is not None and _LENGTH.fullmatch(length) is None:
        raise _bad("Content-Length is not a number of bytes.")
    if coding is not None and (minor == 0 or coding.lower() != b"chunked"):
        raise Refusal(400 if minor == 0 else 501, "InvalidParameter", "The only transfer coding is 'chunked'.")
    expect = fields.get(b"expect")
    if expect is not None and expect.lower() != b"100-continue":
        raise Refusal(417, "ExpectationFailed", "The only expectation is '100-continue'.")
    connection = fields.get(b"connection", b"").lower()
    return RequestHead(
        method=method,
        target=target,
        minor=minor,
        fields=fields,
        lines=lines,
        content_length=None if length is None else int(length),
        chunked=coding is not None,
        keep_alive=minor == 1 and b"close" not in connection,
        expects_continue=expect is not None and minor == 1,
    )


class HeadReader:
    """:func:`parse_head` that remembers heads: a client's next request often has the very same one."""

    def __init__(self, limits: Limits, hosts: Hosts) -> None:
        self._limits = limits
        self._hosts = hosts
        self._known: dict[bytes, RequestHead] = {}

    def read(self, data: bytes) -> RequestHead:
        """Return the meaning of a head. Raises Refusal."""
        known = self._known.get(data)
        if known is not None:
            return known
        head = parse_head(data, self._limits)
        if not self._hosts.allow(head.fields[b"host"]):
            raise Refusal(
                421, "MisdirectedRequest", "This service is not reached under this name; see the setting allowed_hosts."
            )
        if len(data) <= _CACHED_HEAD_BYTES:
            if len(self._known) >= _CACHED_HEADS:
                self._known.clear()
            self._known[data] = head
        return head
