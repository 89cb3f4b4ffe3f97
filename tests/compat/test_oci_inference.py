"""Predictions through the public ``oci`` client's own inference client, unmodified, signed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ads.model.generic_model import GenericModel
from tests.runtime_yaml import RUNTIME

pytestmark = pytest.mark.needs("oci")

SCORE = """\
def load_model():
    return "model"

def predict(data, model=load_model()):
    if isinstance(data, int):
        return (word for word in ["one", "two", "three"][:data])
    return {"prediction": data}
"""


@pytest.fixture
def deployment(profile: Any, local_service: Path, tmp_path: Path) -> Iterator[str]:
    """The id of a deployment that repeats what it gets, or counts in words."""
    (tmp_path / "score.py").write_text(SCORE)
    (tmp_path / "runtime.yaml").write_text(RUNTIME)
    model = GenericModel.from_model_artifact(str(tmp_path), artifact_dir=str(tmp_path), force_overwrite=True)
    model.save(display_name="inference", ignore_introspection=True, reload=False)
    model.deploy(display_name="inference")
    yield model.model_deployment.model_deployment_id
    model.delete_deployment(wait_for_completion=True)


def test_whole_and_streamed_answers(profile: Any, deployment: str) -> None:
    import oci
    from oci.model_deployment import ModelDeploymentClient

    config, base = profile
    client = ModelDeploymentClient(config, service_endpoint=base, retry_strategy=oci.retry.NoneRetryStrategy())
    whole = client.predict(deployment, "[1, 2]")
    assert whole.status == 200
    assert whole.data.replace(" ", "") == '{"prediction":[1,2]}'
    streamed = client.predict_with_response_stream(deployment, "3")
    assert [event.data for event in streamed.data.events()] == ["one", "two", "three"]
    with pytest.raises(oci.exceptions.ServiceError) as refused:
        client.predict_with_response_stream(deployment, "[1]")
    assert (refused.value.status, refused.value.code) == (409, "ExternalServerIncorrectState")
