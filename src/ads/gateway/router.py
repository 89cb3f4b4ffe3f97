"""Whose request is it: a prediction for a deployment, the gateway's own health and metrics, or the control plane's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

__all__ = ["Kind", "Place", "route"]

# Routed on the raw path, never decoded: what is escaped is nobody's deployment.
_PREDICT = re.compile(
    rb"/(ocid1\.datasciencemodeldeployment\.[a-z0-9.-]{1,255})/(predict(?:WithResponseStream)?)(/[^?]*)?"
)


class Kind(Enum):
    """Who answers."""

    PREDICT = "predict"
    LIVE = "live"
    READY = "ready"
    METRICS = "metrics"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes. ``verb`` and ``below`` are the parts of the path after the deployment."""

    kind: Kind
    deployment_id: str = ""
    verb: bytes = b""
    below: bytes = b""


_LIVE = Place(Kind.LIVE)
_READY = Place(Kind.READY)
_METRICS = Place(Kind.METRICS)
_CONTROL = Place(Kind.CONTROL)


@lru_cache(maxsize=512)
def route(target: bytes) -> Place:
    """Return where a request with this raw target (path and query) goes."""
    path = target.partition(b"?")[0]
    if path == b"/health/live":
        return _LIVE
    if path == b"/health/ready":
        return _READY
    if path == b"/metrics":
        return _METRICS
    match = _PREDICT.fullmatch(path)
    if match is None:
        return _CONTROL
    return Place(Kind.PREDICT, match[1].decode(), match[2], match[3] or b"")
