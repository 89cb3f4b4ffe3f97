"""F25 to F28: updates and scaling under load, to good and to bad versions, and while parts are killed."""

from __future__ import annotations

import contextlib
import os
import signal
import time

import httpx

from benchmarks.faults.outcome import Outcome
from benchmarks.faults.recorder import Recorder
from benchmarks.faults.subject import Deployed, Subject, until
from benchmarks.faults.trial import Trial, fault

BAD = {
    "load_model() returns None": {"load": "return None"},
    "hangs while it loads": {"load": "time.sleep(3600)"},
    "ends its process": {"load": "os._exit(5)"},
    "can't be imported": {"load": "syntax error"},
}


@fault("F25", "rolling updates, all at once and one by one")
def updates(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        models = {version: subject.register(version) for version in (1, 2)}
        deployed = subject.deploy(models[1], instances=3)
        slowest = 0.0
        with trial.load(deployed) as recorder:
            recorder.after(50)
            for number in range(trial.times(6)):
                slowest = max(slowest, _update(recorder, deployed, models, number))
        outcome.note(f"{trial.times(6)} updates")
        outcome.within("slowest", slowest, 30)
    outcome.take(recorder)


def _update(recorder: Recorder, deployed: Deployed, models: dict[int, str], number: int) -> float:
    old, new = (1, 2) if number % 2 == 0 else (2, 1)
    recorder.only(old, new)
    begin = time.monotonic()
    deployed.roll(models[new], **({"spare": 1} if number % 3 else {}))
    ended = deployed.rolled(60)
    if ended["state"] != "SUCCEEDED":
        raise RuntimeError(f"the update ended {ended['state']}: {ended.get('reason')}")
    recorder.only(new)
    took = time.monotonic() - begin
    recorder.after(30)
    return took


@fault("F26", "updates to versions that can't start")
def bad_updates(trial: Trial, outcome: Outcome) -> None:
    with trial.subject(start_timeout="3") as subject:
        deployed = subject.deploy(subject.register(1), instances=2)
        slowest = 0.0
        with trial.load(deployed, rate=100) as recorder:
            recorder.after(50)
            for what, how in BAD.items():
                begin = time.monotonic()
                deployed.roll(subject.register(2, **how))
                ended = deployed.rolled(60)
                slowest = max(slowest, time.monotonic() - begin)
                outcome.holds(ended["state"] == "ROLLED_BACK", f"{what}: {ended['state']}")
                outcome.holds(ended.get("reason"), f"{what}: no reason is told")
        outcome.within("back: slowest", slowest, 13)
    outcome.take(recorder)


@fault("F26b", "a canary that fails; one that is aborted")
def canaries(trial: Trial, outcome: Outcome) -> None:
    canary = {"strategy": "canary", "steps": [20, 100], "bakeSeconds": 4, "gates": {"leastRequests": 10}}
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=2)
        with trial.load(deployed, rate=100, versions=(1, 2)) as recorder:
            recorder.after(50)
            begin = time.monotonic()
            deployed.roll(subject.register(2, body="raise ValueError('always')"), **canary)
            ended = deployed.rolled(60)
            outcome.within("failing one back", time.monotonic() - begin, 20)
            outcome.holds(ended["state"] == "ROLLED_BACK", f"a failing canary: {ended['state']}")
            deployed.roll(subject.register(2), **{**canary, "bakeSeconds": 60})
            until(lambda: any(r.version == 2 for r in recorder.requests[-200:]), 30, "an answer of the canary")
            subject.ask("POST", f"/openads/v1/deployments/{deployed.id}/rollouts/abort")
            ended = deployed.rolled(30)
            recorder.only(1)
            recorder.after(100)
            outcome.note(f"aborted: {ended['state']}")
    outcome.take(recorder)


