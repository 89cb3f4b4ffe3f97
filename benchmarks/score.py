"""Measure what the generated score.py adds to a model's own predict, in microseconds per call, and print a table.

Run with ``python benchmarks/score.py``. The model is a LogisticRegression of iris: trained on an array for list and
array payloads, on a frame for frames. "raw" is ``model.predict`` of that array or frame, made beforehand; a script gets
the decoded JSON body. With ``--original /path/to/python``, an interpreter that has oracle-ads, that one prepares an
artifact of its own, and its script is measured there in the same way. Raw call and script take turns, only the time of
the own thread counts, and each figure is the least of many rounds: what else the machine does is left out.

Exits with 1 when a goal is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

FORMS = {"list": "array", "array": "array", "DataFrame": "frame"}
"""Form of the payload, and what its model was trained on."""
GOALS = {("list", 1): 1.15, ("array", 1): 1.15, ("DataFrame", 1): 1.5}
GOAL_OF_MANY_ROWS = 2.0

DATA = """
import warnings
warnings.simplefilter("ignore")
import pandas as pd
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
X, y = load_iris(return_X_y=True, as_frame=True)
"""

CREDENTIALS = """
import os, tempfile
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import rsa
key, config = rsa.generate_private_key(public_exponent=65537, key_size=2048), os.path.join(tempfile.mkdtemp(), "config")
with open(os.open(config + ".pem", os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
    file.write(key.private_bytes(s.Encoding.PEM, s.PrivateFormat.TraditionalOpenSSL, s.NoEncryption()))
with open(os.open(config, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
    file.write("[DEFAULT]\\nuser=ocid1.user.oc1..a\\ntenancy=ocid1.tenancy.oc1..a\\nregion=us-ashburn-1\\n")
    file.write("fingerprint=" + ":".join(["00"] * 16) + "\\nkey_file=" + config + ".pem\\n")
os.environ["OCI_CONFIG_LOCATION"] = config
"""
"""oracle-ads makes no model without credentials, even when it asks nobody."""

PREPARE = f"""{DATA}
import sys
from ads.model.framework.sklearn_model import SklearnModel
folder, trained_on = sys.argv[1:]
X = X if trained_on == "frame" else X.to_numpy()
model = SklearnModel(LogisticRegression(max_iter=500).fit(X, y), artifact_dir=folder)
model.prepare(model_file_name="model.joblib", X_sample=X, ignore_conda_error=True, force_overwrite=True)
"""

MEASURE = f"""{DATA}
import base64, contextlib, importlib.util, io, json, os, sys, time
import numpy as np
folder, form, rows, by = sys.argv[1:]
X = pd.concat([X] * 7, ignore_index=True).head(int(rows))
if form == "DataFrame" and by == "ours":
    from ads.schema import frame_to_wire
    features, payload = X, frame_to_wire(X)
elif form == "DataFrame":
    features, payload = X, {{"data": X.to_json(), "data_type": str(type(X))}}
else:
    features = X.to_numpy()
    stream = io.BytesIO()
    np.save(stream, features)
    npy = base64.b64encode(stream.getvalue()).decode()
    payload = {{"data": npy, "data_type": str(type(features))}} if form == "array" else features.tolist()
payload = json.loads(json.dumps(payload))

spec = importlib.util.spec_from_file_location("measured_score", os.path.join(folder, "score.py"))
score = importlib.util.module_from_spec(spec)
with contextlib.redirect_stdout(sys.stderr):
    spec.loader.exec_module(score)
    model = score.load_model()
assert score.predict(payload) == {{"prediction": model.predict(features).tolist()}}

def seconds(act, argument, times):
    begin = time.thread_time()
    for _ in range(times):
        act(argument)
    return (time.thread_time() - begin) / times

times = max(3, int(0.004 / seconds(model.predict, features, 20)))
rounds = [(seconds(model.predict, features, times), seconds(score.predict, payload, times)) for _ in range(150)]
print(json.dumps([1e6 * min(each) for each in zip(*rounds)]))
"""


def run(python: str, script: str, *arguments: str) -> str:
    """Return what the script prints."""
    done = subprocess.run([python, "-c", script, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{python} failed:\n{done.stderr}")
    return done.stdout


def measure(python: str, by: str, folder: Path) -> dict[tuple[str, int], tuple[float, float]]:
    """Return the microseconds of the raw call and of the script, for each form and number of rows."""
    for trained_on in ("array", "frame"):
        run(python, (CREDENTIALS if by == "original" else "") + PREPARE, str(folder / trained_on), trained_on)
    found = {}
    for rows in (1, 1000):
        for form, trained_on in FORMS.items():
            raw, script = json.loads(run(python, MEASURE, str(folder / trained_on), form, str(rows), by))
            found[form, rows] = (raw, script)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--original", metavar="PYTHON", help="an interpreter that has oracle-ads")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON instead of a table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours = measure(sys.executable, "ours", Path(folder, "ours"))
        original = measure(options.original, "original", Path(folder, "original")) if options.original else {}
    table = Table("payload", "rows", "raw µs", "score.py µs", "x raw", "goal", "")
    if original:
        table.add_column("original's raw µs")
        table.add_column("its score.py µs")
        table.add_column("x raw")
    missed = False
    for (form, rows), (raw, script) in ours.items():
        goal = GOALS.get((form, rows), GOAL_OF_MANY_ROWS)
        is_met = script / raw <= goal
        missed = missed or not is_met
        cells = [form, f"{rows:,}", f"{raw:.0f}", f"{script:.0f}", f"{script / raw:.2f}", f"≤ {goal:g}"]
        cells.append("met" if is_met else "[red]missed")
        if original:
            theirs = original[form, rows]
            cells += [f"{theirs[0]:.0f}", f"{theirs[1]:.0f}", f"{theirs[1] / theirs[0]:.2f}"]
        table.add_row(*cells)
    if options.json:
        rows_of = [
            {"payload": form, "rows": rows, "raw": pair[0], "script": pair[1], "original": original.get((form, rows))}
            for (form, rows), pair in ours.items()
        ]
        print(json.dumps(rows_of))
    else:
        Console(width=120).print(table)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
