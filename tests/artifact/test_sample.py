"""The parity sample."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.artifact.sample import ParitySample, SampleCase, compare
from ads.errors import ArtifactError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def test_written_and_read_again(tmp_path):
    sample = ParitySample(
        (SampleCase({"a": [1, "ü"]}, {"prediction": [0.5]}), SampleCase("x", 1, "text/plain")), "score.py"
    )
    sample.write(tmp_path)
    assert ParitySample.read(tmp_path) == sample
    document = json.loads((tmp_path / "sample.json").read_text())
    assert document["version"] == 1
    assert document["expected_from"] == "score.py"
    assert document["cases"][0] == {
        "content_type": "application/json",
        "body": {"a": [1, "ü"]},
        "answer": {"prediction": [0.5]},
    }
    assert document["relative_tolerance"] == 1e-5
    assert document["absolute_tolerance"] == 1e-8


def test_no_sample(tmp_path):
    assert ParitySample.read(tmp_path) is None


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"version": 2, "cases": []}', '{"version": 1, "cases": [{}]}', "[" * 100_000]
)
def test_unreadable_sample(tmp_path, content):
    (tmp_path / "sample.json").write_text(content)
    with pytest.raises(ArtifactError, match=r"sample\.json"):
        ParitySample.read(tmp_path)


def test_answer_that_is_no_json(tmp_path):
    with pytest.raises(ValueError):
        ParitySample((SampleCase([], math.nan),)).write(tmp_path)
    assert not (tmp_path / "sample.json").exists()


@given(JSON)
def test_everything_equals_itself(value):
    assert compare(value, json.loads(json.dumps(value))) is None


@pytest.mark.parametrize(
    ("expected", "found", "said"),
    [
        ({"prediction": [1, 2, 3]}, {"prediction": [1, 2, 4]}, "answer.prediction[2] is 4, expected 3."),
        ({"prediction": [1]}, {"prediction": [1, 2]}, "answer.prediction has 2 items, expected 1."),
        ({"a": 1}, {}, "answer.a is missing."),
        ({}, {"a": 1}, "answer.a is there, but not expected."),
        (1, True, "answer is True, expected 1."),
        (1, "1", "answer is '1', expected 1."),
        (None, 0, "answer is 0, expected None."),
        ("a", "b", "answer is 'b', expected 'a'."),
        ([1.0], [1.1], "answer[0] is 1.1, expected 1.0."),
        ([1.0], {"a": 1.0}, "answer is {'a': 1.0}, expected [1.0]."),
        (1.0, math.nan, "answer is nan, expected 1.0."),
        (10**400, 1.5, f"answer is 1.5, expected {str(10**400)[:77]}…."),
    ],
)
def test_first_difference_is_named(expected, found, said):
    assert compare(expected, found) == said


def test_tolerances():
    assert compare([1.0, 0.0], [1.000009, 1e-9]) is None
    assert compare(1, 1.0) is None
    assert compare(1.0, 1.2, relative_tolerance=0.5) is None
    sample = ParitySample((SampleCase(0, 1.0),), absolute_tolerance=0.5)
    assert sample.difference(sample.cases[0], 1.4) is None
    assert sample.difference(sample.cases[0], 1.6)
