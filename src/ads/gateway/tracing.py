"""W3C trace context: each prediction belongs to a trace, its caller's or a new one.

The ids go to the replica, into the logs and back to the caller. Spans are recorded where an exporter is set, see
:mod:`ads.gateway.spans`; otherwise nothing is kept.
"""

from __future__ import annotations

import os
import re
from binascii import hexlify
from collections.abc import Mapping
from random import getrandbits
from typing import NamedTuple, Protocol

__all__ = ["NO_TRACE", "Recorded", "Recorder", "Trace", "Tracing"]

_PARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[^\x00]*)?")
_NO_ID = b"0"
_SAMPLED = 1
_DIGITS = 48
"""Hexadecimal digits of a trace and a span."""
_AT_ONCE = 256


class Trace(NamedTuple):
    """The trace of one request, and the request's own span in it, as lower case hexadecimal digits."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes = b""
    """The caller's span; empty where the trace begins here."""
    sampled: bool = False
    header: bytes = b""
    """The value of ``traceparent`` for what belongs to this request."""


NO_TRACE = Trace(b"", b"")


class Recorded(NamedTuple):
    """One answered request. Moments are Unix times in seconds; ``sent`` is 0.0 where no replica had it."""

    trace: Trace
    deployment_id: str
    model: str
    request_id: str
    method: str
    path: str
    remote: str
    status: int
    begin: float
    arrived: float
    sent: float
    end: float
    replica_id: str
    tries: int


class Recorder(Protocol):
    """Where spans go."""

    def wants(self, trace: Trace) -> bool:
        """Tell whether the spans of this trace are to be recorded."""

    def note(self, recorded: Recorded) -> None:
        """Record a request; returns at once."""

    def close(self) -> None:
        """Send what is left."""


class Tracing:
    """Gives each request its trace. ``recorder`` is None where nobody wants spans."""

    def __init__(self, recorder: Recorder | None = None) -> None:
        self.recorder = recorder
        self._digits = b""
        self._used = 0

    def begin(self, fields: Mapping[bytes, bytes]) -> Trace:
        """Return the trace of a request with these headers. What is not as the standard says begins a new one."""
        sent = fields.get(b"traceparent")
        trace = _continued(sent) if sent is not None else None
        if trace is None:
            used = self._used
            if used == len(self._digits):
                self._digits, used = hexlify(os.urandom(_AT_ONCE * _DIGITS // 2)), 0
            self._used = used + _DIGITS
            trace_id, span_id = self._digits[used : used + 32], self._digits[used + 32 : used + _DIGITS]
            # What each request has one of is made without the detour by __new__, which takes twice as long.
            trace = tuple.__new__(Trace, (trace_id, span_id, b"", False, b"00-%b-%b-00" % (trace_id, span_id)))
        if self.recorder is not None:
            trace = _sampled(trace, self.recorder.wants(trace))
        return trace


def _sampled(trace: Trace, sampled: bool) -> Trace:
    header = b"00-%s-%s-0%d" % (trace.trace_id, trace.span_id, sampled)
    return trace._replace(sampled=sampled, header=header)


def _continued(sent: bytes) -> Trace | None:
    match = _PARENT.fullmatch(sent)
    if match is None:
        return None
    version, trace_id, parent_id, flags, more = match.groups()
    if version == b"ff" or (version == b"00" and more) or not trace_id.strip(_NO_ID) or not parent_id.strip(_NO_ID):
        return None
    span_id = b"%016x" % (getrandbits(64) or 1)
    return _sampled(Trace(trace_id, span_id, parent_id), bool(int(flags, 16) & _SAMPLED))
