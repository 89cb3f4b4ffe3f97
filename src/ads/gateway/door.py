"""What all connections of one gateway share, as a connection sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ads.gateway.access_log import AccessLog
from ads.gateway.answer import RequestIds
from ads.gateway.body_buffer import Budget
from ads.gateway.capture import Capture
from ads.gateway.controls import Controls
from ads.gateway.limits import Limits
from ads.gateway.predictions import Predictions
from ads.gateway.request import HeadReader
from ads.gateway.tracing import Tracing
from ads.home import Home

if TYPE_CHECKING:
    from ads.gateway.connection import Connection

__all__ = ["Door"]


class Door(Protocol):
    """The listener and what belongs to it."""

    home: Home
    limits: Limits
    heads: HeadReader
    ids: RequestIds
    predictions: Predictions
    budget: Budget
    access_log: AccessLog
    tracing: Tracing
    controls: Controls
    capture: Capture
    connections: set[Connection]
    draining: bool

    def clock(self) -> float:
        """Return the monotonic time in seconds."""
