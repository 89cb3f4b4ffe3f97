from itertools import pairwise

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.gateway.answer import Refusal, RequestIds, encode_answer
from ads.gateway.framing import ChunkedBody, CountedBody
from ads.gateway.hosts import Hosts
from ads.gateway.limits import Limits
from ads.gateway.pool import pick
from ads.gateway.request import HeadReader, parse_head
from ads.gateway.router import Kind, route

GOOD = b"POST /a?b=c HTTP/1.1\r\nHost: x\r\nX: 1\r\nx: 2\r\nContent-Length: 5"
DEPLOYMENT = b"ocid1.datasciencemodeldeployment.oc1.local." + b"a" * 60


def test_a_head():
    head = parse_head(GOOD, Limits())
    assert (head.method, head.target, head.content_length) == (b"POST", b"/a?b=c", 5)
    assert head.fields[b"x"] == b"1, 2"
    assert head.keep_alive
    assert head.has_body


def test_the_same_head_is_read_once():
    reader = HeadReader(Limits(), Hosts("127.0.0.1", ["x"]))
    assert reader.read(GOOD) is reader.read(bytes(bytearray(GOOD)))


heads = st.lists(
    st.sampled_from(
        [b"GET", b"POST", b" ", b"/", b"/a", b" HTTP/1.1", b" HTTP/1.0", b"\r\n", b"\r", b"\n", b"host", b"host: x",
         b"content-length: 1", b"content-length", b"transfer-encoding: chunked", b":", b"\t", b"a", b"\0", b"\xff",
         b"GET / HTTP/1.1\r\nhost: x", b"expect: 100-continue", b"connection: close"]
    ),
    max_size=14,
).map(b"".join)  # fmt: skip


class Seen:
    def __init__(self):
        self.headers = []
        self.url = None

    def on_url(self, url):
        self.url = url

    def on_header(self, name, value):
        self.headers.append((name.lower(), value.strip(b" \t")))


@given(heads)
def test_what_is_accepted_another_parser_reads_the_same(data):
    try:
        head = parse_head(data, Limits())
    except Refusal:
        return
    seen = Seen()
    parser = httptools.HttpRequestParser(seen)
    parser.feed_data(data + b"\r\n\r\n")
    assert seen.url == head.target
    assert parser.get_method() == head.method
    assert seen.headers == [(name, line.partition(b":")[2].strip(b" \t")) for name, line in head.lines]


@given(st.binary(max_size=400))
def test_noise_is_refused(data):
    try:
        parse_head(data, Limits())
    except Refusal as refusal:
        assert refusal.status in {400, 414, 417, 431, 501, 505}  # noqa: PT017


@given(st.lists(st.binary(min_size=1, max_size=50), max_size=6), st.binary(max_size=9), st.lists(st.integers(0, 999)))
def test_chunked_bodies_survive_any_cutting(chunks, rest, cuts):
    data = b"".join(b"%X;e\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\nt: u\r\n\r\n" + rest
    body = ChunkedBody()
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    payload = after = b""
    for a, b in pairwise(edges):
        if body.done:
            after += data[a:b]
        else:
            payload += body.feed(data[a:b])
    assert payload == b"".join(chunks)
    assert body.rest + after == rest


@given(st.binary(max_size=300))
def test_noise_in_chunks_is_refused_or_incomplete(data):
    try:
        ChunkedBody().feed(data)
    except Refusal as refusal:
        assert refusal.status in {400, 431}  # noqa: PT017


def test_counted_bodies():
    body = CountedBody(3)
    assert body.feed(b"ab") == b"ab"
    assert body.feed(b"cde") == b"c"
    assert body.done
    assert body.rest == b"de"


def test_routes():
    place = route(b"/" + DEPLOYMENT + b"/predict?x=/y")
    assert (place.kind, place.deployment_id, place.verb) == (Kind.PREDICT, DEPLOYMENT.decode(), b"predict")
    assert route(b"/" + DEPLOYMENT + b"/predict/v1/a").below == b"/v1/a"
    for path in (b"/", b"/predict", b"/" + DEPLOYMENT, b"/" + DEPLOYMENT + b"/predictions", b"/20190101/models"):
        assert route(path).kind is Kind.CONTROL


def test_request_ids_are_safe_and_different():
    ids = RequestIds()
    first, second = ids.next(None), ids.next(None)
    assert first != second
    assert ids.next(b'a"\r\nb{}').startswith(b"ab/")
    assert len(ids.next(b"x" * 1000)) < 200


def test_answers():
    answer = encode_answer(503, b"{}", b"id", close=True, retry_after=2)
    assert answer.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"\r\nretry-after: 2\r\n" in answer
    assert answer.endswith(b"\r\n\r\n{}")
    assert encode_answer(405, b"{}", b"id", bodiless=True).endswith(b"content-length: 2\r\n\r\n")


def test_limits_by_name():
    from ads.errors import SettingError

    assert Limits().changed(["headers=5", "idle_seconds=0.5"]) == Limits(headers=5, idle_seconds=0.5)
    for text in ("nothing=1", "headers=x", "headers"):
        with pytest.raises(SettingError):
            Limits().changed([text])


class Candidate:
    def __init__(self, ready, busy, used):
        self.ready, self.busy, self.used = ready, busy, used


@given(st.lists(st.builds(Candidate, st.booleans(), st.booleans(), st.integers(0, 5))))
def test_pick_gives_a_free_one_that_rested_longest(candidates):
    free = [candidate for candidate in candidates if candidate.ready and not candidate.busy]
    picked = pick(candidates)
    if not free:
        assert picked is None
    else:
        assert picked in free
        assert picked.used == min(candidate.used for candidate in free)
