"""Bodies of predictions as they are abused: every line of the catalogue's part 3.4, each test named after its line.

A real gateway and a real replica of a prepared model: a LogisticRegression of the iris DataFrame. After each test four
parallel predictions must be right.
"""

import contextlib
import gzip
import json
import pickle
import shutil
import tempfile
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ads.home import Home
from tests.gateway.conftest import DEPLOYMENT, TOKEN, Gateway
from tests.gateway.served_model import ServedModel, prepare_iris

PREDICT = f"/{DEPLOYMENT}/predict"
NAMES = ["sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)"]
ROW = dict(zip(NAMES, [5.1, 3.5, 1.4, 0.2], strict=True))
LARGEST = 10 * 1024 * 1024
JSON = "application/json"


class _Model:
    def __init__(self, gateway, served):
        self.gateway = gateway
        self.served = served

    def ask(self, body, content_type=JSON, **headers):
        """Return (status, parsed body) of one request."""
        given = {"Authorization": f"Bearer {TOKEN}", **{name.replace("_", "-"): text for name, text in headers.items()}}
        if content_type is not None:
            given["Content-Type"] = content_type
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection = self.gateway.http()
        try:
            connection.request("POST", PREDICT, body=content, headers=given)
            answer = connection.getresponse()
            assert answer.headers["content-type"] == JSON
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def refused(self, body, *statuses, content_type=JSON, word="", **headers):
        """Ask, and require one of these statuses (400 where none is named) and a message with this word."""
        status, answer = self.ask(body, content_type, **headers)
        assert status in (statuses or (400,)), (str(body)[:200], status, answer)
        assert set(answer) == {"code", "message"}
        assert "Traceback" not in answer["message"]
        assert str(self.gateway.home.root) not in answer["message"]
        assert word in answer["message"], answer["message"]
        return answer["message"]

    def canary(self):
        def predict(number):
            rows = [[5.1, 3.5, 1.4, 0.2], [6.3, 2.8, 5.1, 1.5]] * (number + 1)
            return self.ask(rows)

        with ThreadPoolExecutor(4) as pool:
            wanted = [(200, {"prediction": [0, 2] * (number + 1)}) for number in range(4)]
            assert list(pool.map(predict, range(4))) == wanted
        assert self.served.process.poll() is None


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    root = Path(tempfile.mkdtemp(prefix="oap"))
    gateway = Gateway(Home(root), {})
    folder, _, _ = prepare_iris(tmp_path_factory.mktemp("iris"))
    replica = None
    try:
        gateway.start()
        replica = ServedModel(gateway, folder, DEPLOYMENT)
        yield _Model(gateway, replica)
    finally:
        if replica is not None:
            replica.close()
        gateway.stop()
        shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def model(served):
    """The model; at the end its canaries are right and its replica is the same process."""
    yield served
    served.canary()


def changed(**columns):
    return {name: columns.get(name.partition(" (")[0].replace(" ", "_"), [value]) for name, value in ROW.items()}


def raw(cell):
    """Return the text of a payload whose first cell is this text."""
    rest = ", ".join(f"{json.dumps(name)}: [{value}]" for name, value in list(ROW.items())[1:])
    return f"{{{json.dumps(NAMES[0])}: [{cell}], {rest}}}".encode()


def test_3_4_101_nothing(model):
    model.refused(b"", 400, 411, word="empty")
    for body in (b" ", b"\n\t \r\n"):
        model.refused(body, word="empty")
    wire = model.gateway.connect().send(model.gateway.head("content-type: application/json"))
    assert wire.answer()[0] == 411


def test_3_4_102_what_is_no_json(model):
    for body in (
        b"{",
        b'{"a": 1',
        b'{"a": 1} x',
        b"{} {}",
        b"{'a': 1}",
        b"// x\n{}",
        b"hello",
        b"<html></html>",
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
        b"[1,]",
        b"[1 2]",
    ):
        message = model.refused(body, 400, 415)
        assert "root:" not in message


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_3_4_103_nesting(model, opening):
    begin = time.monotonic()
    model.refused(opening * 100_000)
    assert time.monotonic() - begin < 30  # on a busy machine; 50 ms on a quiet one
    closing = b"]" if opening == b"[" else b"}"
    status, _ = model.ask(opening * 990 + b"1" + closing * 990)
    assert status in {200, 400}


