"""The minutes that charts are drawn from."""

from __future__ import annotations

import math
import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from ads.deploy.minutes import BOUNDS, KEPT_SECONDS, Minutes, Usage, packed, spread
from ads.home import Home

NOW = 1_800_000_000 // 60 * 60


@pytest.fixture
def minutes(tmp_path: Path) -> Minutes:
    return Minutes(Home(tmp_path))


def used(*seconds: float, code: int = 200, in_flight: float = 0.0) -> Usage:
    usage = Usage(in_flight=in_flight, rows=len(seconds))
    if seconds:
        usage.codes[code] = len(seconds)
    buckets = [next((n for n, bound in enumerate(BOUNDS) if each <= bound), len(BOUNDS)) for each in seconds]
    usage.packed = packed(Counter(buckets))
    return usage


def test_without_a_file_there_is_nothing(minutes: Minutes) -> None:
    assert minutes.read(["a"], 0, NOW) == {"a": {}}
    assert not minutes.path.exists()
    points = minutes.series("a", NOW - 300, NOW)
    assert [point.time for point in points] == [NOW - 300, NOW - 240, NOW - 180, NOW - 120, NOW - 60]
    assert {point.usage.requests for point in points} == {0}
    assert {point.usage.percentile(0.5) for point in points} == {None}


def test_a_minute_is_replaced_by_its_writer_and_added_over_writers(minutes: Minutes) -> None:
    minutes.write("one", [("a", NOW, used(0.001))])
    minutes.write("one", [("a", NOW, used(0.001, 0.001, in_flight=1.5))])
    minutes.write("two", [("a", NOW, used(0.02, code=503, in_flight=0.5)), ("b", NOW, used(0.5))])
    found = minutes.read(["a", "c"], NOW, NOW + 60)
    assert found["c"] == {}
    usage = found["a"][NOW]
    assert (usage.requests, usage.errors, usage.refused, usage.rows, usage.in_flight) == (3, 1, 0, 3, 2.0)
    assert usage.codes == Counter({200: 2, 503: 1})


def test_steps_add_up_minutes_and_average_what_was_in_flight(minutes: Minutes) -> None:
    minutes.write("one", [("a", NOW + 60 * n, used(*[0.001] * n, in_flight=n)) for n in range(5)])
    points = minutes.series("a", NOW, NOW + 300, 120)
    assert [point.usage.requests for point in points] == [1, 5, 4]
    assert [point.usage.in_flight for point in points] == [0.5, 2.5, 2.0]
    assert spread({}, NOW, NOW, 60) == []


def test_buckets_add_up_without_running_into_each_other(minutes: Minutes) -> None:
    most = 2**40
    minutes.write("one", [("a", NOW, Usage({200: most}, packed=packed({0: most, 1: 1, len(BOUNDS): 2})))])
    minutes.write("two", [("a", NOW, Usage({200: most}, packed=packed({0: most, 3: 4})))])
    latency = minutes.read(["a"], NOW, NOW + 60)["a"][NOW].latency
    assert latency[:4] == [2 * most, 1, 0, 4]
    assert (latency[-1], len(latency), sum(latency)) == (2, len(BOUNDS) + 1, 2 * most + 7)
    assert Usage().latency == []


def test_minutes_of_before_they_were_packed_are_read(minutes: Minutes) -> None:
    minutes.write("one", [("a", NOW, used(0.1))])
    with closing(sqlite3.connect(minutes.path)) as connection, connection:
        connection.execute("UPDATE minutes SET content = ?", ('[{"200": 3}, 3, 0.5, {"12": 2, "20": 1}]',))
    usage = minutes.read(["a"], NOW, NOW + 60)["a"][NOW]
    assert (usage.requests, usage.in_flight, usage.latency[12], usage.latency[20]) == (3, 0.5, 2, 1)


def test_old_minutes_go(minutes: Minutes) -> None:
    minutes.write("one", [("a", NOW - KEPT_SECONDS - 60, used(0.1)), ("a", NOW - 60, used(0.1))])
    minutes.expire(NOW)
    assert list(minutes.read(["a"], 0, NOW)["a"]) == [NOW - 60]


def test_a_broken_file_is_no_error_for_readers_and_can_be_begun_anew(minutes: Minutes) -> None:
    minutes.path.write_bytes(b"no database" * 1000)
    assert minutes.read(["a"], 0, NOW) == {"a": {}}
    minutes.set_aside()
    minutes.write("one", [("a", NOW, used(0.1))])
    assert minutes.read(["a"], NOW, NOW + 60)["a"][NOW].requests == 1


def test_percentiles_are_within_a_bucket_of_the_truth() -> None:
    dice = random.Random(4)
    values = sorted(math.exp(dice.gauss(-4, 1.5)) for _ in range(5000))
    usage = used(*values)
    for share in (0.5, 0.95, 0.99):
        truth = values[math.ceil(share * len(values)) - 1]
        found = usage.percentile(share)
        assert found is not None
        assert truth / 1.4 <= found <= truth * 1.4
    assert used(1000.0).percentile(0.5) == BOUNDS[-1]
    assert list(BOUNDS) == sorted(set(BOUNDS))
