"""Replicas of one model share its large arrays, and live and die each for itself."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ads.model.framework.sklearn_model import SklearnModel
from tests.own_service import OwnService, eventually

pytestmark = pytest.mark.timeout(300)

ROWS, COLUMNS = 800_000, 20
ARRAY = ROWS * COLUMNS * 8


def own_memory(pid: int) -> int:
    """Return the bytes that a process has written to and nobody shares."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Private_Dirty:"))


@pytest.fixture
def answers(tmp_path: Path, own_service: OwnService) -> Any:
    """Deploy the neighbours of many points to two replicas; return a function that asks them, and its answers."""
    from sklearn.neighbors import KNeighborsRegressor

    own_service.start()
    rows = np.random.default_rng(7).integers(0, 4, (ROWS, COLUMNS)).astype("float64")
    names = [f"x{number}" for number in range(COLUMNS)]
    frame = pd.DataFrame(rows, columns=names)
    neighbours = KNeighborsRegressor(n_neighbors=1, algorithm="brute").fit(frame, rows.sum(axis=1))
    model = SklearnModel(neighbours, artifact_dir=str(tmp_path / "artifact"))
    model.prepare(inference_conda_env="generalml_p311_cpu_x86_64_v1", X_sample=frame.head(4), y_sample=rows[:4, 0])
    model.save(display_name="neighbours")
    deployment = model.deploy(display_name="neighbours", deployment_instance_count=2)
    asked = frame.iloc[1000:1003]

    def answer() -> Any:
        return deployment.predict(data=asked, auto_serialize_data=True)["prediction"]

    return answer, asked.sum(axis=1).tolist()


def test_two_replicas_hold_a_large_array_once(answers: Any, own_service: OwnService) -> None:
    answer, wanted = answers
    replicas = own_service.replica_processes()
    assert len(replicas) == 2
    for _ in range(4):
        assert answer() == wanted
    assert sum(map(own_memory, replicas)) < 1.5 * ARRAY  # each had an array of its own, and what else a process takes

    os.kill(replicas[0], signal.SIGKILL)
    for _ in range(4):
        assert answer() == wanted

    def is_back() -> bool:
        found = own_service.replica_processes()
        return len(found) == 2 and replicas[0] not in found and replicas[1] in found

    eventually(is_back, what="the replica that was killed")
    assert answer() == wanted
    assert own_memory(replicas[1]) < 0.75 * ARRAY
