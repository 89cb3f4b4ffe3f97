"""Charts over time: where things are drawn."""

from __future__ import annotations

from ads.console.time_chart import HEIGHT, WIDTH, Series, small_line, split_bar, time_chart

TIMES = [f"2026-01-01T00:0{minute}:00Z" for minute in range(6)]


def test_stacked_areas_stand_on_each_other_within_the_frame() -> None:
    chart = time_chart(
        TIMES, [Series("ok", 1, [8, 8, 8, 8, 8, 8]), Series("failed", 4, [0, 2, 0, 0, 0, 0])], stacked=True
    )
    assert not chart["empty"]
    assert [mark["value"] for mark in chart["ys"]] == [0, 2.5, 5, 7.5, 10]
    numbers = [
        float(text)
        for curve in chart["series"]
        for text in curve["area"].replace("M", "").replace("Z", "").replace("L", " ").split()
    ]
    assert all(0 <= x <= WIDTH for x in numbers[::2])
    assert all(0 <= y <= HEIGHT for y in numbers[1::2])
    assert [curve["last"] for curve in chart["series"]] == [8, 0]


def test_a_line_has_gaps_where_nothing_was_measured() -> None:
    chart = time_chart(TIMES, [Series("p95", 2, [None, 0.1, 0.2, None, 0.3, None])])
    (curve,) = chart["series"]
    assert curve["line"].count("M") == 2
    assert curve["line"].endswith("h3")  # a value alone is seen, too
    assert curve["last"] == 0.3


def test_without_any_value_a_chart_says_that_it_is_empty() -> None:
    assert time_chart(TIMES, [Series("p95", 2, [None] * 6)])["empty"]
    assert time_chart(TIMES, [Series("ok", 1, [0] * 6)], stacked=True)["empty"]
    assert time_chart([], [Series("ok", 1, [])], stacked=True)["empty"]


def test_labels_are_few_and_include_both_ends() -> None:
    times = [f"t{n}" for n in range(60)]
    labels = [label["time"] for label in time_chart(times, [Series("ok", 1, [1] * 60)])["xs"]]
    assert labels[0] == "t0"
    assert labels[-1] == "t59"
    assert len(labels) == 5


def test_a_small_line_fits_its_frame_and_a_flat_one_says_so() -> None:
    line = small_line([0, 4, 2])
    assert line["points"] == "0,23 48,1 96,12"
    assert not line["flat"]
    assert small_line([0, 0])["flat"]
    assert small_line([])["points"] == ""


def test_the_parts_of_a_bar_follow_each_other() -> None:
    bar = split_bar([("churn:12", 75), ("churn:13", 25)])
    assert [(part["at"], part["share"]) for part in bar] == [(0, 75), (75, 25)]
    assert bar[0]["color"] != bar[1]["color"]
