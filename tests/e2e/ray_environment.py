"""What the interpreter of a cluster lacks is installed there by uv. Part of ``make ray`` alone: where Ray runs in a
virtual environment it copies the whole of it, which takes minutes and gigabytes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from ads.model.generic_model import GenericModel
from tests.own_service import OwnService
from tests.wheels import write_wheel

SCORE = """\
import only_here

def load_model():
    return only_here

def predict(data, model=load_model()):
    return {"prediction": model.ANSWER}
"""


@pytest.mark.needs("ray")
def test_what_the_cluster_lacks_is_installed_for_the_model(own_service: OwnService, tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", "only_here")
    own_service.use(wheels=str(tmp_path / "wheels"))
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "score.py").write_text(SCORE)
    (folder / "weights.txt").write_text("none")
    model = GenericModel(artifact_dir=str(folder), serialize=False)
    model.prepare(model_file_name="weights.txt", force_overwrite=True)
    (folder / "requirements.txt").write_text("only_here==1.0\n")
    model.save(display_name="needy", reload=False)
    model.deploy(display_name="needy")
    assert model.predict([1])["prediction"] == 42
    model.delete(delete_associated_model_deployment=True)
