"""F32 to F35: kills during a migration, two services on the same data, a backup under writes, two faults at once."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from ads.registry.schema import KNOWN
from benchmarks.faults.ledger import Ledger
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.subject import Deployed, Subject, until
from benchmarks.faults.trial import Trial, fault

_LONGEST = 120


@fault("F32", "kill -9 during the migration; a catalog of a newer version")
def killed_migrations(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        with Ledger(subject) as ledger:
            ledger.after(3)
        subject.stop()
        kept = subject.home.database.read_bytes()
        halfway = 0
        for _ in range(trial.times(10)):
            _remove_catalog(subject)
            halfway += _killed_while_it_migrates(trial, subject, outcome)
        outcome.note(f"{halfway} of {trial.times(10)} kills before the end of the migration")
        _remove_catalog(subject)
        subject.home.database.write_bytes(kept)
        _set_version(subject, "9999")
        newer = subprocess.run(
            [sys.executable, "-m", "ads.api"],
            env=subject.environment,
            capture_output=True,
            timeout=_LONGEST,
            check=False,
        )
        outcome.holds(newer.returncode, "a catalog of a newer version was opened")
        outcome.holds(b"newer" in newer.stderr, f"nothing says that it is newer: {newer.stderr[-200:]!r}")
        _set_version(subject, KNOWN[-1])
        subject.start()
        ledger.judge(outcome)


def _remove_catalog(subject: Subject) -> None:
    for path in subject.home.root.glob("catalog.db*"):
        path.unlink()


def _killed_while_it_migrates(trial: Trial, subject: Subject, outcome: Outcome) -> bool:
    """Kill a control plane that makes its catalog; return whether it had not yet done so."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ads.api"],
        env=subject.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(subject.home.database.exists, _LONGEST, "the beginning of the migration")
        time.sleep(trial.chance.random() * 0.3)
    finally:
        process.kill()
        process.wait()
    with contextlib.closing(sqlite3.connect(subject.home.database)) as catalog:
        tables = {name for (name,) in catalog.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        version = catalog.execute("SELECT version_num FROM alembic_version").fetchone() if tables else None
        whole = catalog.execute("PRAGMA integrity_check").fetchone()
    outcome.holds(whole == ("ok",), f"the catalog is damaged: {whole}")
    outcome.holds(
        not tables or version == (KNOWN[-1],), f"half a migration is there: {version} with {len(tables)} tables"
    )
    return not tables


def _set_version(subject: Subject, version: str) -> None:
    with contextlib.closing(sqlite3.connect(subject.home.database)) as catalog:
        catalog.execute("UPDATE alembic_version SET version_num = ?", (version,))
        catalog.commit()


@fault("F33", "a second control plane and a second service on the same data")
def second_services(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1))
        before = subject.children()
        with trial.load(deployed, rate=50) as recorder, Ledger(subject) as ledger:
            ledger.after(2)
            for module in ("ads.api", "ads.service"):
                second = subprocess.run(
                    [sys.executable, "-m", module],
                    env=subject.environment,
                    capture_output=True,
                    timeout=_LONGEST,
                    check=False,
                )
                outcome.holds(second.returncode, f"a second {module} ran")
                outcome.holds(second.stderr.strip(), f"a second {module} said nothing")
            ledger.after(2)
        outcome.holds(subject.children() == before, "something was started anew")
        ledger.judge(outcome)
    outcome.take(recorder)


@fault("F34", "a backup while models are registered, restored elsewhere")
def backed_up(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject, tempfile.TemporaryDirectory(prefix="openads-faults-") as name:
        target, elsewhere = Path(name) / "backup", Path(name) / "restored"
        elsewhere.mkdir()
        with Ledger(subject) as ledger:
            ledger.after(5)
            for _ in range(trial.times(2)):
                known = dict(ledger.acknowledged)
                _command(subject.environment, "backup", str(target))
                ledger.after(2)
        restored = Subject(elsewhere)
        _command(restored.environment, "restore", str(target))
        try:
            restored.start()
            _compare(restored, known, ledger.acknowledged, outcome)
        finally:
            restored.close()


def _command(environment: dict[str, str], *words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ads.cli", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"ads {words[0]} ended with {done.returncode}: {done.stderr[-300:]}")


def _compare(restored: Subject, known: dict[str, str], all_of: dict[str, str], outcome: Outcome) -> None:
    """Compare a restored service with what was acknowledged before the backup, and what ever was."""
    found = restored.ask("GET", f"/20190101/models?compartmentId={restored.place['compartmentId']}&limit=1000")
    models = {item["id"] for item in found}
    lost = set(known) - models
    outcome.holds(not lost, f"{len(lost)} of {len(known)} models are not in the backup")
    for model_id in models & set(all_of):
        try:
            digest = hashlib.sha256(restored.fetch(model_id)).hexdigest()
        except httpx.HTTPStatusError as error:
            outcome.holds(model_id not in known, f"a model without its artifact: {error}")
            continue
        outcome.holds(digest == all_of[model_id], "an artifact is another one")
    outcome.note(f"{len(models)} models restored, {len(known)} were acknowledged before the backup")


@fault("F35", "two faults at once, the second while the first is not yet over")
def pairs(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=3)
        worst = 0.0
        with trial.load(deployed, rate=100, retries=3) as recorder, Ledger(subject) as ledger:
            for _ in range(trial.times(4)):
                recorder.after(100)
                ledger.after(1)
                names = trial.chance.sample(sorted(_FAULTS), 2)
                begin = time.monotonic()
                undone = []
                for name in names:
                    undone.append(_FAULTS[name](trial, subject, deployed))
                    time.sleep(trial.chance.random() * 0.5)
                recorder.after(20)
                for undo in undone:
                    undo()
                worst = max(worst, recorder.answer_after(begin), ledger.back(begin))
                until(lambda: len(deployed.replicas()) == 3, 30, "the full set")
                outcome.note(" + ".join(names))
            ledger.after(1)
        outcome.within("both sides answer: worst", worst, 10)
        ledger.judge(outcome)
    outcome.take(recorder)


def _nothing() -> None:
    pass


def _part(name: str) -> Callable[[Trial, Subject, Deployed], Callable[[], None]]:
    def kill(trial: Trial, subject: Subject, deployed: Deployed) -> Callable[[], None]:  # noqa: ARG001 - one of several
        subject.kill(name)
        return _nothing

    return kill


def _replica(trial: Trial, subject: Subject, deployed: Deployed) -> Callable[[], None]:  # noqa: ARG001 - one of several
    with contextlib.suppress(ProcessLookupError):
        os.kill(trial.chance.choice(sorted(deployed.replicas().values())), signal.SIGKILL)
    return _nothing


def _stopped(trial: Trial, subject: Subject, deployed: Deployed) -> Callable[[], None]:  # noqa: ARG001 - one of several
    pid = trial.chance.choice(sorted(deployed.replicas().values()))
    os.kill(pid, signal.SIGSTOP)

    def go_on() -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)

    return go_on


_FAULTS = {
    "gateway": _part("gateway"),
    "control": _part("control"),
    "replica": _replica,
    "stopped replica": _stopped,
}
