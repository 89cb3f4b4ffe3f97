"""``/openads/v1/gc`` on a running control plane."""

from __future__ import annotations

from typing import Any

from tests.api.conftest import Running, archive, expect

GC = "/openads/v1/gc"


def found(service: Running, method: str = "GET", **params: Any) -> dict[str, Any]:
    answer = service.client.request(method, GC, params={"olderThanSeconds": 0, **params})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def test_a_deleted_model_s_bytes_are_shown_and_removed(service: Running) -> None:
    found(service, "POST")
    model_id = service.create_model()["id"]
    content = archive(unique__py="x = 'gc'")
    assert service.upload(model_id, content).status_code < 300
    assert found(service) == {"items": [], "count": 0, "bytes": 0}
    assert service.client.delete(f"/20190101/models/{model_id}").status_code == 204

    shown = found(service)
    assert (shown["count"], shown["bytes"]) == (1, len(content))
    assert shown["items"][0].keys() == {"kind", "what", "why", "bytes"}
    assert found(service, olderThanSeconds=3600)["count"] == 0
    assert found(service, "POST") == shown
    assert found(service)["count"] == 0


def test_impossible_ages_are_refused(service: Running) -> None:
    for value in ("-1", "x", "", "1.5", "9" * 20):
        expect(service.client.get(GC, params={"olderThanSeconds": value}), 400, "InvalidParameter")
