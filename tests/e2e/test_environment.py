"""A model whose requirements this machine's interpreter doesn't satisfy gets a virtual environment, built once."""

from __future__ import annotations

import importlib.metadata
from pathlib import Path

import pytest

from ads.errors import DeploymentFailed
from ads.model.generic_model import GenericModel

SCORE = """\
import sys
import six

def load_model():
    return six

def predict(data, model=load_model()):
    return {"prediction": [model.__version__, sys.prefix]}
"""


def registered(folder: Path, requirements: str) -> GenericModel:
    folder.mkdir()
    (folder / "score.py").write_text(SCORE)
    (folder / "weights.txt").write_text("none")
    model = GenericModel(artifact_dir=str(folder), serialize=False)
    model.prepare(model_file_name="weights.txt", force_overwrite=True)
    (folder / "requirements.txt").write_text(requirements)
    model.save(display_name="six", reload=False)
    return model


def test_the_model_runs_with_the_versions_it_asks_for(local_service: Path, tmp_path: Path) -> None:
    assert importlib.metadata.version("six") != "1.16.0"
    model = registered(tmp_path / "artifact", "six==1.16.0\n")
    try:
        model.deploy(display_name="six")
        version, prefix = model.predict([1])["prediction"]
        assert version == "1.16.0"
        assert Path(prefix).is_relative_to(local_service / "environments")
        model.restart_deployment()
        assert model.predict([1])["prediction"] == [version, prefix]
    finally:
        model.delete(delete_associated_model_deployment=True)


def test_what_can_not_be_installed_fails_with_the_resolvers_own_words(local_service: Path, tmp_path: Path) -> None:
    model = registered(tmp_path / "artifact", "six==99.0.0\n")
    with pytest.raises(DeploymentFailed, match=r"six==99\.0\.0"):
        model.deploy(display_name="six")
    model.delete(delete_associated_model_deployment=True)
