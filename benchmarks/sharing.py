"""What replicas of one model take together: with its arrays shared, and each with arrays of its own.

    python benchmarks/sharing.py [--megabytes 320] [--replicas 1,2,4]

The neighbours of many points, one large array, in a service of their own. Each deployment answers until all its
replicas have looked at the whole array; then the memory of the replicas alone is added up: PSS, where a page that
several processes have counts once among all of them, and what is private to each. The file itself is in the page cache
either way.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

_COLUMNS = 40
_MOST_MEGABYTES = 4096


def main() -> None:
    """Print a line for each number of replicas."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, default=320, help="size of the array")
    parser.add_argument("--replicas", default="1,2,4")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the service does not stay
    counts = [int(text) for text in options.replicas.split(",")]
    with tempfile.TemporaryDirectory(prefix="oashare") as folder:
        os.environ["OPENADS_HOME"] = f"{folder}/home"
        os.environ["OPENADS_PORT"] = "0"
        try:
            model, asked, answer = saved(Path(folder), min(options.megabytes, _MOST_MEGABYTES))
            print(
                f"{'replicas':>8}  {'arrays':8}{'PSS MB':>8}{'private MB':>12}{'load s':>8}{'ms/request':>12}",
                flush=True,
            )
            for count in counts:
                for shared in (True, False):
                    measure(model, asked, answer, count, shared=shared)
        finally:
            subprocess.run([sys.executable, "-m", "ads.service", "stop", "--home", f"{folder}/home"], check=True)


def saved(folder: Path, megabytes: int) -> tuple[Any, Any, list[float]]:
    """Return a saved model with an array of that size, what to ask it, and the right answer."""
    import pandas as pd
    from sklearn.neighbors import KNeighborsRegressor

    from ads.model.framework.sklearn_model import SklearnModel

    points = np.random.default_rng(7).integers(0, 9, (megabytes * 1_000_000 // 8 // _COLUMNS, _COLUMNS))
    frame = pd.DataFrame(points.astype("float64"), columns=[f"x{number}" for number in range(_COLUMNS)])
    target = points.sum(axis=1).astype("float64")
    estimator = KNeighborsRegressor(n_neighbors=1, algorithm="brute").fit(frame, target)
    model = SklearnModel(estimator, artifact_dir=str(folder / "artifact"))
    model.prepare(inference_conda_env="generalml_p311_cpu_x86_64_v1", X_sample=frame.head(3), y_sample=target[:3])
    model.save(display_name="neighbours", ignore_introspection=True)
    return model, frame.iloc[10:12], target[10:12].tolist()


def measure(model: Any, asked: Any, answer: list[float], count: int, *, shared: bool) -> None:
    """Deploy, ask, add up, remove."""
    variables = {} if shared else {"SHARED_ARRAYS": "false"}
    deployed = model.deploy(display_name="neighbours", deployment_instance_count=count, environment_variables=variables)
    began, requests = time.monotonic(), 6 * count
    for _ in range(requests):
        if deployed.predict(data=asked, auto_serialize_data=True)["prediction"] != answer:
            raise SystemExit("A wrong answer.")
    took = (time.monotonic() - began) / requests
    found = statuses()
    pids, loads = [each["pid"] for each in found], [seconds_of(each) for each in found]
    pss, private = (sum(memory(pid, name) for pid in pids) for name in ("Pss:", "Private_Dirty:"))
    how = "shared" if shared else "own"
    print(
        f"{len(pids):8}  {how:8}{pss / 1e6:8.0f}{private / 1e6:12.0f}{max(loads):8.2f}{took * 1000:12.1f}", flush=True
    )
    deployed.delete(wait_for_completion=True)


def statuses() -> list[dict[str, Any]]:
    """Return the status of every replica there is."""
    files = (Path(os.environ["OPENADS_HOME"]) / "deployments").glob("*/*/status.json")
    return [json.loads(path.read_text()) for path in files]


def seconds_of(status: dict[str, Any]) -> float:
    """Return how long importing the script and loading the model took."""
    return float(sum(stage["seconds"] for stage in status["stages"] if stage["name"] in {"import", "load"}))


def memory(pid: int, name: str) -> int:
    """Return one figure of a process's memory in bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
