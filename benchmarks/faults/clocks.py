"""F17: the wall clock jumps while everything is used."""

from __future__ import annotations

import mmap
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import httpx

from benchmarks.faults.ledger import Ledger
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.recorder import percentile
from benchmarks.faults.subject import Subject
from benchmarks.faults.trial import Trial, fault

_SOURCE = Path(__file__).with_name("clock.c")


@fault("F17", "the clock jumps ten minutes on, back, and a day on")
def jumping_clock(trial: Trial, outcome: Outcome) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        outcome.skipped = "needs a C compiler (cc)"
        return
    with tempfile.TemporaryDirectory(prefix="openads-clock-") as name:
        library, place = Path(name) / "clock.so", Path(name) / "offset"
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", library, _SOURCE, "-ldl"], check=True)
        place.write_bytes(struct.pack("q", 0))
        with place.open("r+b") as file, mmap.mmap(file.fileno(), 8) as offset:
            _jump(trial, outcome, {"LD_PRELOAD": str(library), "CLOCK_OFFSET_FILE": str(place)}, offset)


def _jump(trial: Trial, outcome: Outcome, environment: dict[str, str], offset: mmap.mmap) -> None:
    with trial.subject(environment) as subject:
        models = {version: subject.register(version) for version in (1, 2)}
        deployed = subject.deploy(models[1], instances=2)
        expiring = _token(subject, 900)
        serving = 1
        with trial.load(deployed, rate=100) as recorder, Ledger(subject) as ledger:
            for seconds in (600, -600, 86_400, 0):
                recorder.after(50)
                offset[:8] = struct.pack("q", seconds)
                begin = time.monotonic()
                ledger.after(2)
                serving = 3 - serving
                recorder.only(1, 2)
                deployed.roll(models[serving])
                deployed.rolled(30)
                recorder.only(serving)
                good = _predicts(deployed.url, expiring)
                outcome.holds(good == (seconds < 900), f"a token of 15 minutes at {seconds:+} s: good is {good}")
                times = [r.received - r.due for r in recorder.since(begin)]
                outcome.within(f"p99 at {seconds:+} s", percentile(times, 0.99), 1)
        ledger.judge(outcome)
        events = subject.ask("GET", "/openads/v1/events?limit=1000")["items"]
        numbers = [event["seq"] for event in events]
        outcome.holds(len(set(numbers)) == len(numbers), "events have the same number")
    outcome.take(recorder)


def _token(subject: Subject, seconds: int) -> str:
    found = subject.ask("POST", "/openads/v1/tokens", json={"name": "short", "expiresInSeconds": seconds})
    return str(found["token"])


def _predicts(url: str, token: str) -> bool:
    headers = {"authorization": f"Bearer {token}"}
    return httpx.post(url, json={"x": [1]}, headers=headers, timeout=20, trust_env=False).status_code == 200
