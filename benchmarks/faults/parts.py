"""F5 to F8 and F31: the parts of the service are killed, or asked to end, while everything is used."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import httpx

from benchmarks.faults.ledger import Ledger
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.recorder import percentile
from benchmarks.faults.subject import Deployed, Subject, until
from benchmarks.faults.trial import Trial, fault

_GONE = ("DELETED", "FAILED")


@fault("F5", "kill -9 of the gateway; clients try once more")
def killed_gateway(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=3)
        replicas = deployed.replicas()
        worst = 0.0
        with trial.load(deployed, retries=1) as recorder:
            for _ in range(trial.times(5)):
                recorder.after(150)
                begin = time.monotonic()
                subject.kill("gateway")
                worst = max(worst, recorder.answer_after(begin))
        outcome.within("answers again: worst", worst, 1)
        outcome.note(f"{recorder.counts['sent again']} sent again")
        outcome.holds(deployed.replicas() == replicas, "replicas were started anew")
    outcome.take(recorder)


@fault("F6", "kill -9 of the control plane, at random")
def killed_control(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=2)
        worst = 0.0
        with trial.load(deployed, rate=100) as recorder, Ledger(subject) as ledger:
            for _ in range(trial.times(8)):
                ledger.after(2)
                time.sleep(trial.chance.random() * 0.5)
                begin = time.monotonic()
                subject.kill("control")
                worst = max(worst, ledger.back(begin + 0.1) + 0.1)
            recorder.after(50)
        outcome.within("registers again: worst", worst, 3)
        ledger.judge(outcome)
    outcome.take(recorder)


@fault("F7", "kill -9 of the control plane in the middle of deploy, update and delete")
def killed_in_changes(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        first, second = subject.register(1), subject.register(2)
        other = subject.deploy(first, name="other")
        before = len(subject.processes())
        slowest = 0.0
        with trial.load(other, rate=50) as recorder:
            for number in range(trial.times(4)):
                deployed = subject.create(first, instances=2, name=f"changed {number}")
                slowest = max(slowest, _shaken(trial, subject, deployed, "ACTIVE"))
                _again(deployed.roll, second)
                slowest = max(slowest, _shaken(trial, subject, deployed, "ACTIVE"))
                version = _version(trial, deployed)
                outcome.holds(version == 2, f"after the update version {version} answers")
                _again(subject.ask, "DELETE", f"/20190101/modelDeployments/{deployed.id}")
                slowest = max(slowest, _shaken(trial, subject, deployed, "DELETED"))
                until(lambda d=deployed: not d.replicas(), 30, "the end of the replicas")
        outcome.within("at rest: slowest", slowest, 60)
        left = len(subject.processes()) - before
        outcome.holds(left <= 0, f"{left} processes too many")
    outcome.take(recorder)


def _again(call: object, *arguments: object) -> None:
    """Give an order; the API may just be away."""
    deadline = time.monotonic() + 20
    while True:
        try:
            call(*arguments)  # type: ignore[operator]
        except httpx.HTTPStatusError as error:
            if error.response.status_code not in (409, 502, 503) or time.monotonic() > deadline:
                raise
        except httpx.HTTPError:
            if time.monotonic() > deadline:
                raise
        else:
            return
        time.sleep(0.05)


def _shaken(trial: Trial, subject: Subject, deployed: Deployed, state: str) -> float:
    """Kill control after a random while; return how long it took until the deployment was at rest in this state."""
    begin = time.monotonic()
    time.sleep(trial.chance.random() * 1.2)
    subject.kill("control")

    def there() -> bool:
        with contextlib.suppress(httpx.HTTPError, KeyError):
            return bool(deployed.look()["lifecycleState"] == state and _settled(deployed))
        return False

    until(there, 60, f"the deployment {state}")
    return time.monotonic() - begin


def _settled(deployed: Deployed) -> bool:
    if deployed.look()["lifecycleState"] in _GONE:
        return True
    found = deployed.subject.ask("GET", f"/openads/v1/deployments/{deployed.id}/rollouts")["items"]
    return not found or found[0]["timeEnded"] is not None


def _version(trial: Trial, deployed: Deployed) -> int:
    answer = trial.once(deployed, "")
    return int(answer.json().get("version", 0)) if answer is not None else 0


@fault("F8", "kill -9 of everything, then a start")
def killed_all(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=2)
        for _ in range(trial.times(2)):
            with trial.load(deployed, rate=100) as recorder, Ledger(subject) as ledger:
                recorder.after(100)
                ledger.after(3)
                subject.kill("supervisor")
                until(lambda: not subject.processes(), 10, "the end of every process")
                time.sleep(0.2)
            subject.wait()
            begin = time.monotonic()
            subject.start()
            until(lambda: trial.once(deployed, ""), 30, "an answer")
            until(lambda: _version(trial, deployed) == 1 and len(deployed.replicas()) == 2, 30, "the full set")
            outcome.within("back", time.monotonic() - begin, 30)
            ledger.judge(outcome)
            outcome.counts["right"] += recorder.counts["right"]
            outcome.holds(not recorder.counts["wrong"], "a wrong answer")
            outcome.holds(not recorder.counts["failed"], "a failed request")


@fault("F31", "SIGTERM to a replica, gateway, control, and at last the supervisor")
def asked_to_end(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=3)
        slowest: dict[str, float] = {}
        with trial.load(deployed) as recorder, Ledger(subject) as ledger:
            recorder.after(100)
            for _ in range(trial.times(2)):
                for name in (trial.chance.choice(sorted(deployed.replicas())), "control", "gateway"):
                    pid = subject.children()[name]
                    os.kill(pid, signal.SIGTERM)
                    took = until(lambda n=name, p=pid: subject.children().get(n, p) != p, 90, f"another {name}")
                    slowest[name.partition("/")[0]] = max(slowest.get(name.partition("/")[0], 0), took)
                    recorder.after(100)
                    ledger.after(1)
        outcome.take(recorder)
        for name, took in slowest.items():
            outcome.within(name, took, 10)
        slow = [r.received - r.due for r in recorder.requests]
        outcome.note(f"p99.9 {percentile(slow, 0.999) * 1000:.0f} ms")
        ledger.judge(outcome)
        with trial.load(deployed, rate=50) as last:
            last.after(50)
            begin = time.monotonic()
            status = subject.stop()
            took = time.monotonic() - begin
        failed = last.counts["failed"] + last.counts["lost"]
        outcome.within("end of the service", took, 20)
        outcome.holds(status == 0, f"the supervisor's exit status is {status}")
        outcome.holds(failed == 0, f"{failed} requests failed while the service ended")
        outcome.holds(not subject.processes(), "processes are left")