def test_3_4_104_numbers_that_json_does_not_have(model):
    for cell in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "nan", "1" + "0" * 400 + ".0"):
        model.refused(raw(cell))


def test_3_4_105_long_numbers(model):
    for digits in (5_000, 100_000):
        begin = time.monotonic()
        model.refused(raw("1" * digits))
        assert time.monotonic() - begin < 30
    assert model.ask(raw("0." + "1" * 1_000_000))[0] in {200, 400}


def test_3_4_106_numbers_of_other_languages(model):
    for cell in ("01", "0x10", "+1", ".5", "5.", "1_000", "1e", "--1", "٣"):
        model.refused(raw(cell))


def test_3_4_107_keys_that_occur_twice(model):
    first, rest = json.dumps(NAMES[0]).encode(), json.dumps(changed()).encode()[1:]
    model.refused(b"{" + first + b": [1], " + rest, word="twice")
    model.refused(b'{"data": {"a": 1}, "data": ' + json.dumps(changed()).encode() + b"}", word="twice")
    model.refused(b'{"a": [1], "\\u0061": [2]}', word="twice")


def test_3_4_108_keys_with_a_meaning_elsewhere(model):
    for key in ("__proto__", "__class__", "constructor", "__import__"):
        status, answer = model.ask({**changed(), key: [1]})
        assert status == 400 or answer == {"prediction": [0]}, key


def test_3_4_109_texts_that_are_none(model):
    for cell in (
        b'"\\ud800"',
        b'"\\u0000"',
        b'"\x00"',
        b'"\n"',
        b'"\xff"',
        b'"\xc0\xaf"',
        b'"\xed\xa0\x80"',
        b'"\xf5\x80\x80\x80"',
    ):
        model.refused(raw("CELL").replace(b"CELL", cell))
    text = json.dumps(changed())
    for encoding in ("utf-16", "utf-16-le", "utf-32", "utf-7"):
        body = text.encode(encoding)
        if encoding != "utf-7":
            model.refused(body)
    assert model.ask(b"\xef\xbb\xbf" + text.encode())[0] in {200, 400}


def test_3_4_110_values_that_are_no_table(model):
    for value in (None, True, False, 5, 1.5, "text", [], {}, [[]], [{}], {"data": None}, {"data": []}, {"data": "x"}):
        model.refused(value)


def test_3_4_111_wrong_values_name_column_and_row(model):
    for value in ("wide", None, {"a": 1}, [1], "0x10", ""):
        message = model.refused(changed(sepal_width=[value]))
        assert "sepal width (cm)" in message
        assert "row 0" in message
    columns = {name: [value] * 3 for name, value in ROW.items()}
    columns["petal width (cm)"] = [0.2, "x", 0.2]
    message = model.refused(columns)
    assert "petal width (cm)" in message
    assert "row 1" in message
    for value in ("5.1", True):  # what has one meaning as a number may be taken as that
        assert model.ask(changed(sepal_length=[value]))[0] in {200, 400}


def test_3_4_112_wrong_columns(model):
    missing = {name: [value] for name, value in ROW.items() if "petal width" not in name}
    assert "petal width (cm)" in model.refused(missing)
    assert "petal width (cm)" in model.refused({**missing, "petal_width": [0.2]})
    assert model.ask({**changed(), "extra": [1]}) == (200, {"prediction": [0]})
    model.refused(changed(sepal_width=[3.5, 3.6]), word="row")
    model.refused({name: [] for name in NAMES})
    model.refused([[5.1, 3.5, 1.4], [5.1, 3.5, 1.4, 0.2]], word="Row 0")
    model.refused([ROW, {"sepal length (cm)": 1}], word="row 1")


