"""One request that is the control plane's: streamed to its socket and back, at the slower side's pace.

The head is written anew from what was understood of it, and bodies are framed anew, so that both servers see the same
request. Every request has a connection of its own. For a large body control is lent the client's connection: the bytes
don't pass here then. What no control plane has begun to answer is asked again where nothing can happen twice.
"""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from ads.gateway.answer import CONTINUE, Refusal
from ads.gateway.controls import Control, Controls
from ads.gateway.forwarding import passed_back, read_answer, request_lines
from ads.gateway.framing import Body, ChunkedBody, CountedBody, body_of
from ads.gateway.lending import Lender
from ads.gateway.limits import Limits
from ads.gateway.request import RequestHead
from ads.handover import LENT, OFFERED, TAKEN, WANTED

__all__ = ["Exchange", "ProxyClient"]

_LARGEST_ANSWER_HEAD = 64 * 1024
_NO_CONTENT = frozenset((204, 304))
_LOOK_AGAIN = 0.005
_CONNECT_AGAIN = 0.02
_CONNECT_SECONDS = 1.0
_MOST_CONTROLS = 3


class ProxyClient(Protocol):
    """The connection of the client, as the exchange needs it."""

    def write(self, data: bytes) -> None:
        """Send to the client."""

    def pause_reading(self) -> None:
        """Take nothing more from the client for now."""

    def resume_reading(self) -> None:
        """Take from the client again."""

    def exchange_answers(self, status: int) -> None:
        """Control has decided: an answer with this status begins."""

    def exchange_refused(self, refusal: Refusal, *, body_done: bool, rest: bytes) -> None:
        """Nothing of an answer was sent: answer with this error."""

    def exchange_done(self, *, reusable: bool, body_done: bool, rest: bytes) -> None:
        """The answer was sent whole. ``rest`` is what the client sent after its request."""

    def exchange_broken(self) -> None:
        """The answer ended in the middle."""


