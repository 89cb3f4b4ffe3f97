"""Measure batch scoring beside plain pandas in one process, and print the rows per second of both.

The same Parquet file is scored by a script that reads it, asks the estimator and writes it with the predictions, and by
``ads predict --input --output``. Each is a process from its start to its end, on one core (both), and on two. The
answers are compared. Nothing leaves this machine.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_PLAIN = """
import sys, time
began = time.perf_counter()
import joblib, pandas as pd
model = joblib.load(sys.argv[1])
loaded = time.perf_counter()
frame = pd.read_parquet(sys.argv[2])
frame["prediction"] = model.predict(frame)
frame.to_parquet(sys.argv[3])
print(time.perf_counter() - loaded)
"""
_COLUMNS = 20
MODELS = ("logistic", "forest", "lightgbm")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--models", nargs="+", default=["logistic", "forest"], choices=MODELS)
    parser.add_argument("--markdown", action="store_true", help="print the table as Markdown")
    given = parser.parse_args()
    print(f"{given.rows:,} rows of {_COLUMNS} numbers; load average {os.getloadavg()[0]:.1f}", flush=True)
    with tempfile.TemporaryDirectory(prefix="openads-batch-") as scratch:
        for name in given.models:
            show(name, measured(name, given.rows, given.rounds, Path(scratch)), given.rows, markdown=given.markdown)


def measured(name: str, rows: int, rounds: int, folder: Path) -> dict[str, list[tuple[float, float]]]:
    """Return the seconds of each round by contestant, on the clock and of processor time; rounds are interleaved."""
    source = prepared(name, rows, folder)
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for label, cores, workers in (
            ("pandas, 1 core", 1, 0),
            ("ads predict, 1 core", 1, 1),
            ("ads predict, 2 cores", 2, 2),
        ):
            target = folder / f"{label.replace(' ', '')}.parquet"
            began, before = time.perf_counter(), processor_seconds()
            if workers:
                run_ours(folder / name, source, target, cores, workers, folder)
            else:
                run([sys.executable, "-c", _PLAIN, str(folder / f"{name}.joblib"), str(source), str(target)], cores)
            found.setdefault(label, []).append((time.perf_counter() - began, processor_seconds() - before))
    require_same(folder)
    return found


def prepared(name: str, rows: int, folder: Path) -> Path:
    import joblib
    import numpy as np
    import pandas as pd

    from ads.model.framework.lightgbm_model import LightGBMModel
    from ads.model.framework.sklearn_model import SklearnModel

    numbers = np.random.default_rng(1)
    names = [f"c{number}" for number in range(_COLUMNS)]
    train = pd.DataFrame(numbers.normal(size=(5000, _COLUMNS)), columns=names)
    wanted = (train.iloc[:, :5].sum(axis=1) > 0).astype(int)
    estimator = estimator_of(name).fit(train, wanted)
    kind = LightGBMModel if name == "lightgbm" else SklearnModel
    kind(estimator, artifact_dir=str(folder / name)).prepare(X_sample=train, y_sample=wanted)
    joblib.dump(estimator, folder / f"{name}.joblib")
    source = folder / "rows.parquet"
    if not source.exists():
        pd.DataFrame(numbers.normal(size=(rows, _COLUMNS)), columns=names).to_parquet(source, row_group_size=131_072)
    return source


def estimator_of(name: str) -> Any:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    if name == "lightgbm":
        from lightgbm import LGBMClassifier

        return LGBMClassifier(n_estimators=100, verbose=-1)
    return LogisticRegression() if name == "logistic" else RandomForestClassifier(100, max_depth=10, random_state=0)


def run_ours(model: Path, source: Path, target: Path, cores: int, workers: int, folder: Path) -> None:
    command = [sys.executable, "-m", "ads.cli", "predict", f"{model}/", "--input", str(source), "--output", str(target)]
    run([*command, "--workers", str(workers), "--format", "json", "--home", str(folder / "home")], cores)


def run(command: list[str], cores: int) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENADS_")}
    mine = sorted(os.sched_getaffinity(0))[:cores]
    done = subprocess.run(
        ["taskset", "-c", ",".join(map(str, mine)), *command], capture_output=True, text=True, check=False, env=clean
    )
    if done.returncode:
        raise SystemExit(done.stderr)


def require_same(folder: Path) -> None:
    """End the run unless everybody predicted the same."""
    import pandas as pd

    found = {path.name: pd.read_parquet(path, columns=["prediction"]) for path in folder.glob("*core*.parquet")}
    first = next(iter(found.values()))
    wrong = [name for name, frame in found.items() if not frame["prediction"].equals(first["prediction"])]
    if wrong:
        raise SystemExit(f"Wrong answers: {json.dumps(wrong)}")


def processor_seconds() -> float:
    """Return what every process that has ended below this one has taken."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def show(name: str, found: dict[str, list[tuple[float, float]]], rows: int, *, markdown: bool) -> None:
    medians = {label: [statistics.median(each) for each in zip(*times, strict=True)] for label, times in found.items()}
    plain = medians["pandas, 1 core"]
    for label, (seconds, spent) in medians.items():
        rates = (f"{rows / seconds:,.0f} rows/s", f"{plain[0] / seconds:.2f} x")
        work = (f"{1e6 * spent / rows:.2f} us of processor a row", f"{plain[1] / spent:.2f} x")
        line = (name, label, *rates, *work)
        print(f"| {' | '.join(line)} |" if markdown else "  ".join(f"{text:<18}" for text in line), flush=True)


if __name__ == "__main__":
    main()
