"""``ads predict``."""

from __future__ import annotations

import json

import pytest

ROWS = '[{"age": 42, "amount": 12.50}]'


def sent(service):
    return [body for method, target, _, body in service.requests if target.endswith("/predict")]


def test_json_goes_to_the_deployment_as_it_was_written(ads, service):
    result = ads("predict", "churn-api", "--data", ROWS)
    assert result.code == 0
    assert json.loads(result.out) == {"prediction": [0, 1, 1]}
    assert sent(service) == [ROWS.encode()]
    target, headers = next((t, h) for _, t, h, _ in service.requests if t.endswith("/predict"))
    assert target == f"/{service.deployments[0]['id']}/predict"
    assert headers["content-type"] == "application/json"
    assert headers["authorization"] == "Bearer secret-token"


def test_data_from_a_file_and_from_stdin(ads, service, tmp_path):
    (tmp_path / "rows.json").write_text(ROWS)
    assert ads("predict", "churn-api", "--input", "rows.json").code == 0
    assert ads("predict", "churn-api", stdin=ROWS).code == 0
    assert ads("predict", "churn-api", "--input", "-", stdin=ROWS).code == 0
    assert sent(service) == [ROWS.encode()] * 3


def test_a_csv_file_becomes_rows(ads, service, tmp_path):
    (tmp_path / "rows.csv").write_text("age,plan\n42,basic\n17,pro\n")
    assert ads("predict", "churn-api", "--input", "rows.csv").code == 0
    assert json.loads(sent(service)[0]) == [{"age": 42, "plan": "basic"}, {"age": 17, "plan": "pro"}]


def test_quiet_is_one_prediction_a_line(ads, service):
    assert ads("predict", "churn-api", "--data", ROWS, "-q").out == "0\n1\n1\n"
    path = f"/{service.deployments[0]['id']}/predict"
    service.answers["POST", path] = (200, {"prediction": ["yes", [0.1, 0.9]]})
    assert ads("predict", "churn-api", "--data", ROWS, "-q").out == "yes\n[0.1, 0.9]\n"
    service.answers["POST", path] = (200, {"score": 0.5})
    assert json.loads(ads("predict", "churn-api", "--data", ROWS, "-q").out) == {"score": 0.5}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--data", "{age: 42}"], "--data is not JSON"),
        (["--input", "missing.json"], "'missing.json' does not exist"),
        (["--data", "[]", "--input", "-"], "not both"),
        ([], "stdin is not JSON"),
    ],
)
def test_data_that_can_not_be_sent(ads, service, arguments, expected):
    result = ads("predict", "churn-api", *arguments)
    assert result.code == 2
    assert expected in result.err
    assert sent(service) == []


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        ("INACTIVE", "ads deployments start churn-api"),
        ("FAILED", "ads deployments logs churn-api"),
        ("CREATING", "ads deployments logs churn-api -f"),
    ],
)
def test_a_deployment_that_does_not_serve(ads, service, state, hint):
    service.deployments[0]["lifecycleState"] = state
    result = ads("predict", "churn-api", "--data", ROWS)
    assert result.code == 5
    assert f"is {state}" in result.err
    assert hint in result.err


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [(400, "InvalidParameter", "ads models info"), (500, "InternalServerError", "ads deployments logs churn-api")],
)
def test_a_refused_prediction_says_why_and_where_to_look(ads, service, status, code, hint):
    path = f"/{service.deployments[0]['id']}/predict"
    service.answers["POST", path] = (status, {"code": code, "message": "row 0 has no column 'age'"})
    result = ads("predict", "churn-api", "--data", ROWS)
    assert result.code == 1
    assert "row 0 has no column 'age'" in result.err
    assert hint in result.err
