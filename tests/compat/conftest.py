"""A running service and a profile of the ``oci`` client for it."""

from __future__ import annotations

import configparser
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from ads.artifact.archive import write_zip
from ads.client import Service
from ads.model.framework.sklearn_model import SklearnModel

from .operations import Recorded


def client_kinds() -> dict[str, Any]:
    """Return the clients of the ``oci`` package whose operations are served, by what tests call them."""
    import oci

    return {
        "science": oci.data_science.DataScienceClient,
        "inference": oci.model_deployment.ModelDeploymentClient,
        "storage": oci.object_storage.ObjectStorageClient,
        "logging": oci.logging.LoggingManagementClient,
        "log_search": oci.loggingsearch.LogSearchClient,
        "search": oci.resource_search.ResourceSearchClient,
        "identity": oci.identity.IdentityClient,
    }


@dataclass
class Sdk:
    """Every client of the ``oci`` package, without its retries, and what was called of them."""

    science: Any
    inference: Any
    storage: Any
    logging: Any
    log_search: Any
    search: Any
    identity: Any
    called: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def sdk(profile: Any) -> Sdk:
    """All clients, which note what is called of them."""
    import oci

    config, base = profile
    never = oci.retry.NoneRetryStrategy()
    called: set[str] = set()
    made = {
        name: Recorded(name, kind(config, service_endpoint=base, retry_strategy=never), called)
        for name, kind in client_kinds().items()
    }
    return Sdk(**made, called=called)


@pytest.fixture(autouse=True)
def _calls_what_it_says(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that names operations which it doesn't call."""
    named = {name for mark in request.node.iter_markers("operations") for name in mark.args}
    if not named:
        yield
        return
    sdk = request.getfixturevalue("sdk")
    sdk.called.clear()
    yield
    assert named - sdk.called == set(), "the test names operations that it doesn't call"


@pytest.fixture(scope="module")
def profile(service_home: Path) -> Any:
    """The client's configuration, made by ``ads config oci``, and the service's address."""
    import oci

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENADS_HOME", str(service_home))
        patch.setenv("OPENADS_PORT", "0")
        base = Service.find().url
        file = service_home / "oci-config"
        subprocess.run([sys.executable, "-m", "ads.cli", "config", "oci", "--file", str(file)], check=True, timeout=60)
        parser = configparser.ConfigParser()
        parser.read(file)
        section = parser.sections()[0] if parser.sections() else "DEFAULT"
        yield oci.config.from_file(str(file), section), base


@pytest.fixture(scope="module")
def client(profile: Any) -> Any:
    import oci

    config, base = profile
    return oci.data_science.DataScienceClient(
        config, service_endpoint=base, retry_strategy=oci.retry.NoneRetryStrategy()
    )


@pytest.fixture(scope="module")
def place(profile: Any) -> dict[str, str]:
    return {key: Service.find().get_json("/openads/v1/service")[key] for key in ("compartmentId", "projectId")}


@pytest.fixture
def models() -> Any:
    """The ``oci`` package's classes of what data science takes and gives."""
    import oci

    return oci.data_science.models


@pytest.fixture(scope="module")
def elsewhere(place: dict[str, str]) -> str:
    """A second compartment."""
    body = {"compartmentId": place["compartmentId"], "name": f"elsewhere-{uuid.uuid4().hex[:8]}"}
    found: str = Service.find().request("POST", "/openads/v1/compartments", json=body).json()["id"]
    return found


@pytest.fixture(scope="module")
def iris_zip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("iris")
    data = load_iris(as_frame=True)
    model = SklearnModel(LogisticRegression(max_iter=500).fit(data.data, data.target), artifact_dir=str(folder))
    model.prepare(X_sample=data.data, y_sample=data.target, force_overwrite=True)
    target = tmp_path_factory.mktemp("zip") / "iris.zip"
    write_zip(folder, target)
    return target.read_bytes()
