"""Use a service for a long while, and see whether it grows: memory, descriptors and threads of each of its parts.

    python -m benchmarks.soak --minutes 30

Predictions come at a steady rate, ten requests a second are abuse; models are registered, fetched and deleted;
deployments come, are asked and go. The first five minutes, or half of a shorter run, are warm-up. What each part holds
then is the base; at the end memory may be 10 % more, descriptors and threads the same but for a few. The verdict is
printed for each part. The exit status is 1 when one grew, or when an answer was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import random
import statistics
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.faults.recorder import percentile
from benchmarks.faults.subject import Deployed, Subject
from benchmarks.faults.trial import Trial

if TYPE_CHECKING:
    from typing_extensions import Self

PARTS = ("supervisor", "gateway", "control")
_MEGABYTE = 1024 * 1024
_MOST_GROWTH = 1.10
_MOST_MORE = 3
_WARM_UP = 300.0
_ROWS = 12


@dataclass(frozen=True)
class Sample:
    """What one part held at a moment, in seconds from the beginning."""

    at: float
    memory: float
    descriptors: int
    threads: int
    passing: bool = False
    """A deployment was there that comes and goes, with descriptors of its own."""


class Soak:
    """The load beside the predictions, in threads, and the samples."""

    def __init__(self, trial: Trial, subject: Subject, deployed: Deployed) -> None:
        self.samples: dict[str, list[Sample]] = {name: [] for name in PARTS}
        self.registered = self.deployed = self.abused = 0
        self.trouble: list[str] = []
        self._trial, self._subject, self._watched = trial, subject, deployed
        self._passing = True
        self._begin = time.monotonic()
        self._over = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._register, self._deploy, self._abuse)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(120)

    def sample(self) -> None:
        """Look at each part."""
        passing = self._passing
        children = {**self._subject.children(), "supervisor": self._subject.supervisor}
        for name in PARTS:
            process = psutil.Process(children[name])
            with process.oneshot():
                # Resident: pages that a fork shares with its parent count from the beginning, not once they part.
                memory = process.memory_info().rss / _MEGABYTE
                descriptors = process.num_fds() - len(process.net_connections("tcp"))  # clients come and go
                at, threads = time.monotonic() - self._begin, process.num_threads()
            self.samples[name].append(Sample(at, memory, descriptors, threads, passing or self._passing))

    def _register(self) -> None:
        version = 10
        while not self._over.wait(1):
            version += 1
            with self._noted("registration"):
                model_id = self._subject.register(version)
                self._subject.fetch(model_id)
                self._subject.ask("DELETE", f"/20190101/models/{model_id}")
                self.registered += 1

    def _deploy(self) -> None:
        with self._noted("registration"):
            model_id = self._subject.register(1)
        self._passing = False
        while not self._over.wait(5):
            self._passing = True
            with self._noted("deployment"):
                passing = self._subject.deploy(model_id, name="passing")
                for number in range(20):
                    answer = self._trial.once(passing, "", number)
                    if answer is None or answer.status_code != 200:
                        self.trouble.append(
                            f"a new deployment answered {answer.text[:200] if answer is not None else 'nothing'}"
                        )
                self._subject.ask("DELETE", f"/20190101/modelDeployments/{passing.id}")
                passing.rest()
                self.deployed += 1
                self._passing = False

    def _abuse(self) -> None:
        """Send what must be refused, in turn."""
        chance = random.Random(self._trial.seed)
        good = {"authorization": f"Bearer {self._subject.token}"}
        bodies = (b"", b"{", b"[" * 5000, b'{"x": NaN}', b'{"x": "text"}', os.urandom(200), b"x" * 20_000)
        with httpx.Client(timeout=20, trust_env=False) as client:
            while not self._over.wait(0.1):
                headers = good if chance.random() < 0.7 else {"authorization": f"Bearer {chance.random()}"}
                url = self._watched.url if chance.random() < 0.8 else f"{self._subject.url}/{chance.random()}/predict"
                with contextlib.suppress(httpx.HTTPError):
                    client.post(url, content=chance.choice(bodies), headers=headers)
                    self.abused += 1

    @contextlib.contextmanager
    def _noted(self, what: str) -> Iterator[None]:
        try:
            yield
        except (httpx.HTTPError, OSError, RuntimeError, KeyError) as error:
            self.trouble.append(f"{what}: {type(error).__name__}: {error}")


def main() -> int:
    """Return the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=30.0)
    options.add_argument("--rate", type=float, default=100.0, help="predictions per second")
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    trial, seconds = Trial(given.seed), given.minutes * 60
    with trial.subject() as subject:
        watched = subject.deploy(subject.register(1), instances=2)
        with trial.load(watched, rate=given.rate) as recorder, Soak(trial, subject, watched) as soak:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                soak.sample()
                time.sleep(min(10.0, seconds / 60))
    console = Console(width=120)
    show(console, soak, given.minutes)
    done = f"{soak.registered} registrations, {soak.deployed} deployments, {soak.abused:,} bad requests"
    console.print(f"{recorder.answered:,} answers {dict(recorder.counts)}, {done}, seed {given.seed}")
    times = [request.received - request.due for request in recorder.requests]
    console.print(f"p50 {percentile(times, 0.5) * 1000:.1f} ms, p99 {percentile(times, 0.99) * 1000:.1f} ms")
    verdicts = [verdict for name in PARTS for verdict in judge(name, soak.samples[name], warm_up(seconds))]
    console.print(f"after a warm-up of {warm_up(seconds) / 60:.1f} minutes, medians of the first and the last samples:")
    for verdict in verdicts:
        console.print(f"  {verdict.line}", markup=False)
    broken = [
        *(verdict.line for verdict in verdicts if not verdict.held),
        *(f"{count} times: {what}" for what, count in Counter(soak.trouble).most_common(10)),
    ]
    broken += [f"{count} {kind}" for kind, count in recorder.counts.items() if kind != "right" and count]
    for line in broken:
        console.print(line, markup=False)
    console.print("BROKEN: the service grew, or failed" if broken else "held: nothing grew, and every answer was right")
    return 1 if broken else 0


