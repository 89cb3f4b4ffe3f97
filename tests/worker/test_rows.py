"""How many rows a replica says that it predicted."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ads.worker.frames import JSON, Item
from ads.worker.merging import Schema
from ads.worker.predictor import Predictor


def item(value: Any) -> Item:
    return Item(JSON, b"{}", json.dumps(value).encode())


class Strange:
    """Answers to every name."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


@pytest.mark.parametrize(
    ("result", "rows"),
    [
        ({"prediction": [1, 2, 3]}, 3),
        ({"prediction": np.zeros((5, 2))}, 5),
        (pd.DataFrame({"a": [1, 2]}), 2),
        ([1, 2, 3, 4], 4),
        ("text", 1),
        ({"answer": 1}, 1),
        (np.float64(1), 1),
        pytest.param(Strange(), 1, id="strange"),
    ],
)
def test_rows_are_those_of_the_answer(result: Any, rows: int) -> None:
    predictor = Predictor(lambda _: result)
    predictor.answer_all([item([1])])
    assert predictor.rows == rows


def test_rows_of_merged_requests_add_up_and_errors_have_none() -> None:
    def predict(data: Any) -> Any:
        if data == {"data": "bad"}:
            raise ValueError
        return {"prediction": [0] * len(data["data"] if isinstance(data, dict) else data)}

    predictor = Predictor(predict)
    predictor.merge(Schema(2, all_floats=True))
    predictor.answer_all([item({"data": [[1.0, 2.0]] * n}) for n in (1, 2, 3)])
    assert predictor.rows == 6
    predictor.rows = 0
    predictor.answer_all([item({"data": "bad"})])
    assert predictor.rows == 0
