"""Every command against the real service: real processes, a real deployment, the real OCI client."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator

import pytest

from ads.client import Service, wait_for_work_request
from ads.home import Home
from ads.settings import load_settings
from tests.runtime_yaml import RUNTIME

SCORE = """
def load_model():
    return {"limit": 40}

def predict(data, model=load_model()):
    print("asked for", len(data), "rows")
    return {"prediction": [row["age"] > model["limit"] for row in data]}
"""
ROWS = '[{"age": 42}, {"age": 17}]'


@pytest.fixture(scope="module")
def deployed(real_home: Home, running: str) -> Iterator[Service]:
    """A running service with one deployment, ``adult-api`` of the model ``adult``."""
    service = Service.find(load_settings(home=real_home.root), start=False)
    assert service.url == running
    try:
        _deploy(service, "adult")
        yield service
    finally:
        service.close()


def _deploy(service: Service, name: str) -> None:
    """Register a model called ``name`` and deploy it as ``<name>-api``."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("score.py", SCORE)
        file.writestr("runtime.yaml", RUNTIME)
    place = {"compartmentId": service.compartment_id, "projectId": service.project_id}
    model = service.request("POST", "/20190101/models", json={**place, "displayName": name}).json()
    service.request(
        "POST",
        f"/20190101/models/{model['id']}/artifact",
        content=archive.getvalue(),
        headers={"content-type": "application/octet-stream"},
    )
    configuration = {
        "deploymentType": "SINGLE_MODEL",
        "modelConfigurationDetails": {
            "modelId": model["id"],
            "instanceConfiguration": {"instanceShapeName": "VM.Standard.E4.Flex"},
            "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 1},
        },
    }
    answer = service.request(
        "POST",
        "/20190101/modelDeployments",
        json={**place, "displayName": f"{name}-api", "modelDeploymentConfigurationDetails": configuration},
    )
    ended = wait_for_work_request(service, answer.headers["opc-work-request-id"], label="deploy", max_wait_time=60)
    assert not ended.failed, ended.errors


def test_status_models_and_deployments(deployed, command, real_home):
    status = json.loads(command("status", "--format", "json").stdout)
    assert status["url"] == deployed.url
    assert status["home"] == str(real_home.root)
    assert status["models"]["ACTIVE"] == 1
    assert command("models", "ls").stdout.splitlines()[1].startswith("adult\t\t\t\tACTIVE\t")
    assert "endpoint\t" + deployed.url in command("deployments", "info", "adult-api").stdout
    assert command("models", "info", command("models", "ls", "-q").stdout.strip()[-8:]).stdout.startswith("name\tadult")


def test_predict_and_logs(deployed, command):
    assert json.loads(command("predict", "adult-api", "--data", ROWS).stdout) == {"prediction": [True, False]}
    assert command("predict", "adult-api", "-q", stdin=ROWS).stdout == "true\nfalse\n"
    failed = command("predict", "adult-api", "--data", '[{"years": 42}]', code=1)
    assert "ads deployments logs adult-api" in failed.stderr
    assert "Request id: " in failed.stderr
    deadline = time.monotonic() + 60
    while "asked for 2 rows" not in (log := command("deployments", "logs", "adult-api").stdout):
        assert time.monotonic() < deadline, log
    assert "KeyError" in log
    assert " 200 " in command("deployments", "logs", "adult-api", "--type", "access").stdout


def test_stop_start_and_restart(deployed, command):
    command("deployments", "stop", "adult-api")
    assert "is INACTIVE" in command("predict", "adult-api", "--data", ROWS, code=5).stderr
    command("deployments", "start", "adult-api")
    command("predict", "adult-api", "--data", ROWS)
    command("deployments", "restart", "adult-api")
    command("predict", "adult-api", "--data", ROWS)


def test_the_real_oci_client_reads_the_profile_and_signs(deployed, command):
    oci = pytest.importorskip("oci")
    facts = json.loads(command("config", "oci", "--format", "json").stdout)
    assert json.loads(command("config", "oci", "--format", "json").stdout) == facts, "the second run changes nothing"
    profile = oci.config.from_file(facts["file"], facts["profile"])
    client = oci.data_science.DataScienceClient(profile, service_endpoint=facts["endpoint"])
    assert [model.display_name for model in client.list_models(facts["compartmentId"]).data] == ["adult"]
    snippet = command("config", "oci").stdout.split("# oci-cli")[0]
    pasted = subprocess.run([sys.executable, "-c", snippet], capture_output=True, text=True, check=True, timeout=60)
    assert '"display_name": "adult"' in pasted.stdout


def test_a_wrong_token_is_not_permitted(deployed, command):
    refused = command("models", "ls", "--url", deployed.url.replace("127.0.0.1", "localhost"), code=4)
    assert "OPENADS_TOKEN" in refused.stderr


def test_a_second_service_on_the_same_data_is_refused_and_detached_finds_the_first(deployed, command):
    assert "already running" in command("serve", code=5).stderr
    assert command("serve", "--detach", "-q").stdout.strip() == deployed.url


def test_doctor(deployed, command):
    findings = {finding["name"]: finding for finding in json.loads(command("doctor", "--format", "json").stdout)}
    assert findings["service"]["detail"] == f"answers at {deployed.url}"


def test_what_is_used_is_not_deleted_and_what_is_not_is(deployed, command):
    _deploy(deployed, "temporary")
    assert "ads deployments ls" in command("models", "delete", "temporary", "--yes", code=5).stderr
    command("deployments", "delete", "temporary-api", "--yes")
    command("models", "delete", "temporary", "--yes")
    assert "temporary" not in command("deployments", "ls").stdout + command("models", "ls").stdout
