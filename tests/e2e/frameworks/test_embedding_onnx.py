"""An embedding model through real processes, asked as OpenAI's clients ask."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import requests

from ads.model.framework.embedding_onnx_model import EmbeddingONNXModel
from tests import tiny_transformers

pytestmark = [pytest.mark.needs("onnxruntime"), pytest.mark.needs("onnx"), pytest.mark.needs("transformers")]


def test_the_endpoint_answers_one_vector_for_each_text(local_service: Path, tmp_path: Path) -> None:
    table = tiny_transformers.write_embedding_model(tmp_path / "artifact")
    model = EmbeddingONNXModel(artifact_dir=str(tmp_path / "artifact")).prepare()
    question = {"input": ["a good film", "day"], "model": "tiny"}
    verified = model.verify(question)
    model.save(display_name="vectors")
    deployment = model.deploy(display_name="vectors")
    try:
        answer = model.predict(question)
        vectors = [item["embedding"] for item in answer["data"]]
        expected = [table[[2, 5, 6, 8, 3]].mean(axis=0), table[[2, 10, 3]].mean(axis=0)]
        np.testing.assert_allclose(vectors, expected, rtol=1e-3)
        assert answer["usage"] == verified["usage"] == {"prompt_tokens": 8, "total_tokens": 8}
        token = (local_service / "admin-token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}"}
        refused = requests.post(f"{deployment.url}/predict", json={"text": "a"}, headers=headers, timeout=60)
        assert refused.status_code == 400
        assert "'input'" in refused.json()["message"]
    finally:
        model.delete(delete_associated_model_deployment=True)
