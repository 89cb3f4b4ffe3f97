"""The stages of a deployment in the log of its work request: environment, start, load, parity, route. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

__all__ = ["PERCENT", "stage_lines", "stages_in"]

PERCENT = {"environment": 20, "start": 40, "load": 60, "parity": 80, "route": 95}
"""Stages in their order, and how far the operation is when each is done."""


def stage_lines(status: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """Return stage and line for every stage that a replica's status says is done. Importing counts as loading."""
    stages = {str(stage.get("name")): stage for stage in (status or {}).get("stages", []) if isinstance(stage, dict)}
    lines = []
    if "start" in stages:
        lines.append(("start", f"start: {_seconds(stages['start']):.2f} s"))
    if "load" in stages:
        lines.append(("load", f"load: {_seconds(stages.get('import', {})) + _seconds(stages['load']):.2f} s"))
    if "parity" in stages:
        rows = stages["parity"].get("rows")
        found = "no sample in the artifact" if rows is None else f"{rows} sample rows reproduced"
        lines.append(("parity", f"parity: {found}, {_seconds(stages['parity']):.2f} s"))
    return lines


def stages_in(messages: Iterable[str]) -> set[str]:
    """Return the stages that a log tells of already."""
    return {name for message in messages for name in PERCENT if message.startswith(f"{name}: ")}


def _seconds(stage: Mapping[str, Any]) -> float:
    seconds = stage.get("seconds", 0.0)
    return float(seconds) if isinstance(seconds, (int, float)) else 0.0
