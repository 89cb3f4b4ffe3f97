"""Links to objects: they open what they name to whoever has them, until they expire or go."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from .conftest import Running, expect

NS = "/n/openads"


@pytest.fixture(scope="module")
def bucket(service: Running) -> str:
    name = "links"
    service.client.post(f"{NS}/b", json={"name": name, "compartmentId": service.compartment})
    for key in ("in/a.txt", "in/b c.txt", "out.txt"):
        service.client.put(f"{NS}/b/{name}/o/{key.replace('/', '%2F').replace(' ', '%20')}", content=key.encode())
    return name


def link(service: Running, bucket: str, access: str, name: str | None = None, **more: Any) -> dict[str, Any]:
    expires = (datetime.now(timezone.utc) + timedelta(hours=1)).isoformat()
    body = {"name": "l", "accessType": access, "timeExpires": expires, "objectName": name, **more}
    answer = service.client.post(f"{NS}/b/{bucket}/p", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_link_reads_its_object_alone_without_a_credential(service: Running, bucket: str) -> None:
    made = link(service, bucket, "ObjectRead", "in/b c.txt")
    assert made["fullPath"] == service.url + made["accessUri"]
    answer = httpx.get(made["fullPath"])
    assert (answer.status_code, answer.content) == (200, b"in/b c.txt")
    assert httpx.get(made["fullPath"], headers={"range": "bytes=3-"}).content == b"b c.txt"
    assert httpx.head(made["fullPath"]).headers["content-length"] == "10"
    other = made["fullPath"].replace("b%20c.txt", "a.txt")
    assert other != made["fullPath"]
    expect(httpx.get(other), 401, "NotAuthenticated")
    expect(httpx.put(made["fullPath"], content=b"x"), 401, "NotAuthenticated")
    expect(httpx.get(made["fullPath"].replace(f"/b/{bucket}/", "/b/other/")), 401, "NotAuthenticated")
    expect(httpx.delete(made["fullPath"]), 405, "MethodNotAllowed")


def test_a_link_to_a_prefix_lists_reads_and_writes_below_it(service: Running, bucket: str) -> None:
    made = link(service, bucket, "AnyObjectReadWrite", "in/", bucketListingAction="ListObjects")
    base = f"{service.url}{made['accessUri'].removesuffix('in/')}"
    assert httpx.get(f"{base}in%2Fa.txt").content == b"in/a.txt"
    assert httpx.put(f"{base}in%2Fnew", content=b"new").status_code == 200
    assert service.client.get(f"{NS}/b/{bucket}/o/in%2Fnew").content == b"new"
    names = [row["name"] for row in httpx.get(base, params={"prefix": "in/"}).json()["objects"]]
    assert names == ["in/a.txt", "in/b c.txt", "in/new"]
    for refused in (
        httpx.get(base),
        httpx.get(f"{base}out.txt"),
        httpx.put(f"{base}outside", content=b"x"),
        httpx.get(f"{base}..%2Fout.txt"),
    ):
        expect(refused, 401, "NotAuthenticated")
    writer = link(service, bucket, "AnyObjectWrite")
    expect(httpx.get(f"{service.url}{writer['accessUri']}out.txt"), 401, "NotAuthenticated")


def test_links_are_listed_without_tokens_and_end(service: Running, bucket: str, api: httpx.Client) -> None:
    made = link(service, bucket, "ObjectRead", "out.txt")
    row = api.get(f"{NS}/b/{bucket}/p/{made['id']}").json()
    assert row == {key: value for key, value in made.items() if key not in ("accessUri", "fullPath")}
    first = api.get(f"{NS}/b/{bucket}/p", params={"limit": 1})
    assert len(first.json()) == 1
    rest = api.get(f"{NS}/b/{bucket}/p", params={"page": first.headers["opc-next-page"]})
    assert row in rest.json()
    assert api.get(f"{NS}/b/{bucket}/p", params={"objectNamePrefix": "out"}).json() == [row]
    token = made["accessUri"].split("/")[2]
    assert token not in first.text + rest.text
    expect(api.delete(f"{NS}/b/{bucket}"), 409, "BucketNotEmpty")
    assert api.delete(f"{NS}/b/{bucket}/p/{made['id']}").status_code == 204
    expect(api.delete(f"{NS}/b/{bucket}/p/{made['id']}"), 404, "ParNotFound")
    expect(httpx.get(made["fullPath"]), 401, "NotAuthenticated")


@pytest.mark.parametrize(
    "change",
    [
        {"timeExpires": "2001-01-01T00:00:00Z"},
        {"timeExpires": "soon"},
        {"timeExpires": "0001-01-01T00:00:00+14:00"},
        {"accessType": "Any"},
        {"objectName": None},
        {"name": ""},
        {"bucketListingAction": "ListObjects"},
    ],
)
def test_links_that_make_no_sense_are_refused(service: Running, bucket: str, api: Any, change: dict[str, Any]) -> None:
    body = {"name": "l", "accessType": "ObjectRead", "timeExpires": "2999-01-01T00:00:00Z", "objectName": "o"}
    expect(api.post(f"{NS}/b/{bucket}/p", json={**body, **change}), 400, "InvalidParameter")


@pytest.mark.parametrize("path", ["/p/", "/p/x", "/p//n/openads/b/links/o/out.txt", "/p/%00/n/openads/b/links/o/x"])
def test_made_up_links_open_nothing(service: Running, bucket: str, path: str) -> None:
    expect(httpx.get(service.url + path), 401, "NotAuthenticated")
