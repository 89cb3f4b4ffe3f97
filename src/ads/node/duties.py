"""What a node does next: what is ordered held against what runs. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["Duty", "Running", "Wanted", "duties"]


@dataclass(frozen=True)
class Wanted:
    """One order: its number, and how often the process was to be killed since. ``prepared``: it can be started."""

    number: str
    kills: int = 0
    prepared: bool = False


@dataclass(frozen=True)
class Running:
    """One replica here: the number of the order that started it (None: nobody knows), and the kills that it had."""

    number: str | None
    kills: int = 0


@dataclass(frozen=True)
class Duty:
    """One thing to do about one replica."""

    action: Literal["prepare", "start", "stop", "kill"]
    replica: str


def duties(wanted: Mapping[str, Wanted], here: Mapping[str, Running], stopping: Collection[str]) -> list[Duty]:
    """Return what to do now, stops first; nothing about what is being ``stopped``."""
    found = []
    for name, running in here.items():
        order = wanted.get(name)
        if name not in stopping and (order is None or order.number != running.number):
            found.append(Duty("stop", name))
    for name, order in wanted.items():
        if name in stopping:
            continue
        present = here.get(name)
        if present is None:
            found.append(Duty("start" if order.prepared else "prepare", name))
        elif present.number == order.number and order.kills > present.kills:
            found.append(Duty("kill", name))
    return found
