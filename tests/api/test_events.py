"""The feed of changes: who, what, from what to what; as pages and as a stream."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.own_service import OwnService

from .conftest import Running, archive, expect, start, write_profile

PATH = "/openads/v1/events"


def events(api: httpx.Client, **parameters: Any) -> list[dict[str, Any]]:
    answer = api.get(PATH, params={"limit": "1000", **parameters})
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


def test_a_model_from_creation_to_deletion(service: Running, api: httpx.Client) -> None:
    model = service.create_model(displayName="watched", description="d")
    path = f"/20190101/models/{model['id']}"
    sent = {"displayName": "renamed", "description": "d", "freeformTags": {"a": "b"}}
    request_id = api.put(path, json=sent).headers["opc-request-id"]
    api.post(f"{path}/actions/deactivate")
    api.delete(path)
    found = events(api, resourceId=model["id"])
    assert [item["action"] for item in found] == ["model.create", "model.update", "model.deactivate", "model.delete"]
    assert [item["seq"] for item in found] == sorted(item["seq"] for item in found)
    created, updated, deactivated, deleted = found
    assert created["to"] == {"displayName": "watched", "lifecycleState": "ACTIVE"}
    assert updated["from"] == {"displayName": "watched", "freeformTags": {}}  # the description did not change
    assert updated["to"] == {"displayName": "renamed", "freeformTags": {"a": "b"}}
    assert (deactivated["from"], deactivated["to"]) == ({"lifecycleState": "ACTIVE"}, {"lifecycleState": "INACTIVE"})
    assert deleted["to"] == {"lifecycleState": "DELETED"}
    assert (updated["principal"], updated["principalName"]) == (service.context.defaults.user_id, "admin")
    assert (updated["resourceName"], updated["compartmentId"]) == ("renamed", service.compartment)
    assert updated["requestId"] == request_id
    assert updated["time"].endswith("Z")


def test_an_alias_that_moves(service: Running, api: httpx.Client) -> None:
    body = {"compartmentId": service.compartment, "projectId": service.project, "name": "followed"}
    set_id = api.post("/20190101/modelVersionSets", json=body).json()["id"]
    models = [service.create_model(modelVersionSetId=set_id)["id"] for _ in range(2)]
    for version in (1, 2):
        api.put(f"/openads/v1/modelVersionSets/{set_id}/aliases/champion", json={"versionId": version})
    moves = events(api, resourceId=set_id, action="alias.*")
    assert [item["action"] for item in moves] == ["alias.move", "alias.move"]
    assert moves[1]["resourceName"] == "followed@champion"
    assert moves[1]["from"] == {"modelId": models[0], "versionId": 1, "protected": False}
    assert moves[1]["to"] == {"modelId": models[1], "versionId": 2, "protected": False}


def test_objects_that_come_change_and_go(service: Running, api: httpx.Client) -> None:
    body = {"name": "told", "compartmentId": service.compartment}
    bucket = api.post("/n/openads/b", json=body).json()["id"]
    for content in (b"one", b"longer"):
        api.put("/n/openads/b/told/o/name", content=content)
    api.delete("/n/openads/b/told/o/name")
    api.delete("/n/openads/b/told")
    made, first, second, gone, removed = events(api, resourceId=bucket)
    assert [item["action"] for item in (made, first, second, gone)] == [
        "bucket.create",
        "object.put",
        "object.put",
        "object.delete",
    ]
    assert made["to"] == removed["from"] == {"name": "told", "versioning": "Disabled"}
    assert (made["from"], removed["to"], removed["resourceName"]) == (None, None, "told")
    assert (first["from"], first["to"]["size"], first["details"]["name"]) == (None, 3, "name")
    assert (second["from"], second["to"]["size"]) == (first["to"], 6)
    assert (gone["from"], gone["to"]) == (second["to"], None)


def test_a_version_that_is_hidden_and_one_that_is_removed(service: Running, api: httpx.Client) -> None:
    body = {"name": "kept", "compartmentId": service.compartment, "versioning": "Enabled"}
    bucket = api.post("/n/openads/b", json=body).json()["id"]
    version = api.put("/n/openads/b/kept/o/name", content=b"one").headers["version-id"]
    api.delete("/n/openads/b/kept/o/name")
    api.put("/n/openads/b/kept/o/name", content=b"another")
    api.delete("/n/openads/b/kept/o/name", params={"versionId": version})
    put, hidden, again, removed = events(api, resourceId=bucket, action="object.*")
    assert (hidden["from"], hidden["to"]) == (put["to"], None)
    assert (again["from"], again["to"]["size"]) == (None, 7)
    assert (removed["from"], removed["details"]["version"]) == (put["to"], version)


def test_credentials_that_are_made_and_revoked(service: Running, api: httpx.Client, tmp_path: Path) -> None:
    after = events(api, sortOrder="DESC", limit="1")[0]["seq"]
    token = api.post("/openads/v1/tokens", json={"name": "ci", "scope": {"verb": "read"}}).json()
    api.delete(f"/openads/v1/tokens/{token['id']}")
    print_ = write_profile(service, tmp_path)["fingerprint"]
    api.delete(f"/openads/v1/keys/{print_}")
    issued, revoked, registered, removed = events(api, after=after)
    assert issued["to"]["name"] == "ci"
    assert issued["to"]["scope"]["verb"] == "read"
    assert (revoked["from"], revoked["to"]) == (issued["to"], None)
    assert (registered["from"], registered["to"]) == (None, {"fingerprint": print_})
    assert (removed["from"], removed["to"]) == ({"fingerprint": print_}, None)


def test_files_of_a_model(service: Running, api: httpx.Client) -> None:
    item = {"key": "note", "value": "x", "category": "Other"}
    model = service.create_model(customMetadataList=[item])["id"]
    content = archive()
    service.upload(model, content)
    path = f"/20190101/models/{model}/customMetadata/note/artifact"
    for method in ("POST", "PUT"):
        api.request(method, path, content=method.encode())
    api.delete(path)
    _, uploaded, attached, changed, removed = events(api, resourceId=model)
    assert (uploaded["action"], uploaded["from"], uploaded["to"]["size"]) == ("artifact.create", None, len(content))
    assert (attached["from"], attached["to"]["size"]) == (None, 4)
    assert (changed["from"], changed["to"]["size"]) == (attached["to"], 3)
    assert (removed["from"], removed["to"]) == (changed["to"], None)


def test_filters_and_pages(service: Running, api: httpx.Client) -> None:
    first = service.create_model()["id"]
    after = events(api, resourceId=first)[-1]["seq"]
    ids = [service.create_model()["id"] for _ in range(5)]
    assert [item["resourceId"] for item in events(api, after=after, action="model.create")] == ids
    assert events(api, after=after, action="model.delete") == []
    assert events(api, after=after, principal="ocid1.user.oc1..nobody") == []
    assert len(events(api, after=after, compartmentId=service.compartment)) == 5
    latest = events(api, sortOrder="DESC", limit="2")
    assert [item["resourceId"] for item in latest] == ids[:-3:-1]
    seen, page = [], ""
    while True:
        answer = api.get(PATH, params={"after": after, "limit": "2", **({"page": page} if page else {})})
        seen += [item["resourceId"] for item in answer.json()["items"]]
        page = answer.headers.get("opc-next-page", "")
        if not page:
            break
    assert seen == ids


@pytest.mark.parametrize("parameters", [{"after": "-1"}, {"after": "x"}, {"sortOrder": "UP"}, {"action": "x" * 256}])
def test_what_is_refused(api: httpx.Client, parameters: dict[str, str]) -> None:
    expect(api.get(PATH, params=parameters), 400, "InvalidParameter")


def test_secrets_are_in_no_event(service: Running, api: httpx.Client) -> None:
    token = api.post("/openads/v1/tokens", json={"name": "quiet"}).json()["token"]
    assert token not in api.get(PATH, params={"limit": "1000"}).text


def test_only_what_the_caller_may_inspect(service: Running, api: httpx.Client) -> None:
    tenancy = service.context.defaults.tenancy_id
    place = api.post("/openads/v1/compartments", json={"compartmentId": tenancy, "name": "apart"}).json()["id"]
    inside = service.create_model(compartmentId=place, displayName="seen apart")["id"]
    outside = service.create_model(displayName="unseen apart")["id"]
    scope = {"verb": "read", "compartmentId": place}
    token = api.post("/openads/v1/tokens", json={"name": "apart", "scope": scope}).json()["token"]
    with httpx.Client(base_url=service.url, headers={"authorization": f"Bearer {token}"}, timeout=30) as other:
        seen = events(other, action="model.create")
        assert [item["resourceId"] for item in seen] == [inside]
        assert events(other, resourceId=outside) == events(other, action="token.*") == []
        found = other.get("/openads/v1/models/search", params={"query": "apart"}).json()["items"]
        assert [item["id"] for item in found] == [inside]
        resolve = "/openads/v1/models/resolve"
        assert other.get(resolve, params={"reference": "seen apart"}).json()["id"] == inside
        expect(other.get(resolve, params={"reference": "unseen apart"}), 404, "NotAuthorizedOrNotFound")
        expect(other.get("/openads/v1/webhooks"), 404, "NotAuthorizedOrNotFound")
        with other.stream("GET", f"{PATH}/stream", params={"after": "0"}) as answer:
            assert Stream(answer.iter_lines()).next()[1]["compartmentId"] == place


class Stream:
    """A reader of server-sent events."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def next(self) -> tuple[str, dict[str, Any]]:
        fields: dict[str, str] = {}
        for line in self._lines:
            if not line and "data" in fields:
                return fields["id"], json.loads(fields["data"])
            name, _, value = line.partition(": ")
            fields[name] = value
        raise EOFError


