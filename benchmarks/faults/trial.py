"""What each fault is given: a seed, how long to go on, and services of its own."""

from __future__ import annotations

import contextlib
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.faults.outcome import Outcome
from benchmarks.faults.recorder import Recorder
from benchmarks.faults.subject import Deployed, Subject

__all__ = ["Fault", "Trial", "fault", "faults"]


@dataclass
class Trial:
    """See the module. ``scale`` multiplies how often a fault happens, ``requests`` are those of the run through all."""

    seed: int
    scale: float = 1.0
    requests: int = 10_000
    chance: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def times(self, number: int) -> int:
        """Return how often to do what the short form does ``number`` times."""
        return max(1, round(number * self.scale))

    @contextlib.contextmanager
    def subject(self, environment: dict[str, str] | None = None, **settings: str) -> Iterator[Subject]:
        """Give a running service that ends with the block."""
        with tempfile.TemporaryDirectory(prefix="openads-faults-", ignore_cleanup_errors=True) as name:
            subject = Subject(Path(name), environment, **settings)
            try:
                subject.start()
                yield subject
            finally:
                subject.close()

    def load(self, deployed: Deployed, **how: Any) -> Recorder:
        """Return a recorder for a deployment."""
        return self.load_from(deployed.url, deployed.subject.token, **how)

    def load_from(self, url: str, token: str, **how: Any) -> Recorder:
        """Return a recorder for what is asked at this address."""
        return Recorder(url, token, **{"seed": self.seed, **how})

    def once(self, deployed: Deployed, do: str, number: int = 1) -> httpx.Response | None:
        """Send one request that makes the model do something; None when no answer came."""
        headers = {"authorization": f"Bearer {deployed.subject.token}"}
        try:
            return httpx.post(
                deployed.url, json={"x": [number], "do": do}, headers=headers, timeout=60, trust_env=False
            )
        except httpx.HTTPError:
            return None


Body = Callable[[Trial, Outcome], None]


@dataclass(frozen=True)
class Fault:
    """One fault: its name, what is done, and the function that does it."""

    name: str
    what: str
    body: Body

    def run(self, trial: Trial) -> Outcome:
        """Return what happened. What the harness itself runs into counts as broken."""
        outcome = Outcome(self.name, self.what)
        try:
            self.body(trial, outcome)
        except Exception as error:  # noqa: BLE001 - one fault's trouble must not hide the others' rows
            outcome.broken.append(f"{type(error).__name__}: {error}"[:600])
        return outcome


_KNOWN: list[Fault] = []


def fault(name: str, what: str) -> Callable[[Body], Body]:
    """Have a function be known as a fault."""

    def note(body: Body) -> Body:
        _KNOWN.append(Fault(name, what, body))
        return body

    return note


def faults() -> list[Fault]:
    """Return all that are known, in the order of their numbers."""
    return sorted(_KNOWN, key=lambda each: (int("".join(filter(str.isdigit, each.name)) or 99), each.name))
