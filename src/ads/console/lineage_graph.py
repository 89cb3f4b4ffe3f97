"""A drawn lineage: where each box stands and where the lines run. Pure; a template draws it as SVG.

What came first stands on the left: data, the models trained from it, the models derived from those, deployments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["lineage_graph"]

_WIDTH, _HEIGHT = 190, 46
_ACROSS, _BELOW = 44, 14
_EDGE = 8
_MOST_NODES = 60
_MOST_LETTERS = 22
_PLACES = {"model": "/console/versions/", "deployment": "/console/deployments/"}
_NOUNS = {"model": "model", "deployment": "deployment"}


def lineage_graph(nodes: Sequence[Mapping[str, Any]], edges: Sequence[Mapping[str, str]], here: str) -> dict[str, Any]:
    """Return boxes and lines for these nodes and edges (as the API has them); ``here`` is the node that is looked at.

    Of a very large family only those next to ``here`` are drawn, and ``left`` says how many are not.
    """
    pairs = [_forwards(edge) for edge in edges]
    shown = _nearest([node["id"] for node in nodes], pairs, here)
    pairs = [pair for pair in pairs if pair[0] in shown and pair[1] in shown]
    columns = _columns([node["id"] for node in nodes if node["id"] in shown], pairs)
    by_id = {node["id"]: node for node in nodes}
    tallest = max((len(column) for column in columns), default=0)
    places: dict[str, tuple[int, int]] = {}
    for number, column in enumerate(columns):
        top = (tallest - len(column)) * (_HEIGHT + _BELOW) // 2
        for row, id_ in enumerate(column):
            places[id_] = _EDGE + number * (_WIDTH + _ACROSS), _EDGE + top + row * (_HEIGHT + _BELOW)
    return {
        "width": max(1, len(columns)) * (_WIDTH + _ACROSS) - _ACROSS + 2 * _EDGE,
        "height": max(1, tallest) * (_HEIGHT + _BELOW) - _BELOW + 2 * _EDGE,
        "boxes": [_box(by_id[id_], place, here) for id_, place in places.items()],
        "lines": [_line(places[start], places[end]) for start, end in pairs],
        "left": len(nodes) - len(shown),
    }


def _forwards(edge: Mapping[str, str]) -> tuple[str, str]:
    """Return from what came first to what came of it."""
    return (edge["from"], edge["to"]) if edge["kind"] == "deployed-as" else (edge["to"], edge["from"])


def _nearest(ids: Sequence[str], pairs: Sequence[tuple[str, str]], here: str) -> set[str]:
    around: dict[str, list[str]] = {}
    for start, end in pairs:
        around.setdefault(start, []).append(end)
        around.setdefault(end, []).append(start)
    found, queue = {here}, [here]
    while queue and len(found) < _MOST_NODES:
        for other in around.get(queue.pop(0), ()):
            if other not in found and len(found) < _MOST_NODES:
                found.add(other)
                queue.append(other)
    return found & set(ids)


def _columns(ids: Sequence[str], pairs: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Return the ids column by column: each one right of all that it came of, as near to what came of it as can be."""
    column = dict.fromkeys(ids, 0)
    for _ in ids:
        moved = [(end, column[start] + 1) for start, end in pairs if column[end] <= column[start]]
        if not moved:
            break
        for end, place in moved:
            column[end] = max(column[end], place)
    starts = {start for start, _ in pairs}
    for id_ in [id_ for id_ in ids if column[id_] == 0 and id_ in starts]:
        column[id_] = min(column[end] for start, end in pairs if start == id_) - 1
    found: list[list[str]] = [[] for _ in range(max(column.values(), default=0) + 1)]
    for id_ in ids:
        found[column[id_]].append(id_)
    return [_ordered(each, pairs, found[number - 1] if number else []) for number, each in enumerate(found)]


def _ordered(column: list[str], pairs: Sequence[tuple[str, str]], before: list[str]) -> list[str]:
    """Return a column in the order of what it came of, so that few lines cross."""
    rows = {id_: row for row, id_ in enumerate(before)}

    def middle(id_: str) -> float:
        known = [rows[start] for start, end in pairs if end == id_ and start in rows]
        return sum(known) / len(known) if known else len(rows)

    return sorted(column, key=middle)


def _box(node: Mapping[str, Any], place: tuple[int, int], here: str) -> dict[str, Any]:
    name, kind, state = str(node.get("name") or node["id"]), str(node["kind"]), node.get("lifecycleState")
    brief = name if len(name) <= _MOST_LETTERS else f"…{name[-_MOST_LETTERS + 1 :]}"
    noun = _NOUNS.get(kind, "data")
    said = str(state).replace("_", " ").lower() if state else ""
    return {
        "x": place[0],
        "y": place[1],
        "width": _WIDTH,
        "height": _HEIGHT,
        "name": name,
        "brief": brief,
        "below": ", ".join(part for part in (noun, said) if part),
        "kind": noun,
        "place": f"{_PLACES[kind]}{node['id']}" if kind in _PLACES else None,
        "here": node["id"] == here,
    }


def _line(start: tuple[int, int], end: tuple[int, int]) -> str:
    x1, y1 = start[0] + _WIDTH, start[1] + _HEIGHT // 2
    x2, y2 = end[0], end[1] + _HEIGHT // 2
    bend = max(_ACROSS // 2, (x2 - x1) // 3)
    return f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2 - 5} {y2}"
