"""What a user, a client or an artifact can do wrong: each ends in its documented error, and the service stays well."""

from __future__ import annotations

import io
import json
import socket
import zipfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import requests
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from ads.errors import ArchiveError, DeploymentFailed, InputError
from ads.model.deployment import ModelDeployment
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.generic_model import GenericModel
from tests.own_service import OwnService
from tests.runtime_yaml import RUNTIME

ROWS = load_iris(as_frame=True).data
TARGET = load_iris(as_frame=True).target
LIMIT = 10 * 1024 * 1024


@pytest.fixture(scope="module")
def estimator() -> LogisticRegression:
    return LogisticRegression(max_iter=500).fit(ROWS, TARGET)


@pytest.fixture(scope="module")
def iris(service_home: Path, tmp_path_factory: pytest.TempPathFactory, estimator: LogisticRegression) -> Iterator[str]:
    """The address of an iris deployment that must answer rightly after whatever a test did."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENADS_HOME", str(service_home))
        patch.setenv("OPENADS_PORT", "0")
        model = SklearnModel(estimator, artifact_dir=str(tmp_path_factory.mktemp("iris")))
        model.prepare(X_sample=ROWS, y_sample=TARGET, force_overwrite=True)
        model.save(display_name="iris")
        deployment = model.deploy(display_name="iris")
        yield deployment.url
        model.delete(delete_associated_model_deployment=True)


class Api:
    """Plain HTTP to the service, with the administrator's token."""

    def __init__(self, url: str, token: str) -> None:
        parts = urlsplit(url)
        self.base = f"{parts.scheme}://{parts.netloc}"
        self.host, self.port = str(parts.hostname), int(parts.port or 0)
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"}

    def predict(self, body: bytes | str, content_type: str = "application/json", url: str = "") -> requests.Response:
        return requests.post(
            f"{url or self.url}/predict", data=body, headers={**self.headers, "Content-Type": content_type}, timeout=60
        )

    def call(self, method: str, path: str, **keywords: object) -> requests.Response:
        headers = {**self.headers, **keywords.pop("headers", {})}  # type: ignore[dict-item]
        return requests.request(method, f"{self.base}{path}", headers=headers, timeout=60, **keywords)  # type: ignore[arg-type]


@pytest.fixture
def api(local_service: Path, iris: str, estimator: LogisticRegression) -> Iterator[Api]:
    api = Api(iris, (local_service / "admin-token").read_text().strip())
    yield api
    answer = api.predict(ROWS.head(3).to_json(orient="records"))
    assert answer.status_code == 200, answer.text
    assert answer.json()["prediction"] == estimator.predict(ROWS.head(3)).tolist()


# -- at the door of the SDK ---------------------------------------------------------------------------------------


def test_an_estimator_without_predict_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="predict"):
        SklearnModel(object(), artifact_dir=str(tmp_path)).prepare(X_sample=ROWS)
    assert list(tmp_path.iterdir()) == []


def test_an_artifact_dir_that_is_a_file_is_refused(tmp_path: Path, estimator: LogisticRegression) -> None:
    target = tmp_path / "file"
    target.write_text("mine")
    with pytest.raises(InputError, match="file"):
        SklearnModel(estimator, artifact_dir=str(target)).prepare(X_sample=ROWS)
    assert target.read_text() == "mine"


def test_an_existing_artifact_is_not_overwritten_unasked(tmp_path: Path, estimator: LogisticRegression) -> None:
    SklearnModel(estimator, artifact_dir=str(tmp_path)).prepare(X_sample=ROWS)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(ValueError, match="force_overwrite"):
        SklearnModel(estimator, artifact_dir=str(tmp_path)).prepare(X_sample=ROWS)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_unknown_slug_names_the_closest_known_ones(tmp_path: Path, estimator: LogisticRegression) -> None:
    with pytest.raises(ValueError, match="generalml_p38_cpu_v1"):
        SklearnModel(estimator, artifact_dir=str(tmp_path)).prepare(inference_conda_env="generalml_p38_cpu_v01")
    assert list(tmp_path.iterdir()) == []


# -- artifacts whose score.py does not work -----------------------------------------------------------------------

BROKEN_SCORES = {
    "syntax error": ("def load_model(:\n    return 1\n", "syntax"),
    "load_model returns None": (
        "def load_model():\n    return None\n\ndef predict(data, model=None):\n    return data\n",
        "None",
    ),
    "load_model raises": (
        "def load_model():\n    raise OSError('no weights today')\n\ndef predict(data, model=None):\n    return 1\n",
        "no weights today",
    ),
    "os._exit while importing": (
        "import os\nos._exit(0)\ndef load_model():\n    return 1\ndef predict(data, model=None):\n    return 1\n",
        "exit",
    ),
    "sys.exit while importing": (
        "import sys\nsys.exit(0)\ndef load_model():\n    return 1\ndef predict(data, model=None):\n    return 1\n",
        "exit",
    ),
    "no predict": ("def load_model():\n    return 1\n", "predict"),
}


