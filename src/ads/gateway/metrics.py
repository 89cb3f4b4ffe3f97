"""What the gateway counts, and its text for Prometheus. Base units; labels are deployment, code and state alone.

The loop counts; nothing is locked. A series goes when its deployment does.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ads.deploy.minutes import BOUNDS

__all__ = ["CONTENT_TYPE", "DeploymentMetrics", "Gauges", "Histogram", "Metrics", "of_control", "render"]

CONTENT_TYPE = b"text/plain; version=0.0.4; charset=utf-8"

_SILENT_SECONDS = 60.0
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_ROWS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0, 16384.0)


class Histogram:
    """Values sorted into buckets. ``counts`` has one more for what is above the last bound."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class DeploymentMetrics:
    """What is counted of one deployment."""

    def __init__(self) -> None:
        self.codes: Counter[int] = Counter()
        self.request = Histogram(BOUNDS)
        self.inference = Histogram(_SECONDS)
        self.queue = Histogram(_SECONDS)
        self.batch = Histogram(_ROWS)
        self.rows = 0
        self.cold_starts = 0
        self.restarts = 0


class Metrics:
    """What this gateway counted since its start."""

    def __init__(self) -> None:
        self.deployments: dict[str, DeploymentMetrics] = {}
        self.refused: Counter[int] = Counter()
        """Predictions for no deployment that the caller may know of, by status."""
        self.uploaded = 0
        """Bytes that came for the control plane after the heads of requests."""

    def of(self, deployment_id: str) -> DeploymentMetrics:
        """Return what is counted of this deployment."""
        return self.deployments.setdefault(deployment_id, DeploymentMetrics())

    def forget(self, deployment_id: str) -> None:
        """Drop the series of a deployment that is gone."""
        self.deployments.pop(deployment_id, None)


@dataclass(frozen=True)
class Gauges:
    """How a deployment is at this moment. ``replicas`` counts by state, ``load_seconds`` is the slowest replica's."""

    queue_depth: int
    inflight: int
    replicas: Mapping[str, int]
    load_seconds: float | None


def render(metrics: Metrics, gauges: Mapping[str, Gauges]) -> bytes:
    """Return everything in Prometheus' text form."""
    counted = metrics.deployments
    return "".join(
        [
            *_counter(
                "requests_total",
                "Predictions answered, by status.",
                [
                    *(
                        (f'deployment="{name}",code="{c}"', n)
                        for name, m in counted.items()
                        for c, n in m.codes.items()
                    ),
                    *((f'deployment="",code="{code}"', count) for code, count in metrics.refused.items()),
                ],
            ),
            *_histogram(
                "request_duration_seconds",
                "From a request's head to its answer.",
                {name: each.request for name, each in counted.items()},
                frozenset(_SECONDS),
            ),
            *_histogram(
                "inference_duration_seconds",
                "One call of a replica, with the way there and back.",
                {name: each.inference for name, each in counted.items()},
            ),
            *_histogram(
                "queue_wait_seconds",
                "From a request's arrival until a replica took it.",
                {name: each.queue for name, each in counted.items()},
            ),
            *_histogram(
                "batch_rows",
                "Rows that were predicted in one call of a replica.",
                {name: each.batch for name, each in counted.items()},
            ),
            *_gauge("queue_depth", "Requests that wait for a replica.", _simple(gauges, "queue_depth")),
            *_gauge("inflight", "Requests that a replica works on.", _simple(gauges, "inflight")),
            *_gauge(
                "replicas",
                "Replicas, by state: ready or absent.",
                [
                    (f'deployment="{name}",state="{state}"', count)
                    for name, each in gauges.items()
                    for state, count in each.replicas.items()
                ],
            ),
            *_gauge(
                "model_load_seconds",
                "Import of score.py and load_model(), in the slowest replica.",
                [(f'deployment="{n}"', g.load_seconds) for n, g in gauges.items() if g.load_seconds is not None],
            ),
            *_counter(
                "cold_starts_total",
                "Replicas that became ready.",
                [(f'deployment="{name}"', each.cold_starts) for name, each in counted.items()],
            ),
            *_counter(
                "worker_restarts_total",
                "Replicas that ended while they were wanted.",
                [(f'deployment="{name}"', each.restarts) for name, each in counted.items()],
            ),
            *_counter(
                "upload_bytes_total",
                "Bytes that came for the control plane after the heads of requests.",
                [("", metrics.uploaded)],
            ),
        ]
    ).encode()


def of_control(path: Path, now: float) -> bytes:
    """Return what control wrote of itself, nothing when it has been silent for a minute (Unix time)."""
    try:
        if now - path.stat().st_mtime > _SILENT_SECONDS:
            return b""
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _simple(gauges: Mapping[str, Gauges], name: str) -> Iterator[tuple[str, int]]:
    return ((f'deployment="{deployment}"', getattr(each, name)) for deployment, each in gauges.items())


def _counter(name: str, text: str, samples: Iterable[tuple[str, float]]) -> Iterator[str]:
    return _family(name, "counter", text, samples)


def _gauge(name: str, text: str, samples: Iterable[tuple[str, float]]) -> Iterator[str]:
    return _family(name, "gauge", text, samples)


def _family(name: str, kind: str, text: str, samples: Iterable[tuple[str, float]]) -> Iterator[str]:
    yield f"# HELP openads_{name} {text}\n# TYPE openads_{name} {kind}\n"
    for labels, value in samples:
        braces = f"{{{labels}}}" if labels else ""
        yield f"openads_{name}{braces} {value}\n"


def _histogram(
    name: str, text: str, histograms: Mapping[str, Histogram], shown: frozenset[float] | None = None
) -> Iterator[str]:
    """Yield the lines of histograms; ``shown`` are the bounds that are told where more are kept."""
    yield f"# HELP openads_{name} {text}\n# TYPE openads_{name} histogram\n"
    for deployment, histogram in histograms.items():
        label = f'deployment="{deployment}"'
        running = 0
        for bound, count in zip((*histogram.bounds, "+Inf"), histogram.counts, strict=True):
            running += count
            if shown is not None and bound != "+Inf" and bound not in shown:
                continue
            yield f'openads_{name}_bucket{{{label},le="{bound}"}} {running}\n'
        yield f"openads_{name}_sum{{{label}}} {histogram.total}\nopenads_{name}_count{{{label}}} {running}\n"
