"""The frames between a gateway and a replica: how many bytes mean what.

Every integer is big-endian. A frame is ``u32 length of what follows``, ``u8 kind``, ``u64 frame id``, payload:

* PREDICT: ``u16 count``, then for each item ``u8 body kind``, ``u16 meta length``, meta (a JSON object, or nothing),
  ``u32 body length``, body.
* The body kinds are JSON, RAW (bytes for ``predict``), CSV, NPY, ARROW (an IPC stream) and INFER: a request of the Open
  Inference Protocol, whose answer begins with ``u32`` how long its JSON part is, 0 when that is all of it.
* CHUNK: a piece of the answer to the one item of a frame whose meta has ``stream``; ANSWER with nothing ends it.
* ANSWER: ``u16 count``, then for each item ``u16 HTTP status``, ``u32 length``, body (JSON text); then nothing, or
  ``u32`` how many rows were predicted in all.
* PING: nothing. PONG: nothing, or ``u16`` how many items a PREDICT frame may have; without it one.
* DESCRIBE: a random question. DESCRIPTION: over TCP the replica's proof that it knows the key (32 bytes); then what it
  tells of its model, a JSON object.
"""

import struct
from typing import Iterable, Iterator, List, NamedTuple, Optional, Tuple

__all__ = [
    "ANSWER",
    "ARROW",
    "CHUNK",
    "CSV",
    "DESCRIBE",
    "DESCRIPTION",
    "INFER",
    "JSON",
    "LARGEST_FRAME",
    "NPY",
    "PING",
    "PONG",
    "PREDICT",
    "RAW",
    "FrameBuffer",
    "FrameError",
    "Item",
    "decode_answers",
    "decode_items",
    "encode_answers",
    "encode_batch",
    "encode_frame",
    "encode_items",
]

PREDICT, ANSWER, PING, PONG, CHUNK, DESCRIBE, DESCRIPTION = 1, 2, 3, 4, 5, 6, 7
JSON, RAW, CSV, NPY, ARROW, INFER = 0, 1, 2, 3, 4, 5
LARGEST_FRAME = 1 << 30
_MOST_ROWS = (1 << 32) - 1

_LENGTH = struct.Struct("!I")
_HEAD = struct.Struct("!IBQ")
_COUNT = struct.Struct("!H")
_ITEM = struct.Struct("!BH")
_ANSWER = struct.Struct("!HI")
_AFTER_LENGTH = _HEAD.size - _LENGTH.size


class FrameError(ValueError):
    """What came over the socket is not a frame; the connection can't be used any more."""


class Item(NamedTuple):
    """One prediction request: how to read the body, what is known of the request, the body."""

    kind: int
    meta: bytes
    body: bytes


class FrameBuffer:
    """Bytes in, whole frames out: ``(kind, frame id, payload)``."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> "Iterator[Tuple[int, int, bytes]]":
        """Add ``data``; yield every frame that is complete. Raises FrameError for an impossible length."""
        self._bytes += data
        while len(self._bytes) >= _HEAD.size:
            length, kind, frame_id = _HEAD.unpack_from(self._bytes)
            if not _AFTER_LENGTH <= length <= LARGEST_FRAME:
                raise FrameError("A frame says it has {} bytes.".format(length))
            end = _LENGTH.size + length
            if len(self._bytes) < end:
                return
            payload = bytes(self._bytes[_HEAD.size : end])
            del self._bytes[:end]
            yield kind, frame_id, payload


def encode_frame(kind: int, frame_id: int, payload: bytes = b"") -> bytes:
    """Return the bytes of one frame."""
    return _HEAD.pack(_AFTER_LENGTH + len(payload), kind, frame_id) + payload


def decode_items(payload: bytes) -> List[Item]:
    """Return the items of a PREDICT payload. Raises FrameError when it ends early or late."""
    try:
        (count,) = _COUNT.unpack_from(payload)
        position = _COUNT.size
        items = []
        for _ in range(count):
            kind, size = _ITEM.unpack_from(payload, position)
            position += _ITEM.size
            meta = payload[position : position + size]
            position += size
            (size,) = _LENGTH.unpack_from(payload, position)
            position += _LENGTH.size
            items.append(Item(kind, meta, payload[position : position + size]))
            position += size
    except struct.error as error:
        raise FrameError("A PREDICT frame ends early.") from error
    if position != len(payload):
        raise FrameError("The lengths inside a PREDICT frame don't add up.")
    return items


def encode_items(items: "Iterable[Item]") -> bytes:
    """Return the payload of a PREDICT frame."""
    items = list(items)
    parts = [_COUNT.pack(len(items))]
    for item in items:
        parts += (_ITEM.pack(item.kind, len(item.meta)), item.meta, _LENGTH.pack(len(item.body)), item.body)
    return b"".join(parts)


def encode_batch(most: int) -> bytes:
    """Return the payload of a PONG frame: how many items are welcome in one frame."""
    return _COUNT.pack(most)


def encode_answers(answers: "List[Tuple[int, bytes]]", rows: "Optional[int]" = None) -> bytes:
    """Return the payload of an ANSWER frame from pairs of HTTP status and body, and the rows that were predicted."""
    parts = [_COUNT.pack(len(answers))]
    for status, body in answers:
        parts += (_ANSWER.pack(status, len(body)), body)
    if rows is not None:
        parts.append(_LENGTH.pack(min(rows, _MOST_ROWS)))
    return b"".join(parts)


def decode_answers(payload: bytes) -> "List[Tuple[int, bytes]]":
    """Return the pairs of HTTP status and body in an ANSWER payload. Raises FrameError when they don't add up."""
    answers = []
    try:
        (count,) = _COUNT.unpack_from(payload)
        position = _COUNT.size
        for _ in range(count):
            status, size = _ANSWER.unpack_from(payload, position)
            position += _ANSWER.size
            answers.append((status, payload[position : position + size]))
            position += size
    except struct.error as error:
        raise FrameError("An ANSWER frame ends early.") from error
    if position not in (len(payload), len(payload) - _LENGTH.size):
        raise FrameError("The lengths inside an ANSWER frame don't add up.")
    return answers
