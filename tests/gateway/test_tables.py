"""Bodies and answers as CSV, npy and Arrow, by a real client against a real replica of a prepared model."""

import io
import json
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from ads.home import Home

from .conftest import DEPLOYMENT, TOKEN, Gateway, eventually
from .served_model import ServedModel, prepare_iris

PREDICT = f"/{DEPLOYMENT}/predict"
CSV, NPY, ARROW = "text/csv", "application/x-npy", "application/vnd.apache.arrow.stream"


@pytest.fixture(scope="module")
def iris(tmp_path_factory):
    """A gateway with one replica of the iris model; also its estimator and the frame."""
    root = Path(tempfile.mkdtemp(prefix="oag"))
    gateway = Gateway(Home(root), {})
    folder, gateway.estimator, gateway.frame = prepare_iris(tmp_path_factory.mktemp("iris"))
    served = None
    try:
        gateway.start()
        served = ServedModel(gateway, folder, DEPLOYMENT)
        eventually(lambda: gateway.request("GET", f"/{DEPLOYMENT}/v2/health/ready")[0] == 200, what="the connection")
        yield gateway
    finally:
        if served is not None:
            served.close()
        gateway.stop()
        shutil.rmtree(root, ignore_errors=True)


def ask(gateway, body, content_type=None, accept=None, path=PREDICT, **headers):
    """Return (status, content type, bytes)."""
    headers = {"Authorization": f"Bearer {TOKEN}", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if content_type:
        headers["Content-Type"] = content_type
    if accept:
        headers["Accept"] = accept
    connection = gateway.http()
    try:
        connection.request("POST", path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers["content-type"], answer.read()
    finally:
        connection.close()


def arrow_of(frame):
    import pyarrow as pa

    table = pa.Table.from_pandas(frame, preserve_index=False)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def npy_of(array):
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def test_every_form_of_a_table_gives_the_estimators_own_answer(iris):
    rows = iris.frame.iloc[40:60]
    wanted = iris.estimator.predict(rows).tolist()
    bodies = [
        (json.dumps(rows.to_dict(orient="list")).encode(), "application/json"),
        (rows.to_csv(index=False).encode(), CSV),
        (
            ("\ufeff" + rows.to_csv(index=False, lineterminator="\r\n")).encode(),
            "text/csv; charset=UTF-8; header=present",
        ),
        (npy_of(rows.to_numpy()), NPY),
        (npy_of(np.asfortranarray(rows.to_numpy())), NPY),
        (arrow_of(rows), ARROW),
        (arrow_of(rows[rows.columns[::-1]]), ARROW),
    ]
    for body, content_type in bodies:
        status, _, answer = ask(iris, body, content_type)
        assert (status, json.loads(answer)) == (200, {"prediction": wanted}), content_type


def test_answers_come_in_the_form_that_is_liked_best(iris):
    import pyarrow as pa

    rows = iris.frame.iloc[:3]
    body, wanted = rows.to_csv(index=False), iris.estimator.predict(rows).tolist()
    assert ask(iris, body, CSV, CSV) == (200, "text/csv; charset=utf-8", b"prediction\n0\n0\n0\n")
    status, kind, answer = ask(iris, body, CSV, NPY)
    assert (status, kind, np.load(io.BytesIO(answer)).tolist()) == (200, NPY, wanted)
    status, kind, answer = ask(iris, body, CSV, f"text/html, {ARROW};q=0.9, text/csv;q=0.2")
    assert (status, kind, pa.ipc.open_stream(answer).read_all().to_pydict()) == (200, ARROW, {"prediction": wanted})
    for accept in ("text/event-stream, application/json", "*/*", "bogus", "text/csv;q=0", "," * 1000, None):
        assert ask(iris, body, CSV, accept)[:2] == (200, "application/json")


def test_outputs_in_the_address_and_in_the_body(iris):
    rows = iris.frame.iloc[:2]
    proba = iris.estimator.predict_proba(rows).tolist()
    both = {"prediction": [0, 0], "predict_proba": proba}
    table = rows.to_dict(orient="list")
    for body, kind in ((json.dumps({"data": table}), "application/json"), (json.dumps(table), None),
                       (rows.to_csv(index=False), CSV), (npy_of(rows.to_numpy()), NPY)):  # fmt: skip
        assert json.loads(ask(iris, body, kind, path=PREDICT + "?outputs=predict_proba")[2]) == {"prediction": proba}
        assert json.loads(ask(iris, body, kind, path=PREDICT + "?outputs=predict,predict_proba")[2]) == both
        assert json.loads(ask(iris, body, kind, path=PREDICT + "?outputs=predict&outputs=predict_proba")[2]) == both
    assert json.loads(ask(iris, json.dumps({"data": table, "outputs": "predict_proba"}))[2]) == {"prediction": proba}
    status, _, answer = ask(iris, json.dumps(table), path=PREDICT + "?outputs=transform")
    assert status == 400
    assert b"transform" in answer
    header, *lines = ask(iris, json.dumps(table), accept=CSV, path=PREDICT + "?outputs=predict_proba")[2].splitlines()
    assert header == b"prediction_0,prediction_1,prediction_2"
    assert [[float(cell) for cell in line.split(b",")] for line in lines] == proba


@pytest.mark.parametrize(
    ("body", "kind", "status", "word"),
    [
        (b"a,b\n1,2\n", CSV, 400, "sepal length"),
        (b"", CSV, 400, "empty"),
        (b"sepal length (cm)", CSV, 400, "at least one row"),
        (b"a,a\n1,2\n", CSV, 400, "twice"),
        (b"a,b\n1\n", CSV, 400, "Row 0 has 1 values"),
        (b'a,b\n"1', CSV, 400, "CSV"),
        (b"a,b\n1,\0\n", CSV, 400, "NUL"),
        (b"\xff\xfe", CSV, 400, "UTF-8"),
        (b"a,b\n1,2\n", "text/csv; charset=utf-16", 415, "UTF-8"),
        (b"not npy", NPY, 400, "npy"),
        (b"\x93NUMPY\x01\x00\xff\xff{", NPY, 400, "npy"),
        (b"\x93NUMPY\x01\x00v\x00" + b"{'descr': '|O', 'fortran_order': False, 'shape': (1,)}".ljust(117) + b"\nx",
         NPY, 400, "npy"),
        (b"not arrow", ARROW, 400, "Arrow"),
        (b"\xff\xff\xff\xff\x10\x00\x00\x00", ARROW, 400, "Arrow"),
        (b"[1]", "application/json; charset=utf-7", 415, "UTF-8"),
    ],
)  # fmt: skip
def test_what_can_not_be_read_says_why(iris, body, kind, status, word):
    got, content_type, answer = ask(iris, body, kind)
    assert (got, content_type) == (status, "application/json")
    assert word.lower() in json.loads(answer)["message"].lower()


def test_the_column_and_row_of_a_wrong_cell_are_named(iris):
    text = iris.frame.iloc[:3].to_csv(index=False).replace("4.9,3.0", "4.9,wide")
    status, _, answer = ask(iris, text, CSV)
    assert status == 400
    assert json.loads(answer)["message"] == "Column 'sepal width (cm)', row 1: 'wide' is not a float64."


def test_an_answer_that_is_no_table_can_not_be_had_as_one(iris):
    body = json.dumps(iris.frame.iloc[:2].to_dict(orient="list"))
    status, kind, answer = ask(iris, body, accept=NPY, path=PREDICT + "?outputs=predict,predict_proba")
    assert (status, kind) == (406, "application/json")
    assert "one output" in json.loads(answer)["message"]


def test_compressed_bodies_are_refused(iris):
    assert ask(iris, b"\x1f\x8b", "application/json", Content_Encoding="gzip")[0] == 415
    assert ask(iris, json.dumps(iris.frame.iloc[:1].values.tolist()), Content_Encoding="identity")[0] == 200


def test_a_deadline_of_the_caller_is_kept(make_gateway):
    gateway = make_gateway()
    gateway.deploy()
    body = json.dumps({"sleep": 2.0})
    status, _, answer = ask(gateway, body, X_Request_Timeout="0.2")
    assert (status, json.loads(answer)["code"]) == (504, "GatewayTimeout")
    assert gateway.replicas["a"].poll() is None  # the caller's patience is no reason to kill a replica
    assert ask(gateway, b"[1]", X_Request_Timeout="30")[0] == 200
    for value in ("0", "-1", "soon", "1e3", "", "9" * 40):
        assert ask(gateway, b"[1]", X_Request_Timeout=value)[0] == 400


def test_a_script_written_by_hand_gets_bytes(shared):
    """The contract of OCI: what is not JSON reaches predict() as bytes."""
    status, _, answer = ask(shared, b"\x00\xff", "application/octet-stream")
    assert (status, json.loads(answer)["bytes"]) == (200, 2)
    assert json.loads(answer)["meta"]["content_type"] == "application/octet-stream"
