"""The Open Inference Protocol, version 2: as tritonclient speaks it, and as MLServer's clients write it."""

import base64
import json

import numpy as np
import pytest

from .conftest import DEPLOYMENT, TOKEN
from .test_tables import ask, iris  # noqa: F401 - the fixture

pytestmark = pytest.mark.needs("tritonclient")

MODEL = "/v2/models/iris"
INFER = MODEL + "/infer"


def infer(gateway, request, path=INFER):
    status, _, answer = ask(gateway, json.dumps(request), "application/json", path=path)
    return status, json.loads(answer)


def columns(frame):
    return [
        {"name": name, "shape": [len(frame), 1], "datatype": "FP64", "data": frame[name].tolist()} for name in frame
    ]


def rows_input(frame, datatype="FP64"):
    return {"name": "x", "shape": list(frame.shape), "datatype": datatype, "data": frame.to_numpy().tolist()}


@pytest.mark.parametrize("base", ["", f"/{DEPLOYMENT}"])
@pytest.mark.parametrize("model", ["iris", DEPLOYMENT])
def test_health_and_metadata_at_both_roots(iris, base, model):  # noqa: F811
    for path, wanted in (
        ("/v2/health/live", None),
        ("/v2/health/ready", None),
        ("/v2", "openads"),
        (f"/v2/models/{model}", model),
        (f"/v2/models/{model}/versions/1", model),
        (f"/v2/models/{model}/ready", "iris"),
    ):
        status, _, found = iris.request("GET", base + path)
        assert status == 200, path
        assert wanted is None or found["name"] == wanted
    status, _, found = iris.request("GET", f"{base}/v2/models/{model}")
    assert [entry["name"] for entry in found["inputs"]] == list(iris.frame.columns)
    assert {entry["datatype"] for entry in found["inputs"]} == {"FP64"}
    assert [entry["name"] for entry in found["outputs"]] == ["predict", "predict_proba"]
    for path in ("/v2/models/other", f"/v2/models/{model}/versions/2"):
        status, _, found = iris.request("GET", base + path)
        assert (status, set(found)) == (404, {"error"})


def test_nothing_but_health_without_a_credential(iris):  # noqa: F811
    for path in ("/v2", MODEL, MODEL + "/ready", f"/{DEPLOYMENT}/v2", f"/{DEPLOYMENT}/openapi.json"):
        assert iris.request("GET", path, token=None)[0] == 401
    assert iris.request("POST", INFER, b"{}", token=None)[:1] == (401,)
    assert iris.request("GET", "/v2/health/live", token=None)[0] == 200


def test_tritonclient(iris):  # noqa: F811
    from tritonclient import http
    from tritonclient.utils import InferenceServerException

    client = http.InferenceServerClient(f"{iris.address[0]}:{iris.address[1]}")

    def headers():
        return {"Authorization": f"Bearer {TOKEN}"}  # the client adds to what it is given

    assert client.is_server_live(headers=headers())
    assert client.is_server_ready(headers=headers())
    assert client.is_model_ready("iris", headers=headers())
    assert client.is_model_ready("iris", "1", headers=headers())
    assert not client.is_model_ready("other", headers=headers())
    assert client.get_server_metadata(headers=headers())["extensions"] == ["binary_tensor_data"]
    assert client.get_model_metadata("iris", headers=headers())["platform"] == "openads_sklearn"
    rows = iris.frame.iloc[48:52].to_numpy()
    with np.errstate(all="ignore"):
        proba = iris.estimator.predict_proba(iris.frame.iloc[48:52])
    for binary_in in (True, False):
        for binary_out in (True, False):
            given = http.InferInput("x", list(rows.shape), "FP64")
            given.set_data_from_numpy(rows, binary_data=binary_in)
            wanted = [http.InferRequestedOutput(name, binary_data=binary_out) for name in ("predict_proba", "predict")]
            found = client.infer("iris", [given], request_id="number 7", outputs=wanted, headers=headers())
            assert found.get_response()["id"] == "number 7"
            assert [output["name"] for output in found.get_response()["outputs"]] == ["predict_proba", "predict"]
            assert found.as_numpy("predict").tolist() == [0, 0, 1, 1]
            assert np.array_equal(found.as_numpy("predict_proba"), proba)
    inputs = []
    for name in iris.frame:
        given = http.InferInput(name, [4], "FP32")
        given.set_data_from_numpy(iris.frame[name].to_numpy()[48:52].astype("float32"))
        inputs.append(given)
    assert client.infer("iris", inputs, headers=headers()).as_numpy("predict").tolist() == [0, 0, 1, 1]
    bad = http.InferInput("x", [1, 3], "FP64")
    bad.set_data_from_numpy(rows[:1, :3])
    with pytest.raises(InferenceServerException, match="Row 0"):
        client.infer("iris", [bad], headers=headers())
    client.close()


@pytest.mark.parametrize("content_type", [None, "np", "pd"])
def test_requests_as_mlservers_codecs_write_them(iris, content_type):  # noqa: F811
    rows = iris.frame.iloc[98:102]
    wanted = iris.estimator.predict(rows).tolist()
    given = [rows_input(rows)] if content_type == "np" else columns(rows)
    if content_type == "pd":
        given = [{**each, "parameters": {"content_type": "np"}} for each in given]
    request = {"parameters": {"content_type": content_type} if content_type else None, "inputs": given}
    status, answer = infer(iris, {**request, "id": None, "outputs": None})
    assert status == 200, answer
    assert answer["outputs"] == [{"name": "predict", "shape": [4], "datatype": "INT64", "data": wanted}]
    assert "id" not in answer


