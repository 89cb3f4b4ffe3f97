from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ads.worker import encode
from ads.worker.encode import CannotEncode, encode_json


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ({"prediction": np.array([[1.5, 2], [3, 4]])}, {"prediction": [[1.5, 2], [3, 4]]}),
        ([np.float32(0.5), np.float64(0.1), np.int64(3), np.bool_(True), np.str_("x")], [0.5, 0.1, 3, True, "x"]),
        (pd.Series(["a", "b"]), ["a", "b"]),
        (pd.DataFrame({"a": [1, 2], "b": [3, 4]}), [[1, 3], [2, 4]]),
        (pd.Index([1, 2]), [1, 2]),
        ((1, None, "ü"), [1, None, "ü"]),
        (iter([1, 2]), [1, 2]),
        ((number for number in range(2)), [0, 1]),
        (dt.date(2026, 1, 2), "2026-01-02"),
        ({1: "a"}, {"1": "a"}),
        (0.1 + 0.2, 0.1 + 0.2),
    ],
)
def test_scientific_types_become_plain_json(value: Any, wanted: Any) -> None:
    assert json.loads(encode_json(value)) == wanted


@pytest.mark.parametrize("quick", [True, False], ids=["orjson", "json"])
@pytest.mark.parametrize(
    "value",
    [
        {"prediction": [0, 2**63, -(2**63)]},
        {"prediction": [2**70]},
        {"prediction": [0.1 + 0.2, 1e22, 5e-324, -0.0, 1]},
        {"prediction": ["a", 'a "text"'], "predict_proba": [[0.25, 0.75], [1, 0]]},
        {"prediction": [True, None]},
        {"prediction": [[], [1]], "null": [[2.5]]},
        {},
    ],
    ids=str,
)
def test_numbers_are_written_the_same_in_every_environment(
    monkeypatch: pytest.MonkeyPatch, value: dict[str, Any], quick: bool
) -> None:
    if not quick:
        monkeypatch.setattr(encode, "_writer", None)
    assert repr(json.loads(encode_json(value))) == repr(value)


def cyclic() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    return value


class Own:
    pass


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"prediction": [0.5, float("nan")]}, r"holds NaN at prediction\[1\]"),
        ({"prediction": np.array([[1.0, np.inf]])}, r"holds Infinity at prediction\[0\]\[1\]"),
        (float("-inf"), "holds -Infinity;"),
        ({"a": {1, 2}}, "returned a set at a"),
        ({"a": [b"x"]}, r"returned a bytes at a\[0\]"),
        ([Own()], r"test_encode.Own at \[0\]"),
        (Decimal(1), "decimal.Decimal"),
        ({(1, 2): 3}, "key of type tuple"),
        (cyclic(), "Circular"),
        (deep(), "nested too deeply"),
        ("\ud800", "surrogate"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, str) else type(value).__name__,
)
def test_what_json_cannot_carry_is_named_with_its_place(value: Any, said: str) -> None:
    with pytest.raises(CannotEncode, match=said):
        encode_json(value)


def test_an_answer_over_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encode, "LARGEST_ANSWER", 100)
    with pytest.raises(CannotEncode, match="102 bytes"):
        encode_json("x" * 100)
