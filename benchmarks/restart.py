"""How soon a replica is back after ``kill -9``: a LogisticRegression on iris, its environment ready.

    python benchmarks/restart.py [--kills 50] [--json FILE]

A service of its own in a temporary data directory; each kill waits until the one before is over. Seconds are from the
signal to the new process's own word that it is ready, and to the first answer after that through the gateway.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil


def main() -> int:
    """Print the figures; exit status 1 when a replica didn't come back."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="oarestart") as folder:
        os.environ["OPENADS_HOME"] = f"{folder}/home"
        os.environ["OPENADS_PORT"] = "0"
        try:
            figures = measure(Path(folder), options.kills)
        finally:
            subprocess.run([sys.executable, "-m", "ads.service", "stop", "--home", f"{folder}/home"], check=True)
    print(json.dumps(figures, indent=2))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0


def measure(folder: Path, kills: int) -> dict[str, Any]:
    """Return the figures of a number of kills."""
    deployed, status_file, data = deploy(folder)
    ready, answered, own = [], [], []
    for _ in range(kills):
        settle()
        before = json.loads(status_file.read_text())["pid"]
        began = time.monotonic()
        os.kill(before, signal.SIGKILL)
        status = wait_for_successor(status_file, before)
        ready.append(time.monotonic() - began)
        deployed.predict(data=data, auto_serialize_data=True)
        answered.append(time.monotonic() - began)
        own.append({stage["name"]: stage["seconds"] for stage in status["stages"]})
    stages = {name: round(statistics.median(each[name] for each in own), 4) for name in own[0]}
    return {
        "kills": kills,
        "machine": f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "load": round(os.getloadavg()[0], 2),
        "ready_seconds": summary(ready),
        "answered_seconds": summary(answered),
        "stages_median_seconds": stages,
        "cold_start_seconds": stages_of_first,
    }


stages_of_first: dict[str, float] = {}


def deploy(folder: Path) -> tuple[Any, Path, Any]:
    """Return a deployment of one replica, its status file, and what to ask it."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    from ads.home import Home
    from ads.model.framework.sklearn_model import SklearnModel

    frame, target = load_iris(return_X_y=True, as_frame=True)
    model = SklearnModel(LogisticRegression(max_iter=300).fit(frame, target), artifact_dir=str(folder / "artifact"))
    model.prepare(inference_conda_env="generalml_p311_cpu_x86_64_v1", X_sample=frame, y_sample=target)
    model.save(display_name="iris")
    deployed = model.deploy(display_name="iris")
    home = Home(Path(os.environ["OPENADS_HOME"]))
    (status_file,) = (home.root / "deployments").glob("*/*/status.json")
    first = json.loads(status_file.read_text())["stages"]
    stages_of_first.update({stage["name"]: stage["seconds"] for stage in first})
    return deployed, status_file, frame.head(1)


def settle() -> None:
    """Wait until the machine has nothing to do with the last kill: its effects are not this one's."""
    deadline = time.monotonic() + 1
    while time.monotonic() < deadline:
        if psutil.cpu_percent(0.1) < 60:
            return


def wait_for_successor(status_file: Path, before: int) -> dict[str, Any]:
    """Return the status of the process that took the place of another, once it is ready."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            status: dict[str, Any] = json.loads(status_file.read_text())
        except (OSError, ValueError):
            status = {}
        if status.get("pid") not in (None, before) and status["state"] == "ready":
            return status
        time.sleep(0.002)
    raise SystemExit("A replica did not come back within a minute.")


def summary(values: list[float]) -> dict[str, float]:
    """Return median, 99th percentile and largest."""
    ordered = sorted(values)
    return {
        "median": round(statistics.median(ordered), 3),
        "p99": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))], 3),
        "max": round(ordered[-1], 3),
    }


if __name__ == "__main__":
    sys.exit(main())
