"""The promise as a whole: requests through kills and updates, none of which fails or is answered wrongly.

One kill for a thousand requests, one update for five thousand: 200,000 go through 200 kills and 40 updates.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from benchmarks.faults.outcome import Outcome
from benchmarks.faults.recorder import Recorder, percentile
from benchmarks.faults.subject import Deployed, until
from benchmarks.faults.trial import Trial, fault

_REQUESTS_PER_KILL = 1_000
_REQUESTS_PER_UPDATE = 5_000
_REPLICAS = 3


@fault("zero", "a kill for each 1,000 requests, an update for each 5,000")
def through_everything(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        models = {version: subject.register(version, work=0.001) for version in (1, 2)}
        deployed = subject.deploy(models[1], instances=_REPLICAS)
        requests = trial.requests
        kills, rounds = max(1, requests // _REQUESTS_PER_KILL), max(1, requests // _REQUESTS_PER_UPDATE)
        begin = time.monotonic()
        with trial.load(deployed, rate=0, connections=4) as recorder:
            done = 0
            for number in range(rounds):
                while done < kills * (number + 0.5) / rounds:
                    done += _kill(trial, recorder, deployed, requests / kills / 2)
                _update(trial, recorder, deployed, models, number)
                while done < kills * (number + 1) / rounds:
                    done += _kill(trial, recorder, deployed, requests / kills / 2)
            while recorder.answered < requests:
                recorder.after(100)
            took = time.monotonic() - begin
    slow = [r.seconds for r in recorder.requests]
    outcome.note(f"{done} kills, {rounds} updates, {recorder.answered / took:.0f} requests/s")
    outcome.note(f"p99 {percentile(slow, 0.99) * 1000:.1f} ms, slowest {max(slow):.2f} s")
    outcome.take(recorder)


def _kill(trial: Trial, recorder: Recorder, deployed: Deployed, answers: float) -> int:
    """kill -9 a replica once at least two are there and some answers came; return how many were killed."""
    recorder.after(max(10, int(answers)))
    until(lambda: len(_serving(recorder, deployed)) >= 2, 20, "two replicas that answer")
    with contextlib.suppress(ProcessLookupError):
        os.kill(trial.chance.choice(sorted(deployed.replicas().values())), signal.SIGKILL)
        return 1
    return 0


def _serving(recorder: Recorder, deployed: Deployed) -> set[int]:
    """Return the replicas that gave one of the newest answers."""
    return {request.pid for request in recorder.requests[-60:]} & set(deployed.replicas().values())


def _update(trial: Trial, recorder: Recorder, deployed: Deployed, models: dict[int, str], number: int) -> None:
    old, new = (1, 2) if number % 2 == 0 else (2, 1)
    recorder.only(old, new)
    deployed.roll(models[new], **({"spare": 1} if trial.chance.random() < 0.5 else {}))
    ended = deployed.rolled(60)
    if ended["state"] != "SUCCEEDED":
        raise RuntimeError(f"update {number} ended {ended['state']}: {ended.get('reason')}")
    recorder.only(new)
