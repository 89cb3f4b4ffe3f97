"""Measure the figures of the main job on this machine and print them as a table.

Run with ``make bench``. Everything is measured in fresh processes, in a data directory of its own; the figures of the
original are those of its reference measurements (2 shared cores, Python 3.11), for orientation.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

REPOSITORY = Path(__file__).parents[1]

IMPORT = "import time; begin = time.perf_counter(); import {module}; print(time.perf_counter() - begin)"

IRIS = """
import json, statistics, sys, tempfile, time
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from ads.model.framework.sklearn_model import SklearnModel

data = load_iris(as_frame=True)
estimator = LogisticRegression(max_iter=500).fit(data.data, data.target)

def timed(act):
    begin = time.perf_counter()
    result = act()
    return time.perf_counter() - begin, result
"""

PREPARE = """
times, status = [], []
for _ in range(21):
    model = SklearnModel(estimator, artifact_dir=tempfile.mkdtemp())
    seconds, _ = timed(lambda: model.prepare(
        inference_conda_env="generalml_p38_cpu_v1", X_sample=data.data, y_sample=data.target, force_overwrite=True))
    times.append(seconds)
    status.append(timed(model.summary_status)[0])
print(json.dumps({"first prepare": times[0], "prepare": statistics.median(times[1:]),
                  "first status": status[0], "status": statistics.median(status[1:])}))
"""

DEPLOY = """
model = SklearnModel(estimator, artifact_dir=tempfile.mkdtemp())
model.prepare(X_sample=data.data, y_sample=data.target, force_overwrite=True)
begin = time.perf_counter()
model.save(display_name="bench")
saved = time.perf_counter() - begin
times = []
for _ in range(5):
    begin = time.perf_counter()
    model.deploy(display_name="bench")
    prediction = model.predict(data.data.head(10))["prediction"]
    times.append(time.perf_counter() - begin)
    assert prediction == estimator.predict(data.data.head(10)).tolist()
    model.delete_deployment()
print(json.dumps({"save": saved, "deploy": statistics.median(times), "slowest deploy": max(times)}))
"""


def run(code: str, home: Path) -> str:
    told = {**os.environ, "OPENADS_HOME": str(home), "OPENADS_PORT": "0"}
    done = subprocess.run([sys.executable, "-c", code], env=told, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout.splitlines()[-1]


def import_seconds(module: str, home: Path) -> float:
    return statistics.median(float(run(IMPORT.format(module=module), home)) for _ in range(15))


def demo_seconds(home: Path) -> float:
    told = {**os.environ, "OPENADS_HOME": str(home), "OPENADS_PORT": "0"}
    done = subprocess.run(
        [sys.executable, str(REPOSITORY / "examples" / "breast_cancer.py")],
        env=told, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(next(line for line in done.stdout.splitlines() if line.startswith("in all")).split()[2])


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="openads-bench-") as folder:
        home, fresh = Path(folder) / "home", Path(folder) / "fresh"
        try:
            prepared = json.loads(run(IRIS + PREPARE, home))
            rows = [
                ("import ads", 0.060, import_seconds("ads", home), "2.5 s"),
                ("import …sklearn_model", 0.060, import_seconds("ads.model.framework.sklearn_model", home), "2.5 s"),
                ("prepare(), iris, median", 0.058, prepared["prepare"], "58 ms"),
                ("prepare(), the first in a process", None, prepared["first prepare"], ""),
                ("summary_status(), median", 0.020, prepared["status"], "12.5 s"),
                ("summary_status(), the first", 0.020, prepared["first status"], "12.5 s"),
            ]
            deployed = json.loads(run(IRIS + DEPLOY, home))
            rows += [
                ("save(), the service not yet running", None, deployed["save"], ""),
                ("deploy() to first prediction, median of 5", 2.5, deployed["deploy"], "minutes"),
                ("deploy() to first prediction, slowest of 5", 2.5, deployed["slowest deploy"], ""),
                ("the demo, Python's start to first prediction", 8.0, demo_seconds(fresh), ""),
            ]
        finally:
            for used in (home, fresh):
                subprocess.run([sys.executable, "-m", "ads.service", "stop", "--home", str(used)], check=False)
    show(rows)


def show(rows: list[tuple[str, float | None, float, str]]) -> None:
    table = Table(title=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for column in ("what", "here", "goal", "met", "original"):
        table.add_column(column, justify="left" if column in ("what", "met") else "right")
    for name, goal, seconds, original in rows:
        met = "" if goal is None else "yes" if seconds <= goal else "NO"
        table.add_row(name, text(seconds), "" if goal is None else "≤ " + text(goal), met, original)
    Console(width=110).print(table)


def text(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.1f} ms"


if __name__ == "__main__":
    main()
