"""The door for other machines: on a control plane's TCP port nothing answers but to gateways of the same cluster.

ASGI middleware outside everything else. What comes over the Unix socket comes from this machine's own gateway.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from ads.handover import LENT, OFFERED
from ads.identity.cluster_key import PROOF, is_proof, proof_key

__all__ = ["ClusterDoor"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_OF_THIS_MACHINE = frozenset({LENT, OFFERED, PROOF})
_REFUSAL = json.dumps(
    {
        "code": "NotAuthenticated",
        "message": "This is the control plane of a cluster: only its gateways may speak to it.",
    }
).encode()


class ClusterDoor:
    """See the module."""

    def __init__(self, app: App, cluster_key: str) -> None:
        self._app = app
        self._key = proof_key(cluster_key)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; other kinds of scope pass through."""
        if scope["type"] == "http" and scope.get("client") is not None:
            if not self._is_known(scope):
                await _refuse(send)
                return
            scope["headers"] = [pair for pair in scope["headers"] if pair[0] not in _OF_THIS_MACHINE]
        await self._app(scope, receive, send)

    def _is_known(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name == PROOF]
        target: bytes = scope["raw_path"]
        if scope["query_string"]:
            target += b"?" + scope["query_string"]
        method = scope["method"].encode("ascii")
        return len(given) == 1 and is_proof(self._key, method, target, given[0], time.time())


async def _refuse(send: Send) -> None:
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(_REFUSAL)),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 401, "headers": headers})
    await send({"type": "http.response.body", "body": _REFUSAL})
