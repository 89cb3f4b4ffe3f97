"""Charts as numbers: where points, lines and labels are, for a template to draw as SVG. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

__all__ = ["line_chart"]

WIDTH, HEIGHT = 1140, 230
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 18, 14, 30
_FLAT = 0.5


def line_chart(points: Sequence[tuple[float, float]]) -> dict[str, Any] | None:
    """Return the chart of these (x, y), x ascending; None without any."""
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    marks = _marks(min(ys), max(ys))
    low, high = min(marks[0], *ys), max(marks[-1], *ys)

    def at_x(x: float) -> float:
        span = xs[-1] - xs[0]
        inner = WIDTH - _LEFT - _RIGHT
        return round(_LEFT + (inner * (x - xs[0]) / span if span else inner / 2), 1)

    def at_y(y: float) -> float:
        return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - (y - low) / (high - low)), 1)

    placed = [{"x": at_x(x), "y": at_y(y), "at": x, "value": y} for x, y in points]
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "bottom": HEIGHT - _BOTTOM,
        "line": " ".join(f"{point['x']},{point['y']}" for point in placed),
        "points": placed,
        "ys": [{"y": at_y(mark), "value": mark} for mark in marks],
        "xs": [{"x": at_x(x), "at": x} for x in _spread(xs)],
    }


def _marks(low: float, high: float) -> list[float]:
    """Return three to six round numbers around these."""
    if high - low < 1e-12 * max(abs(low), abs(high), 1e-300):
        gap = abs(low) * _FLAT or 1.0
        return [low - gap, low, low + gap]
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [round(number * step, 12) for number in range(first, last + 1)]


def _spread(values: Sequence[float], most: int = 16) -> list[float]:
    """Return at most so many of the values, evenly apart, first and last among them."""
    if len(values) <= most:
        return list(values)
    return [values[round(place * (len(values) - 1) / (most - 1))] for place in range(most)]
