"""F9 to F16: the faults of disks and databases, which the suite has: one row for each of its tests."""

from __future__ import annotations

import os
import sys
import tempfile
import xml.etree.ElementTree as ET
from pathlib import Path
from subprocess import PIPE, STDOUT, run

from benchmarks.faults.outcome import Outcome

__all__ = ["run_tests"]

_ROOT = Path(__file__).parents[2]
_TESTS = ("tests/faults/test_storage_faults.py", "tests/faults/test_databases.py")
_LONGEST = 3600


def run_tests(names: tuple[str, ...] = _TESTS) -> list[Outcome]:
    """Return an outcome for each test."""
    with tempfile.TemporaryDirectory(prefix="openads-faults-") as folder:
        report = Path(folder) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:xdist",
            "-o",
            "junit_family=xunit1",
            f"--junitxml={report}",
            *names,
        ]
        everything = {**os.environ, "OPENADS_TEST_FAULTS": "all"}
        done = run(
            command, cwd=_ROOT, env=everything, stdout=PIPE, stderr=STDOUT, text=True, timeout=_LONGEST, check=False
        )
        if not report.exists():
            return [Outcome("F9", "the tests of storage", broken=[done.stdout[-600:]])]
        cases = ET.parse(report).getroot().iter("testcase")
        return [_outcome(case) for case in cases]


def _outcome(case: ET.Element) -> Outcome:
    name = case.get("name", "").removeprefix("test_").replace("_", " ")
    found = Outcome(_number(name), name)
    for said in case.iter("property"):
        found.note(said.get("value", ""))
    found.note(f"{float(case.get('time', 0)):.0f} s")
    for problem in (*case.findall("failure"), *case.findall("error")):
        found.broken.append(problem.get("message", "")[:400])
    skipped = case.find("skipped")
    if skipped is not None:
        found.skipped = skipped.get("message", "skipped")
    return found


def _number(name: str) -> str:
    """Return which fault of the catalogue a test tries."""
    numbers = {
        "postgresql restarted": "F15",
        "eio": "F10",
        "enospc": "F11",
        "kill]": "F6",
        "kill-": "F6",
        "full disk": "F9",
        "sqlite": "F13",
        "frozen": "F16",
        "postgresql": "F15",
    }
    return next((number for words, number in numbers.items() if words in name), "F9")
