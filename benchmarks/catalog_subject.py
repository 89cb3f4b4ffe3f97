"""What ``catalog.py`` measures: our service, what it is asked to register, and one line of a table."""

from __future__ import annotations

import io
import json
import os
import random
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from catalog_load import Client, Measured, measure

__all__ = ["MODELS", "Row", "Running", "artifact", "entry", "environment_of", "load", "ms", "name_of", "our_service"]

MODELS = "/20190101/models"
WORDS = ("churn", "fraud", "demand", "price", "risk", "segment", "quality", "energy", "claims", "basket")
FRAMEWORKS = ("scikit-learn", "xgboost", "lightgbm", "pytorch", "tensorflow")


class Row(NamedTuple):
    """One line of the table. ``cpu`` are the milliseconds of processor time that the server took for one."""

    what: str
    clients: int
    found: Measured
    load: float
    cpu: float


class Running(NamedTuple):
    """Our service, or MLflow's server."""

    port: int
    token: str
    place: dict[str, str]
    pid: int

    def cpu(self) -> float:
        """Return the seconds of processor time of all its processes."""
        import psutil

        root = psutil.Process(self.pid)
        times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
        return sum(each.user + each.system + each.children_user + each.children_system for each in times)

    def measured(self, what: str, act: Callable[[Client, int], object], clients: int, seconds: float) -> Row:
        """Let clients do something for a while."""
        before, cpu = load(), self.cpu()
        found = measure(act, clients, seconds, self.port, self.token)
        return Row(what, clients, found, before, (self.cpu() - cpu) * 1000 / (found.times + 3 * clients))


def load() -> float:
    return os.getloadavg()[0]


@contextmanager
def our_service(home: Path, database: str = "") -> Iterator[Running]:
    """Give the service on this data directory, with its catalog in SQLite there or in the database of a URL."""
    home.mkdir(parents=True, exist_ok=True)
    environment = {**environment_of(database), "OPENADS_HOME": str(home), "OPENADS_PORT": "0"}
    start = [sys.executable, "-c", "from ads.client import Service; Service.find()"]
    subprocess.run(start, env=environment, check=True)
    about = json.loads((home / "service.json").read_text())
    port = int(about["url"].rpartition(":")[2])
    facts = Client(port, about["token"]).send("GET", "/openads/v1/service")
    try:
        place = {"compartmentId": facts["compartmentId"], "projectId": facts["projectId"]}
        yield Running(port, about["token"], place, about["pid"])
    finally:
        subprocess.run([sys.executable, "-m", "ads.service", "stop", "--home", str(home)], check=True, timeout=60)


def environment_of(database: str) -> dict[str, str]:
    """Return the environment of a process that works on this database and on no other."""
    plain = {key: value for key, value in os.environ.items() if not key.startswith("OPENADS_")}
    return {**plain, "OPENADS_DATABASE_URL": database} if database else plain


def entry(number: int) -> dict[str, Any]:
    """Return what a client says of a model: about what prepare() and save() find out."""
    word = WORDS[number % len(WORDS)]
    columns = [
        {"name": f"{word}_{place}", "dtype": "float64", "feature_type": "Continuous", "required": True, "order": place}
        for place in range(4)
    ]
    metadata = {
        "Framework": FRAMEWORKS[number % len(FRAMEWORKS)],
        "FrameworkVersion": f"1.{number % 7}.0",
        "Algorithm": ("RandomForestClassifier", "GradientBoosting", "LinearModel")[number % 3],
        "UseCaseType": "binary_classification",
        "Hyperparameters": json.dumps({"max_depth": number % 12, "n_estimators": 100, "learning_rate": 0.1}),
    }
    auc = round(0.5 + (number * 7919 % 100_000) / 200_000, 6)
    return {
        "displayName": f"{word}-{number:06d}",
        "description": f"predicts {word} for region {number % 50}",
        "freeformTags": {"team": f"team{number % 20}", "stage": "test"},
        "definedMetadataList": [{"key": key, "value": value} for key, value in metadata.items()],
        "customMetadataList": [
            {"key": "auc", "value": str(auc), "category": "Performance"},
            {"key": "CondaEnvironment", "value": "mlcpuv1", "category": "Training Environment"},
        ],
        "inputSchema": json.dumps({"schema": columns, "version": "1.1"}),
    }


def artifact(number: int) -> bytes:
    """Return a small archive, no two alike."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr("score.py", "def load_model(): return 1\ndef predict(data, model=None): return {}\n")
        target.writestr("runtime.yaml", "MODEL_ARTIFACT_VERSION: '3.0'\n")
        target.writestr("model.bin", random.Random(number).randbytes(10_000))
    return buffer.getvalue()


def name_of(number: int) -> str:
    return f"{WORDS[number % len(WORDS)]}-{number:06d}"


def ms(value: float) -> str:
    return f"{value:.1f}"
