"""Charts: every point inside, round numbers beside them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ads.console.chart import HEIGHT, WIDTH, line_chart

VALUES = st.floats(min_value=-1e12, max_value=1e12, allow_nan=False)


def test_round_numbers_stand_beside_the_line() -> None:
    chart = line_chart([(1, 0.81), (2, 0.82), (3, 0.87)])
    assert chart is not None
    assert [mark["value"] for mark in chart["ys"]] == [0.8, 0.82, 0.84, 0.86, 0.88]
    assert [mark["at"] for mark in chart["xs"]] == [1, 2, 3]


def test_nothing_is_no_chart() -> None:
    assert line_chart([]) is None


@given(st.lists(VALUES, min_size=1, max_size=40))
def test_every_point_is_inside(values: list[float]) -> None:
    chart = line_chart(list(enumerate(values)))
    assert chart is not None
    assert all(0 <= point["x"] <= WIDTH and 0 <= point["y"] <= HEIGHT for point in chart["points"])
    assert 2 <= len(chart["ys"]) <= 8
