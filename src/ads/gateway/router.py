"""Whose request is it: a deployment's, the gateway's own health and metrics, or the control plane's."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from urllib.parse import unquote_to_bytes

__all__ = ["Kind", "Place", "route"]

# Routed on the raw path, never decoded: what is escaped is nobody's deployment. Only a model's name may be escaped.
_ID = rb"ocid1\.datasciencemodeldeployment\.[a-z0-9.-]{1,255}"
_PREDICT = re.compile(rb"/(" + _ID + rb")/(predict(?:WithResponseStream)?)(/[^?]*)?")
_ABOUT = re.compile(rb"/(" + _ID + rb")/(openapi\.json|docs(?:/(?:page\.css|page\.js))?)")
_V2 = re.compile(
    rb"(?:/("
    + _ID
    + rb"))?/v2(?:/health/(live|ready)|/models/([^/]{1,600})(?:/versions/([^/]{1,40}))?(/ready|/infer)?)?"
)
_IS_ID = re.compile(_ID)


class Kind(Enum):
    """Who answers."""

    PREDICT = "predict"
    ABOUT = "about"
    """A question about a deployment: its metadata, its documentation."""
    LIVE = "live"
    READY = "ready"
    METRICS = "metrics"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request goes. ``verb`` and ``below`` are the parts of the path after the deployment.

    The Open Inference Protocol may name a deployment instead of giving its id: then ``model`` is that name.
    """

    kind: Kind
    deployment_id: str = ""
    verb: bytes = b""
    below: bytes = b""
    model: str = ""
    is_v2: bool = False
    """Whether it belongs to the Open Inference Protocol."""


_LIVE = Place(Kind.LIVE)
_READY = Place(Kind.READY)
_METRICS = Place(Kind.METRICS)
_CONTROL = Place(Kind.CONTROL)
_OWN = {
    b"/health/live": _LIVE,
    b"/health/ready": _READY,
    b"/v2/health/live": _LIVE,
    b"/v2/health/ready": _READY,
    b"/metrics": _METRICS,
}


@lru_cache(maxsize=512)
def route(target: bytes) -> Place:
    """Return where a request with this raw target (path and query) goes."""
    path = target.partition(b"?")[0]
    own = _OWN.get(path)
    if own is not None:
        return own
    match = _PREDICT.fullmatch(path)
    if match is not None:
        return Place(Kind.PREDICT, match[1].decode(), match[2], match[3] or b"")
    match = _ABOUT.fullmatch(path)
    if match is not None:
        return Place(Kind.ABOUT, match[1].decode(), match[2])
    match = _V2.fullmatch(path)
    return _CONTROL if match is None else _v2(match)


def _v2(match: re.Match[bytes]) -> Place:
    deployment, health, model, version, rest = match.groups()
    if health is not None:
        return Place(Kind.ABOUT, deployment.decode(), b"v2/" + health, is_v2=True)
    if model is None:
        return Place(Kind.ABOUT, deployment.decode() if deployment else "", b"v2", is_v2=True)
    name = unquote_to_bytes(model).decode("utf-8", "replace")
    verb = b"v2/model" + (rest or b"")
    kind = Kind.PREDICT if rest == b"/infer" else Kind.ABOUT
    below = b"" if version in (None, b"1") else b"/versions/" + (version or b"")
    if deployment is None and _IS_ID.fullmatch(model):
        return Place(kind, model.decode(), verb, below, is_v2=True)
    return Place(kind, deployment.decode() if deployment else "", verb, below, name, is_v2=True)
