"""Replicas are spread over the GPUs that are there; their number is faked here."""

from __future__ import annotations

from pathlib import Path

from ads.model.generic_model import GenericModel
from tests.own_service import OwnService, eventually

SCORE = """\
import os

def load_model():
    return os.environ["CUDA_VISIBLE_DEVICES"]

def predict(data, model=load_model()):
    return {"prediction": [model]}
"""


def test_two_replicas_use_two_gpus_and_a_replaced_one_keeps_its_own(own_service: OwnService, tmp_path: Path) -> None:
    own_service.use(gpus="4,7")
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "score.py").write_text(SCORE)
    (folder / "weights.txt").write_text("none")
    model = GenericModel(artifact_dir=str(folder), serialize=False)
    model.prepare(model_file_name="weights.txt", force_overwrite=True)
    model.save(display_name="spread", reload=False, ignore_introspection=True)
    model.deploy(display_name="spread", deployment_instance_shape="VM.GPU3.2", deployment_instance_count=2)

    def seen() -> set[str]:
        return {model.predict([0])["prediction"][0] for _ in range(8)}

    eventually(lambda: seen() == {"4", "7"}, what="answers from both devices")
    own_service.kill("replica/")
    eventually(lambda: len(own_service.replica_processes()) == 2, what="a new replica")
    eventually(lambda: seen() == {"4", "7"}, what="answers from both devices again")
