"""The two questions that anybody may ask: is the gateway alive, and can it decide about predictions."""

from __future__ import annotations

from ads.gateway.answer import Refusal, error_body
from ads.gateway.request import RequestHead
from ads.gateway.router import Kind

__all__ = ["health"]

_LIVE = b'{"status":"live"}'
_READY = b'{"status":"ready"}'
_NOT_READY = error_body("ServiceUnavailable", "The gateway has no tables yet.")


def health(head: RequestHead, kind: Kind, *, ready: bool) -> tuple[int, bytes, int]:
    """Return status, body and retry-after. Raises Refusal for other methods and for a body."""
    if head.method not in {b"GET", b"HEAD"}:
        raise Refusal(405, "MethodNotAllowed", "Health is read with GET.")
    if head.has_body:
        raise Refusal(400, "InvalidParameter", "Health is asked without a body.")
    if kind is Kind.READY and not ready:
        return 503, _NOT_READY, 1
    return 200, _LIVE if kind is Kind.LIVE else _READY, 0
