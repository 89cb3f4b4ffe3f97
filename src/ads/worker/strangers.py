"""Who may send frames over TCP: whoever answers a random question with the replica's key.

The replica sends :data:`SIZE` random bytes; the answer is their HMAC-SHA256 under the key. Nothing else is read of a
connection before that, and an earlier answer is worth nothing: the question is another one each time. In the same way
the replica proves with its description that it knows the key: who only took its port does not.
"""

import hashlib
import hmac
import os
from typing import Callable, Iterable, Tuple

from .frames import FrameBuffer, FrameError

__all__ = ["MOST", "SECONDS", "SHORTEST_KEY", "SIZE", "Stranger", "answer", "proof", "read_key"]

SIZE = 32
SECONDS = 5.0
"""How long a connection may take to answer."""
MOST = 64
"""How many connections may be asked at a time; with one more the oldest is closed."""
SHORTEST_KEY = 32
_REPLICA = b"replica"
"""What keeps a replica's proofs apart from a gateway's answers."""

Frame = Tuple[int, int, bytes]


def answer(key: bytes, question: bytes) -> bytes:
    """Return the right answer to a question."""
    return hmac.new(key, question, hashlib.sha256).digest()


def proof(key: bytes, question: bytes) -> bytes:
    """Return what a replica proves itself with to a gateway that asks ``question``."""
    return hmac.new(key, _REPLICA + question, hashlib.sha256).digest()


def read_key(path: str) -> bytes:
    """Return the key in a file of hexadecimal digits. Raises OSError, and ValueError for one that is too short."""
    with open(path, encoding="ascii") as file:
        key = bytes.fromhex(file.read().strip())
    if len(key) < SHORTEST_KEY:
        raise ValueError("a key has {} bytes at least".format(SHORTEST_KEY))
    return key


class Stranger:
    """Takes the place of a connection's frames until its answer has come; ``proven`` gives the frames then."""

    def __init__(self, key: bytes, proven: "Callable[[], FrameBuffer]") -> None:
        self.question = os.urandom(SIZE)
        self._answer = answer(key, self.question)
        self._proven = proven
        self._bytes = bytearray()

    def feed(self, data: bytes) -> "Iterable[Frame]":
        """Add ``data``; return the frames that came with the right answer. Raises FrameError for a wrong one."""
        self._bytes += data
        if len(self._bytes) < SIZE:
            return ()
        if not hmac.compare_digest(bytes(self._bytes[:SIZE]), self._answer):
            raise FrameError("A connection doesn't know the key.")
        return self._proven().feed(bytes(self._bytes[SIZE:]))
