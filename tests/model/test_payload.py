"""Rows of data in every form."""

import numpy as np
import pandas as pd
import pytest

from ads.model.payload import first_rows


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([[1], [2], [3]], [[1], [2]]),
        (["a", "b", "c"], ["a", "b"]),
        ([{"x": 1}] * 3, [{"x": 1}] * 2),
        ([5.1, 3.5, 1.4], None),
        ([], None),
        ("text", "text"),
        ({"x": [1, 2]}, {"x": [1, 2]}),
        ({"x": [1, 2, 3]}, None),
        ({"data": {"x": [1, 2, 3]}}, None),
        (7, None),
    ],
)
def test_lists_and_dictionaries(data, expected):
    assert first_rows(data, 2) == expected


def test_frames_series_and_arrays():
    assert len(first_rows(pd.DataFrame({"a": range(9)}), 2)) == 2
    assert first_rows(pd.Series(["a", "b", "c"]), 2).tolist() == ["a", "b"]
    assert first_rows(np.zeros((9, 2)), 2).shape == (2, 2)