class Exchange(asyncio.Protocol):
    """See the module."""

    def __init__(
        self, client: ProxyClient, head: RequestHead, request_id: bytes, limits: Limits, lender: Lender | None = None
    ) -> None:
        self._client = client
        self._lender = lender
        self._lent = 0  # bytes of the request's body that control reads itself
        self._sends_itself = False  # control sends the answer's body
        self._head = head
        self._request_id = request_id
        self._limits = limits
        self._request_body = body_of(head)
        self._transport: asyncio.Transport | None = None
        self._controls: Controls
        self._control: Control | None = None
        self._asked = 0  # how many control planes got the request
        self._task: asyncio.Task[None] | None = None
        self._early = b""
        self._over = False
        self._upstream_full = False
        self._client_full = False
        self._buffer = b""  # the beginning of the answer's head
        self._answering = False
        self._endless = False
        self._answer_body: Body | None = None  # None while answering: until the connection ends
        self._chunk_answer = False
        self._must_close = not head.keep_alive
        self._received = 0
        self._window_end = 0.0

    def start(self, controls: Controls, early: bytes) -> None:
        """Connect to a control plane; ``early`` is what already arrived after the head."""
        self._controls = controls
        self._early = early
        self._client.pause_reading()
        if self._lender is not None:
            self._lent = self._lender.lend_body(self._head, early)
        self._task = asyncio.get_running_loop().create_task(self._connect())

    async def _connect(self) -> None:
        """Connect to one that answers; one that has just been killed is back within a moment, so wait for it."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.control_seconds
        while not self._over:
            for control in self._controls.in_turn(self._head.target):
                if self._lent and control.path is None:
                    continue  # the body is on this machine
                if await self._reach(control):
                    return
            if loop.time() >= deadline:
                self._fail()
                return
            await asyncio.sleep(_CONNECT_AGAIN)

    async def _reach(self, control: Control) -> bool:
        """Connect to this one; return whether it takes the request, or nobody asks any more."""
        if self._over:
            return True
        loop = asyncio.get_running_loop()
        self._control = control
        control.taken()
        try:
            if control.path is not None:
                await loop.create_unix_connection(lambda: self, str(control.path))
            else:
                await asyncio.wait_for(loop.create_connection(lambda: self, *control.address), _CONNECT_SECONDS)
        except (OSError, asyncio.TimeoutError):
            self._let_go()
            control.failed()
            return False
        return True

    def _let_go(self) -> None:
        control, self._control = self._control, None
        if control is not None:
            control.done()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the head and what came with it."""
        transport = cast("asyncio.Transport", transport)
        self._transport = transport
        if self._over:
            transport.abort()
            return
        self._asked += 1
        transport.write(self._forwarded_head())
        early, self._early = self._early, b""
        if self._lent:
            transport.write(early)
            return
        self._client.resume_reading()
        self.client_sent(early)

    def _forwarded_head(self) -> bytes:
        head = self._head
        lines = request_lines(head)
        if self._control is None or self._control.path is None:
            lines.append(self._controls.proof_line(head.method, head.target))
        elif self._lender is not None and self._lent:
            lines = [line for line in lines if not line.lower().startswith(b"content-length:")]
            lines += [b"content-length: %d" % len(self._early), b"%s: %s %d" % (LENT, self._lender.key, self._lent)]
        elif self._lender is not None and head.method == b"GET":
            lines.append(b"%s: %s" % (OFFERED, self._lender.key))
        return b"\r\n".join(lines) + b"\r\n\r\n"

    def client_sent(self, data: bytes) -> None:
        """Pass on what the client sent of its request's body."""
        if self._over:
            return
        body = self._request_body
        if body.done:
            body.rest += data
            if len(body.rest) > self._limits.head_bytes:
                self._client.pause_reading()
            return
        self._received += len(data)
        try:
            payload = body.feed(data)
        except Refusal as refusal:
            self._end()
            if self._answering:
                self._client.exchange_broken()
            else:
                self._client.exchange_refused(refusal, body_done=False, rest=b"")
            return
        self._forward(payload)

    def _forward(self, payload: bytes) -> None:
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        if self._head.chunked:
            if payload:
                transport.write(b"%x\r\n%s\r\n" % (len(payload), payload))
            if self._request_body.done:
                transport.write(b"0\r\n\r\n")
        elif payload:
            transport.write(payload)

    def pause_writing(self) -> None:
        """Control is slower than the client."""
        self._upstream_full = True
        self._client.pause_reading()

    def resume_writing(self) -> None:
        """Control has caught up."""
        self._upstream_full = False
        self._window_end = 0.0
        if not self._over and not self._lent:
            self._client.resume_reading()

    def client_full(self, full: bool) -> None:
        """Follow the client's own pace in taking the answer."""
        self._client_full = full
        if self._transport is not None and not self._over:
            (self._transport.pause_reading if full else self._transport.resume_reading)()

    @property
    def lent(self) -> int:
        """How many bytes of the request's body control reads from the client's own connection."""
        return self._lent

    @property
    def has_request(self) -> bool:
        """Whether the request has arrived whole."""
        return self._request_body.done

    def client_lost(self) -> None:
        """Stop: nobody waits for the answer."""
        self._end()

    def leave(self) -> None:
        """End a stream of events, which would go on for as long as the service does: its reader comes again."""
        if self._endless and not self._over:
            self._complete()

    def too_slow(self, now: float) -> bool:
        """Tell whether the client delivers its request slower than it has to."""
        if self._request_body.done or self._upstream_full or self._transport is None or self._lent:
            return False
        if not self._window_end:
            self._window_end = now + self._limits.stall_seconds
            self._received = 0
        elif now >= self._window_end:
            if self._received < self._limits.stall_bytes:
                return True
            self._window_end = 0.0
        return False

    def data_received(self, data: bytes) -> None:
        """Pass control's answer on."""
        if self._over:
            return
        if self._answering:
            self._pass_back(data)
            return
        self._buffer += data
        final: bool | None = False
        while not final:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > _LARGEST_ANSWER_HEAD:
                    self._fail()
                return
            head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
            final = self._begin_answer(head)
            if final is None:
                self._fail()
                return
        rest, self._buffer = self._buffer, b""
        self._pass_back(rest)

    def _begin_answer(self, head: bytes) -> bool | None:
        """Pass one head of control's on; return whether it was the final one, None when it can't be read."""
        found = read_answer(head)
        if found is None:
            return None
        status, first, lines, fields = found
        if status < 200:
            if status == 100 and self._head.expects_continue:
                self._client.write(CONTINUE)
            return False
        self._answering = True
        if self._lent and TAKEN in fields:
            self._lent = 0
            self._request_body = CountedBody(0)
            self._client.resume_reading()
        self._endless = fields.get(b"content-type", b"").lower().startswith(b"text/event-stream")
        self._client.exchange_answers(status)
        passed = passed_back(first, lines)
        if b"opc-request-id" not in fields:
            passed.append(b"opc-request-id: " + self._request_id)
        self._frame_answer(status, fields)
        if self._chunk_answer:
            passed.append(b"transfer-encoding: chunked")
        if not self._request_body.done:
            self._must_close = True
        if self._must_close:
            passed.append(b"connection: close")
        self._client.write(b"\r\n".join(passed) + b"\r\n\r\n")
        if WANTED in fields:
            self._sends_itself = True
            self._lend_for_answer()
        return True

    def _lend_for_answer(self) -> None:
        """Lend the connection once the head is on its way. Control gives up when that takes too long."""
        if not self._over and not (self._lender is not None and self._lender.flushed and self._lender.lend()):
            asyncio.get_running_loop().call_later(_LOOK_AGAIN, self._lend_for_answer)

    def _frame_answer(self, status: int, fields: dict[bytes, bytes]) -> None:
        """Decide where the answer's body ends, and how the client learns it."""
        if self._head.method == b"HEAD" or status in _NO_CONTENT:
            self._answer_body = CountedBody(0)
        elif fields.get(b"transfer-encoding", b"").lower() == b"chunked":
            self._answer_body = ChunkedBody()
        elif fields.get(b"content-length", b"").isdigit():
            self._answer_body = CountedBody(int(fields[b"content-length"]))
            return
        if isinstance(self._answer_body, ChunkedBody) or self._answer_body is None:
            self._chunk_answer = self._head.minor == 1
            self._must_close = self._must_close or not self._chunk_answer

    def _pass_back(self, data: bytes) -> None:
        body = self._answer_body
        try:
            payload = data if body is None else body.feed(data)
        except Refusal:
            self._end()
            self._client.exchange_broken()
            return
        if payload and not self._sends_itself:
            self._client.write(b"%x\r\n%s\r\n" % (len(payload), payload) if self._chunk_answer else payload)
        if body is not None and body.done:
            self._complete()

    def _complete(self) -> None:
        if self._chunk_answer:
            self._client.write(b"0\r\n\r\n")
        self._end()
        self._client.exchange_done(
            reusable=self._request_body.done and not self._must_close,
            body_done=self._request_body.done,
            rest=self._request_body.rest,
        )

    def connection_lost(self, exc: Exception | None) -> None:
        """Finish an answer that ends with its connection; otherwise say what is missing."""
        if self._over:
            return
        if not self._answering and self._may_repeat():
            self._ask_another()
        elif not self._answering:
            self._fail()
        elif self._answer_body is None and exc is None:
            self._complete()
        else:
            self._end()
            self._client.exchange_broken()

    def _may_repeat(self) -> bool:
        """Whether another control plane may be asked the same: nothing of it has happened, or happens twice."""
        head = self._head
        bodiless = not head.chunked and not head.content_length
        again = head.method in {b"GET", b"HEAD"} and bodiless and not self._buffer
        return again and self._asked < _MOST_CONTROLS and self._controls.several

    def _ask_another(self) -> None:
        if self._control is not None:
            self._control.failed()
        self._let_go()
        self._transport = None
        self._task = asyncio.get_running_loop().create_task(self._connect())

    def _fail(self) -> None:
        if self._over:
            return
        self._end()
        refusal = Refusal(503, "ServiceUnavailable", "The control plane is starting. Try again later.", retry_after=1)
        body = self._request_body
        if self._early and not body.done:
            try:
                body.feed(self._early)
            except Refusal as broken:
                refusal = broken
        self._client.exchange_refused(refusal, body_done=body.done, rest=body.rest)

    def _end(self) -> None:
        self._over = True
        self._let_go()
        if self._transport is not None:
            self._transport.abort()
        elif self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()
