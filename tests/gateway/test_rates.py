"""Token buckets, and the 429 that callers get from a real gateway."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.gateway.access_log import Access, AccessLog
from ads.gateway.answer import Refusal
from ads.gateway.rates import Bucket, Rates
from ads.home import Home

from .conftest import DEPLOYMENT, TOKEN

OTHER = DEPLOYMENT[:-1] + "b"
GOOD = b"[1]"


@given(
    st.floats(0.5, 1000),
    st.lists(st.tuples(st.floats(0, 5), st.floats(0.1, 3)), min_size=1, max_size=60),
)
def test_a_bucket_never_gives_more_than_its_rate(rate, steps):
    bucket, now, taken = Bucket(rate, 0.0), 0.0, 0.0
    for pause, amount in steps:
        now += pause
        seconds = bucket.wait(now, 1.0)
        if not seconds:
            bucket.take(amount)
            taken += amount
        else:
            assert bucket.wait(now + seconds + 1e-6, 1.0) == pytest.approx(0, abs=1e-5)
            now += seconds + 1e-6
    # what fits into the bucket at once, what came since, and the one request that may leave a debt
    assert taken <= max(1.0, rate) + rate * now + 3 + 1e-6


def test_a_bucket_of_less_than_one_a_second_lets_one_pass():
    rates = Rates(0.1, 0.0, lambda: 0.0)
    rates.follow("d", None, None)
    rates.admit("d", "somebody")
    with pytest.raises(Refusal) as refused:
        rates.admit("d", "somebody")
    assert (refused.value.status, refused.value.retry_after) == (429, 10)


def test_many_callers_do_not_grow_the_table_for_ever():
    now = [0.0]
    rates = Rates(0.0, 100.0, lambda: now[0])
    for number in range(25_000):
        now[0] += 0.001
        rates.admit("d", number)
    assert len(rates._callers) <= 10_001


def statuses(gateway, count, deployment=DEPLOYMENT, **options):
    found = [gateway.predict([1], deployment, **options) for _ in range(count)]
    for status, headers, body in found:
        if status == 429:
            assert int({name.lower(): value for name, value in headers.items()}["retry-after"]) >= 1
            assert body["code"] == "TooManyRequests"
    return [status for status, _, _ in found]


def test_a_deployments_rate_is_its_own(make_gateway):
    gateway = make_gateway()
    gateway.deploy(("a",), rate_limit=3)
    gateway.deploy(("b",), OTHER)
    assert statuses(gateway, 8).count(429) >= 4
    assert statuses(gateway, 20, OTHER) == [200] * 20
    gateway.deploy(("a",))  # the limit was lifted
    assert statuses(gateway, 8) == [200] * 8


def test_each_caller_has_a_rate(make_gateway):
    gateway = make_gateway(settings={"OPENADS_RATE_LIMIT_PER_TOKEN": "2"})
    gateway.deploy()
    found = statuses(gateway, 6)
    assert found[:2] == [200, 200]
    assert 429 in found


def test_the_settings_rate_holds_where_a_deployment_has_none(make_gateway):
    gateway = make_gateway(settings={"OPENADS_RATE_LIMIT": "2"})
    gateway.deploy(("a",))
    gateway.deploy(("b",), OTHER, rate_limit=1000)
    assert 429 in statuses(gateway, 6)
    assert statuses(gateway, 10, OTHER) == [200] * 10


def test_bandwidth_counts_bodies_and_answers(make_gateway, eventually):
    gateway = make_gateway()
    gateway.deploy(("a",), bandwidth_mbps=1)
    gateway.deploy(("b",), OTHER)
    big = json.dumps("x" * 300_000).encode()  # 2.4 megabits: more than there is in a second
    assert gateway.predict(big)[0] == 200
    status, headers, body = gateway.predict([1])
    assert (status, body["code"]) == (429, "TooManyRequests")
    assert 1 <= int(headers["retry-after"]) <= 6
    assert gateway.predict(big, OTHER)[0] == 200
    eventually(lambda: gateway.predict([1])[0] == 200, seconds=15, what="the bandwidth's return")


def test_a_429_leaves_the_connection_usable(make_gateway):
    gateway = make_gateway()
    gateway.deploy(("a",), rate_limit=1)
    wire = gateway.connect()
    one = gateway.head("content-length: 3") + GOOD
    wire.send(one * 3)
    found = [wire.answer()[0] for _ in range(3)]
    assert found[0] == 200
    assert set(found[1:]) <= {200, 429}
    assert 429 in found
    assert TOKEN


def logged(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_who_is_kept_out_has_a_line_in_the_log(make_gateway, eventually):
    gateway = make_gateway()
    gateway.deploy(("a",), rate_limit=0.01)
    log = gateway.home.deployment(DEPLOYMENT) / "access.log"
    assert statuses(gateway, 2) == [200, 429]
    assert statuses(gateway, 1, token="wrong") == [401]
    assert statuses(gateway, 1, OTHER, token="wrong") == [401]
    assert statuses(gateway, 1, OTHER) == [404]
    found = eventually(lambda: len(logged(log)) >= 3 and logged(log), 60, "three lines")
    assert [line["status"] for line in found] == [200, 429, 401]
    assert found[1]["principal"] == found[0]["principal"] != ""
    assert [(line["principal"], line["replica"], line["path"]) for line in found[2:]] == [
        ("", "", f"/{DEPLOYMENT}/predict")
    ]
    assert not (gateway.home.deployment(OTHER) / "access.log").exists()


def test_a_flood_of_refusals_has_few_lines(tmp_path):
    home, now = Home(tmp_path), [100.0]
    home.create()
    for name in ("a", "b"):
        home.deployment(name).mkdir(parents=True)
    log = AccessLog(home, 10**6, 10**6, lambda: now[0])
    one = Access("a", 0.0, b"id", "", "10.0.0.1", b"POST", b"/a/predict", 429, 0, 50, 0.0, 0.0, "", 0)
    for _ in range(1000):
        log.note_refused(one)
    log.note_refused(one._replace(deployment_id="b"))
    now[0] += 1.0
    log.note_refused(one)
    log.start()
    log.close()
    found = logged(home.deployment("a") / "access.log")
    assert len(found) == 11
    assert [line.get("leftOut") for line in found] == [None] * 10 + [990]
    assert len(logged(home.deployment("b") / "access.log")) == 1