def test_the_id_is_echoed_and_outputs_are_chosen(iris):  # noqa: F811
    rows = iris.frame.iloc[:2]
    status, answer = infer(
        iris,
        {"id": "a b", "inputs": [rows_input(rows)], "outputs": [{"name": "predict_proba"}]},
        f"/{DEPLOYMENT}{INFER}",
    )
    assert status == 200
    assert answer["id"] == "a b"
    assert [(output["name"], output["shape"]) for output in answer["outputs"]] == [("predict_proba", [2, 3])]
    status, answer = infer(iris, {"inputs": [rows_input(rows)], "outputs": [{"name": "margin"}]})
    assert status == 400
    assert "margin" in answer["error"]


def with_input(**changes):
    given = {"name": "x", "shape": [1, 4], "datatype": "FP64", "data": [5.1, 3.5, 1.4, 0.2]}
    given.update(changes)
    return {"inputs": [{key: value for key, value in given.items() if value is not ...}]}


@pytest.mark.parametrize(
    ("request_body", "word"),
    [
        ([], "object"),
        ({}, "inputs"),
        ({"inputs": []}, "inputs"),
        ({"inputs": [1]}, "object"),
        ({**with_input(), "extra": 1}, "extra"),
        (with_input(extra=1), "extra"),
        (with_input(name=...), "name"),
        (with_input(name=1), "name"),
        (with_input(datatype="FLOAT"), "FLOAT"),
        (with_input(datatype=[2, 1]), "datatype"),
        (with_input(parameters={"content_type": ["np"]}), "content type"),
        (with_input(shape=[1, 5]), "shape"),
        (with_input(shape=[-1, 4]), "shape"),
        (with_input(shape="4"), "shape"),
        (with_input(shape=[2**31] * 8), "shape"),
        (with_input(shape=[1.0, 4]), "shape"),
        (with_input(data=...), "data"),
        (with_input(data=[1, 2, 3, "4"]), "FP64"),
        (with_input(data=[1, 2, 3, None]), "FP64"),
        (with_input(data=[1, 2, [3], 4]), "mixes"),
        (with_input(datatype="INT8", data=[1, 2, 3, 400]), "INT8"),
        (with_input(datatype="INT64", data=[1, 2, 3, 4.5]), "INT64"),
        (with_input(datatype="FP32", data=[1e300, 2, 3, 4]), "FP32"),
        (with_input(datatype="FP16", data=[1e10, 2, 3, 4]), "FP16"),
        (with_input(datatype="BOOL", data=[True, 1, 0, 2]), "BOOL"),
        (with_input(datatype="BYTES", data=["a", "b", "c", 4]), "BYTES"),
        (with_input(parameters={"content_type": "pickle"}), "pickle"),
        (with_input(parameters={"binary_data_size": 10}), "binary_data_size"),
        (with_input(parameters=[]), "parameters"),
        ({"inputs": with_input()["inputs"] * 2}, "twice"),
        ({**with_input(), "id": 5}, "id"),
        ({**with_input(), "outputs": {}}, "outputs"),
        ({**with_input(), "outputs": [{"name": "predict", "parameters": {"classification": 3}}]}, "classification"),
    ],
)
def test_requests_that_are_refused(iris, request_body, word):  # noqa: F811
    status, answer = infer(iris, request_body)
    assert (status, set(answer)) == (400, {"error"})
    assert word in answer["error"]


@pytest.mark.parametrize("length", ["99999", "-1", "x", "3", "1_0", "9" * 40])
def test_wrong_header_lengths(iris, length):  # noqa: F811
    body = json.dumps(with_input())
    status, _, answer = ask(iris, body, path=INFER, Inference_Header_Content_Length=length)
    assert status == 400
    assert set(json.loads(answer)) == {"error"}


def test_every_datatype_as_bytes_and_as_json():
    from ads.worker.tensors import DATATYPES, from_bytes, from_json, to_bytes

    values = {"BOOL": [True, False], "FP16": [0.5, -2.0], "FP32": [0.25, 3.0], "FP64": [0.1, 1e300]}
    for datatype in DATATYPES:
        given = values.get(datatype, ["ü", ""] if datatype == "BYTES" else [0, 100])
        read = from_bytes("x", [2], datatype, to_bytes(datatype, given), "")
        assert read.values == given
        assert from_json("x", [2, 1], datatype, [[each] for each in given], "").values == given
    assert from_json("x", [1], "BYTES", [base64.b64encode(b"\xff").decode()], "base64").values == [b"\xff"]


def test_errors_of_the_gateway_itself_have_the_protocols_form(iris):  # noqa: F811
    for method, path, body, status in (
        ("POST", "/v2/models/none/infer", b"{}", 404),
        ("GET", INFER, None, 405),
        ("POST", INFER, b"", 400),
        ("POST", MODEL, b"{}", 405),
        ("POST", INFER, b"x" * (10 * 1024 * 1024 + 1), 413),
    ):
        got, _, answer = iris.request(method, path, body)
        assert (got, set(answer)) == (status, {"error"})


def test_requests_by_name_are_in_the_deployments_access_log(iris, eventually):  # noqa: F811
    status, _ = infer(iris, {"inputs": [rows_input(iris.frame.iloc[:1])]})
    assert status == 200
    log = iris.home.deployment(DEPLOYMENT) / "access.log"
    eventually(lambda: log.exists() and f'"path": "{INFER}"' in log.read_text(), what="the line")
    assert not (iris.home.root / "deployments" / "access.log").exists()
