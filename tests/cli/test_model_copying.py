"""Models between two services of ours, and through signed requests as they go to OCI."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ads.client import Service
from ads.settings import load_settings

from .conftest import Run


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A second service, with a data directory of its own."""
    home = tmp_path_factory.mktemp("other") / "home"
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OPENADS_", "OCI_"))}
    clean["OPENADS_HOME"] = str(home)

    def ads(*arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "ads.cli", *arguments], env=clean, check=True, timeout=120)

    ads("serve", "--detach", "--port", "0")
    service = Service.find(load_settings(home=home), start=False)
    yield service
    service.close()
    ads("stop")


@pytest.fixture(scope="module")
def token(other: Service, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("token") / "token"
    made = other.request("POST", "/openads/v1/tokens", json={"name": "copies"}).json()
    file.write_text(made["token"])
    return file


@pytest.fixture(scope="module")
def registered(command: Run, running: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """Two versions of ``rates`` in the first service."""
    folder = tmp_path_factory.mktemp("rates") / "artifact"
    folder.mkdir()
    (folder / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    for version in (1, 2):
        script = (
            f"def load_model():\n    return {version}\n\ndef predict(data, model=load_model()):\n    return model\n"
        )
        (folder / "score.py").write_text(script)
        more = ("--label", f"v{version}", "--tag", "team=risk", "--metric", f"auc=0.9{version}")
        command("push", f"{folder}/", "--set", "rates", "--no-check", *more)
    return "rates"


def test_versions_travel_once_with_what_is_said_of_them(
    command: Run, running: str, registered: str, other: Service, token: Path, tmp_path: Path
) -> None:
    run = ("push", registered, "--to", other.url, "--token-file", str(token), "--all-versions", "--format", "json")
    first = json.loads(command(*run).stdout)
    assert [row["sent"] for row in first] == [True, True]
    copy = other.get_json(f"/20190101/models/{first[1]['id']}")
    assert (copy["modelVersionSetName"], copy["versionId"], copy["versionLabel"]) == ("rates", 2, "v2")
    assert copy["freeformTags"]["team"] == "risk"
    metrics = {item["key"]: item["value"] for item in copy["customMetadataList"]}
    assert metrics["auc"] == "0.92"
    copied = other.download_artifact(copy["id"], tmp_path / "copy.zip").sha256
    original = json.loads(
        command("models", "download", "rates:2", str(tmp_path / "own.zip"), "--format", "json").stdout
    )
    assert copied == _sha256(Path(original["path"]))
    again = json.loads(command(*run).stdout)
    assert [(row["id"], row["sent"], row["changed"]) for row in again] == [(row["id"], False, False) for row in first]
    command("models", "update", "rates:2", "--description", "who pays late")
    changed = json.loads(command(*run).stdout)
    assert [row["changed"] for row in changed] == [False, True]
    assert other.get_json(f"/20190101/models/{copy['id']}")["description"] == "who pays late"
    # Back again: what it was copied from is known.
    back = ("pull", "rates:2", "--from", other.url, "--token-file", str(token), "--format", "json")
    (row,) = json.loads(command(*back).stdout)
    assert (row["sent"], row["changed"]) == (False, False)


def test_what_a_kill_left_without_an_artifact_gets_it(
    command: Run, registered: str, other: Service, token: Path
) -> None:
    run = ("push", "rates:1", "--to", other.url, "--token-file", str(token), "--format", "json")
    (row,) = json.loads(command(*run).stdout)
    body = other.get_json(f"/20190101/models/{row['id']}")
    other.request("DELETE", f"/20190101/models/{row['id']}")
    # An entry as it is before its artifact has come.
    keys = ("compartmentId", "projectId", "displayName", "freeformTags")
    left = other.request("POST", "/20190101/models", json={key: body[key] for key in keys}).json()
    (again,) = json.loads(command(*run).stdout)
    assert (again["id"], again["sent"]) == (left["id"], True)
    other.request("HEAD", f"/20190101/models/{left['id']}/artifact/content")


def _sha256(path: Path) -> str:
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_pull_fetches_what_is_new(command: Run, running: str, other: Service, token: Path, tmp_path: Path) -> None:
    home = tmp_path / "artifact"
    home.mkdir()
    (home / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    (home / "score.py").write_text("def load_model():\n    return 1\n\ndef predict(data):\n    return 1\n")
    (tmp_path / "clean").mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("OPENADS_", "OCI_"))}
    there = {"OPENADS_HOME": str(tmp_path / "clean"), "OPENADS_URL": other.url, "OPENADS_TOKEN": token.read_text()}
    push = [sys.executable, "-m", "ads.cli", "push", f"{home}/", "--name", "alone", "--no-check"]
    subprocess.run(push, env={**clean, **there}, check=True, timeout=120)
    run = ("pull", "alone", "--from", other.url, "--token-file", str(token))
    (identifier,) = command(*run).stdout.split()
    assert command("models", "info", "alone", "-q").stdout.split() == [identifier]
    assert "was there already" in command(*run).stderr
    assert command(*run).stdout.split() == [identifier]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("push", "rates", "--to", "ftp://nowhere"), "is no catalog"),
        (("push", "rates", "--to", "http://127.0.0.1:9", "--label", "x"), "leave the options beside --to out"),
        (("push", "rates", "--all-versions"), "belong to --to"),
    ],
)
def test_what_can_not_be_meant(command: Run, running: str, arguments: Any, expected: str) -> None:
    assert expected in command(*arguments, code=2).stderr
