"""The models that everybody serves: trained here, saved in forms that every contestant can load, with their answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["KINDS", "LARGE", "Trained", "same", "save", "trained"]

KINDS = ("iris", "forest", "lightgbm", "torch")
LARGE = 1000
_COLUMNS = 20


@dataclass(frozen=True)
class Trained:
    """An estimator, the frame that it was trained on, the target, and ``LARGE`` rows that nobody has seen."""

    kind: str
    estimator: Any
    frame: Any
    labels: Any
    rows: Any

    def answers(self) -> list[Any]:
        """Return what the estimator itself says to each of the rows."""
        if self.kind != "torch":
            return list(self.estimator.predict(self.rows).tolist())
        import torch

        with torch.inference_mode():
            return list(self.estimator(torch.tensor(self.rows.to_numpy(), dtype=torch.float32)).tolist())


def trained(kind: str) -> Trained:
    """Return the model of this kind. The same kind is always the same model."""
    import numpy as np
    import pandas as pd
    from sklearn.datasets import load_iris, make_classification
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(0)
    if kind == "iris":
        data = load_iris(as_frame=True)
        places = random.integers(0, len(data.data), LARGE)
        rows = (data.data.iloc[places] + random.normal(0, 0.05, (LARGE, 4)).round(2)).round(2).reset_index(drop=True)
        return Trained(kind, LogisticRegression(max_iter=500).fit(data.data, data.target), data.data, data.target, rows)
    values, target = make_classification(n_samples=2000 + LARGE, n_features=_COLUMNS, random_state=0)
    everything = pd.DataFrame(values, columns=[f"x{number}" for number in range(_COLUMNS)])
    frame, rows = everything.iloc[:2000], everything.iloc[2000:].reset_index(drop=True)
    labels = target[:2000]
    if kind == "forest":
        return Trained(kind, RandomForestClassifier(100, random_state=0).fit(frame, labels), frame, labels, rows)
    if kind == "lightgbm":
        from lightgbm import LGBMClassifier

        estimator = LGBMClassifier(n_estimators=100, n_jobs=1, random_state=0, verbose=-1).fit(frame, labels)
        return Trained(kind, estimator, frame, labels, rows)
    return Trained(kind, _network(frame, labels), frame, labels, rows)


def _network(frame: Any, labels: Any) -> Any:
    import torch

    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Linear(_COLUMNS, 64), torch.nn.ReLU(), torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2)
    )
    inputs = torch.tensor(frame.to_numpy(), dtype=torch.float32)
    wanted = torch.tensor(labels)
    steps = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(50):
        steps.zero_grad()
        torch.nn.functional.cross_entropy(network(inputs), wanted).backward()  # type: ignore[no-untyped-call]
        steps.step()
    return network.eval()


def save(model: Trained, folder: Path) -> None:
    """Write the estimator and the training frame where the contestants' own environments find them."""
    folder.mkdir(parents=True, exist_ok=True)
    if model.kind == "torch":
        import torch

        torch.save(model.estimator, folder / "model.pt")
    else:
        import joblib

        joblib.dump(model.estimator, folder / "model.joblib")
    table = {"kind": model.kind, "columns": list(model.frame), "rows": model.frame.head(50).to_numpy().tolist()}
    (folder / "model.json").write_text(json.dumps({**table, "labels": list(map(int, model.labels[:50]))}))


def same(found: Sequence[Any], wanted: Sequence[Any]) -> bool:
    """Tell whether predictions are those of the estimator; single precision may differ in the last digits."""
    if len(found) != len(wanted):
        return False
    pairs = zip(found, wanted, strict=True)
    return all(
        same(one, other) if isinstance(other, list) else abs(one - other) <= 1e-4 + 1e-4 * abs(other)
        for one, other in pairs
    )
