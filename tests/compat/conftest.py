"""A running service and a profile of the ``oci`` client for it."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from ads.artifact.archive import write_zip
from ads.client import Service
from ads.model.framework.sklearn_model import SklearnModel


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


@pytest.fixture(scope="module")
def iris_zip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("iris")
    data = load_iris(as_frame=True)
    model = SklearnModel(LogisticRegression(max_iter=500).fit(data.data, data.target), artifact_dir=str(folder))
    model.prepare(X_sample=data.data, y_sample=data.target, force_overwrite=True)
    target = tmp_path_factory.mktemp("zip") / "iris.zip"
    write_zip(folder, target)
    return target.read_bytes()