def test_a_stream_tells_at_once_and_goes_on_where_it_was(service: Running, api: httpx.Client) -> None:
    with api.stream("GET", f"{PATH}/stream") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = Stream(answer.iter_lines())
        first = service.create_model(displayName="streamed 1")["id"]
        number, event = stream.next()
        assert (event["resourceId"], event["action"], str(event["seq"])) == (first, "model.create", number)
    second = service.create_model(displayName="streamed 2")["id"]
    with api.stream("GET", f"{PATH}/stream", headers={"last-event-id": number}) as answer:
        assert Stream(answer.iter_lines()).next()[1]["resourceId"] == second
    with api.stream("GET", f"{PATH}/stream", params={"after": number, "action": "model.delete"}) as answer:
        api.delete(f"/20190101/models/{second}")
        assert Stream(answer.iter_lines()).next()[1]["action"] == "model.delete"


def test_a_stream_ends_with_the_service(tmp_path: Path) -> None:
    running, stop = start(tmp_path)
    url, headers = f"{running.url}{PATH}/stream", running.client.headers
    with httpx.stream("GET", url, headers=headers, timeout=30) as answer:
        stream = Stream(answer.iter_lines())
        running.create_model()
        stream.next()
        stopping = threading.Thread(target=stop)
        stopping.start()
        with pytest.raises(EOFError):
            stream.next()
    stopping.join(20)
    assert not stopping.is_alive()


def test_a_stream_through_the_gateway(own_service: OwnService) -> None:
    own_service.start()
    found = own_service.home.read_service_file()
    assert found is not None
    headers = {"authorization": f"Bearer {own_service.token}"}
    with httpx.stream("GET", f"{found.url}{PATH}/stream", headers=headers, timeout=30) as answer:
        stream = Stream(answer.iter_lines())
        made = httpx.post(f"{found.url}/openads/v1/tokens", headers=headers, json={"name": "gateway"}).json()
        _, event = stream.next()
        assert event["action"] == "token.create"
        assert made["token"] not in json.dumps(event)
        stopping = threading.Thread(target=own_service.stop)
        stopping.start()
        with pytest.raises(EOFError):  # an orderly end, long before the gateway would cut it
            stream.next()
        stopping.join(60)
