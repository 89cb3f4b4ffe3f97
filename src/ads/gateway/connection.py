"""One client connection: requests read one after the other, each answered before the next is looked at."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from enum import Enum
from typing import cast

from ads.gateway.about import about
from ads.gateway.answer import CONTINUE, JSON_TYPE, Refusal, encode_answer, encode_prediction
from ads.gateway.body_buffer import BodyBuffer
from ads.gateway.door import Door
from ads.gateway.health import health
from ads.gateway.lending import lender_of
from ads.gateway.media import AS_JSON, INFER, AnswerForm
from ads.gateway.metrics import CONTENT_TYPE as METRICS_TYPE
from ads.gateway.notes import Answered, note_answered, note_refused
from ads.gateway.pool import Prediction
from ads.gateway.predictions import Admission, Stream
from ads.gateway.proxy import Exchange
from ads.gateway.request import RequestHead, check_beginning
from ads.gateway.router import Kind, Place, route
from ads.gateway.stream import StreamedAnswer
from ads.gateway.tracing import NO_TRACE, Trace

__all__ = ["Connection"]

_LATE = Refusal(408, "RequestTimeout", "The request took too long to arrive.")
_FOREVER = float("inf")
_CALLER_LEFT = 499
_OK, _UNAUTHORIZED = 200, 401
_STREAMED = b"predictWithResponseStream"


class _State(Enum):
    HEAD = "reading a head, or idle"
    BODY = "reading a prediction's body"
    WAITING = "waiting for a prediction"
    PROXYING = "an exchange with control"
    LINGERING = "answered and half closed, dropping what still comes"


class Connection(asyncio.Protocol):
    """See the module. ``deadline`` is when :meth:`sweep` has to do something."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._state = _State.HEAD
        self._buffer = b""
        self._head: RequestHead | None = None
        self._request_id = b""
        self._trace: Trace = NO_TRACE
        self._admission: Admission | None = None
        self._place: Place | None = None
        self._body: BodyBuffer | None = None
        self._size = 0
        self._form: AnswerForm = AS_JSON
        self._prediction: Prediction | None = None
        self._stream: StreamedAnswer | None = None
        self._exchange: Exchange | None = None
        self._arrived = 0.0
        self._advancing = False
        self._eof = False
        self._doubted = False
        self._full = False
        self._reading_paused = False
        self._transport: asyncio.Transport
        self._remote = ""
        self.deadline = _FOREVER

    @property
    def idle(self) -> bool:
        """Whether no request is under way."""
        return self._state is _State.HEAD and not self._buffer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first request, unless there are too many connections."""
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        peer = transport.get_extra_info("peername")
        self._remote = str(peer[0]) if isinstance(peer, tuple) else ""
        door = self._door
        self.deadline = door.clock() + door.limits.idle_seconds
        door.connections.add(self)
        if len(door.connections) > door.limits.connections:
            refusal = Refusal(503, "ServiceUnavailable", "Too many connections. Try again later.", retry_after=1)
            self._refuse_and_close(refusal)

    def data_received(self, data: bytes) -> None:
        """Read on where the request is."""
        state = self._state
        if state is _State.HEAD:
            self._buffer = self._buffer + data if self._buffer else data
            self._advance()
        elif state is _State.BODY:
            self._guarded(self._read_body, data)
            self._advance()
        elif state is _State.PROXYING:
            assert self._exchange is not None
            self._door.predictions.metrics.uploaded += len(data)
            self._exchange.client_sent(data)
        elif state is _State.WAITING:
            self._buffer += data
            if len(self._buffer) > self._door.limits.head_bytes:
                self.pause_reading()

    def eof_received(self) -> bool:
        """Answer what was asked before the client closed its side; half a request is nobody's.

        A client that left looks like that, too, until something is sent to it. So interim answers are: the first one
        makes its system say that nobody is there, the second one fails then, and nothing is predicted for nobody.
        """
        self._eof = True
        if self._head is not None and self._head.minor:
            self._doubted = self._ask_whether_there()
        if self._exchange is not None and not self._exchange.has_request:
            return False
        return self._state in {_State.WAITING, _State.PROXYING}

    def _ask_whether_there(self) -> bool:
        """Send an interim answer where the answer has not begun; tell whether it did."""
        if self._prediction is None or self._stream is not None:
            return False
        self._transport.write(CONTINUE)
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Let go of what was under way."""
        self._door.connections.discard(self)
        self._release_body()
        if self._prediction is not None:
            self._prediction.abandon()
            self._note(_CALLER_LEFT, 0)
            self._prediction = None
        if self._exchange is not None:
            self._exchange.client_lost()
            self._exchange = None

    def pause_writing(self) -> None:
        """The client doesn't take its answers."""
        self._full = True
        self.deadline = min(self.deadline, self._door.clock() + self._door.limits.stall_seconds)
        if self._exchange is not None:
            self._exchange.client_full(True)
        elif self._prediction is not None:
            self._prediction.hold(True)

    def resume_writing(self) -> None:
        """The client took what was waiting."""
        self._full = False
        limits = self._door.limits
        if self._exchange is not None:
            self.deadline = _FOREVER
            self._exchange.client_full(False)
        elif self._prediction is not None:
            self.deadline = _FOREVER
            self._prediction.hold(False)
        elif self._state is _State.LINGERING:
            self.deadline = self._door.clock() + limits.linger_seconds
        elif self._state is _State.HEAD:
            self.deadline = self._door.clock() + limits.idle_seconds
            self._advance()

    def sweep(self, now: float) -> None:
        """End what takes too long, and what was left."""
        if self._doubted:
            self._doubted = False
            self._ask_whether_there()
        if self._exchange is not None and self._exchange.too_slow(now):
            self._exchange.client_lost()
            self._exchange = None
            self._refuse_and_close(_LATE)
        elif now < self.deadline:
            return
        elif self._full or self._state is _State.LINGERING:
            self._transport.abort()
        elif self.idle:
            self._transport.close()
        else:
            self._refuse_and_close(_LATE)

    def close_if_idle(self) -> None:
        """End the connection unless a request is under way that will end by itself."""
        if self._exchange is not None:
            self._exchange.leave()
        if self.idle:
            self._transport.close()

    def _advance(self) -> None:
        """Read requests from the buffer until one has to wait."""
        if self._advancing:
            return
        self._advancing = True
        try:
            while self._state is _State.HEAD and self._buffer and not self._full:
                if not self._guarded(self._read_head, b""):
                    break
        finally:
            self._advancing = False
        state = self._state
        if state is _State.HEAD and self._eof and not self._full:
            self._transport.close()
        elif self._reading_paused and (state is _State.HEAD or state is _State.BODY):
            self.resume_reading()

    def _guarded(self, step: Callable[[bytes], bool], data: bytes) -> bool:
        try:
            return step(data)
        except Refusal as refusal:
            self._refuse_and_close(refusal)
            return False

    def _read_head(self, _: bytes) -> bool:
        """Read one head and begin with its request; return whether there was a whole one."""
        door = self._door
        limits = door.limits
        end = self._buffer.find(b"\r\n\r\n", 0, limits.head_bytes + 4)
        if end < 0:
            check_beginning(self._buffer, limits)
            if not self._arrived:
                self._arrived = door.clock()
                self.deadline = self._arrived + limits.header_seconds
            return False
        self._head = None
        head = door.heads.read(self._buffer[:end])
        self._buffer = self._buffer[end + 4 :]
        self._head = head
        self._arrived = door.clock()
        self._request_id = door.ids.next(head.fields.get(b"opc-request-id"))
        self._trace = NO_TRACE
        place = route(head.target)
        self._form = INFER if place.is_v2 else AS_JSON
        if place.kind is Kind.CONTROL:
            self._begin_exchange(head)
        elif place.kind is Kind.PREDICT:
            self._begin_prediction(head, place)
        else:
            self._answer_itself(head, place)
        return True

    def _answer_itself(self, head: RequestHead, place: Place) -> None:
        """Answer what is asked about the gateway or a deployment."""
        predictions, kind = self._door.predictions, place.kind
        try:
            if kind is Kind.ABOUT:
                found = about(predictions, head, place, self._remote)
                self._form = AS_JSON
                self._answer(*found)
            elif kind is Kind.METRICS:
                self._answer(200, predictions.metrics_text(head, self._remote), 0, METRICS_TYPE)
            else:
                self._answer(*health(head, kind, ready=predictions.tables.ready))
        except Refusal as refusal:
            self._refuse(refusal)

    def _begin_exchange(self, head: RequestHead) -> None:
        try:
            self._door.predictions.authentication.stop_guessing(head, self._remote)
        except Refusal as refusal:
            self._refuse(refusal)
            return
        self._state = _State.PROXYING
        self.deadline = _FOREVER
        lender = lender_of(self._transport, self._door.home.lent_socket)
        self._exchange = exchange = Exchange(self, head, self._request_id, self._door.limits, lender)
        early, self._buffer = self._buffer, b""
        exchange.start(self._door.controls, early)
        self._door.predictions.metrics.uploaded += len(early) + exchange.lent

    def _begin_prediction(self, head: RequestHead, place: Place) -> None:
        self._place = place
        try:
            self._admission = self._door.predictions.admit(head, place, self._remote)
        except Refusal as refusal:
            note_refused(self._door, head, place, refusal, self._request_id, self._remote)
            if refusal.counted:
                self._place = None
            self._refuse(refusal)
            return
        if not self._form.name:
            self._form = self._admission.asked.form
        length = head.content_length
        if length is not None and len(self._buffer) >= length:
            body, self._buffer = self._buffer[:length], self._buffer[length:]
            self._predict(body)
            return
        if head.expects_continue and not self._buffer:
            self._transport.write(CONTINUE)
        self._state = _State.BODY
        self.deadline = self._arrived + self._door.limits.body_seconds
        self._body = BodyBuffer(head, self._admission.max_body_bytes, self._door.budget)
        early, self._buffer = self._buffer, b""
        if early:
            self._read_body(early)

    def _read_body(self, data: bytes) -> bool:
        assert self._body is not None
        body = self._body.feed(data)
        if body is not None:
            self._buffer = self._body.rest
            self._predict(body)
        return True

    def _release_body(self) -> None:
        if self._body is not None:
            self._body.release()
            self._body = None

    def _predict(self, body: bytes) -> None:
        assert self._head is not None
        assert self._admission is not None
        self._state = _State.WAITING
        self.deadline = _FOREVER
        self._size = len(body)
        self._trace = trace = self._door.tracing.begin(self._head.fields)
        stream = None
        if self._place is not None and self._place.verb == _STREAMED:
            self._stream = StreamedAnswer(self._head, self._request_id, trace.header)
            stream = Stream("lines" if self._stream.lines else "events", self._take_piece)
        try:
            prediction = self._door.predictions.start(
                self._head, self._admission, body, self._request_id, self._reply, stream, trace
            )
        except Refusal as refusal:
            self._reply(refusal.status, refusal.body, refusal.retry_after)
            return
        if self._state is _State.WAITING and prediction.wanted:
            self._prediction = prediction

    def _take_piece(self, piece: bytes) -> None:
        assert self._stream is not None
        self._transport.write(self._stream.piece(piece))

    def _reply(self, status: int, body: bytes, retry_after: int) -> None:
        stream, self._stream = self._stream, None
        streamed = stream is not None and (stream.begun or (status == _OK and not body))
        last = stream.end(status, body) if stream is not None and streamed else b""
        self._note(status, stream.size if stream is not None and streamed else len(body), b"" if streamed else body)
        self._prediction = None
        self._admission = None
        self._release_body()
        if streamed:
            self._finish(last, close=status != _OK or self._head is None or self._must_close(self._head))
        else:
            self._answer(status, body, retry_after)
        if self._buffer or self._eof or self._reading_paused:
            self._advance()

    def _answer(
        self, status: int, body: bytes, retry_after: int, content_type: bytes = JSON_TYPE, more: bytes = b""
    ) -> None:
        """Send the answer of a request that was read whole; the connection is free again."""
        head = self._head
        assert head is not None
        close = self._must_close(head)
        trace, self._trace = self._trace, NO_TRACE
        if status == _OK and self._form is AS_JSON and trace.trace_id and not close and not retry_after:
            self._finish(encode_prediction(body, self._request_id, trace.header), close=False)
            return
        if self._form is not AS_JSON:
            body, content_type, more = self._form.dress(status, body)
        if trace.trace_id:
            more += b"traceparent: %s\r\n" % trace.header
        answer = encode_answer(
            status,
            body,
            self._request_id,
            close=close,
            retry_after=retry_after,
            bodiless=head.method == b"HEAD",
            content_type=content_type,
            more=more,
        )
        self._finish(answer, close=close)

    def _must_close(self, head: RequestHead) -> bool:
        return not head.keep_alive or self._door.draining or (self._eof and not self._buffer)

    def _finish(self, data: bytes, *, close: bool) -> None:
        """Send the end of an answer; the connection is free again, or closes."""
        self._state = _State.HEAD
        self._arrived = 0.0
        self.deadline = self._door.clock() + self._door.limits.idle_seconds
        self._transport.write(data)
        if close:
            self._close()

    def _refuse(self, refusal: Refusal) -> None:
        """Refuse a request whose framing is good: go on with the next one if this one's body is already here."""
        head = self._head
        assert head is not None
        if self._place is not None:
            self._note(refusal.status, len(refusal.body))
        length = head.content_length or 0
        if head.chunked or len(self._buffer) < length:
            self._refuse_and_close(refusal)
            return
        self._buffer = self._buffer[length:]
        self._answer(refusal.status, refusal.body, refusal.retry_after)

    def _refuse_and_close(self, refusal: Refusal) -> None:
        """Refuse, and end the connection without losing the answer: close our side, drop what still comes."""
        if self._state is _State.LINGERING:
            return
        door = self._door
        head, self._head = self._head, None
        request_id = self._request_id if head is not None else door.ids.next(None)
        self._release_body()
        body = self._form.dress(refusal.status, refusal.body).body if head is not None else refusal.body
        bodiless = head is not None and head.method == b"HEAD"
        self._transport.write(
            encode_answer(
                refusal.status, body, request_id, close=True, retry_after=refusal.retry_after, bodiless=bodiless
            )
        )
        self._linger()

    def _linger(self) -> None:
        """Close our side, and drop what the client still sends: closing both would lose the answer."""
        if self._eof:
            self._close()
            return
        self._state = _State.LINGERING
        self._buffer = b""
        limits = self._door.limits
        self.deadline = self._door.clock() + (limits.stall_seconds if self._full else limits.linger_seconds)
        if self._transport.can_write_eof():  # not with TLS: there the client sees from the length that this is all
            self._transport.write_eof()
        self.resume_reading()

    def _close(self) -> None:
        """Close once the client has taken what was written; a client that doesn't is cut off."""
        self._state = _State.LINGERING
        self._buffer = b""
        self.deadline = self._door.clock() + self._door.limits.stall_seconds
        self._transport.close()

    def _note(self, status: int, bytes_out: int, answer: bytes = b"") -> None:
        """Count and log the prediction where its deployment is known."""
        place, head = self._place, self._head
        self._place = None
        if place is None or head is None:
            return
        if self._admission is None:
            self._door.predictions.metrics.refused[status] += 1
            return
        answered = (
            head,
            self._admission,
            self._prediction,
            self._request_id,
            self._trace,
            self._remote,
            status,
            self._arrived,
            self._size,
            bytes_out,
            answer,
        )
        note_answered(self._door, tuple.__new__(Answered, answered))

    def write(self, data: bytes) -> None:
        """Send to the client."""
        self._transport.write(data)

    def pause_reading(self) -> None:
        """Take nothing more from the client for now."""
        if not self._reading_paused and not self._transport.is_closing():
            self._reading_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Take from the client again."""
        if self._reading_paused and not self._transport.is_closing():
            self._reading_paused = False
            self._transport.resume_reading()

    def exchange_answers(self, status: int) -> None:
        """Note what control says of the credential."""
        if status == _UNAUTHORIZED and self._head is not None:
            self._door.predictions.authentication.note_refused(self._head, self._remote)

    def exchange_refused(self, refusal: Refusal, *, body_done: bool, rest: bytes) -> None:
        """Answer what control can't answer."""
        self._exchange = None
        if not body_done:
            self._refuse_and_close(refusal)
            return
        self._buffer = rest
        self._answer(refusal.status, refusal.body, refusal.retry_after)
        self._advance()

    def exchange_done(self, *, reusable: bool, body_done: bool, rest: bytes) -> None:
        """Go on with the next request, or close."""
        self._exchange = None
        self._head = None
        self._buffer = rest
        if reusable and not self._door.draining:
            self._state = _State.HEAD
            self._arrived = 0.0
            self.deadline = self._door.clock() + self._door.limits.idle_seconds
            self._advance()
            return
        if body_done:
            self._close()
        else:
            self._linger()

    def exchange_broken(self) -> None:
        """Let the client see that its answer is not whole."""
        self._exchange = None
        self._transport.abort()
