"""F1 to F4, F21, F23, F24: replicas that die, stop, slow down, eat memory, print, or are killed by a request."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path
from statistics import median

import psutil

from benchmarks.faults.outcome import Outcome
from benchmarks.faults.recorder import Recorder, percentile
from benchmarks.faults.subject import Deployed, until
from benchmarks.faults.trial import Trial, fault

_MEGABYTE = 1024 * 1024


def _back(recorder: Recorder, known: set[int], since: float, within: float) -> float:
    """Return how long it took until a process that is not ``known`` answered."""
    until(lambda: set(recorder.first_seen) - known, within, "an answer of a new replica")
    return min(seen for pid, seen in recorder.first_seen.items() if pid not in known) - since


@fault("F1", "kill -9 of a random one of 3 replicas, again and again")
def killed_replicas(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=3)
        times = []
        with trial.load(deployed) as recorder:
            recorder.after(100)
            for _ in range(trial.times(15)):
                known = set(recorder.first_seen) | set(deployed.replicas().values())
                victim = trial.chance.choice(sorted(deployed.replicas().values()))
                begin = time.monotonic()
                os.kill(victim, signal.SIGKILL)
                times.append(_back(recorder, known, begin, 15))
            recorder.after(100)
    outcome.take(recorder)
    outcome.holds(max(r.tries for r in recorder.requests) <= 2, "a request was sent more than twice")
    outcome.note(f"{len(times)} kills")
    outcome.within("back: median", median(times), 2)
    outcome.within("worst", max(times), 5)


@fault("F1b", "kill -9 of the new process while it loads the model")
def killed_while_loading(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1, load="time.sleep(0.5)"), instances=2)
        with trial.load(deployed) as recorder:
            recorder.after(50)
            for _ in range(trial.times(2)):
                stays, victim = sorted(deployed.replicas().values())
                os.kill(victim, signal.SIGKILL)
                for _ in range(2):
                    until(lambda s=stays, v=victim: set(deployed.replicas().values()) - {s, v}, 10, "its replacement")
                    victim = (set(deployed.replicas().values()) - {stays, victim}).pop()
                    time.sleep(0.2)
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(victim, signal.SIGKILL)
                begin = time.monotonic()
                known = set(recorder.first_seen) | {victim}
                outcome.within("back", _back(recorder, known, begin, 30), 5)
    outcome.take(recorder)


@fault("F2", "kill -9 of all replicas at once")
def all_replicas_killed(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=3)
        with trial.load(deployed) as recorder:
            for _ in range(trial.times(3)):
                recorder.after(100)
                begin = time.monotonic()
                for pid in deployed.replicas().values():
                    os.kill(pid, signal.SIGKILL)
                outcome.within("first answer", recorder.answer_after(begin), 4)
                until(lambda: len(deployed.replicas()) == 3, 15, "the full set")
    outcome.take(recorder, refused=True)


@fault("F3", "SIGSTOP of a replica, later SIGCONT")
def stopped_replica(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=3)
        with trial.load(deployed) as recorder:
            recorder.after(200)
            for _ in range(trial.times(3)):
                stopped = trial.chance.choice(sorted(deployed.replicas().values()))
                begin = time.monotonic()
                os.kill(stopped, signal.SIGSTOP)
                time.sleep(4)
                late = [r.received - r.due for r in recorder.since(begin, begin + 3)]
                after = [r.received - r.due for r in recorder.since(begin + 2.5)]
                os.kill(stopped, signal.SIGCONT)
                begin = time.monotonic()
                until(
                    lambda p=stopped, b=begin: any(r.pid == p and r.sent > b for r in recorder.requests[-300:]),
                    10,
                    "an answer of the replica that goes on",
                )
                outcome.within("slowest answer", max(late), 2.5)
                outcome.within("p99 afterwards", percentile(after, 0.99), 0.5)
                outcome.within("back", time.monotonic() - begin, 5)
            outcome.holds(stopped in deployed.replicas().values(), "the stopped replica was killed")
    outcome.take(recorder)


@fault("F4", "one of 3 replicas takes 20 times as long")
def slow_replica(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1, work=0.01), instances=3)
        with trial.load(deployed, rate=100) as recorder:
            recorder.after(400)
            base = [r.seconds for r in recorder.requests[100:]]
            answer = trial.once(deployed, "become slow")
            slow = answer.json()["pid"] if answer is not None else 0
            begin = time.monotonic()
            time.sleep(10)
            later = recorder.since(begin + 5)
            share = sum(r.pid == slow for r in later) / max(1, len(later))
            outcome.note(f"p99 before {percentile(base, 0.99) * 1000:.0f} ms")
            outcome.note(f"then p50 {percentile([r.seconds for r in later], 0.5) * 1000:.0f} ms")
            fast = [r.seconds for r in later if r.pid != slow]
            outcome.note(f"slow one answers {share:.1%}")
            outcome.within("p99 of the others", percentile(fast, 0.99), max(0.05, 2 * percentile(base, 0.99)))
            outcome.holds(share < 0.1, f"the slow replica answers {share:.0%} of the requests")
    outcome.take(recorder)


@fault("F21", "requests that eat all memory; a model that leaks")
def hungry_models(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        other = subject.deploy(subject.register(1), name="neighbour")
        hungry = subject.deploy(subject.register(1), instances=2, name="hungry", memory=1.0)
        service = {name: subject.children()[name] for name in ("gateway", "control")}
        with trial.load(other, rate=100) as recorder, trial.load(hungry, rate=50) as beside:
            recorder.after(100)
            for number in range(trial.times(3)):
                answer = trial.once(hungry, "eat", number)
                outcome.note(f"eater: {answer.status_code if answer is not None else 'none'}")
            for number in range(trial.times(300)):
                trial.once(hungry, "leak", number)
            recorder.after(100)
            largest = max(psutil.Process(pid).memory_info().rss for pid in hungry.replicas().values())
            outcome.note(f"largest replica {largest / _MEGABYTE:.0f} MB of 1024")
            outcome.holds(largest < 1100 * _MEGABYTE, "a replica is larger than its limit")
            beside.after(50)
        children = subject.children()
        outcome.holds(all(children[name] == pid for name, pid in service.items()), "gateway or control was killed")
        outcome.holds(_first_to_go(hungry, service["gateway"]), "the system would kill the service before replicas")
    outcome.take(recorder)
    outcome.take(beside, failed=True)  # what shares a replica with a leak may meet its end


def _first_to_go(deployed: Deployed, gateway: int) -> bool:
    def score(pid: int) -> int:
        return int(Path(f"/proc/{pid}/oom_score_adj").read_text())

    return all(score(pid) > score(gateway) for pid in deployed.replicas().values())


@fault("F23", "a model that prints a megabyte with each answer")
def printing(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=2)
        with trial.load(deployed, rate=100) as recorder:
            recorder.after(100)
            begin = time.monotonic()
            for number in range(trial.times(150)):
                answer = trial.once(deployed, "print", number)
                outcome.holds(answer is not None and answer.status_code == 200, "a printing request failed")
            times = [r.seconds for r in recorder.since(begin)]
        written = sum(file.stat().st_size for file in subject.home.root.glob("deployments/*/*.log*"))
        outcome.note(f"{trial.times(150)} MB printed, logs hold {written / _MEGABYTE:.0f} MB")
        outcome.within("p99 of the others", percentile(times, 0.99), 0.5)
    outcome.take(recorder)


@fault("F24", "requests that kill every replica they meet")
def poison(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=4)
        poisons = trial.times(3)
        with trial.load(deployed, rate=100) as recorder:
            for number in range(poisons):
                recorder.after(50)
                statuses = [_status(trial, deployed, number) for _ in range(4)]
                outcome.holds(statuses[1:] == [422] * 3, f"poison was answered {statuses}")
                until(lambda: len(deployed.replicas()) == 4, 30, "the full set")
            recorder.after(100)
        killed = sum(child["restarts"] for child in subject.reports() if child["name"].startswith("replica/"))
        outcome.note(f"{poisons} poisons ended {killed} replicas")
        outcome.holds(killed <= 2 * poisons, f"{poisons} poisons ended {killed} replicas")
    outcome.take(recorder)


def _status(trial: Trial, deployed: Deployed, number: int) -> int:
    answer = trial.once(deployed, "die", number)
    return answer.status_code if answer is not None else 0
