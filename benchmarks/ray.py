"""Measure predictions on a Ray cluster: through our gateway, and through Ray Serve's own ingress, as one table.

Each starts a cluster of this machine alone and serves the same model with one replica: OpenADS with ``--engine ray``,
Ray Serve behind its HAProxy with dynamic batching, tuned for throughput. Their answers are compared with the
estimator's before and after each measurement; a failed request of ours ends the run. The load comes from wrk.

    python -m benchmarks.ray --rounds 3 --seconds 4
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from benchmarks.peers.contestants import APPS, CONTESTANTS, OURS, Contestant, Place
from benchmarks.peers.load import Round, Scenario, measured, median_round, proven
from benchmarks.peers.models import Trained, save, trained
from benchmarks.peers.running import WrongAnswer, free_ports, prepared, running

SCENARIOS = (Scenario(1, 16), Scenario(1, 64))
THEIRS = "ray"


def _on_ray(place: Place) -> list[str]:
    return [sys.executable, str(APPS / "ours_on_ray.py"), str(place.port), str(place.folder / "r")]


_QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_raylet_start_wait_time_s": "120"}
TAKING_PART: dict[str, Contestant] = {
    OURS: replace(CONTESTANTS[OURS], title="OpenADS, engine ray", start=_on_ray, variables=_QUIET),
    THEIRS: CONTESTANTS[THEIRS],
}


def _round(name: str, model: Trained, folder: Path, seconds: float) -> dict[Scenario, Round]:
    port, *others = free_ports(3)
    place = Place(Path(sys.executable), folder / name, folder / model.kind, port, (others[0], others[1]))
    contestant = TAKING_PART[name]
    if name != OURS or not (place.folder / "deployed.json").exists():
        prepared(contestant, place)
    found = {}
    with running(name, contestant, place, model) as serving:
        proven(serving, SCENARIOS[-1])  # what is measured are not the first answers
        for scenario in SCENARIOS:
            found[scenario] = measured(serving, scenario, seconds, folder)
            if name == OURS and found[scenario].bad:
                raise WrongAnswer(f"{found[scenario].bad} answers at {scenario} failed")
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--only", choices=list(TAKING_PART), help="measure one of the two")
    parser.add_argument("--folder", type=Path, help="keep what is prepared here, for the next run")
    arguments = parser.parse_args()
    folder = arguments.folder or Path(tempfile.mkdtemp(prefix="oar"))
    model = trained("iris")
    save(model, folder / "iris")
    names = [arguments.only] if arguments.only else list(TAKING_PART)
    rounds: dict[str, list[dict[Scenario, Round]]] = {name: [] for name in names}
    try:
        for number in range(arguments.rounds):
            for name in names:
                print(f"round {number + 1}: {name}, load {os.getloadavg()[0]:.1f}", flush=True)
                rounds[name].append(_round(name, model, folder, arguments.seconds))
    finally:
        if arguments.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    for scenario in SCENARIOS:
        middle = {name: median_round([each[scenario] for each in rounds[name]]) for name in names}
        for name, one in middle.items():
            title = TAKING_PART[name].title
            times = f"p50 {one.p50 * 1e3:.1f} ms, p99 {one.p99 * 1e3:.1f} ms, {one.bad} failed"
            print(f"{scenario}: {title}: {one.rate:,.0f} requests/s, {times}")
        if len(middle) == len(TAKING_PART):
            print(f"{scenario}: {middle[OURS].rate / middle[THEIRS].rate:.2f} times as many")
    return 0


if __name__ == "__main__":
    sys.exit(main())
