"""A catalog as people have it: names with versions and metrics, artifacts, aliases, lineage. Made through the API."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.api.conftest import Running, raw_archive

SCORE = '''"""Scores customers."""
import json


def load_model():
    """Return the model."""
    return {"bias": 0.25}  # a constant


def predict(data, model=load_model()):
    rows = data["data"] if isinstance(data, dict) else data
    return {"prediction": [model["bias"] for _ in rows]}
'''
CARD = """# Churn

Predicts which customers leave. **Trained** on *last year's* contracts; see https://example.com/churn.

- contracts: 7,043
- columns: `tenure`, `plan`

| metric | value |
|---|---|
| auc | 0.93 |
"""
SCHEMA = {
    "schema": [
        {
            "name": "tenure",
            "dtype": "int64",
            "feature_type": "Integer",
            "required": True,
            "description": "months",
            "domain": {"values": "Discrete numbers", "stats": {"min": 0, "max": 72}},
        },
        {"name": "plan", "dtype": "object", "feature_type": "String", "required": False, "domain": {"values": "a, b"}},
    ]
}
CHECKS = {
    "score_py": {"category": "score.py", "description": "score.py is there", "error_msg": "", "success": True},
    "score_predict": {
        "category": "score.py",
        "description": "predict is defined",
        "error_msg": "The function predict is missing.",
        "success": False,
    },
    "runtime_env": {"category": "runtime.yaml", "description": "A Python version is set", "error_msg": ""},
}


@dataclass(frozen=True)
class Shop:
    """What was made: a name with its versions, and a model without a name."""

    set_id: str
    versions: list[str]
    single: str


def version_body(set_id: str | None, number: int, **more: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "displayName": f"churn run {number}",
        "description": f"The {number}th try.",
        "freeformTags": {"team": "ml"},
        "customMetadataList": [
            {"key": "auc", "value": f"{0.8 + number / 100:.2f}", "category": "Performance"},
            {"key": "data", "value": "s3://lake/contracts.parquet", "category": "Training and Validation Datasets"},
        ],
        "definedMetadataList": [
            {"key": "Framework", "value": "scikit-learn"},
            {"key": "UseCaseType", "value": "binary_classification"},
            {"key": "Hyperparameters", "value": json.dumps({"n_estimators": 100 * number, "criterion": "gini"})},
            {"key": "ArtifactTestResults", "value": json.dumps(CHECKS)},
        ],
        "inputSchema": json.dumps(SCHEMA),
    }
    if set_id is not None:
        body["modelVersionSetId"] = set_id
    return {**body, **more}


def fill(service: Running, versions: int = 3, name: str = "churn") -> Shop:
    made = service.client.post(
        "/20190101/modelVersionSets",
        json={"compartmentId": service.compartment, "projectId": service.project, "name": name},
    )
    assert made.status_code == 200, made.text
    set_id = made.json()["id"]
    ids = []
    for number in range(1, versions + 1):
        model = service.create_model(**version_body(set_id, number))
        files = {
            "score.py": SCORE.replace("0.25", f"0.{number}"),
            "runtime.yaml": "{}",
            "README.md": CARD,
            "requirements.txt": f"scikit-learn==1.{number}.0\npandas==2.2.0\n",
        }
        assert service.upload(model["id"], raw_archive(files)).status_code < 300
        ids.append(model["id"])
    alias = f"/openads/v1/modelVersionSets/{set_id}/aliases/champion"
    assert service.client.put(alias, json={"versionId": 1}).status_code == 200
    single = service.create_model(displayName="alone", definedMetadataList=[{"key": "Framework", "value": "xgboost"}])
    service.client.put(f"/openads/v1/models/{ids[-1]}/lineage", json={"derivedFrom": [ids[0]]})
    return Shop(set_id, ids, single["id"])
