"""BentoML: one service whose method is batchable, so that its dispatcher sets window and size by what it sees."""

import bentoml
import numpy as np
from loaded import load


@bentoml.service(workers=1, traffic={"timeout": 30}, logging={"access": {"enabled": False}}, metrics={"enabled": False})
class Model:
    def __init__(self):
        self._predict = load()

    @bentoml.api(batchable=True, batch_dim=0, max_batch_size=4096, max_latency_ms=1000)
    def predict(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(self._predict(rows))
