"""``ads deployments logs``."""

from __future__ import annotations

import json


def line(text: str, time: str = "2026-01-31T10:15:30Z") -> dict[str, str]:
    return {"time": time, "type": "predict", "message": text}


def test_the_last_lines(ads, service):
    service.log = [line(f"line {i}") for i in range(5)]
    assert ads("deployments", "logs", "churn-api", "-n", "2").out.splitlines() == [
        "2026-01-31T10:15:30Z line 3",
        "2026-01-31T10:15:30Z line 4",
    ]
    assert json.loads(ads("deployments", "logs", "churn-api", "-n", "1", "--format", "json").out) == [line("line 4")]


def test_a_line_keeps_its_indentation_but_can_not_steer_the_terminal(ads, service):
    service.log = [line("    raise ValueError\x1b[2J")]
    assert ads("deployments", "logs", "churn-api").out == "2026-01-31T10:15:30Z     raise ValueError [2J\n"


def test_a_request_is_one_line_of_key_facts(ads, service):
    request = {"status": 200, "milliseconds": 3.04, "bytesIn": 170, "bytesOut": 22, "replica": "r-1", "requestId": "Q7"}
    service.log = [{"time": "T", "type": "access", "message": json.dumps(request)}]
    shown = ads("deployments", "logs", "churn-api", "--type", "access").out
    assert " ".join(shown.split()) == "T 200 3.0 ms 170 → 22 bytes r-1 Q7"
    service.log = [{"time": "T", "type": "access", "message": "not JSON"}]
    assert ads("deployments", "logs", "churn-api", "--type", "access").out == "T not JSON\n"


def test_an_empty_log_says_so(ads, service):
    result = ads("deployments", "logs", "churn-api", "--type", "access")
    assert (result.code, result.out) == (0, "")
    assert "The access log of 'churn-api' is empty." in result.err
