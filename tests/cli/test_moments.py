"""Times and sizes as people read them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from ads.cli.moments import ago, moment, size

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("timestamp", "text"),
    [
        ("2026-03-01T11:59:58Z", "just now"),
        ("2026-03-01T12:00:30Z", "just now"),
        ("2026-03-01T11:59:00.123Z", "59 seconds ago"),
        ("2026-03-01T11:58:59+00:00", "1 minute ago"),
        ("2026-03-01T09:00:00", "3 hours ago"),
        ("2026-02-27T12:00:00Z", "2 days ago"),
        ("2025-06-15T12:00:00Z", "2025-06-15"),
        ("2026-03-01T11:58:59.1Z", "1 minute ago"),
        ("2026-03-01T11:58:59.123456789Z", "1 minute ago"),
        ("soon", "soon"),
    ],
)
def test_ago(timestamp, text):
    assert ago(timestamp, NOW) == text


@pytest.mark.parametrize(("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1400, "1.4 kB"), (3e12, "3.0 TB")])
def test_size(count, text):
    assert size(count) == text


def test_a_moment_has_its_time_and_its_age():
    assert moment("2026-03-01T10:59:59.5Z", NOW) == "2026-03-01 10:59:59 UTC (1 hour ago)"
    assert moment("2025-03-01T13:00:00+02:00", NOW) == "2025-03-01 11:00:00 UTC"
    assert moment("soon", NOW) == "soon"
