"""A prediction's body while it arrives and until it is answered, within what all bodies together may take."""

from __future__ import annotations

from ads.gateway.answer import Refusal
from ads.gateway.framing import ChunkedBody, CountedBody
from ads.gateway.request import RequestHead

__all__ = ["BodyBuffer", "Budget", "too_large"]


class Budget:
    """Bytes that all connections together may hold."""

    def __init__(self, limit: int) -> None:
        self._left = limit

    def take(self, size: int) -> None:
        """Take bytes. Raises Refusal (503) when that is more than there are."""
        if size > self._left:
            raise Refusal(503, "ServiceUnavailable", "Too many large requests at a time.", retry_after=1)
        self._left -= size

    def give_back(self, size: int) -> None:
        """Return bytes that were taken."""
        self._left += size


class BodyBuffer:
    """The body that follows ``head``, at most ``largest`` bytes. ``rest`` is what came after it."""

    def __init__(self, head: RequestHead, largest: int, budget: Budget) -> None:
        self._body = ChunkedBody() if head.chunked else CountedBody(head.content_length or 0)
        self._largest = largest
        self._budget = budget
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def rest(self) -> bytes:
        """What the client sent after the body."""
        return self._body.rest

    def feed(self, data: bytes) -> bytes | None:
        """Return the body once it is whole. Raises Refusal for broken framing, or when it is too large."""
        payload = self._body.feed(data)
        if self._size + len(payload) > self._largest:
            raise too_large(self._largest)
        if payload:
            self._budget.take(len(payload))
            self._pieces.append(payload)
            self._size += len(payload)
        if not self._body.done:
            return None
        body, self._pieces = b"".join(self._pieces), []
        return body

    def release(self) -> None:
        """Give back what it took: the request was answered or nobody waits for its answer."""
        self._budget.give_back(self._size)
        self._size = 0
        self._pieces = []


def too_large(largest: int) -> Refusal:
    """Return the refusal of a body that is larger than ``largest`` bytes."""
    return Refusal(413, "PayloadTooLarge", f"The body is larger than {largest} bytes.")
