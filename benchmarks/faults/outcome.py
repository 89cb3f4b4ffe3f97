"""What one fault did: counts, figures against their bounds, and what did not hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from benchmarks.faults.recorder import Recorder

__all__ = ["Outcome"]


@dataclass
class Outcome:
    """One row of the table."""

    fault: str
    what: str
    counts: Counter[str] = field(default_factory=Counter)
    figures: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    skipped: str = ""

    @property
    def sent(self) -> int:
        """How many requests were sent."""
        return sum(self.counts[kind] for kind in ("right", "refused", "failed", "wrong", "lost", "unconnected"))

    def take(self, recorder: Recorder, *, refused: bool = False, lost: bool = False, failed: bool = False) -> None:
        """Add what a recorder saw. What is not allowed here breaks the fault's promise; wrong answers always do."""
        self.counts += Counter(recorder.counts)
        never = {"wrong": True, "failed": not failed, "refused": not refused}
        never |= {"lost": not lost, "unconnected": True}
        for kind, forbidden in never.items():
            if forbidden and recorder.counts[kind]:
                example = next((r.detail for r in recorder.examples if r.kind == kind), "")
                self.broken.append(f"{recorder.counts[kind]} {kind}: {example}"[:400])

    def within(self, what: str, seconds: float, bound: float) -> None:
        """Note a time that has a bound."""
        self.figures.append(f"{what} {seconds:.2f} s (≤ {bound:g})")
        if seconds > bound:
            self.broken.append(f"{what} took {seconds:.2f} s, more than {bound:g}")

    def holds(self, condition: object, otherwise: str) -> None:
        """Note what must be so."""
        if not condition:
            self.broken.append(otherwise)

    def note(self, figure: str) -> None:
        """Note a figure without a bound."""
        self.figures.append(figure)
