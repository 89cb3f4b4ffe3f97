import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.errors import InputError
from ads.service.orders import ChildSpec, Kill, List, Start, Stop, Watch, parse_order

GOOD = {"op": "start", "name": "replica/k3", "argv": ["python"], "env": {"A": "b"}, "cwd": "/", "log": "/tmp/x"}


def test_orders():
    assert parse_order(json.dumps(GOOD).encode()) == Start(
        ChildSpec("replica/k3", ("python",), {"A": "b"}, "/", "/tmp/x")
    )
    assert parse_order(b'{"op":"stop","name":"replica/k3"}') == Stop("replica/k3")
    assert parse_order(b'{"op":"kill","name":"replica/k3"}') == Kill("replica/k3")
    assert parse_order(b'{"op":"list"}') == List()


@pytest.mark.parametrize(
    "change",
    [
        {"op": "dance"},
        {"name": "../x"},
        {"name": ""},
        {"name": 5},
        {"argv": []},
        {"argv": "ls"},
        {"argv": ["a\0b"]},
        {"env": None},
        {"env": {"A": 1}},
        {"cwd": None},
        {"log": 1},
        {"grace": -1},
        {"grace": True},
        {"grace": 1e9},
        {"isolation": []},
        {"isolation": {"users": [0, 5]}},
        {"isolation": {"users": [7]}},
        {"isolation": {"users": "all"}},
        {"isolation": {"show": [["/a", "rwx"]]}},
        {"isolation": {"show": ["/a"]}},
        {"isolation": {"processes": "many"}},
    ],
)
def test_bad_orders_are_named(change):
    with pytest.raises(InputError) as caught:
        parse_order(json.dumps({**GOOD, **change}).encode())
    assert caught.value.message


@given(st.binary(max_size=100))
def test_noise_is_refused_or_asks_for_nothing_but_news(line):
    try:
        found = parse_order(line)
    except InputError:
        return
    assert isinstance(found, List | Watch)
