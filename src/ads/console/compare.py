"""Two to five versions beside each other: what changed from one to the next."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ads.console.catalog import model_lines
from ads.console.files import shelf_of
from ads.console.pages import Pages
from ads.console.visit import Visit
from ads.errors import InputError
from ads.registry.model_index import hyperparameters_of
from ads.registry.models import get_model
from ads.registry.tables import Model

__all__ = ["pages", "requirements_of"]

pages = Pages()

_MOST = 5
_HIDDEN = frozenset({"ArtifactTestResults", "Hyperparameters"})
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(.*?)\s*")
_MOST_LINES = 600


@pages.page("/compare", "compare.html", nav="models")
def compare(visit: Visit) -> dict[str, Any]:
    """Return the chosen versions and what is not the same in all of them."""
    ids = list(dict.fromkeys(id_ for value in visit.queries("v") for id_ in value.split(",") if id_))
    if not 2 <= len(ids) <= _MOST:
        raise InputError(f"Choose two to {_MOST} versions.", hint="Tick them in the list of a model's versions.")
    for id_ in ids:
        visit.get(f"/20190101/models/{id_}")  # what may not be read is refused as the API refuses it
    with visit.read() as session:
        rows = [get_model(session, id_) for id_ in ids]
        lines = model_lines(session, rows, visit.compartments())
    shelves = [shelf_of(visit, id_) for id_ in ids]
    texts = [shelf.text("requirements.txt") or "" for shelf in shelves]
    sections = [
        ("Metrics", [line["metrics"] for line in lines]),
        ("Hyperparameters", [hyperparameters_of(row) for row in rows]),
        ("Tags", [dict(row.freeform_tags) for row in rows]),
        ("Metadata", [_metadata(row, line["metrics"]) for row, line in zip(rows, lines, strict=True)]),
        ("Input schema", [_columns(row.input_schema) for row in rows]),
        ("Output schema", [_columns(row.output_schema) for row in rows]),
        ("Environment", [requirements_of(text) for text in texts]),
    ]
    names = [_name(line) for line in lines]
    scores = [shelf.text("score.py") or "" for shelf in shelves]
    return {
        "title": "Compare " + " · ".join(names),
        "versions": [{**line, "label": name} for line, name in zip(lines, names, strict=True)],
        "sections": [_section(title, values) for title, values in sections],
        "diffs": [
            {"from": names[place], "to": names[place + 1], "lines": _diff(scores[place], scores[place + 1])}
            for place in range(len(ids) - 1)
        ],
    }


def _name(line: Mapping[str, Any]) -> str:
    return f"{line['name']}:{line['versionId']}" if line["versionId"] else str(line["displayName"])


def _section(title: str, values: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return a row for each key that one of them has."""
    keys = list(dict.fromkeys(key for value in values for key in value))
    told = [(key, [value.get(key) for value in values]) for key in keys]
    changed = [{"key": key, "values": said} for key, said in told if any(value != said[0] for value in said)]
    return {"title": title, "rows": changed, "same": len(keys) - len(changed)}


def _metadata(row: Model, metrics: Mapping[str, Any]) -> dict[str, Any]:
    return {
        item["key"]: item["value"]
        for item in (*row.defined_metadata, *row.custom_metadata)
        if item["key"] not in _HIDDEN and item["key"] not in metrics and item.get("value") not in (None, "", "NA")
    }


def _columns(text: str | None) -> dict[str, str]:
    try:
        attributes = json.loads(text or "{}").get("schema") or []
        return {
            str(one.get("name")): f"{one.get('dtype')}{'' if one.get('required') else ', may be missing'}"
            for one in attributes
        }
    except (ValueError, AttributeError, TypeError, RecursionError):
        return {}


def requirements_of(text: str) -> dict[str, str]:
    """Return the packages of a ``requirements.txt`` with their versions."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        parts = _REQUIREMENT.fullmatch(line.split(" #")[0])
        if parts:
            found[re.sub(r"[-_.]+", "-", parts[1]).lower()] = parts[2].removeprefix("==") or "any version"
    return found


def _diff(before: str, after: str) -> list[tuple[str, str]]:
    """Return the lines of a diff with what each is: added, removed, place, or neither."""
    kinds: tuple[tuple[str, str], ...] = (("+", "add"), ("-", "del"), ("@", "at"))
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]
    kind: Callable[[str], str] = lambda line: next((name for sign, name in kinds if line.startswith(sign)), "")  # noqa: E731
    return [(kind(line), line) for line in lines[:_MOST_LINES]]
