"""The replica's socket: connections from gateways, frames in, frames out, one frame at a time in the main thread.

Over TCP a connection is asked for the key first (:mod:`.strangers`). Nobody is waited for: while one connection thinks
about its answer, the others are served.
"""

import contextlib
import os
import selectors
import signal
import socket
import time
from typing import Any, Dict, Optional, Union

from .frames import (
    ANSWER,
    CHUNK,
    DESCRIBE,
    DESCRIPTION,
    PING,
    PONG,
    PREDICT,
    FrameBuffer,
    FrameError,
    decode_items,
    encode_answers,
    encode_batch,
    encode_frame,
)
from .listening import keep_alive
from .predictor import CallerGone, Predictor, stream_mode
from .strangers import MOST, SECONDS, Stranger, proof

__all__ = ["Server"]

_READ = 1 << 18
_LOOK_AGAIN = 0.5


class Server:
    """Answers what comes to ``listener``, and listens for SIGTERM, from its making on; :meth:`run` serves until then.

    ``batch`` is what it tells gateways: how many items a frame may have; ``description`` what it says of the model.
    With a ``key`` every connection must know it. ``path`` is removed at the end.
    """

    def __init__(
        self,
        listener: socket.socket,
        predictor: Predictor,
        batch: int = 1,
        description: bytes = b"{}",
        key: bytes = b"",
        path: "Optional[str]" = None,
    ) -> None:
        self._path = path
        self._predictor = predictor
        self._pong = encode_batch(batch)
        self._description = description
        self._key = key
        self._buffers: "Dict[socket.socket, Union[FrameBuffer, Stranger]]" = {}
        self._strangers: "Dict[socket.socket, float]" = {}
        self._patience: "Optional[float]" = None
        self._selector = selectors.DefaultSelector()
        self._stopping = False
        self._listener = listener
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._wake, self._woken = socket.socketpair()
        self._wake.setblocking(False)
        self._woken.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._stop)

    def run(self) -> None:
        """Answer frames until SIGTERM; the frame in flight is answered first."""
        while not self._stopping:
            for key, _ in self._selector.select(self._patience):
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._woken:
                    self._drain_wakeups()
                elif not self._stopping:
                    self._serve(key.fileobj)
            if self._patience is not None:
                self._send_away()
        if self._path is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._path)

    def _stop(self, _signal: int, _frame: Any) -> None:
        self._stopping = True

    def _drain_wakeups(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass

    def _accept(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except OSError:
            return  # it went away again, or there are no descriptors left; the next one may work
        if self._key:
            self._ask(connection)
            return
        self._buffers[connection] = FrameBuffer()
        self._selector.register(connection, selectors.EVENT_READ)

    def _ask(self, connection: socket.socket) -> None:
        """Send the question; what comes back is judged as soon as it is there."""

        def proven() -> FrameBuffer:
            del self._strangers[connection]
            buffer = self._buffers[connection] = FrameBuffer()
            return buffer

        stranger = Stranger(self._key, proven)
        try:
            keep_alive(connection)
            connection.send(stranger.question)  # there is room for it: nothing was sent before
        except OSError:
            connection.close()
            return
        self._buffers[connection] = stranger
        self._strangers[connection] = time.monotonic() + SECONDS
        self._patience = _LOOK_AGAIN
        self._selector.register(connection, selectors.EVENT_READ)

    def _send_away(self) -> None:
        """Close the connections whose answer doesn't come, and the oldest ones where there are too many."""
        now = time.monotonic()
        late = [connection for connection, until in self._strangers.items() if now > until]
        if late:  # an answer that came while a prediction was made is not late
            ready = {key.fileobj for key, _ in self._selector.select(0)}
            late = [connection for connection in late if connection not in ready]
        late += list(self._strangers)[: max(0, len(self._strangers) - MOST)]
        for connection in dict.fromkeys(late):
            self._close(connection)
        self._patience = _LOOK_AGAIN if self._strangers else None

    def _serve(self, connection: Any) -> None:
        try:
            data = connection.recv(_READ)
            if not data:
                self._close(connection)
                return
            for kind, frame_id, payload in self._buffers[connection].feed(data):
                connection.sendall(self._answer(connection, kind, frame_id, payload))
                if self._stopping:
                    return
        except (OSError, FrameError, CallerGone):
            self._close(connection)

    def _answer(self, connection: Any, kind: int, frame_id: int, payload: bytes) -> bytes:
        if kind == PREDICT:
            items = decode_items(payload)
            self._predictor.rows = 0
            mode = stream_mode(items[0]) if len(items) == 1 else ""
            if mode:
                answers = [
                    self._predictor.stream(
                        items[0],
                        mode == "lines",
                        lambda piece: connection.sendall(encode_frame(CHUNK, frame_id, piece)),
                    )
                ]
            else:
                answers = self._predictor.answer_all(items)
            return encode_frame(ANSWER, frame_id, encode_answers(answers, self._predictor.rows))
        if kind == PING:
            return encode_frame(PONG, frame_id, self._pong)
        if kind == DESCRIBE:
            proven = proof(self._key, payload) if self._key else b""
            return encode_frame(DESCRIPTION, frame_id, proven + self._description)
        raise FrameError("A replica gets no frames of kind {}.".format(kind))

    def _close(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._buffers[connection]
        self._strangers.pop(connection, None)
        connection.close()
