"""Times, sizes, numbers and what programs wrote, as pages say them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ads.console.words import ago, brief, number, plain, short, size, tone

NOW = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "now"),
        (59, "59 seconds ago"),
        (60, "1 minute ago"),
        (7200, "2 hours ago"),
        (86400 * 3, "3 days ago"),
        (86400 * 70, "2 months ago"),
        (86400 * 1000, "2 years ago"),
        (-86400 * 2, "in 2 days"),
    ],
)
def test_how_long_ago(seconds: int, said: str) -> None:
    assert ago((NOW - timedelta(seconds=seconds)).isoformat(), NOW) == said


def test_numbers_and_sizes() -> None:
    assert [number(value) for value in (0.123456789, 1234567, 3.0, "text", None)] == [
        "0.12346",
        "1,234,567",
        "3",
        "text",
        "\N{EN DASH}",
    ]
    assert [size(value) for value in (0, 999, 1500, 12_345_678, None)] == [
        "0 bytes",
        "999 bytes",
        "1.5 kB",
        "12.3 MB",
        "\N{EN DASH}",
    ]


def test_what_programs_wrote_is_readable_and_cut() -> None:
    assert plain("\x1b[31mred\x1b[0m\u202e\ttab\n") == "\ufffd[31mred\ufffd[0m\ufffd\ttab\n"
    assert plain("x" * 50, 10) == "xxxxxxxxxx… (50 characters)"


def test_values_of_events_are_told_in_few_words() -> None:
    ocid = "ocid1.datasciencemodel.oc1.local." + "a" * 52 + "b2c3d4e5"
    assert short(ocid) == "…b2c3d4e5"
    assert brief([ocid, "x"]) == "…b2c3d4e5, x"
    assert brief("f" * 64) == "ffffffffffff…"
    assert brief({"a": True, "b": []}) == "a yes, b none"
    assert len(brief("y" * 500)) == 80


def test_states_have_a_tone() -> None:
    assert [tone(state) for state in ("ACTIVE", "FAILED", "UPDATING", "INACTIVE")] == ["good", "bad", "moving", "still"]
