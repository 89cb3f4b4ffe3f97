"""The minutes that a gateway writes for charts."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ads.deploy.minutes import Minutes, Usage
from ads.gateway.metrics import DeploymentMetrics
from ads.gateway.rollups import Rollups
from ads.home import Home

from .conftest import DEPLOYMENT, eventually, terminate

NOW = 1_800_000_000 // 60 * 60


def total(home: Home, since: int = 0, until: int = 4_000_000_000) -> Usage:
    found = Usage()
    for usage in Minutes(home).read([DEPLOYMENT], since, until)[DEPLOYMENT].values():
        found.add(usage)
    return found


def answered(metrics: DeploymentMetrics, count: int, code: int = 200) -> None:
    for _ in range(count):
        metrics.codes[code] += 1
        metrics.rows += 1
        metrics.request.observe(0.003)


@pytest.fixture
def pool() -> Any:
    return SimpleNamespace(metrics=DeploymentMetrics(), load_sum=0, load_samples=0)


def test_each_minute_has_what_was_counted_in_it(tmp_path: Path, pool: Any) -> None:
    home = Home(tmp_path)
    rollups = Rollups(home)
    rollups.start()
    answered(pool.metrics, 3)
    rollups.take(NOW + 1, {DEPLOYMENT: pool})
    answered(pool.metrics, 2)
    rollups.take(NOW + 1.5, {DEPLOYMENT: pool})  # too soon to write again
    answered(pool.metrics, 4, code=500)
    pool.load_sum, pool.load_samples = 30, 10
    rollups.take(NOW + 60.5, {DEPLOYMENT: pool})
    answered(pool.metrics, 1)
    rollups.take(NOW + 70, {DEPLOYMENT: pool})
    rollups.take(NOW + 125, {DEPLOYMENT: pool})  # nothing happened: nothing is written
    answered(pool.metrics, 7)
    rollups.take(NOW - 3600, {DEPLOYMENT: pool})  # the clock was set back
    answered(pool.metrics, 5)
    rollups.take(NOW - 3600 + 5, {}, last=True)  # the deployment is gone
    rollups.close()
    found = Minutes(home).read([DEPLOYMENT], NOW - 7200, NOW + 600)[DEPLOYMENT]
    assert {minute - NOW: usage.requests for minute, usage in found.items()} == {0: 9, 60: 1, 120: 7}
    assert (found[NOW].errors, found[NOW].rows, found[NOW].in_flight) == (4, 9, 3.0)
    assert found[NOW].percentile(0.5) == pytest.approx(0.003, rel=0.3)


def test_a_broken_file_is_begun_anew(tmp_path: Path, pool: Any) -> None:
    home = Home(tmp_path)
    Minutes(home).path.write_bytes(b"no database" * 1000)
    rollups = Rollups(home)
    rollups.start()
    answered(pool.metrics, 3)
    rollups.take(NOW, {DEPLOYMENT: pool})
    eventually(lambda: not Minutes(home).path.exists() or total(home).requests, what="a new file")
    answered(pool.metrics, 1)
    rollups.take(NOW + 10, {DEPLOYMENT: pool})
    rollups.close()
    assert total(home).requests == 4


def test_minutes_survive_gateways_and_several_are_added_up(make_gateway: Any) -> None:
    gateway = make_gateway()
    gateway.deploy(("a",))
    begin = int(time.time()) // 60 * 60
    for number in range(5):
        assert gateway.predict([number])[0] == 200
    assert gateway.predict(b"")[0] == 400
    eventually(lambda: total(gateway.home).requests == 6, what="the minutes written")
    gateway.process.kill()
    gateway.process.wait(10)
    gateway.start_process()
    assert gateway.predict([1])[0] == 200
    assert terminate(gateway.process) == 0  # a gateway that leaves writes what it has
    found = total(gateway.home, begin)
    assert (found.requests, found.refused, found.errors, found.rows) == (7, 1, 0, 6)
    assert (found.percentile(0.99) or 0) > 0


def test_a_gateway_goes_on_without_its_minutes(make_gateway: Any) -> None:
    gateway = make_gateway(start=False)
    Minutes(gateway.home).path.mkdir()  # nothing can be written there
    gateway.deploy(("a",))
    gateway.start()
    assert gateway.predict([1])[0] == 200
    assert terminate(gateway.process) == 0
