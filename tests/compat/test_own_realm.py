"""Clients of OCI that are told of a realm and of no address: the names that they build lead to the service."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .own_realm import REGION, Realm, own_realm

pytestmark = pytest.mark.needs("oci")

BY_NAMES = """
import json, sys
import oci
config = oci.config.from_file({configuration!r})
compartment, project = {compartment!r}, {project!r}
science = oci.data_science.DataScienceClient(config)
storage = oci.object_storage.ObjectStorageClient(config)
models = oci.data_science.models
details = models.CreateModelDetails(compartment_id=compartment, project_id=project, display_name="by name")
model = science.create_model(details).data
science.create_model_artifact(model.id, {archive!r}, content_disposition="attachment; filename=a.zip")
found = {{
    "endpoint": science.base_client.endpoint,
    "artifact": science.get_model_artifact_content(model.id).data.content == {archive!r},
    "namespace": storage.get_namespace().data,
    "user": oci.identity.IdentityClient(config).get_user(config["user"]).data.name,
    "log groups": len(oci.logging.LoggingManagementClient(config).list_log_groups(compartment).data),
}}
search = oci.resource_search.models.FreeTextSearchDetails(text=model.id)
items = oci.resource_search.ResourceSearchClient(config).search_resources(search).data.items
found["search"] = [item.identifier for item in items] == [model.id]
bucket = oci.object_storage.models.CreateBucketDetails(name="realm", compartment_id=compartment)
storage.create_bucket(found["namespace"], bucket)
shape = models.InstanceConfiguration(instance_shape_name="VM.Standard2.1")
one = models.ModelConfigurationDetails(model_id=model.id, instance_configuration=shape)
deployment = science.create_model_deployment(models.CreateModelDeploymentDetails(
    compartment_id=compartment, project_id=project,
    model_deployment_configuration_details=models.SingleModelDeploymentConfigurationDetails(
        deployment_type="SINGLE_MODEL", model_configuration_details=one))).data
found["url"] = deployment.model_deployment_url == "https://datascience.{region}.oci.example.test/" + deployment.id
now = science.get_model_deployment(deployment.id)
oci.wait_until(science, now, "lifecycle_state", "ACTIVE", max_interval_seconds=1)
import requests
signer = oci.signer.Signer(config["tenancy"], config["user"], config["fingerprint"], config["key_file"])
answer = requests.post(deployment.model_deployment_url + "/predict", json=[1, 2], auth=signer)
found["prediction"] = answer.json()
import fsspec
with fsspec.open("oci://realm@openads/a.txt", "w", config={configuration!r}) as file:
    file.write("through ocifs")
with fsspec.open("oci://realm@openads/a.txt", "r", config={configuration!r}) as file:
    found["ocifs"] = file.read()
print(json.dumps(found))
"""

BY_ADDRESS = """
import oci
config = oci.config.from_file({configuration!r})
client = oci.data_science.DataScienceClient(config, service_endpoint={url!r})
print(len(client.list_projects({compartment!r}).data))
"""


@pytest.fixture(scope="module")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    with own_realm(tmp_path_factory.mktemp("realm")) as made:
        yield made


def ran(command: list[str], **variables: str) -> str:
    """Return what a program of a user prints whose environment has these variables."""
    strange = ("OPENADS_", "OCI_", "FSSPEC_", "HTTP", "http", "NO_PROXY", "no_proxy", "REQUESTS_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(strange)}
    done = subprocess.run(command, env={**kept, **variables}, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


def facts(realm: Realm, **more: Any) -> dict[str, Any]:
    place = {"compartment": realm.compartment, "project": realm.project, "url": realm.url}
    return {"configuration": str(realm.configuration), "region": REGION, **place, **more}


def test_the_sdk_and_ocifs_find_the_service_by_names_alone(realm: Realm, iris_zip: bytes, tmp_path: Path) -> None:
    program = BY_NAMES.format(**facts(realm, archive=iris_zip))
    (tmp_path / "program.py").write_text(program)
    found = json.loads(ran([sys.executable, str(tmp_path / "program.py")], **realm.variables))
    assert found == {
        "endpoint": f"https://datascience.{REGION}.oci.example.test/20190101",
        "artifact": True,
        "namespace": "openads",
        "user": "admin",
        "log groups": 0,
        "search": True,
        "url": True,
        "prediction": found["prediction"],
        "ocifs": "through ocifs",
    }


def test_an_address_needs_the_authority_alone(realm: Realm) -> None:
    program = BY_ADDRESS.format(**{**facts(realm), "url": realm.url.replace("127.0.0.1", "localhost")})
    assert ran([sys.executable, "-c", program], REQUESTS_CA_BUNDLE=str(realm.authority)).strip() == "1"
