"""One request on its way through the gateway to a replica and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ads.gateway.frames import Input

if TYPE_CHECKING:
    from ads.gateway.replica import Replica

__all__ = ["Prediction"]


class Prediction:
    """One request on its way. ``reply`` is called once with status, body and retry-after."""

    __slots__ = (
        "_reply",
        "arrived",
        "begun",
        "copies",
        "input",
        "piece",
        "replica_id",
        "sent",
        "source",
        "tries",
        "waiting",
    )

    def __init__(
        self,
        item: Input,
        arrived: float,
        reply: Callable[[int, bytes, int], None],
        piece: Callable[[bytes], None] | None = None,
    ) -> None:
        self.input = item
        self.piece = piece
        """Is called with each piece of a streamed answer before ``reply``; None for an answer that comes whole."""
        self.begun = False
        self.source: Replica | None = None
        self.arrived = arrived
        self.waiting = arrived
        self.sent = 0.0
        self.tries = 0
        self.copies = 1
        """In how many places it is, waiting or in flight: only the last one may say that it failed."""
        self.replica_id = ""
        self._reply: Callable[[int, bytes, int], None] | None = reply

    @property
    def wanted(self) -> bool:
        """Whether anybody still waits for the answer."""
        return self._reply is not None

    def abandon(self) -> None:
        """Forget the caller: it left. The replica of a streamed answer need not go on with it."""
        self._reply = None
        if self.begun and self.source is not None:
            self.source.cut()

    def hold(self, full: bool) -> None:
        """Let the replica of a streamed answer wait, or go on."""
        if self.begun and self.source is not None and self.source.held != full:
            self.source.hold(full)

    def answer(self, status: int, body: bytes, retry_after: int = 0) -> None:
        """Give the caller its answer; later ones are dropped."""
        reply, self._reply = self._reply, None
        if reply is not None:
            reply(status, body, retry_after)