def deploy_score(
    text: str, folder: Path, name: str
) -> tuple[GenericModel, ModelDeployment | None, DeploymentFailed | None]:
    """Register a hand-written score.py as it is and try to deploy it."""
    folder.mkdir(exist_ok=True)
    (folder / "score.py").write_text(text)
    (folder / "runtime.yaml").write_text(RUNTIME)
    (folder / "weights.txt").write_text("1")
    model = GenericModel.from_model_artifact(str(folder), artifact_dir=str(folder), force_overwrite=True)
    model.save(display_name=name, ignore_introspection=True, reload=False)
    try:
        return model, model.deploy(display_name=name), None
    except DeploymentFailed as error:
        return model, None, error


@pytest.mark.parametrize("fault", list(BROKEN_SCORES))
def test_a_score_py_that_can_not_start_fails_the_deployment_with_its_reason(
    api: Api, tmp_path: Path, fault: str
) -> None:
    text, reason = BROKEN_SCORES[fault]
    model, _, error = deploy_score(text, tmp_path / "artifact", fault)
    assert error is not None
    assert reason in str(error)
    assert model.model_deployment.lifecycle_state == "FAILED"
    model.delete(delete_associated_model_deployment=True)


HANGS = """\
import threading

threading.Event().wait()

def load_model():
    return 1

def predict(data, model=1):
    return 1
"""


def test_a_score_py_that_hangs_while_importing_fails_at_the_start_limit(
    own_service: OwnService, tmp_path: Path
) -> None:
    own_service.use(start_timeout="3")
    model, _, error = deploy_score(HANGS, tmp_path / "artifact", "hangs")
    assert error is not None
    assert "3" in str(error)
    assert model.model_deployment.lifecycle_state == "FAILED"
    assert own_service.replica_processes() == []


ANSWERS = """\
import os

class Thing:
    pass

def load_model():
    return "model"

def predict(data, model=load_model()):
    if data == "raise":
        raise KeyError("private detail of the model")
    if data == "exit":
        raise SystemExit(0)
    if data == "nan":
        return {"prediction": [1.0, float("nan")]}
    if data == "object":
        return {"prediction": [Thing()]}
    if data == "die":
        os._exit(1)
    return {"prediction": data}
"""


