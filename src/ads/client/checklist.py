"""What waiting looks like: the stages that are done with their seconds, on a terminal, in a notebook, in a log file.

Work that ends within half a second and tells of no stage shows nothing, and the setting ``no_progress`` silences all of
it. Where stderr is no terminal, each finished stage is one line, so that a log says how far a program came.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO

__all__ = ["Checklist", "Stage", "checklist", "is_notebook", "is_wanted"]

_QUICK = 0.5
"""Seconds in which work may end without being shown at all."""
_REDRAWN = 0.5
"""Seconds between two pictures of a notebook's checklist in which no stage ended."""


@dataclass(frozen=True)
class Stage:
    """One line of a checklist: ``text`` with its seconds, and whether it is why the work failed."""

    text: str
    failed: bool = False


class Checklist(Protocol):
    """Shows stages."""

    def show(self, stages: Sequence[Stage], state: str) -> None:
        """Show all stages that ended so far; ``state`` is ``running``, ``done`` or ``failed``."""


def checklist(label: str) -> Checklist | None:
    """Return the checklist that fits where this process writes to; None where nobody wants one."""
    if sys.stderr is None or not is_wanted():
        return None
    if is_notebook():
        return _Notebook(label)
    return _Terminal(label, sys.stderr) if sys.stderr.isatty() else _LogFile(label, sys.stderr)


def is_wanted() -> bool:
    """Return whether progress may be shown: not when the setting ``no_progress`` is on."""
    from ads.settings import load_settings

    return not load_settings().no_progress


def is_notebook() -> bool:
    """Return whether this process is the kernel of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None) is not None


@dataclass
class _Terminal:
    label: str
    out: TextIO
    started: float = field(default_factory=time.monotonic)
    shown: int = -1

    def show(self, stages: Sequence[Stage], state: str) -> None:
        if self.shown < 0:
            if not stages and time.monotonic() - self.started < _QUICK:
                return
            self.out.write(f"{self.label}\n")
            self.shown = 0
        for stage in stages[self.shown :]:
            self.out.write(f"  {'✗' if stage.failed else '✓'} {stage.text}\n")
        self.shown = len(stages)
        if state == "done" and stages:
            self.out.write(f"  {time.monotonic() - self.started:.1f} s in all\n")
        self.out.flush()


@dataclass
class _LogFile:
    label: str
    out: TextIO
    shown: int = 0

    def show(self, stages: Sequence[Stage], state: str) -> None:  # noqa: ARG002 - stages say all there is to say
        for stage in stages[self.shown :]:
            self.out.write(f"{self.label}: {'failed: ' if stage.failed else ''}{stage.text}\n")
        self.shown = len(stages)
        self.out.flush()


@dataclass
class _Notebook:
    label: str
    started: float = field(default_factory=time.monotonic)
    drawn: float = 0.0
    shown: tuple[int, str] = (0, "running")
    handle: Any = None

    def show(self, stages: Sequence[Stage], state: str) -> None:
        seconds = time.monotonic() - self.started
        if self.handle is None and not stages and seconds < _QUICK:
            return
        news = (len(stages), state)
        if self.handle is not None and news == self.shown and seconds - self.drawn < _REDRAWN:
            return
        self.shown, self.drawn = news, seconds
        picture = _Picture(self.label, tuple(stages), state, seconds)
        if self.handle is None:
            display: Any = importlib.import_module("IPython.display").display
            self.handle = display(picture, display_id=True)
        else:
            self.handle.update(picture)


@dataclass(frozen=True)
class _Picture:
    label: str
    stages: tuple[Stage, ...]
    state: str
    seconds: float

    def __repr__(self) -> str:
        lines = [f"{'✗' if stage.failed else '✓'} {stage.text}" for stage in self.stages]
        return "\n".join([f"{self.label}: {self.state}, {self.seconds:.1f} s", *lines])

    def _repr_html_(self) -> str:
        from ads.display import Card

        card = Card(self.label, f"{self.seconds:.1f} s", self.state)
        return card.checks((not stage.failed, stage.text, None) for stage in self.stages).html()
