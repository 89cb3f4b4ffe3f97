"""Inject faults one after the other, and print what callers noticed: ``python -m benchmarks.faults --help``.

Each fault gets a service of its own, from supervisor to replicas, and a load whose every answer is checked. The exit
status is 1 when a promise was broken. Everything stays on 127.0.0.1.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import random
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.faults import (  # noqa: F401 - they make themselves known
    clients,
    clocks,
    long_run,
    network,
    overload,
    parts,
    recovery,
    replicas,
    stores,
    updates,
)
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.storage import run_tests
from benchmarks.faults.trial import Fault, Trial, faults

_COLUMNS = ("fault", "what happens", "sent", "refused", "lost", "failed", "wrong", "figures", "")


def main() -> int:
    """Return the exit status."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("names", nargs="*", metavar="FAULT", help="which, for example F1 F29; all when none is named")
    options.add_argument("--list", action="store_true", help="say which there are")
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6), help="of every choice")
    options.add_argument("--seeds", type=int, default=1, help="how many seeds, one after the other")
    options.add_argument(
        "--seconds", type=float, default=0.0, help="go on with more seeds for so long; nothing begins that won't end"
    )
    options.add_argument(
        "--requests", type=int, default=10_000, help="of the run through everything (zero); 200000: through 200 kills"
    )
    options.add_argument("--scale", type=float, default=1.0, help="how many times as often each fault happens")
    options.add_argument("--storage", action="store_true", help="the faults of disks and databases as well")
    options.add_argument("--width", type=int, default=None, help="of the table")
    given = options.parse_args()
    known = faults()
    if given.list:
        for each in known:
            print(f"{each.name:<6}{each.what}")
        return 0
    strange = set(given.names) - {each.name for each in known}
    if strange:
        options.error(f"there is no fault {', '.join(sorted(strange))}")
    chosen = [each for each in known if not given.names or each.name in given.names]
    begin = time.monotonic()
    outcomes = []
    took: dict[str, float] = {}
    for seed, each in _turns(given, chosen):
        started = time.monotonic()
        if given.seconds and started - begin + took.get(each.name, 0.0) > given.seconds:
            break
        outcome = each.run(Trial(seed, given.scale, given.requests))
        outcomes.append(outcome)
        took[each.name] = time.monotonic() - started
        said = "skipped" if outcome.skipped else "BROKEN" if outcome.broken else "held"
        print(f"{each.name:<6}{said:<9}{took[each.name]:5.0f} s  {each.what}", file=sys.stderr, flush=True)
        if outcome.broken:
            print(f"      again: python -m benchmarks.faults {each.name} --seed {seed}", file=sys.stderr, flush=True)
    if given.storage:
        outcomes += run_tests()
    return _show(outcomes, given, time.monotonic() - begin)


def _turns(given: argparse.Namespace, chosen: list[Fault]) -> Iterator[tuple[int, Fault]]:
    """Yield which fault is next with which seed: so many seeds, or for as long as there is time."""
    seeds = itertools.count(given.seed) if given.seconds else range(given.seed, given.seed + given.seeds)
    for seed in seeds:
        for each in chosen:
            yield seed, each


def _show(outcomes: list[Outcome], given: argparse.Namespace, took: float) -> int:
    machine = f"{platform.machine()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the end"
    table = Table(title=f"seed {given.seed}; {machine}; {took:.0f} s")
    for name in _COLUMNS:
        table.add_column(name, justify="right" if name in _COLUMNS[2:7] else "left", overflow="fold")
    for each in outcomes:
        lost = each.counts["lost"] + each.counts["unconnected"]
        numbers = (each.sent, each.counts["refused"], lost, each.counts["failed"], each.counts["wrong"])
        verdict = "skipped" if each.skipped else "BROKEN" if each.broken else "held"
        figures = each.skipped or "; ".join(each.figures)
        table.add_row(each.fault, escape(each.what), *(f"{number:,}" for number in numbers), escape(figures), verdict)
    console = Console(width=given.width or max(120, Console().width))
    console.print(table)
    broken = [each for each in outcomes if each.broken]
    for each in broken:
        for line in each.broken:
            console.print(f"{each.fault}: {line}", markup=False)
    sent, wrong = sum(each.sent for each in outcomes), sum(each.counts["wrong"] for each in outcomes)
    console.print(f"{sent:,} requests, {wrong} wrong answers, {len(broken)} of {len(outcomes)} promises broken.")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
