"""The frames between gateway and replica: ``u32`` length of what follows, ``u8`` kind, ``u64`` id, payload.

All integers are big-endian. PREDICT carries ``u16`` count and per item ``u8`` body kind, ``u16`` length and meta
(JSON), ``u32`` length and body. ANSWER carries ``u16`` count and per item ``u16`` HTTP status, ``u32`` length and body
(JSON, or what the item's meta asked for; to INFER first ``u32`` how long its JSON part is, 0 when that is all), and may
end with ``u32`` how many rows were predicted. CHUNK is a piece of a streamed answer, which an ANSWER with an empty body
ends. PING is empty; PONG is empty or has ``u16`` how many items the replica takes in one frame, else it is one.
DESCRIBE has a random question; DESCRIPTION the proof that the replica knows its key (32 bytes over TCP, else nothing),
then what it tells of its model (JSON).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

__all__ = [
    "ANSWER",
    "ARROW",
    "BYTES",
    "CHUNK",
    "CSV",
    "DESCRIBE",
    "DESCRIPTION",
    "INFER",
    "JSON",
    "NPY",
    "PING",
    "PONG",
    "PREDICT",
    "FrameError",
    "FrameReader",
    "Input",
    "Output",
]

PREDICT, ANSWER, PING, PONG, CHUNK, DESCRIBE, DESCRIPTION = 1, 2, 3, 4, 5, 6, 7
JSON, BYTES, CSV, NPY, ARROW, INFER = 0, 1, 2, 3, 4, 5

_LENGTH = struct.Struct(">I")
_START = struct.Struct(">IBQ")
_START_AND_COUNT = struct.Struct(">IBQH")
_KIND_AND_ID = struct.Struct(">BQ")
_COUNT = struct.Struct(">H")
_META = struct.Struct(">BH")
_RESULT = struct.Struct(">HI")
_AFTER_LENGTH = _KIND_AND_ID.size


class FrameError(Exception):
    """What arrived is not a frame."""


class Input(NamedTuple):
    """One prediction to make."""

    kind: int
    meta: bytes
    body: bytes


class Output(NamedTuple):
    """One prediction's outcome."""

    status: int
    body: bytes


def encode_predict(frame_id: int, inputs: Sequence[Input]) -> bytes:
    """Return a PREDICT frame."""
    parts = [b""]
    size = _AFTER_LENGTH + _COUNT.size
    for item in inputs:
        parts += (_META.pack(item.kind, len(item.meta)), item.meta, _LENGTH.pack(len(item.body)), item.body)
        size += _META.size + len(item.meta) + _LENGTH.size + len(item.body)
    parts[0] = _START_AND_COUNT.pack(size, PREDICT, frame_id, len(inputs))
    return b"".join(parts)


def encode_answer(frame_id: int, outputs: Sequence[Output]) -> bytes:
    """Return an ANSWER frame."""
    parts = [b""]
    size = _AFTER_LENGTH + _COUNT.size
    for item in outputs:
        parts += (_RESULT.pack(item.status, len(item.body)), item.body)
        size += _RESULT.size + len(item.body)
    parts[0] = _START_AND_COUNT.pack(size, ANSWER, frame_id, len(outputs))
    return b"".join(parts)


def encode_describe(frame_id: int, question: bytes) -> bytes:
    """Return a DESCRIBE frame."""
    return _START.pack(_AFTER_LENGTH + len(question), DESCRIBE, frame_id) + question


def encode_empty(kind: int, frame_id: int) -> bytes:
    """Return a PING or PONG frame."""
    return _START.pack(_AFTER_LENGTH, kind, frame_id)


def decode_predict(payload: bytes) -> list[Input]:
    """Return the items of a PREDICT frame. Raises FrameError."""
    inputs = []
    try:
        (count,) = _COUNT.unpack_from(payload)
        position = _COUNT.size
        for _ in range(count):
            kind, meta_size = _META.unpack_from(payload, position)
            position += _META.size
            meta = payload[position : position + meta_size]
            position += meta_size
            (size,) = _LENGTH.unpack_from(payload, position)
            position += _LENGTH.size
            inputs.append(Input(kind, meta, payload[position : position + size]))
            position += size
    except struct.error as error:
        raise FrameError("A frame ends early.") from error
    _require_end(payload, position)
    return inputs


def decode_answer(payload: bytes) -> list[Output]:
    """Return the items of an ANSWER frame. Raises FrameError."""
    return decode_answer_and_rows(payload)[0]


def decode_answer_and_rows(payload: bytes) -> tuple[list[Output], int]:
    """Return the items of an ANSWER frame, and of how many rows they are (else their number). Raises FrameError."""
    outputs = []
    try:
        (count,) = _COUNT.unpack_from(payload)
        position = _COUNT.size
        for _ in range(count):
            status, size = _RESULT.unpack_from(payload, position)
            position += _RESULT.size
            outputs.append(tuple.__new__(Output, (status, payload[position : position + size])))
            position += size
        if position == len(payload) - _LENGTH.size:
            return outputs, int(_LENGTH.unpack_from(payload, position)[0])
    except struct.error as error:
        raise FrameError("A frame ends early.") from error
    _require_end(payload, position)
    return outputs, len(outputs)


def decode_pong(payload: bytes) -> int:
    """Return how many items a replica takes in one frame. Raises FrameError."""
    if not payload:
        return 1
    if len(payload) != _COUNT.size:
        raise FrameError("A PONG has another form.")
    return max(1, int(_COUNT.unpack(payload)[0]))


def _require_end(payload: bytes, position: int) -> None:
    if position != len(payload):
        raise FrameError("A frame's length and its items disagree.")


class FrameReader:
    """Cuts a stream of bytes into frames, none larger than ``largest`` bytes."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._pieces: list[bytes] = []
        self._held = 0
        self._wanted = _LENGTH.size

    def feed(self, data: bytes) -> Iterable[tuple[int, int, bytes]]:
        """Return the frames that ``data`` completes as (kind, id, payload). Raises FrameError."""
        self._pieces.append(data)
        self._held += len(data)
        if self._held < self._wanted:
            return ()
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        frames = []
        position = 0
        self._wanted = _LENGTH.size
        while len(data) - position >= _LENGTH.size:
            (size,) = _LENGTH.unpack_from(data, position)
            if not _AFTER_LENGTH <= size <= self._largest:
                raise FrameError(f"A frame says that it has {size} bytes.")
            end = position + _LENGTH.size + size
            if end > len(data):
                self._wanted = end - position
                break
            kind, frame_id = _KIND_AND_ID.unpack_from(data, position + _LENGTH.size)
            frames.append((kind, frame_id, data[position + _LENGTH.size + _AFTER_LENGTH : end]))
            position = end
        self._pieces = [data[position:]] if position < len(data) else []
        self._held = len(data) - position
        return frames
