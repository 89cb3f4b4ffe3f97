"""The replica's socket: connections from gateways, frames in, frames out, one frame at a time in the main thread."""

import contextlib
import os
import selectors
import signal
import socket
from typing import Any, Dict, Optional

from .frames import (
    ANSWER,
    CHUNK,
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
from .predictor import CallerGone, Predictor, stream_mode

__all__ = ["Server"]

_READ = 1 << 18
_BACKLOG = 64


class Server:
    """Listens at ``path``, and for SIGTERM, from its making on; :meth:`run` serves until that signal.

    ``batch`` is what it tells gateways: how many items a frame may have. ``bound`` is the descriptor of a socket that
    is bound to the path already.
    """

    def __init__(self, path: str, predictor: Predictor, batch: int = 1, bound: "Optional[int]" = None) -> None:
        self._path = path
        self._predictor = predictor
        self._pong = encode_batch(batch)
        self._buffers: "Dict[socket.socket, FrameBuffer]" = {}
        self._selector = selectors.DefaultSelector()
        self._stopping = False
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, fileno=bound)
        if bound is None:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            self._listener.bind(path)
        self._listener.listen(_BACKLOG)
        self._listener.setblocking(False)
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
            for key, _ in self._selector.select():
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._woken:
                    self._drain_wakeups()
                elif not self._stopping:
                    self._serve(key.fileobj)
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
        self._buffers[connection] = FrameBuffer()
        self._selector.register(connection, selectors.EVENT_READ)

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
        raise FrameError("A replica gets no frames of kind {}.".format(kind))

    def _close(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        del self._buffers[connection]
        connection.close()
