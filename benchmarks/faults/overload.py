"""F29, F30 and neighbours: ten times more than fits, clients that repeat at once, a deployment that keeps crashing."""

from __future__ import annotations

import os
import signal
import threading
import time

from benchmarks.faults.outcome import Outcome
from benchmarks.faults.recorder import Recorder, Request, percentile
from benchmarks.faults.subject import Deployed, until
from benchmarks.faults.trial import Trial, fault

_WORK = 0.02
_REJECTION = 0.05


def _peak(trial: Trial, deployed: Deployed, seconds: float) -> float:
    """Return how many answers a second the deployment gives to a few callers that never pause."""
    with trial.load(deployed, rate=0, connections=16) as recorder:
        recorder.after(50)
        begin = time.monotonic()
        time.sleep(seconds)
        end = time.monotonic()
    return sum(begin <= r.received < end for r in recorder.requests if r.kind == "right") / (end - begin)


def _goodput(requests: list[Request], begin: float, end: float) -> float:
    return sum(r.kind == "right" and begin <= r.received < end for r in requests) / (end - begin)


@fault("F29", "ten times as many requests as fit, then few")
def overload(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1, work=_WORK), instances=2)
        peak = _peak(trial, deployed, 4)
        seconds = 15 * trial.scale
        with trial.load(deployed, rate=10 * peak, connections=2500) as recorder:
            begin = time.monotonic()
            time.sleep(seconds)
            end = time.monotonic()
        good = _goodput(recorder.requests, begin + 2, end)
        refusals = [r.seconds for r in recorder.requests if r.kind == "refused"]
        accepted = [r.seconds for r in recorder.requests if r.kind == "right"]
        outcome.note(f"peak {peak:.0f}/s, goodput {good:.0f}/s = {good / peak:.0%} (≥ 90 %)")
        outcome.holds(good >= 0.9 * peak, f"goodput is {good / peak:.0%} of the peak")
        outcome.within("rejections p99", percentile(refusals, 0.99), _REJECTION)
        outcome.note(f"p99 of the accepted {percentile(accepted, 0.99):.1f} s")
        outcome.take(recorder, refused=True)
        with trial.load(deployed, rate=peak / 4, seed=trial.seed + 1) as later:
            begin = time.monotonic()
            later.after(5)
            outcome.within("normal again", time.monotonic() - begin, 5)
            later.after(50)
        outcome.take(later, refused=True)


@fault("F30", "clients that repeat at once while all replicas are killed")
def retry_storm(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1, work=_WORK), instances=2)
        peak = _peak(trial, deployed, 2)
        with trial.load(deployed, rate=2 * peak, connections=1500, retries=3, retry_refusals=True) as recorder:
            recorder.after(100)
            for pid in deployed.replicas().values():
                os.kill(pid, signal.SIGKILL)
            killed = time.monotonic()
            outcome.within("first answer", recorder.answer_after(killed, 30), 10)
            time.sleep(5 * trial.scale)
        after = [r for r in recorder.requests if r.kind == "right" and r.sent > killed]
        new = {pid for pid in (r.pid for r in after) if recorder.first_seen[pid] > killed}
        calls = sum(max(r.calls for r in after if r.pid == pid) for pid in new)
        answers = sum(r.pid in new for r in after)
        outcome.note(f"{calls} calls of the new replicas for {answers} answers")
        ratio = calls / max(1, answers)
        outcome.holds(ratio <= 1.2, f"the model was called {ratio:.2f} times for each answer")
        outcome.take(recorder, refused=True)
        with trial.load(deployed, rate=peak / 4) as later:
            later.after(50)
        outcome.take(later)


@fault("fair", "a neighbour that is overloaded, and one whose replicas keep crashing")
def neighbours(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        model = subject.register(1)
        watched = subject.deploy(model, name="watched", instances=2)
        busy = subject.deploy(subject.register(1, work=_WORK), name="busy")
        crashing = subject.deploy(model, name="crashing")
        seconds = 8 * trial.scale
        with trial.load(watched, rate=100) as recorder:
            recorder.after(100)
            base = _p99(recorder, seconds)
            with trial.load(busy, rate=500, connections=1500) as flood:
                beside_flood = _p99(recorder, seconds)
            until(lambda: trial.once(busy, "") is not None, 20, "an answer of the busy one")
            crashes = _Crashes(trial, crashing)
            crashes.start()
            beside_crashes = _p99(recorder, seconds)
            crashes.over.set()
            crashes.join()
        bound = max(1.5 * base, 0.02)
        outcome.note(f"p99 alone {base * 1000:.0f} ms")
        outcome.within("beside overload", beside_flood, bound)
        outcome.within(f"beside {crashes.count} crashes", beside_crashes, bound)
        outcome.take(recorder)
        outcome.counts += flood.counts


def _p99(recorder: Recorder, seconds: float) -> float:
    begin = time.monotonic()
    time.sleep(seconds)
    return percentile([r.received - r.due for r in recorder.since(begin, begin + seconds)], 0.99)


class _Crashes(threading.Thread):
    """Requests that end the replicas of a deployment, one after the other."""

    def __init__(self, trial: Trial, deployed: Deployed) -> None:
        super().__init__(name="crashes")
        self.over = threading.Event()
        self.count = 0
        self._trial, self._deployed = trial, deployed

    def run(self) -> None:
        while not self.over.wait(0.1):
            self.count += 1
            self._trial.once(self._deployed, "die", self.count)