@fault("F27", "1 → 4 → 1 replicas; an alias that moves")
def scaling(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=1)
        slowest = 0.0
        with trial.load(deployed, rate=100) as recorder:
            recorder.after(50)
            for _ in range(trial.times(2)):
                for count in (4, 1):
                    begin = time.monotonic()
                    _scale(deployed, count)
                    until(lambda n=count: len(deployed.replicas()) == n, 30, f"{count} replicas")
                    until(lambda: deployed.look()["lifecycleState"] == "ACTIVE", 30, "ACTIVE")
                    slowest = max(slowest, time.monotonic() - begin)
                    recorder.after(50)
            outcome.within("slowest change", slowest, 15)
            _follow(subject, deployed, recorder, outcome)
    outcome.take(recorder)


def _scale(deployed: Deployed, count: int) -> None:
    path = f"/openads/v1/deployments/{deployed.id}/autoscaling"
    deployed.subject.ask("PUT", path, json={"minimum": count, "maximum": count, "targetInFlight": 8})


def _follow(subject: Subject, deployed: Deployed, recorder: Recorder, outcome: Outcome) -> None:
    """Move the alias that the deployment follows, there and back."""
    found = subject.ask("POST", "/20190101/modelVersionSets", json={**subject.place, "name": "followed"})
    models = [subject.register(number, modelVersionSetId=found["id"]) for number in (1, 2)]
    alias = f"/openads/v1/modelVersionSets/{found['id']}/aliases/champion"
    recorder.only(1, 2)
    subject.ask("PUT", alias, json={"modelId": models[0]})
    subject.ask("PUT", f"/openads/v1/deployments/{deployed.id}/follow", json={"reference": "followed@champion"})
    for number in (1, 0, 1):
        begin, version = time.monotonic(), number + 1
        subject.ask("PUT", alias, json={"modelId": models[number]})
        until(
            lambda v=version, b=begin: any(r.version == v and r.sent > b for r in recorder.requests[-200:]),
            30,
            f"an answer of version {version}",
        )
        outcome.within("alias moved", time.monotonic() - begin, 10)
        deployed.rolled(30)
    recorder.only(2)
    recorder.after(50)


@fault("F28", "updates while old and new replicas and the control plane are killed")
def shaken_updates(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        models = {version: subject.register(version, load="time.sleep(0.3)") for version in (1, 2)}
        deployed = subject.deploy(models[1], instances=3)
        slowest = 0.0
        with trial.load(deployed) as recorder:
            recorder.after(100)
            serving = 1
            for _ in range(trial.times(3)):
                begin, new = time.monotonic(), 3 - serving
                recorder.only(serving, new)
                deployed.roll(models[new], **({"spare": 1} if trial.chance.random() < 0.5 else {}))
                _shake(trial, subject, deployed)
                ended = deployed.rolled(60)
                slowest = max(slowest, time.monotonic() - begin)
                if ended["state"] == "SUCCEEDED":
                    serving = new
                else:
                    outcome.note(f"{ended['state']}: {str(ended.get('reason')).splitlines()[0]}")
                recorder.only(serving)
                recorder.after(50)
                until(lambda: len(deployed.replicas()) == 3, 20, "the full set")
        outcome.within("at rest: slowest", slowest, 60)
    outcome.take(recorder)


def _shake(trial: Trial, subject: Subject, deployed: Deployed) -> None:
    """Kill an old replica, a new one and control, in any order and at any time."""
    victims = ["old", "new", "control"]
    trial.chance.shuffle(victims)
    for victim in victims:
        time.sleep(trial.chance.random() * 0.8)
        if victim == "control":
            subject.kill("control")
            continue
        replicas = deployed.replicas()
        revisions = sorted({int(name.split("-")[-2]) for name in replicas})
        wanted = revisions[0] if victim == "old" else revisions[-1]
        for name, pid in sorted(replicas.items()):
            if int(name.split("-")[-2]) == wanted:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                break
    until(lambda: _answers(subject), 20, "the control plane answers")


def _answers(subject: Subject) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return bool(subject.ask("GET", "/openads/v1/service"))
    return False