@pytest.fixture(scope="module")
def moody(service_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A deployment whose answers depend on what it is asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENADS_HOME", str(service_home))
        patch.setenv("OPENADS_PORT", "0")
        model, deployment, error = deploy_score(ANSWERS, tmp_path_factory.mktemp("moody"), "moody")
        assert deployment is not None, error
        yield deployment.url
        model.delete(delete_associated_model_deployment=True)


@pytest.mark.parametrize("mood", ["raise", "exit", "nan", "object"])
def test_a_prediction_that_fails_is_500_without_a_word_of_the_code(api: Api, moody: str, mood: str) -> None:
    answer = api.predict(json.dumps(mood), url=moody)
    assert answer.status_code == 500
    assert answer.json()["code"] == "InternalServerError"
    assert "Traceback" not in answer.text
    assert "private detail" not in answer.text
    assert api.predict("[1]", url=moody).json() == {"prediction": [1]}


def test_an_answer_that_json_can_not_carry_names_the_type(api: Api, moody: str) -> None:
    assert "Thing" in api.predict('"object"', url=moody).json()["message"]


def test_a_request_that_kills_its_replica_costs_that_replica_alone(api: Api, moody: str) -> None:
    answer = api.predict('"die"', url=moody)
    assert answer.status_code in (500, 502, 503)
    assert answer.json()["code"]
    for _ in range(100):  # each try waits for a replica, or is told to come back
        answer = api.predict("[2]", url=moody)
        if answer.status_code == 200:
            break
        assert answer.status_code == 503
        assert int(answer.headers["Retry-After"]) >= 1
    assert answer.json() == {"prediction": [2]}


# -- requests -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "CannotParseRequest"),
        (b"   ", "CannotParseRequest"),
        (b"{", "CannotParseRequest"),
        (b"{'a': 1}", "CannotParseRequest"),
        (b"[[NaN, 1, 2, 3]]", "CannotParseRequest"),
        (b"\xff\xfe", "CannotParseRequest"),
        (b"[" * 100_000, "CannotParseRequest"),
    ],
    ids=["empty", "blank", "truncated", "quotes", "nan", "not-utf8", "deep"],
)
def test_a_body_that_is_not_json_is_400(api: Api, body: bytes, code: str) -> None:
    answer = api.predict(body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["code"] == code


def test_a_missing_column_is_named(api: Api) -> None:
    rows = ROWS.head(2).drop(columns=["petal width (cm)"]).to_dict("records")
    answer = api.predict(json.dumps(rows))
    assert answer.status_code == 400
    assert "petal width (cm)" in answer.json()["message"]


def test_a_wrong_value_is_named_with_column_and_row(api: Api) -> None:
    rows = ROWS.head(3).to_dict("records")
    rows[1]["sepal length (cm)"] = "long"
    answer = api.predict(json.dumps(rows))
    assert answer.status_code == 400
    assert "sepal length (cm)" in answer.json()["message"]
    assert "row 1" in answer.json()["message"]


def test_ten_megabytes_pass_and_one_byte_more_is_413(api: Api) -> None:
    body = ROWS.head(1).to_json(orient="records").encode()
    assert api.predict(body + b" " * (LIMIT - len(body))).status_code == 200
    with socket.create_connection((api.host, api.port), timeout=30) as connection:
        head = (
            f"POST {urlsplit(api.url).path}/predict HTTP/1.1\r\nHost: {api.host}:{api.port}\r\n"
            f"Authorization: {api.headers['Authorization']}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {LIMIT + 1}\r\n\r\n"
        )
        connection.sendall(head.encode())
        answer = connection.recv(65536).decode()  # answered before a byte of the body was sent
    assert answer.startswith("HTTP/1.1 413 ")
    assert "PayloadTooLarge" in answer


def test_ten_megabytes_and_a_byte_in_chunks_is_refused_by_counting(api: Api) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"["
        for _ in range(LIMIT // 65536 + 1):
            yield b" " * 65536

    try:
        answer = requests.post(f"{api.url}/predict", data=chunks(), headers=api.headers, timeout=60)
    except requests.ConnectionError:
        return  # cut off while still sending is a refusal, too
    assert answer.status_code in (411, 413)


def test_unknown_deleted_and_inactive_deployments_are_404(api: Api, tmp_path: Path) -> None:
    unknown = f"{api.base}/ocid1.datasciencemodeldeployment.oc1.local.{'a' * 60}"
    assert api.predict("[1]", url=unknown).json()["code"] == "NotAuthorizedOrNotFound"
    model, deployment, error = deploy_score(ANSWERS, tmp_path / "artifact", "comes and goes")
    assert deployment is not None, error
    assert api.predict("[1]", url=deployment.url).status_code == 200
    deployment.deactivate()
    answer = api.predict("[1]", url=deployment.url)
    assert (answer.status_code, answer.json()["code"]) == (404, "NotAuthorizedOrNotFound")
    deployment.delete()
    answer = api.predict("[1]", url=deployment.url)
    assert (answer.status_code, answer.json()["code"]) == (404, "NotAuthorizedOrNotFound")
    model.delete()


def test_a_zip_that_escapes_its_folder_is_refused_everywhere(api: Api, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("score.py", "def load_model():\n    return 1\n")
        archive.writestr("runtime.yaml", RUNTIME)
        archive.writestr("../escaped.txt", "out")
    archive_path = tmp_path / "evil.zip"
    archive_path.write_bytes(buffer.getvalue())
    with pytest.raises(ArchiveError, match="escaped"):
        GenericModel.from_model_artifact(str(archive_path), artifact_dir=str(tmp_path / "inner" / "artifact"))
    assert not (tmp_path / "inner" / "escaped.txt").exists()

    service = api.call("GET", "/openads/v1/service").json()
    details = {"compartmentId": service["compartmentId"], "projectId": service["projectId"], "displayName": "evil"}
    model_id = api.call("POST", "/20190101/models", json=details).json()["id"]
    answer = api.call(
        "POST",
        f"/20190101/models/{model_id}/artifact",
        data=buffer.getvalue(),
        headers={"Content-Type": "application/octet-stream"},
    )
    assert answer.status_code == 400
    assert "escaped" in answer.json()["message"]
    assert api.call("HEAD", f"/20190101/models/{model_id}/artifact/content").status_code == 404
    assert api.call("DELETE", f"/20190101/models/{model_id}").status_code == 204


def test_an_unsigned_or_wrongly_signed_request_is_401(api: Api) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic YTpi"}):
        answer = requests.post(f"{api.url}/predict", json=[[1]], headers=headers, timeout=30)
        assert (answer.status_code, answer.json()["code"]) == (401, "NotAuthenticated")
        answer = requests.get(f"{api.base}/20190101/nothing-here", headers=headers, timeout=30)
        assert answer.status_code == 401


def test_every_answer_can_be_traced(api: Api) -> None:
    answer = requests.post(f"{api.url}/predict", json=[], headers={"opc-request-id": "mine"}, timeout=30)
    assert answer.headers["opc-request-id"].startswith("mine")


def test_arrays_are_answered_as_frames_are(api: Api, estimator: LogisticRegression) -> None:
    values = ROWS.head(4).to_numpy()
    expected = estimator.predict(ROWS.head(4)).tolist()
    assert api.predict(json.dumps(values.tolist())).json()["prediction"] == expected
    assert api.predict(json.dumps({"data": np.asarray(values).tolist()})).json()["prediction"] == expected
