"""Every command of oci-cli that section 5.3 of the wire's description names, with what it prints and stores."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from .conftest import Cli

SCIENCE = "data-science"


def configuration(model_id: str) -> str:
    return json.dumps(
        {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {
                "modelId": model_id,
                "instanceConfiguration": {"instanceShapeName": "VM.Standard2.1"},
                "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 1},
            },
        }
    )


def test_projects_and_version_sets(cli: Cli) -> None:
    project = [SCIENCE, "project"]
    name = f"cli-{uuid.uuid4()}"
    made = cli.run(*project, "create", *cli.place, "--display-name", name)
    project_id = made["data"]["id"]
    assert cli.run(*project, "get", "--project-id", project_id)["data"]["display-name"] == name
    listed = cli.run(*project, "list", *cli.place, "--display-name", name)["data"]
    assert [row["id"] for row in listed] == [project_id]
    versions = cli.run(SCIENCE, "model-version-set", "create", *cli.home, "--name", name)["data"]
    found = cli.run(SCIENCE, "model-version-set", "get", "--model-version-set-id", versions["id"])
    assert found["data"]["name"] == name
    cli.run(*project, "delete", "--project-id", project_id, "--force", "--wait-for-state", "SUCCEEDED")
    assert cli.run(*project, "get", "--project-id", project_id)["data"]["lifecycle-state"] == "DELETED"
    assert "NotAuthorizedOrNotFound" in cli.run(*project, "delete", "--project-id", project_id, "--force", status=1)


def test_models_from_creation_to_a_prediction(cli: Cli, iris_zip: bytes, tmp_path: Path) -> None:
    model = [SCIENCE, "model"]
    name = f"cli-{uuid.uuid4()}"
    made = cli.run(*model, "create", *cli.home, "--display-name", name, "--wait-for-state", "ACTIVE")["data"]
    one = ["--model-id", made["id"]]
    ids = {made["id"]} | {cli.run(*model, "create", *cli.home, "--display-name", name)["data"]["id"] for _ in range(2)}
    listed = cli.run(*model, "list", *cli.place, "--display-name", name, "--all", "--page-size", "2")["data"]
    assert {row["id"] for row in listed} == ids
    stale = cli.run(*model, "update", *one, "--description", "x", "--force", "--if-match", "stale", status=1)
    assert "NoEtagMatch" in stale
    cli.run(*model, "update", *one, "--description", "from the command line", "--force")
    assert cli.run(*model, "get", *one)["data"]["description"] == "from the command line"
    cli.run(*model, "create-model-provenance", *one, "--git-branch", "main")
    assert cli.run(*model, "get-model-provenance", *one)["data"]["git-branch"] == "main"
    archive = tmp_path / "artifact.zip"
    archive.write_bytes(iris_zip)
    disposition = f'attachment; filename="{made["id"]}.zip"'
    cli.run(
        *model,
        "create-model-artifact",
        *one,
        "--model-artifact-file",
        str(archive),
        "--content-disposition",
        disposition,
    )
    assert str(len(iris_zip)) in json.dumps(cli.run(*model, "head-model-artifact", *one))
    cli.run(*model, "get-artifact-content", *one, "--file", str(tmp_path / "copy.zip"))
    assert (tmp_path / "copy.zip").read_bytes() == iris_zip

    deployment = [SCIENCE, "model-deployment"]
    details = tmp_path / "configuration.json"
    details.write_text(configuration(made["id"]))
    wait = ["--wait-for-state", "SUCCEEDED", "--wait-interval-seconds", "1"]
    created = cli.run(
        *deployment,
        "create",
        *cli.home,
        "--display-name",
        name,
        "--model-deployment-configuration-details",
        f"file://{details}",
        *wait,
    )["data"]
    deployed = created.get("resources", [{}])[0].get("identifier") or created["id"]
    two = ["--model-deployment-id", deployed]
    found = cli.run(*deployment, "get", *two)["data"]
    assert found["lifecycle-state"] == "ACTIVE"
    assert deployed in [row["id"] for row in cli.run(*deployment, "list", *cli.place)["data"]]
    rows = "[[5.1, 3.5, 1.4, 0.2]]"
    answered = cli.run("model-deployment", "inference-result", "predict", *two, "--request-body", rows)
    assert "prediction" in json.dumps(answered)
    raw = cli.run(
        "raw-request",
        "--http-method",
        "POST",
        "--target-uri",
        f"{found['model-deployment-url']}/predict",
        "--request-body",
        rows,
        everywhere=False,
    )
    assert raw["data"] == {"prediction": [0]}
    works = cli.run(SCIENCE, "work-request", "list", *cli.place, "--resource-id", deployed)["data"]
    assert [row["operation-type"] for row in works] == ["MODEL_DEPLOYMENT_CREATE"]
    shown = cli.run(SCIENCE, "work-request", "get", "--work-request-id", works[0]["id"])["data"]
    assert shown["status"] == "SUCCEEDED"
    shapes = cli.run(SCIENCE, "model-deployment-shape", "list", *cli.place, "--all")["data"]
    assert "VM.Standard.E4.Flex" in [shape["name"] for shape in shapes]
    for verb, state in (("deactivate", "INACTIVE"), ("activate", "ACTIVE")):
        cli.run(*deployment, verb, *two, *wait)
        assert cli.run(*deployment, "get", *two)["data"]["lifecycle-state"] == state
    cli.run(*deployment, "delete", *two, "--force", *wait)
    for model_id in ids:
        cli.run(*model, "delete", "--model-id", model_id, "--force")
    assert cli.run(*model, "get", *one)["data"]["lifecycle-state"] == "DELETED"


def test_objects(cli: Cli, tmp_path: Path) -> None:
    name = f"cli-{uuid.uuid4().hex[:10]}"
    where = ["--namespace", "openads", "--bucket-name", name]
    assert cli.run("os", "ns", "get")["data"] == "openads"
    cli.run("os", "bucket", "create", *cli.place, "--namespace", "openads", "--name", name)
    assert cli.run("os", "bucket", "get", *where)["data"]["name"] == name
    small, large, copy = tmp_path / "small", tmp_path / "large", tmp_path / "copy"
    small.write_bytes(b"small")
    large.write_bytes(bytes(range(256)) * 100_000)
    cli.run("os", "object", "put", *where, "--name", "dir/small ü", "--file", str(small))
    parts = ["--part-size", "10", "--parallel-upload-count", "2"]
    cli.run("os", "object", "put", *where, "--name", "dir/large", "--file", str(large), *parts)
    cli.run("os", "object", "get", *where, "--name", "dir/large", "--file", str(copy))
    assert copy.read_bytes() == large.read_bytes()
    assert cli.run("os", "object", "head", *where, "--name", "dir/small ü")["content-length"] == "5"
    listed: Any = cli.run("os", "object", "list", *where, "--prefix", "dir/")["data"]
    assert [(row["name"], row["size"]) for row in listed] == [("dir/large", 25_600_000), ("dir/small ü", 5)]
    assert "BucketNotEmpty" in cli.run("os", "bucket", "delete", *where, "--force", status=1)
    for key in ("dir/large", "dir/small ü"):
        cli.run("os", "object", "delete", *where, "--name", key, "--force")
    cli.run("os", "bucket", "delete", *where, "--force")
    assert "BucketNotFound" in cli.run("os", "bucket", "get", *where, status=1)


def test_a_wrong_key_is_401(cli: Cli) -> None:
    text = cli.configuration.read_text()
    fingerprint = next(line for line in text.splitlines() if line.startswith("fingerprint"))
    cli.configuration.write_text(text.replace(fingerprint, "fingerprint=" + ":".join(["ab"] * 16)))
    assert "NotAuthenticated" in cli.run("os", "ns", "get", status=1)
