"""Heads between client and control plane: written anew, without what belongs to one connection or to nobody outside."""

from __future__ import annotations

import re

from ads.gateway.request import RequestHead
from ads.handover import LENT, OFFERED, TAKEN, WANTED
from ads.identity.cluster_key import PROOF

__all__ = ["passed_back", "read_answer", "request_lines"]

_HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        # Nobody in front of us is trusted to say who is calling.
        b"forwarded",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded-proto",
        LENT,
        OFFERED,
        PROOF,
    )
)
_NOT_PASSED_BACK = frozenset((b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"server", TAKEN, WANTED))
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})(?: [^\r\n]*)?")


def request_lines(head: RequestHead) -> list[bytes]:
    """Return the lines that a control plane gets of this head; how the body is framed comes with them."""
    lines = [b"%s %s HTTP/1.1" % (head.method, head.target)]
    lines += [line for name, line in head.lines if name not in _HOP_BY_HOP]
    if head.chunked:
        lines.append(b"transfer-encoding: chunked")
    return lines


def read_answer(head: bytes) -> tuple[int, bytes, list[bytes], dict[bytes, bytes]] | None:
    """Return status, status line, lines and fields of an answer's head; None for one that can't be read."""
    first, *lines = head.split(b"\r\n")
    match = _STATUS_LINE.fullmatch(first)
    if match is None:
        return None
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(b":") for line in lines)}
    if WANTED in fields:  # the length that control sends itself is that of the answer
        lines = [line for line in lines if line.partition(b":")[0].lower() != b"content-length"]
        lines.append(b"content-length: " + fields[WANTED])
    return int(match[1]), first, lines, fields


def passed_back(first: bytes, lines: list[bytes]) -> list[bytes]:
    """Return the lines that a client gets of an answer's head."""
    return [
        b"HTTP/1.1 " + first[9:],
        *(line for line in lines if line.partition(b":")[0].lower() not in _NOT_PASSED_BACK),
    ]
