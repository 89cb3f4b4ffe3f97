"""What 10, 1,000 and 100,000 deployments take: the product's own functions on tables of that size, and popularity.

Requests are spread as in the trace that :mod:`benchmarks.simulation.arrivals` names: Zipf. One that may scale to
zero keeps its replica for a minute after a request.
"""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ads.deploy.placement import Machine, Need, room
from ads.deploy.reconcile import Actual, Desired, ReplicaView, reconcile
from ads.deploy.routes import ReplicaRoute, Route, Routes
from ads.gateway.tables import parse_routes
from ads.home import Home
from benchmarks.simulation.arrivals import popularity
from benchmarks.simulation.scenarios import Table

__all__ = ["awake", "scale"]

SIZES = (10, 1_000, 100_000)
_KEPT = 60.0
"""Seconds that a replica stays after its last request."""
_REPLICA = 76_000_000
"""Bytes of a replica of a small scikit-learn model, shared pages divided: docs/benchmarks.md."""
_WORK = 0.005
"""Seconds of processor for a request, gateway and replica together."""
_MACHINE = Machine(32 * 1024**3, 8)


def scale() -> Table:
    """Return a row for each figure, a column for each size."""
    columns = [_column(size) for size in SIZES]
    rows = [(name, *(column[name] for column in columns)) for name in columns[0]]
    return ("deployments", *(f"{size:,}" for size in SIZES)), rows


def awake(deployments: int, rate: float, kept: float = _KEPT, exponent: float = 1.2) -> float:
    """Return how many deployments have a replica at a moment, of those that get ``rate`` requests a second together.

    Requests are Poisson: a deployment is awake when one came within the last ``kept`` seconds.
    """
    return float((1 - np.exp(-rate * popularity(deployments, exponent) * kept)).sum())


def _column(size: int) -> dict[str, str]:
    rate = size / 10
    routes = [_route(number) for number in range(size)]
    found: dict[str, str] = {}
    with tempfile.TemporaryDirectory(prefix="ads-") as name:
        home = Home(Path(name))
        home.create()
        seconds = _took(lambda: Routes(home).publish(routes))
        found["routes.json"] = f"{home.routes_file.stat().st_size / 1e6:,.2f} MB"
        found["publishing it"] = _time(seconds)
        found["a gateway reads it"] = _time(_took(lambda: parse_routes(json.loads(home.routes_file.read_bytes()))))
    found["`reconcile` for all"] = _time(_took(lambda: _decide(size)))
    each = room(Need(1, _REPLICA - 48 * 1024**2), _MACHINE)
    found["machines, a replica for each"] = f"{math.ceil(size / each):,}"
    found["requests/s, one in ten seconds each"] = f"{rate:,.0f}"
    there = awake(size, rate)
    found["awake, scaled to zero after a minute"] = f"{there:,.0f} ({there / size:.0%})"
    found["machines for those"] = f"{math.ceil(there / each):,}"
    found["processors for the requests"] = f"{math.ceil(rate * _WORK):,}"
    return found


def _route(number: int) -> Route:
    deployment = f"ocid1.datasciencemodeldeployment.oc1.local.{number:060d}"
    chain = (f"ocid1.compartment.oc1.local.{1:060d}", f"ocid1.tenancy.oc1.local.{1:060d}")
    name = f"{deployment[-12:]}-1-0"
    places = (ReplicaRoute(name, f"/var/lib/openads/run/r/{name}.sock", 1),)
    return Route(deployment, f"model {number}", "ACTIVE", True, 60.0, 10**7, places, compartment_ids=chain, revision=1)


def _decide(size: int) -> None:
    desired = Desired("ACTIVE", "ACTIVE", 1, 1, 1, 1)
    actual = Actual((ReplicaView(1, 0, "ready"),), frozenset({1}))
    for _ in range(size):
        reconcile(desired, actual)


def _took(call: Callable[[], object]) -> float:
    """Return the processor seconds of a call: the machine may be busy."""
    before = time.process_time()
    call()
    return time.process_time() - before


def _time(seconds: float) -> str:
    return f"{seconds:,.1f} s" if seconds >= 1 else f"{seconds * 1e3:,.1f} ms"
