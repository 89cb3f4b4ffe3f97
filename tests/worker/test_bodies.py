"""Bodies in all forms to one replica's frames: typed by the schema, merged or not, every caller gets its own answer."""

from __future__ import annotations

import json
import struct
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ads.worker.artifact_facts import Facts
from ads.worker.bodies import read_body
from ads.worker.frames import CSV, INFER, JSON, NPY, RAW, Item
from ads.worker.infer_request import read_inference
from ads.worker.merging import Schema
from ads.worker.predictor import Predictor
from ads.worker.tables_in import read_csv

FACTS = Facts({"a": "float64", "b": "float64"}, True, [], [])
numbers = st.floats(-50, 50, width=16)
rows = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=4)


def predict(data: Any) -> Any:
    """Add up each row of a table in any form; a first cell above 40 is too much for it."""
    table = data["data"] if isinstance(data, dict) and "data" in data else data
    if isinstance(table, dict):
        table = list(zip(*table.values(), strict=True))
    if any(row[0] > 40 for row in table):
        raise ValueError("too much")
    sums = [row[0] + row[1] for row in table]
    if isinstance(data, dict) and data.get("outputs") == ["predict", "predict_proba"]:
        return {"prediction": sums, "predict_proba": [[each, 1.0] for each in sums]}
    return {"prediction": sums}


def as_json(table: list[tuple[float, float]]) -> Item:
    return Item(JSON, b"", json.dumps({"data": {"a": [a for a, _ in table], "b": [b for _, b in table]}}).encode())


def as_csv(table: list[tuple[float, float]], meta: bytes = b"") -> Item:
    return Item(CSV, meta, ("a,b\n" + "".join(f"{a},{b}\n" for a, b in table)).encode())


def as_inference(table: list[tuple[float, float]], number: int, binary: bool) -> Item:
    flat = [cell for row in table for cell in row]
    given: dict[str, Any] = {"name": "x", "shape": [len(table), 2], "datatype": "FP64", "data": flat}
    rest = b""
    if binary:
        rest = struct.pack(f"<{len(flat)}d", *flat)
        given["parameters"] = {"binary_data_size": len(rest)}
        del given["data"]
    head = json.dumps({"id": f"n{number}", "inputs": [given]}).encode()
    meta: dict[str, Any] = {"model": "m", **({"header_length": len(head)} if binary else {})}
    return Item(INFER, json.dumps(meta).encode(), head + rest)


item = st.one_of(
    rows.map(as_json),
    rows.map(as_csv),
    rows.map(lambda table: as_csv(table, b'{"answer":"csv"}')),
    rows.map(lambda table: as_csv(table, b'{"outputs":["predict","predict_proba"]}')),
    st.builds(as_inference, rows, st.integers(0, 99), st.booleans()),
    st.sampled_from([Item(CSV, b"", b"a\n"), Item(INFER, b"{}", b"{}"), Item(JSON, b"", b"{"), Item(99, b"", b"")]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(item, min_size=1, max_size=12))
def test_any_mixture_of_forms_gives_every_caller_its_own_rows(items: list[Item]) -> None:
    alone, together = Predictor(predict, FACTS), Predictor(predict, FACTS)
    together.merge(Schema(2, all_floats=True))
    assert together.answer_all(items) == [alone.answer(each) for each in items]


def test_requests_of_one_form_are_joined() -> None:
    calls: list[Any] = []

    def counted(data: Any) -> Any:
        calls.append(data)
        return predict(data)

    predictor = Predictor(counted, FACTS)
    predictor.merge(Schema(2, all_floats=True))
    items = [as_inference([(1.0, 2.0)], number, number % 2 == 0) for number in range(6)]
    items += [as_csv([(1.0, 2.0)]), as_csv([(3.0, 4.0)], b'{"answer":"csv"}')]
    answers = predictor.answer_all(items)
    assert [status for status, _ in answers] == [200] * 8
    assert len(calls) == 2
    assert [json.loads(body[4:])["id"] for _, body in answers[:6]] == [f"n{number}" for number in range(6)]
    assert answers[6:] == [(200, b'{"prediction":[3.0]}'), (200, b"prediction\n7.0\n")]


def test_cells_become_what_the_schema_says() -> None:
    columns = {"f": "float32", "i": "Int64", "u": "uint8", "b": "boolean", "t": "object", "d": "datetime64[ns]"}
    text = b'f,i,u,b,t,d,new\n1,2,3,true,"1, x",2026-01-01,7\n,,,,,,\n2.5,-4,0,0,ok,2026-01-02,8\n'
    found = read_csv(text, columns)["data"]
    assert found["f"][0] == 1.0
    assert found["f"][1] != found["f"][1]  # a missing number
    assert found["i"] == [2, None, -4]
    assert found["b"] == [True, None, False]
    assert found["t"] == ["1, x", None, "ok"]
    assert found["d"] == ["2026-01-01", None, "2026-01-02"]
    assert found["new"] == [7, None, 8]


def test_inputs_become_what_the_model_takes() -> None:
    def payload(facts: Facts, *inputs: dict[str, Any], **more: Any) -> Any:
        return read_inference(json.dumps({"inputs": list(inputs), **more}).encode(), 0).payload(facts)

    own, texts = Facts({}, False, [], []), Facts({"text": "object"}, True, [], [])
    a = {"name": "a", "shape": [2], "datatype": "FP64", "data": [1, 2]}
    b = {"name": "b", "shape": [2, 1], "datatype": "FP64", "data": [[3], [4]]}
    square = {"name": "x", "shape": [2, 2], "datatype": "INT8", "data": [1, 2, 3, 4]}
    words = {"name": "w", "shape": [2], "datatype": "BYTES", "data": ["x", "y"]}
    assert payload(FACTS, a, b) == {"data": {"a": [1.0, 2.0], "b": [3.0, 4.0]}, "data_type": "openads.frame"}
    assert payload(FACTS, square) == {"data": [[1, 2], [3, 4]]}
    assert payload(own, square) == [[1, 2], [3, 4]]
    assert payload(own, a, b) == {"a": [1.0, 2.0], "b": [[3.0], [4.0]]}
    assert payload(own, a, b, parameters={"content_type": "pd"}) == {"a": [1.0, 2.0], "b": [3.0, 4.0]}
    assert payload(own, words) == ["x", "y"]
    assert payload(texts, words)["data"] == {"text": ["x", "y"]}
    image = {"name": "i", "shape": [1], "datatype": "BYTES", "data": ["/w=="], "parameters": {"content_type": "base64"}}
    assert payload(own, image) == b"\xff"


def test_scripts_written_by_hand_get_bytes() -> None:
    own = Facts({}, False, [], [])
    for kind in (RAW, CSV, NPY):
        data, encode = read_body(Item(kind, b"", b"a,b\n1,2\n"), own)
        assert data == b"a,b\n1,2\n"
        assert encode([1]) == b"[1]"
