"""The call as code: each snippet is run as it stands, and sends the payload that it shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ads.console.snippets import snippets
from tests.http_server import FakeServer

PAYLOAD = {
    "data": [{"name": 'O\'Brien "x" $HOME `id` \\ \u00e9 \n\t</script> ${a}', "age": 31, "in": True, "note": None}]
}
LONG = {"data": [{"text": "x" * 5000}]}
RUN = {"curl": ["bash", "snippet"], "Python": [sys.executable, "snippet"], "Java": ["java", "Predict.java"]}
RUN["JavaScript"] = ["node", "snippet.mjs"]


def text_of(name: str, endpoint: str, payload: Any) -> str:
    return next(snippet["text"] for snippet in snippets(endpoint, payload) if snippet["name"] == name)


def run(name: str, text: str, folder: Path) -> str:
    command = RUN[name]
    (folder / command[-1]).write_text(text, encoding="utf-8")
    environment = {**os.environ, "OPENADS_TOKEN": "the-token", "JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("payload", [PAYLOAD, LONG], ids=["short", "long"])
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("curl", marks=pytest.mark.needs("curl")),
        "Python",
        pytest.param("Java", marks=pytest.mark.needs("java")),
        pytest.param("JavaScript", marks=pytest.mark.needs("node")),
    ],
)
def test_each_snippet_runs_and_sends_the_payload(server: FakeServer, tmp_path: Path, name: str, payload: Any) -> None:
    server.on("POST", "/ocid1.x/predict", server.reply(content={"prediction": [0.5]}))
    (tmp_path / "payload.json").write_text(json.dumps(payload), encoding="utf-8")
    assert "0.5" in run(name, text_of(name, f"{server.url}/ocid1.x", payload), tmp_path)
    (seen,) = server.seen
    assert seen.json == payload
    assert seen.headers["authorization"] == "Bearer the-token"
    assert seen.headers["content-type"] == "application/json"


@pytest.mark.needs("bash")
def test_the_arguments_for_the_oci_cli_are_those_that_are_meant(tmp_path: Path) -> None:
    show = f"oci() {{ {sys.executable} -c 'import json, sys; print(json.dumps(sys.argv[1:]))' \"$@\"; }}\n"
    for payload in (PAYLOAD, LONG):
        script = show + text_of("OCI CLI", "http://127.0.0.1:8900/ocid1.x", payload)
        done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True)
        said = json.loads(done.stdout)
        assert said[:3] == ["raw-request", "--http-method", "POST"]
        assert said[3:5] == ["--target-uri", "http://127.0.0.1:8900/ocid1.x/predict"]
        assert said[6] == "file://payload.json" if payload is LONG else json.loads(said[6]) == payload
