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
from ads.home import Home
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


@pytest.fixture(scope="module")
def here(running: str, real_home: Home) -> Iterator[Service]:
    """The first service."""
    service = Service.find(load_settings(home=real_home.root), start=False)
    yield service
    service.close()


def test_what_belongs_to_a_version_goes_with_it(
    command: Run, here: Service, registered: str, other: Service, token: Path
) -> None:
    (model,) = (row for row in here.list("/20190101/models", _everywhere(here)) if row.get("versionLabel") == "v1")
    address = f"/20190101/models/{model['id']}"
    here.request("PUT", f"/20190101/modelVersionSets/{model['modelVersionSetId']}", json={"description": "all rates"})
    here.request("POST", f"{address}/provenance", json={"gitBranch": "main", "gitCommit": "abc"})
    for key, content in (("auc", b"a curve"), ("notes", b"")):
        if key == "notes":
            items = here.get_json(address)["customMetadataList"]
            sent = [{key: item[key] for key in ("key", "value", "category") if item.get(key)} for item in items]
            sent.append({"key": key, "value": "see the file", "category": "Other"})
            here.request("PUT", address, json={"customMetadataList": sent})
        here.request("POST", f"{address}/customMetadata/{key}/artifact", content=content)
    command("aliases", "set", "rates", "champion", "1", "--protect")
    run = ("push", "rates:1", "--to", other.url, "--token-file", str(token), "--format", "json")
    (first,) = json.loads(command(*run).stdout)
    copy = other.get_json(f"/20190101/models/{first['id']}")
    there = f"/20190101/models/{copy['id']}"
    assert other.get_json(f"/20190101/modelVersionSets/{copy['modelVersionSetId']}")["description"] == "all rates"
    assert other.get_json(f"{there}/provenance")["gitCommit"] == "abc"
    assert other.request("GET", f"{there}/customMetadata/auc/artifact/content").content == b"a curve"
    assert other.request("GET", f"{there}/customMetadata/notes/artifact/content").content == b""
    aliases = f"/openads/v1/modelVersionSets/{copy['modelVersionSetId']}/aliases"
    ((alias),) = other.list(aliases)
    assert (alias["name"], alias["modelId"], alias["protected"]) == ("champion", copy["id"], True)
    (again,) = json.loads(command(*run).stdout)
    assert (again["id"], again["sent"], again["changed"]) == (copy["id"], False, False)
    # What changes travels: another file, another label, none; the alias stays where it is told to.
    here.request("PUT", f"{address}/customMetadata/auc/artifact", content=b"another curve")
    here.request("DELETE", f"{address}/customMetadata/notes/artifact")
    command("models", "update", "rates:1", "--label", "first")
    other.request("DELETE", f"{aliases}/champion")
    (changed,) = json.loads(command(*run, "--no-aliases").stdout)
    assert (changed["id"], changed["changed"]) == (copy["id"], True)
    assert other.request("GET", f"{there}/customMetadata/auc/artifact/content").content == b"another curve"
    now = other.get_json(there)
    assert {item["key"]: item["hasArtifact"] for item in now["customMetadataList"]} == {"auc": True, "notes": False}
    assert now["versionLabel"] == "first"
    assert not list(other.list(aliases))


def _everywhere(service: Service) -> dict[str, str]:
    return {"compartmentId": service.compartment_id, "modelVersionSetName": "rates"}


def test_a_model_by_reference_goes_with_its_objects(
    command: Run, here: Service, other: Service, token: Path, tmp_path: Path
) -> None:
    from ads.client.objects import ObjectAddress, upload_object
    from ads.model.by_reference import send_description, versioned_bucket

    versioned_bucket(here, "openads", "weights")
    objects = []
    for name, content in (("m/score.py", b"def load_model(): ..."), ("m/large.bin", bytes(9 * 1024 * 1024))):
        (tmp_path / "file").write_bytes(content)
        address = ObjectAddress("weights", name)
        upload_object(here, tmp_path / "file", address)
        headers = here.request("HEAD", address.path).headers
        objects.append({"name": name, "version": headers["version-id"], "sizeInBytes": len(content)})
    entry = {"namespace": "openads", "bucketName": "weights", "prefix": "m/", "objects": objects}
    mark = [{"key": "modelDescription", "value": "true", "category": "Other"}]
    place = {"compartmentId": here.compartment_id, "projectId": here.project_id}
    body = {**place, "displayName": "heavy", "customMetadataList": mark}
    model = here.request("POST", "/20190101/models", json=body).json()
    description = {"version": "1.0", "type": "modelOSSReferenceDescription", "models": [entry]}
    send_description(here, model["id"], description)
    run = ("push", "heavy", "--to", other.url, "--token-file", str(token), "--format", "json")
    (first,) = json.loads(command(*run).stdout)
    copy = other.get_json(f"/20190101/models/{first['id']}")
    assert copy["isModelByReference"] is True
    told = json.loads(other.request("GET", f"/20190101/models/{copy['id']}/artifact/content").content)
    assert [item["name"] for item in told["models"][0]["objects"]] == ["m/score.py", "m/large.bin"]
    for item, (_, content) in zip(
        told["models"][0]["objects"], ((0, b"def load_model(): ..."), (0, bytes(9 * 1024 * 1024))), strict=True
    ):
        path = ObjectAddress("weights", item["name"]).path
        assert other.request("GET", path, params={"versionId": item["version"]}).content == content
    (again,) = json.loads(command(*run).stdout)
    assert (again["id"], again["sent"], again["changed"]) == (copy["id"], False, False)
    # After a cut only what is missing is sent: the entry is there without its artifact, one object is gone.
    other.request("DELETE", f"/20190101/models/{copy['id']}")
    other.request("DELETE", ObjectAddress("weights", "m/score.py").path)
    (anew,) = json.loads(command(*run).stdout)
    assert anew["sent"] is True
    after = json.loads(other.request("GET", f"/20190101/models/{anew['id']}/artifact/content").content)
    versions = [[item["version"] for item in each["models"][0]["objects"]] for each in (told, after)]
    assert (versions[0][0] != versions[1][0], versions[0][1] == versions[1][1]) == (True, True)


def test_what_a_kill_left_without_an_artifact_gets_it(
    command: Run, registered: str, other: Service, token: Path
) -> None:
    run = ("push", "rates:2", "--to", other.url, "--token-file", str(token), "--format", "json")
    (row,) = json.loads(command(*run).stdout)
    body = other.get_json(f"/20190101/models/{row['id']}")
    other.request("DELETE", f"/20190101/models/{row['id']}")
    # An entry as it is before its artifact has come.
    keys = ("compartmentId", "projectId", "displayName", "freeformTags", "modelVersionSetId", "versionLabel")
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
        (("push", "rates", "--no-aliases"), "belong to --to"),
    ],
)
def test_what_can_not_be_meant(command: Run, running: str, arguments: Any, expected: str) -> None:
    assert expected in command(*arguments, code=2).stderr
