"""What strangers can feed: each target takes bytes and must raise nothing but what its callers expect.

The suite runs them with hypothesis for moments, ``make fuzz`` with atheris for as long as one likes.
"""

import json
import struct

import httptools

from ads.gateway import frames as gateway_frames
from ads.gateway.answer import Refusal
from ads.gateway.asked import asked_of
from ads.gateway.framing import ChunkedBody
from ads.gateway.limits import Limits
from ads.gateway.request import check_beginning, parse_head
from ads.gateway.router import route
from ads.identity.signature import BadSignature, parse_authorization
from ads.worker import frames as worker_frames
from ads.worker.artifact_facts import Facts
from ads.worker.decode import CannotParse, decode_json
from ads.worker.infer_request import read_inference
from ads.worker.tables_in import read_arrow, read_csv, read_npy

LIMITS = Limits()
COLUMNS = {"a": "float64", "b": "int64", "c": "bool", "d": "object"}
FACTS = (Facts({}, False, [], []), Facts(COLUMNS, True, [], []), Facts({"a": "float64"}, True, [], []))


class _Seen:
    """What httptools understood of the same bytes."""

    def __init__(self):
        self.url = b""
        self.headers = []

    def on_url(self, url):
        self.url += url

    def on_header(self, name, value):
        self.headers.append((name.lower(), value))


def head(data):
    """A request's head; what we accept, httptools must read the same way."""
    try:
        check_beginning(data, LIMITS)
        found = parse_head(data, LIMITS)
        asked_of(found, route(found.target))
    except Refusal:
        return
    seen = _Seen()
    parser = httptools.HttpRequestParser(seen)
    try:
        parser.feed_data(data + b"\r\n\r\n")
    except httptools.HttpParserUpgrade:
        return
    assert parser.get_method() == found.method
    assert seen.url == found.target
    lengths = [value for name, value in seen.headers if name == b"content-length"]
    assert [int(value) for value in lengths] == ([] if found.content_length is None else [found.content_length])
    assert (b"transfer-encoding" in dict(seen.headers)) == found.chunked


def chunks(data):
    """A body in chunks: however it is cut, the payload and what follows are the same."""
    cut, data = data[0] if data else 0, data[1:]
    whole = _read_chunks([data])
    pieces = [data[start : start + cut % 7 + 1] for start in range(0, len(data), cut % 7 + 1)]
    parts = _read_chunks(pieces)
    if whole is not None and parts is not None:
        assert whole == parts
    elif whole is None or not whole[2]:
        assert whole is None or parts is None or not parts[2]


def _read_chunks(pieces):
    body, payload = ChunkedBody(), []
    rest = b""
    try:
        for piece in pieces:
            if body.done:
                rest += piece
            else:
                payload.append(body.feed(piece))
    except Refusal:
        return None
    return b"".join(payload), (body.rest + rest if body.done else b""), body.done


def frames(data):
    """Frames between gateway and replica: both sides cut the stream in the same way, and neither reads past an end."""
    reader = gateway_frames.FrameReader(1 << 20)
    buffer = worker_frames.FrameBuffer()
    try:
        ours = list(reader.feed(data))
    except gateway_frames.FrameError:
        ours = None
    try:
        theirs = list(buffer.feed(data))
    except worker_frames.FrameError:
        theirs = None
    if ours is not None and theirs is not None:
        assert ours == theirs[: len(ours)]
    for decode in (gateway_frames.decode_answer, gateway_frames.decode_predict, gateway_frames.decode_pong):
        try:
            decode(data)
        except gateway_frames.FrameError:  # noqa: PERF203
            continue
    for decode in (worker_frames.decode_items, worker_frames.decode_answers):
        try:
            decode(data)
        except worker_frames.FrameError:  # noqa: PERF203
            continue


def payload(data):
    """A body of JSON: what we accept, the standard library reads the same way."""
    try:
        found = decode_json(data)
    except CannotParse:
        return
    assert json.dumps(found, allow_nan=False) == json.dumps(json.loads(data.decode()), allow_nan=False)


def csv(data):
    """A body of comma-separated text."""
    for columns in (COLUMNS, {}):
        try:
            found = read_csv(data, columns)
        except CannotParse:
            continue
        assert len({len(values) for values in found["data"].values()}) == 1


def arrow(data):
    """A body that says it is an Arrow stream."""
    try:
        read_arrow(data)
    except CannotParse:
        return


def npy(data):
    """A body that says it is an npy file, and what the generated scripts make of it."""
    from ads.score.blocks.payload import read_npy as to_array

    try:
        read_npy(data)
    except CannotParse:
        return
    try:
        array = to_array(data)
    except ValueError:
        return  # an item size that numpy has no type for
    assert not array.dtype.hasobject


def inference(data):
    """A request of the Open Inference Protocol, with values that follow its JSON part."""
    length = struct.unpack_from("<H", data)[0] if len(data) > 1 else 0
    try:
        request = read_inference(data[2:], length)
    except CannotParse:
        return
    for facts in FACTS:
        try:
            request.payload(facts)
        except CannotParse:  # noqa: PERF203
            continue


def credential(data):
    """An Authorization header."""
    try:
        parse_authorization(data.decode("latin-1"))
    except BadSignature:
        return


def target(data):
    """A request's target, which anybody may choose."""
    place = route(data)
    assert place.deployment_id.isascii()


TARGETS = {
    each.__name__: each for each in (head, chunks, frames, payload, csv, arrow, npy, inference, credential, target)
}