def test_3_4_113_large_and_strange_values_are_never_run(model, tmp_path):
    marker = tmp_path / "marker"
    assert model.ask(changed(sepal_length=[1e300]))[0] in {200, 400}
    code = f"__import__('pathlib').Path({str(marker)!r}).touch()"
    for text in (code, "x" * 100_000, "%s%s%n", "{0.__class__}", "{{7*7}}", "$(touch x)", "'; DROP TABLE models; --"):
        assert "49" not in model.refused(changed(sepal_length=[text])).replace(text, "")
    assert not marker.exists()


def test_3_4_114_many_rows_and_keys(model):
    begin = time.monotonic()
    status, answer = model.ask([[5.1, 3.5, 1.4, 0.2]] * 200_000)
    assert (status, len(answer.get("prediction", ""))) in {(200, 200_000), (413, 0)}
    assert model.ask({f"k{number}": [1] for number in range(100_000)})[0] == 400
    prime = 2**61 - 1  # integers that are equal modulo it have the same hash; texts are salted
    assert model.ask({str(number * prime): [1] for number in range(20_000)})[0] == 400
    assert time.monotonic() - begin < 30  # three requests, each well below 5 s


def test_3_4_115_a_body_just_below_the_limit(model):
    body = json.dumps(changed()).encode()
    for size in (int(LARGEST * 0.99), LARGEST):
        assert model.ask(body + b" " * (size - len(body))) == (200, {"prediction": [0]})


def test_3_4_116_one_byte_too_many_by_its_length(model):
    wire = model.gateway.connect().send(model.gateway.head(f"content-length: {LARGEST + 1}"))
    assert wire.answer()[0] == 413  # before a byte of it was sent


