"""One client's connection as the gateway lends it to the control plane, which reads or sends a large body itself."""

from __future__ import annotations

import asyncio
from pathlib import Path

from ads.gateway.request import RequestHead
from ads.handover import LEAST_SIZE, lend, new_key

__all__ = ["Lender", "lender_of"]


class Lender:
    """See the module. Nothing may be written to the client, or read from it, while its connection is lent."""

    def __init__(self, transport: asyncio.Transport, descriptor: int, path: Path) -> None:
        self._transport = transport
        self._descriptor = descriptor
        self._path = path
        self.key = new_key()

    def lend_body(self, head: RequestHead, early: bytes) -> int:
        """Lend the connection where the body is worth it; return how many bytes of it control has to read, or 0.

        Reading must be paused. Who waits for ``100 Continue`` is left to the ordinary way.
        """
        left = (head.content_length or 0) - len(early)
        if head.chunked or head.expects_continue or left < LEAST_SIZE or not self.flushed:
            return 0
        return left if self.lend() else 0

    @property
    def flushed(self) -> bool:
        """Whether everything that was written to the client is on its way."""
        return self._transport.get_write_buffer_size() == 0

    def lend(self) -> bool:
        """Lend the connection; return whether control has it."""
        return not self._transport.is_closing() and lend(self._path, self.key, self._descriptor)


def lender_of(transport: asyncio.Transport, path: Path) -> Lender | None:
    """Return the lender of a plain connection, None for one with TLS: its bytes mean nothing to others."""
    if transport.get_extra_info("sslcontext") is not None:
        return None
    connection = transport.get_extra_info("socket")
    return None if connection is None else Lender(transport, connection.fileno(), path)
