"""Pipelines of Hugging Face through real processes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ads.errors import ModelDeploymentPredictError
from ads.model.framework.huggingface_model import HuggingFacePipelineModel
from tests import tiny_transformers

pytestmark = [pytest.mark.needs("transformers"), pytest.mark.needs("torch")]


def close(answer: dict[str, Any], expected: list[dict[str, Any]]) -> bool:
    assert [item["label"] for item in answer["prediction"]] == [item["label"] for item in expected]
    found = [item["score"] for item in answer["prediction"]]
    np.testing.assert_allclose(found, [item["score"] for item in expected], rtol=1e-3)
    return True


def test_a_pipeline_of_texts_answers_as_it_did_before(local_service: Path, tmp_path: Path) -> None:
    pipeline = tiny_transformers.text_classifier(tmp_path / "made")
    model = HuggingFacePipelineModel(pipeline, artifact_dir=str(tmp_path / "artifact"))
    model.prepare(X_sample=["a good film", "the bad day"])
    model.verify("a good film")
    model.save(display_name="texts")
    model.deploy(display_name="texts")
    try:
        assert close(model.predict("a good film"), pipeline("a good film"))
        assert close(model.predict(["a good film", "day"]), pipeline(["a good film", "day"]))
        assert close(model.predict({"inputs": "a day", "top_k": 2}), pipeline("a day", top_k=2))
        again = HuggingFacePipelineModel.from_model_deployment(
            model.model_deployment_id, artifact_dir=str(tmp_path / "again")
        )
        assert close(again.predict("a day"), pipeline("a day"))
        assert close(again.verify("a day"), pipeline("a day"))
    finally:
        model.delete(delete_associated_model_deployment=True)


@pytest.mark.needs("PIL")
def test_a_pipeline_of_images_takes_images_and_opens_no_files(local_service: Path, tmp_path: Path) -> None:
    from PIL import Image

    pipeline = tiny_transformers.image_classifier()
    picture = Image.effect_noise((32, 24), 80).convert("RGB")
    picture.save(tmp_path / "picture.png")
    model = HuggingFacePipelineModel(pipeline, artifact_dir=str(tmp_path / "artifact"))
    model.prepare()
    model.verify(image=picture)
    model.save(display_name="images")
    model.deploy(display_name="images")
    try:
        assert close(model.predict(image=picture), pipeline(picture))
        assert close(model.predict(image=str(tmp_path / "picture.png")), pipeline(picture))
        assert close(model.predict({"inputs": picture, "top_k": 1}), pipeline(picture, top_k=1))
        with pytest.raises(ModelDeploymentPredictError, match="not opened as files"):
            model.predict(str(tmp_path / "picture.png"))
    finally:
        model.delete(delete_associated_model_deployment=True)