def test_3_4_117_one_byte_too_many_in_chunks(model):
    chunk = b"10000\r\n" + b" " * 65536 + b"\r\n"
    wire = model.gateway.connect()
    with contextlib.suppress(OSError):
        wire.send(
            model.gateway.head("transfer-encoding: chunked") + chunk * (LARGEST // 65536) + b"1\r\n \r\n0\r\n\r\n"
        )
    assert wire.answer()[0] == 413
    body = json.dumps(changed()).encode()
    exact = chunk * (LARGEST // 65536 - 1) + b"%x\r\n" % (65536 - len(body)) + b" " * (65536 - len(body)) + b"\r\n"
    exact += b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n"
    head = model.gateway.head("transfer-encoding: chunked", "content-type: application/json")
    assert model.gateway.connect().send(head + exact).answer()[0] == 200


def test_3_4_118_too_much_is_not_asked_for(model):
    head = model.gateway.head("content-length: 11000000", "expect: 100-continue")
    assert model.gateway.connect().send(head).answer()[0] in {413, 417}


def test_3_4_119_lengths_that_never_come(model):
    for length in (100 * 1024**3, 2**63 - 1, 2**63, 2**64):
        begin = time.monotonic()
        wire = model.gateway.connect().send(model.gateway.head(f"content-length: {length}"))
        assert wire.answer()[0] in {400, 413}
        assert time.monotonic() - begin < 30


def test_3_4_120_one_byte_chunks(model):
    text = json.dumps(changed()).encode()
    text += b" " * (120_000 - len(text))
    begin = time.monotonic()
    data = b"".join(b"1\r\n%c\r\n" % byte for byte in text) + b"0\r\n\r\n"
    head = model.gateway.head("transfer-encoding: chunked", "content-type: application/json")
    status, _, body = model.gateway.connect().send(head + data).answer()
    assert (status, json.loads(body)) == (200, {"prediction": [0]})
    assert time.monotonic() - begin < 30


def test_3_4_121_compressed_bodies(model):
    good = json.dumps(changed()).encode()
    bomb = gzip.compress(b" " * (64 * 1024 * 1024))
    for coding, body in (
        ("gzip", bomb),
        ("gzip", gzip.compress(gzip.compress(good))),
        ("gzip", gzip.compress(good)[:-9]),
        ("gzip", good),
        ("deflate", zlib.compress(good)),
        ("br", good),
        ("gzip, gzip", good),
        ("cake", good),
    ):
        model.refused(body, 400, 413, 415, content_encoding=coding)
    model.refused(gzip.compress(good), 400)  # without saying so it is no JSON


def test_3_4_122_content_types_and_charsets(model):
    good = json.dumps(changed()).encode()
    for kind in (None, JSON, "application/json; charset=utf-8", 'application/json;charset="UTF-8"', "Application/JSON"):
        assert model.ask(good, kind) == (200, {"prediction": [0]})
    for charset in ("bogus", "utf-7", "zlib", "idna", "utf-16", "rot13", "unicode_escape", "hex"):
        model.refused(good, 400, 415, content_type=f"application/json; charset={charset}")
    for kind in ("text/plain", "bogus", "a/b", ";", "application/json;;;", "application/x-www-form-urlencoded", "*/*"):
        status, _ = model.ask(good, kind)
        assert status in {200, 400, 415}, kind


def test_3_4_123_multipart(model):
    part = b'--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n1\r\n'
    begin = time.monotonic()
    for kind, body in (
        ("multipart/form-data", part + b"--b--\r\n"),
        ("multipart/form-data; boundary=b", part * 5_000 + b"--b--\r\n"),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"x: y\r\n" * 50_000 + b"\r\n1\r\n--b--\r\n"),
        ("multipart/form-data; boundary=" + "a" * 1000, b"x"),
        ('multipart/form-data; x="' + "\\" * 10_000, b"x"),
    ):
        model.refused(body, 400, 415, 422, content_type=kind)
    assert time.monotonic() - begin < 30


class _Bomb:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return Path.touch, (Path(self.marker),)


def test_3_4_124_pickles_and_yaml_are_never_loaded(model, tmp_path):
    marker = tmp_path / "marker"
    bomb = pickle.dumps(_Bomb(str(marker)))
    for kind in (
        "application/octet-stream",
        "application/python-pickle",
        "application/x-pickle",
        "application/vnd.bentoml+pickle",
        "application/x-npy",
        "text/csv",
        "application/vnd.apache.arrow.stream",
        JSON,
        None,
    ):
        for headers in (
            {},
            {"payload_container": "NdarrayContainer", "payload_meta": "{}", "buffer_protocol": "pickle"},
        ):
            model.refused(bomb, 400, 415, 422, content_type=kind, **headers)
    yaml = f"!!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path ['{marker}']]".encode()
    for kind in ("application/yaml", "text/yaml", JSON):
        model.refused(yaml, 400, 415, 422, content_type=kind)
    array = (
        b"\x93NUMPY\x01\x00v\x00"
        + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }".ljust(117)
        + b"\n"
        + bomb
    )
    model.refused(array, content_type="application/x-npy")
    assert not marker.exists()


def test_3_4_125_bytes_reach_a_script_written_by_hand(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own")
    score = "import hashlib\ndef load_model(): return 1\n"
    score += "def predict(data): return [type(data).__name__, hashlib.sha256(data).hexdigest()]"
    (folder / "score.py").write_text(score)
    root = Path(tempfile.mkdtemp(prefix="oap"))
    gateway = Gateway(Home(root), {})
    gateway.start()
    own = ServedModel(gateway, folder, DEPLOYMENT)
    try:
        from hashlib import sha256

        binary = bytes(range(256)) * 4096
        for kind in ("application/octet-stream", "image/png", "text/csv", "application/x-npy"):
            status, answer = _Model(gateway, own).ask(binary, kind)
            assert (status, answer) == (200, ["bytes", sha256(binary).hexdigest()]), kind
        assert _Model(gateway, own).ask(b"x" * (LARGEST + 1), "application/octet-stream")[0] == 413
    finally:
        own.close()
        gateway.stop()
        shutil.rmtree(root, ignore_errors=True)


def test_3_4_126_the_same_payload_a_thousand_times(model):
    body = json.dumps(changed()).encode()
    connection = model.gateway.http()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": JSON}
    answers = set()
    for _ in range(1000):
        connection.request("POST", PREDICT, body=body, headers=headers)
        answers.add(connection.getresponse().read())
    connection.close()
    assert answers == {b'{"prediction":[0]}'}
