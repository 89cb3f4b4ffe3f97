"""Measure predictions over HTTP on this machine, ours alone or beside others, and print them as tables.

``make serving`` measures our own service from supervisor to replica, with credentials, access log and metrics on,
beside the estimator in this process. ``make peers`` adds the same estimator behind httptools in one process, which is
the yardstick, and other servers, each installed by this program in an environment of its own under ``.venv-peers``.

Everything stays on 127.0.0.1. The load comes from wrk (``apt install wrk``). One contestant runs at a time; in each
round everybody is started, asked for rows whose answers are compared with the estimator's, measured, and ended. The
median round counts. A wrong answer ends the run, as does a failed request of ours; those of others are counted. wrk,
servers and models share the machine's cores. Every model gets a first round; further ones are begun as long as they
fit into the minutes, in the order of the models.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.peers.contestants import CONTESTANTS, OURS, Place
from benchmarks.peers.environments import Unavailable, environment
from benchmarks.peers.load import Scenario, in_process, measured, proven
from benchmarks.peers.models import KINDS, LARGE, Trained, save, trained
from benchmarks.peers.running import WrongAnswer, free_ports, prepared, running
from benchmarks.peers.table import Found, markdown, show, summary

SCENARIOS = (Scenario(1, 1), Scenario(1, 16), Scenario(1, 64), Scenario(LARGE, 4))
MOST_SECONDS, MOST_ROUNDS, MOST_REPLICAS, MOST_MINUTES = 20.0, 9, 4, 240.0
_IN_PROCESS_SECONDS = 1.0


class Benchmark:
    """The contestants, what each could not do, and the folder of this run."""

    def __init__(self, folder: Path, names: list[str], seconds: float, replicas: int) -> None:
        self._folder = folder
        self._seconds = seconds
        self._replicas = replicas
        self.refused: dict[str, str] = {}
        self.found: dict[str, Found] = {}
        self._trained: dict[str, Trained] = {}
        self._taking_part: dict[str, list[str]] = {}
        self._interpreters: dict[str, Path] = {}
        for name in names:
            packages = CONTESTANTS[name].packages
            try:
                self._interpreters[name] = environment(name, packages) if packages else Path(sys.executable)
            except Unavailable as error:
                self._refuse(name, str(error))

    def prepare(self, kind: str) -> None:
        """Have everybody do once what a model takes."""
        model = self._trained[kind] = trained(kind)
        save(model, self._folder / kind)
        self._taking_part[kind] = [name for name in self._interpreters if self._prepared(name, model)]
        self.found[kind] = {scenario: {} for scenario in SCENARIOS}

    def round(self, kind: str, which: str) -> float:
        """Measure everybody once with this model; return how many seconds that took."""
        begin = time.monotonic()
        model, found = self._trained[kind], self.found[kind]
        for rows in {scenario.rows for scenario in SCENARIOS}:
            alone = in_process(_call(model, rows), _IN_PROCESS_SECONDS)
            for scenario in SCENARIOS:
                if scenario.rows == rows:
                    found[scenario].setdefault("in process", []).append(alone)
        for name in self._taking_part[kind]:
            print(f"{kind}, {which}: {name}, load {os.getloadavg()[0]:.1f}", flush=True)
            try:
                self._round(name, model, found)
            except Unavailable as error:
                self._refuse(f"{name}, {kind}", str(error))
        return time.monotonic() - begin

    def _refuse(self, what: str, why: str) -> None:
        self.refused[what] = why
        print(f"{what} takes no part: {why}", flush=True)

    def _place(self, name: str, kind: str) -> Place:
        port, *others = free_ports(3)
        folder = self._folder / f"{kind}-{name}"
        python = self._interpreters[name]
        return Place(python, folder, self._folder / kind, port, (others[0], others[1]), self._replicas)

    def _prepared(self, name: str, model: Trained) -> bool:
        try:
            prepared(CONTESTANTS[name], self._place(name, model.kind))
        except Unavailable as error:
            self._refuse(f"{name}, {model.kind}", str(error))
            return False
        return True

    def _round(self, name: str, model: Trained, found: Found) -> None:
        with running(name, CONTESTANTS[name], self._place(name, model.kind), model) as contestant:
            proven(contestant, SCENARIOS[2])  # what is measured are not the first answers
            for scenario in SCENARIOS:
                result = measured(contestant, scenario, self._seconds, self._folder)
                found[scenario].setdefault(name, []).append(result)


def _call(model: Trained, rows: int) -> Any:
    frame = model.rows.head(rows)
    if model.kind != "torch":
        return lambda: model.estimator.predict(frame)
    import torch

    def call() -> Any:
        with torch.inference_mode():
            return model.estimator(torch.tensor(frame.to_numpy(), dtype=torch.float32))

    return call


def _measure(benchmark: Benchmark, kinds: list[str], rounds: int, minutes: float) -> None:
    begin = time.monotonic()
    for kind in kinds:
        benchmark.prepare(kind)
    took: dict[str, float] = {}
    for number in range(rounds):
        for kind in kinds:
            if number and time.monotonic() - begin + took[kind] > minutes * 60:
                print(f"{kind}: round {number + 1} would take longer than there is.", flush=True)
                continue
            took[kind] = benchmark.round(kind, f"round {number + 1} of {rounds}")


def _several(text: str, known: tuple[str, ...]) -> list[str]:
    names = list(known) if text == "all" else text.split(",")
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"{', '.join(unknown)} is not known. There are: {', '.join(known)}.")
    return names


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    others = tuple(name for name in CONTESTANTS if name != OURS)
    options.add_argument("--peers", default="", help=f"beside ours: all, or of {','.join(others)}")
    options.add_argument("--models", default="iris", help=f"all, or of {','.join(KINDS)}")
    options.add_argument("--rounds", type=int, default=3, help=f"rounds of everything, at most {MOST_ROUNDS}")
    options.add_argument(
        "--seconds", type=float, default=2.0, help=f"length of one measurement, at most {MOST_SECONDS}"
    )
    options.add_argument(
        "--minutes", type=float, default=20.0, help=f"when no further round is begun, at most {MOST_MINUTES:.0f}"
    )
    options.add_argument("--replicas", type=int, default=1, help=f"of our deployment, at most {MOST_REPLICAS}")
    options.add_argument("--markdown", type=Path, help="write the tables to this file as well")
    given = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nobody who was started stays
    if shutil.which("wrk") is None:
        raise SystemExit("wrk is not installed: `apt install wrk`.")
    peers = _several(given.peers, others) if given.peers else []
    kinds = _several(given.models, KINDS)
    rounds, seconds = min(given.rounds, MOST_ROUNDS), min(given.seconds, MOST_SECONDS)
    with tempfile.TemporaryDirectory(prefix="ads-") as name:  # short: paths of sockets have a limit
        benchmark = Benchmark(Path(name), [OURS, *peers], seconds, min(given.replicas, MOST_REPLICAS))
        try:
            _measure(benchmark, kinds, rounds, min(given.minutes, MOST_MINUTES))
        except WrongAnswer as error:
            raise SystemExit(f"Nothing counts: {error}") from None
    for kind, found in benchmark.found.items():
        show(kind, found)
    summary(benchmark.found)
    for what, why in benchmark.refused.items():
        print(f"{what} took no part: {why}")
    text = markdown(benchmark.found)
    print(text.splitlines()[0])
    if given.markdown:
        given.markdown.write_text(text)


if __name__ == "__main__":
    main()
