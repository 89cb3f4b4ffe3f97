"""Charts over time as numbers, for a template to draw as SVG: stacked areas, lines, small lines, split bars. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Series", "small_line", "split_bar", "time_chart"]

WIDTH, HEIGHT = 430, 180
_LEFT, _RIGHT, _TOP, _BOTTOM = 50, 6, 10, 26
_SMALL_WIDTH, _SMALL_HEIGHT = 96, 24
_FEW_LABELS = 5

Values = Sequence["float | None"]


@dataclass(frozen=True)
class Series:
    """One curve. ``color`` is a number that the style sheet has a colour for; None among values is a gap."""

    name: str
    color: int
    values: Values


def time_chart(times: Sequence[str], series: Sequence[Series], *, stacked: bool = False) -> dict[str, Any]:
    """Return the chart of these series, one value for each of the times (as the API writes them).

    ``stacked`` series are areas that stand on each other, others lines. Without any value it says ``empty``.
    """
    floors = [0.0] * len(times)
    tops: list[Values] = []
    for each in series:
        values = [None if v is None else float(v) for v in each.values]
        if stacked:
            floors = [a + (v or 0.0) for a, v in zip(floors, values, strict=True)]
            values = list(floors)
        tops.append(values)
    known = [v for values in tops for v in values if v is not None]
    marks = _marks(max(known, default=0.0))
    curves = []
    base: Values = [0.0] * len(times)
    for each, top in zip(series, tops, strict=True):
        shown = [v for v in each.values if v is not None]
        curve = {"name": each.name, "color": each.color, "last": shown[-1] if shown else None}
        if stacked:
            curve["area"] = _area(base, top, marks[-1])
            base = top
        else:
            curve["line"] = _line(top, marks[-1])
        curves.append(curve)
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "left": _LEFT,
        "right": WIDTH - _RIGHT,
        "bottom": HEIGHT - _BOTTOM,
        "empty": not any(known),
        "stacked": stacked,
        "series": curves,
        "ys": [{"y": _y(mark, marks[-1]), "value": mark} for mark in marks],
        "xs": [{"x": _x(place, len(times)), "time": times[place]} for place in _labelled(len(times))],
    }


def small_line(values: Sequence[float]) -> dict[str, Any]:
    """Return a line without axes, for a row of a table."""
    most = max(values, default=0.0) or 1.0
    gap = _SMALL_WIDTH / max(1, len(values) - 1)
    points = [
        f"{round(n * gap, 1):g},{round(1 + (_SMALL_HEIGHT - 2) * (1 - v / most), 1):g}" for n, v in enumerate(values)
    ]
    return {"width": _SMALL_WIDTH, "height": _SMALL_HEIGHT, "points": " ".join(points), "flat": not any(values)}


def split_bar(parts: Sequence[tuple[str, int]]) -> list[dict[str, Any]]:
    """Return label, share in percent, place and colour of each part of a bar that is 100 long."""
    found: list[dict[str, Any]] = []
    at = 0
    for number, (label, share) in enumerate(parts):
        found.append({"label": label, "share": share, "at": at, "color": number % 5 + 1})
        at += share
    return found


def _marks(most: float) -> list[float]:
    """Return zero and two to five round numbers above, the last one not below the largest value."""
    if most <= 0:
        return [0.0, 1.0]
    rough = most / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * 0.999)
    return [round(number * step, 12) for number in range(math.ceil(most / step - 1e-9) + 1)]


def _x(place: int, count: int) -> float:
    return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * place / max(1, count - 1), 1)


def _y(value: float, most: float) -> float:
    return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - value / most), 1)


def _line(values: Values, most: float) -> str:
    """Return an SVG path with gaps where there is no value. A value alone between gaps is a short stroke."""
    pieces: list[str] = []
    drawing = False
    for place, value in enumerate(values):
        if value is not None:
            x, y = _x(place, len(values)), _y(value, most)
            alone = not drawing and (place + 1 == len(values) or values[place + 1] is None)
            pieces.append(f"M{x - 1.5:g} {y:g}h3" if alone else f"{'L' if drawing else 'M'}{x:g} {y:g}")
        drawing = value is not None
    return "".join(pieces)


def _area(base: Values, top: Values, most: float) -> str:
    there = [f"{_x(n, len(top)):g} {_y(v or 0.0, most):g}" for n, v in enumerate(top)]
    back = [f"{_x(n, len(base)):g} {_y(v or 0.0, most):g}" for n, v in enumerate(base)]
    return f"M{'L'.join([*there, *reversed(back)])}Z" if there else ""


def _labelled(count: int) -> list[int]:
    if count <= _FEW_LABELS:
        return list(range(count))
    return [round(n * (count - 1) / (_FEW_LABELS - 1)) for n in range(_FEW_LABELS)]
