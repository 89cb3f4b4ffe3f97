"""Models by reference: their artifact describes objects."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Running, expect
from .test_deployments import PATH, body

ENTRY = {"name": "p/score.py", "version": "v", "sizeInBytes": 1}
PLACE = {"namespace": "openads", "bucketName": "b", "prefix": "p/", "objects": [ENTRY]}
GOOD = {"version": "1.0", "type": "modelOSSReferenceDescription", "models": [PLACE]}


def upload(service: Running, model_id: str, content: Any) -> Any:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return service.upload(model_id, raw, **{"content-disposition": f'attachment; filename="{model_id}.json"'})


def test_a_description_is_kept_and_named(service: Running) -> None:
    mark = {"key": "modelDescription", "value": "true", "category": "Other"}
    model = service.create_model(customMetadataList=[mark])
    assert model["isModelByReference"] is True
    assert service.create_model()["isModelByReference"] is False
    assert upload(service, model["id"], GOOD).status_code == 204
    answer = service.client.get(f"/20190101/models/{model['id']}/artifact/content")
    assert answer.json() == GOOD
    assert answer.headers["content-disposition"] == f"attachment; filename={model['id']}.json"
    refused = service.client.post(PATH, json=body(service, model["id"]))
    expect(refused, 409, "Conflict")
    assert "by reference" in refused.json()["message"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100_000,
        [],
        {},
        {**GOOD, "type": "other"},
        {**GOOD, "models": []},
        {**GOOD, "models": ["x"]},
        {**GOOD, "models": [{**PLACE, "bucketName": 7}]},
        {**GOOD, "models": [{**PLACE, "objects": []}]},
        {**GOOD, "models": [{**PLACE, "objects": [{**ENTRY, "sizeInBytes": "1"}]}]},
    ],
)
def test_what_is_no_description_is_refused(service: Running, content: Any) -> None:
    model_id = service.create_model()["id"]
    expect(upload(service, model_id, content), 400, "InvalidParameter")
    assert service.client.head(f"/20190101/models/{model_id}/artifact/content").status_code == 404