def warm_up(seconds: float) -> float:
    """Return after how many seconds of a run what each part holds is the base."""
    return min(_WARM_UP, seconds / 2)


def base_and_end(samples: list[Sample], after: float) -> tuple[list[Sample], list[Sample]]:
    """Return the first third of the samples after the warm-up, and the last: deployments come and go in each."""
    rest = [sample for sample in samples if sample.at >= after] or samples
    many = max(1, len(rest) // 3)
    return rest[:many], rest[-many:]


@dataclass(frozen=True)
class Verdict:
    """What became of one thing that one part holds."""

    line: str
    held: bool


def judge(name: str, samples: list[Sample], after: float) -> list[Verdict]:
    """Return what grew in one part, and what did not."""
    base, end = base_and_end(samples, after)
    before, now = (statistics.median(each.memory for each in part) for part in (base, end))
    growth = now / before - 1
    held = now <= before * _MOST_GROWTH
    memory = f"{before:.1f} → {now:.1f} MB ({growth:+.1%}, at most {_MOST_GROWTH - 1:.0%})"
    found = [Verdict(f"{name}: memory {memory}: {_said(held)}", held)]
    alone = [[each for each in part if not each.passing] for part in (base, end)]
    compared = alone if all(alone) else [base, end]
    for what in ("descriptors", "threads"):
        least, most = (min(getattr(each, what) for each in part) for part in compared)
        held = most <= least + _MOST_MORE
        found.append(Verdict(f"{name}: {what} {least} → {most} (at most {_MOST_MORE} more): {_said(held)}", held))
    return found


def _said(held: bool) -> str:
    return "held" if held else "GREW"


def show(console: Console, soak: Soak, minutes: float) -> None:
    """Print what each part held over time."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"
    table = Table(title=f"{minutes:g} minutes; {machine}; MB resident, descriptors without clients', threads")
    table.add_column("minute", justify="right")
    for name in PARTS:
        table.add_column(name, justify="right")
    count = len(soak.samples["gateway"])
    for index in sorted({round(step * (count - 1) / _ROWS) for step in range(_ROWS + 1)}):
        found = [soak.samples[name][index] for name in PARTS]
        cells = [f"{each.memory:.1f}  {each.descriptors}  {each.threads}" for each in found]
        table.add_row(f"{found[0].at / 60:.1f}", *cells)
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
