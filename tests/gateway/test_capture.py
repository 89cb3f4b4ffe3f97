"""Requests that are kept: only where asked for, without what is masked, and never more than allowed."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from ads.gateway import frames
from ads.gateway.capture_mask import kept_answer, kept_request

from .conftest import DEPLOYMENT, eventually, terminate

COLUMNS = ["age", "name"]
NAME = frozenset({"name"})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"data": [[1, "Ada"], [2, "Bob"]]}, {"data": [[1, "***"], [2, "***"]]}),
        ([[1, "Ada"]], [[1, "***"]]),
        ([1, "Ada"], [1, "***"]),
        ({"data": {"age": {"0": 1}, "name": {"0": "Ada"}}}, {"data": {"age": {"0": 1}, "name": "***"}}),
        ({"age": [1], "name": ["Ada"]}, {"age": [1], "name": "***"}),
        ([{"age": 1, "name": "Ada"}], [{"age": 1, "name": "***"}]),
        (
            {"columns": ["name", "age"], "index": [0], "data": [["Ada", 1]]},
            {"columns": ["name", "age"], "index": [0], "data": [["***", 1]]},
        ),
        ({"data": json.dumps({"name": {"0": "Ada"}})}, {"data": json.dumps({"name": "***"})}),
        ([[1, "Ada", 3]], None),
        ([[1, "Ada"], "Ada"], None),
        ("Ada", None),
        ({"data": "Ada"}, None),
        ({"columns": ["n", "a"], "data": [["Ada", 1]]}, None),
    ],
)
def test_masked_columns_are_left_out_in_every_form(sent: Any, kept: Any) -> None:
    found = kept_request(frames.JSON, json.dumps(sent).encode(), COLUMNS, NAME)
    assert (None if found is None else json.loads(found)) == kept
    assert found is None or "Ada" not in found


def test_what_can_not_be_masked_or_is_no_text_is_not_kept() -> None:
    assert kept_request(frames.CSV, b"age,name\n1,Ada\n", COLUMNS, NAME) is None
    assert kept_request(frames.CSV, b"age,name\n1,Ada\n", COLUMNS, ()) == "age,name\n1,Ada\n"
    assert kept_request(frames.NPY, b"\x93NUMPY", [], ()) is None
    assert kept_request(frames.JSON, b"\xff", [], ()) is None
    assert kept_request(frames.JSON, b'"' + b"x" * 100_000 + b'"', [], ()) is None
    assert kept_answer(b'{"prediction": [{"name": "Ada"}]}', NAME) == '{"prediction": [{"name": "***"}]}'
    assert kept_answer(b"", ()) is None


def captured(gateway: Any) -> list[dict[str, Any]]:
    """Return all rows that were captured."""
    rows: list[dict[str, Any]] = []
    for path in sorted((gateway.home.deployment(DEPLOYMENT) / "capture").glob("2*")):
        assert path.stat().st_mode & 0o077 == 0
        if path.suffix == ".gz":
            with gzip.open(path, "rt") as file:
                rows += map(json.loads, file)
        else:
            import pyarrow.parquet as pq

            rows += pq.read_table(path).to_pylist()
    return rows


def describe(gateway: Any, **marked: bool) -> None:
    """Have replica ``a`` say what its columns are."""
    folder = gateway.home.deployment(DEPLOYMENT) / "a"
    folder.mkdir(exist_ok=True)
    about = {"dtype": "object", "datatype": "BYTES", "tensor": False, "shape": [-1]}
    inputs = [{"name": name, "masked": masked, **about} for name, masked in marked.items()]
    content = {"inputs": inputs, "outputs": [], "methods": [], "framework": "", "composed": True, "example": None}
    (folder / "description.json").write_text(json.dumps(content))


def test_nothing_is_captured_unless_asked_for(make_gateway: Any) -> None:
    gateway = make_gateway(capture_seconds=0.1)
    gateway.deploy(("a",))
    assert gateway.predict([1])[0] == 200
    assert terminate(gateway.process) == 0
    assert not (gateway.home.deployment(DEPLOYMENT) / "capture").exists()


def test_requests_and_answers_are_kept_without_what_the_schema_marks(make_gateway: Any) -> None:
    gateway = make_gateway(capture_seconds=0.1)
    gateway.deploy(("a",), capture={"sample": 1.0, "maxBytes": 1 << 20, "mask": ["city"]})
    describe(gateway, age=False, name=True)
    body = {"age": [1], "name": ["Ada"], "city": ["Bern"]}
    _, headers, _ = gateway.predict(body)
    gateway.predict(b"age,name\n1,Ada\n", headers={"Content-Type": "text/csv"})
    rows = eventually(lambda: len(rows := captured(gateway)) == 2 and rows, what="the rows")
    first, second = rows
    assert json.loads(first["request"]) == {"age": [1], "name": "***", "city": "***"}
    assert json.loads(first["response"])["echo"] == {"age": [1], "name": "***", "city": "***"}
    assert (first["status"], first["replica"], first["masked"]) == (200, "a", ["city", "name"])
    assert first["requestId"] == headers["opc-request-id"]
    assert first["traceId"] in headers["traceparent"]
    assert (second["request"], second["requestBytes"]) == (None, 15)


def test_a_replica_that_says_nothing_of_its_columns_has_no_bodies_kept(make_gateway: Any) -> None:
    gateway = make_gateway(capture_seconds=0.1)
    gateway.deploy(("a",), capture={"sample": 1.0})
    assert gateway.predict([1])[0] == 200
    (row,) = eventually(lambda: captured(gateway), what="the row")
    assert (row["request"], row["response"], row["status"]) == (None, None, 200)


def test_files_never_have_more_than_allowed_and_the_oldest_go(make_gateway: Any) -> None:
    gateway = make_gateway(capture_seconds=0.01)
    gateway.deploy(("a",), capture={"sample": 1.0, "maxBytes": 1 << 20})
    describe(gateway, age=False)
    folder = gateway.home.deployment(DEPLOYMENT) / "capture"
    folder.mkdir()
    old = folder / "20200101T000000-00000000.parquet"
    old.write_bytes(b"x" * (1 << 20))
    other = folder / "not-ours"
    other.write_bytes(b"x" * (1 << 20))
    assert gateway.predict([1])[0] == 200
    eventually(lambda: not old.exists(), what="the oldest file gone")
    assert other.exists()
    assert [row["request"] for row in captured(gateway)] == ["[1]"]


def test_what_is_left_is_written_at_the_end(make_gateway: Any) -> None:
    gateway = make_gateway()
    gateway.deploy(("a",), capture={"sample": 1.0})
    describe(gateway, age=False)
    assert gateway.predict([1])[0] == 200
    assert terminate(gateway.process) == 0
    assert len(captured(gateway)) == 1
