"""Section 3.7 of the catalogue of abuse: the control plane's API, line by line; rights are in the file beside this."""

from __future__ import annotations

import json
import socket
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .conftest import Answer, Open

MODELS = "/20190101/models"
DEPLOYMENTS = "/20190101/modelDeployments"
FAR = 2**63


@pytest.fixture(scope="module")
def home(service: Open) -> dict[str, str]:
    about = service.about
    return {"compartmentId": about["compartmentId"], "projectId": about["projectId"]}


def refused(answer: Answer, *statuses: int) -> str:
    """Check that an answer is a refusal of the documented form; return its code."""
    assert answer.status in statuses, answer
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["opc-request-id"]
    assert set(answer.body) == {"code", "message"}
    code: str = answer.body["code"]
    return code


def count(service: Open, home: dict[str, str], **filters: str) -> int:
    query = "&".join(f"{name}={value}" for name, value in filters.items())
    answer = service.admin.ask("GET", f"{MODELS}?compartmentId={home['compartmentId']}&limit=1000&{query}")
    assert answer.status == 200, answer
    return len(answer.body)


LIMITS = ["0", "-1", "1000000000", str(FAR), str(2 * FAR), "1.5", "1e3", "abc", "%D9%A1", "1%3BDROP", ""]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("collection", ["models", "projects", "modelVersionSets", "modelDeployments", "workRequests"])
def test_3_7_01_impossible_limits(service: Open, home: dict[str, str], collection: str, limit: str) -> None:
    path = f"/20190101/{collection}?compartmentId={home['compartmentId']}&limit={limit}"
    assert refused(service.admin.ask("GET", path), 400) == "InvalidParameter"


PAGES = ["x", "", "0", "AAAA", "gASVCgAAAAAAAABLAS4%3D", "%00", "a" * 6000, "..%2F..", "%F0%9F"]


@pytest.mark.parametrize("page", PAGES)
def test_3_7_02_forged_page_tokens(service: Open, home: dict[str, str], page: str) -> None:
    for path in (
        f"{MODELS}?compartmentId={home['compartmentId']}",
        "/openads/v1/users?",
        f"/openads/v1/models/search?compartmentId={home['compartmentId']}",
        f"/n/openads/b?compartmentId={home['compartmentId']}",
    ):
        assert refused(service.admin.ask("GET", f"{path}&page={page}"), 400) == "InvalidParameter", path


@pytest.mark.parametrize("name", ["sortBy", "sortOrder", "lifecycleState"])
@pytest.mark.parametrize("value", ["x", "id%3B--", "timeCreated%2C1", "1%20OR%201%3D1", "__class__", "active", "%27"])
def test_3_7_03_unknown_orders_and_states(service: Open, home: dict[str, str], name: str, value: str) -> None:
    path = f"{MODELS}?compartmentId={home['compartmentId']}&{name}={value}"
    assert refused(service.admin.ask("GET", path), 400) == "InvalidParameter"


FILTERS = ["%27", "%27%20UNION%20SELECT%201--", "%25", "_", ".*", "%5B%5E", "x%25%25y", "%22%20OR%20%22%22%3D%22"]


def test_3_7_04_filters_mean_what_they_say(service: Open, home: dict[str, str]) -> None:
    before = count(service, home)
    for value in FILTERS:
        assert count(service, home, displayName=value) == 0, value
    service.admin.ask("POST", MODELS, {**home, "displayName": "100%_sure'"})
    assert count(service, home, displayName="100%25_sure%27") == 1
    assert count(service, home) == before + 1
    for value in ("%00", "%FF%FE", "%ED%A0%80", "x" * 6000):
        path = f"{MODELS}?compartmentId={home['compartmentId']}&displayName={value}"
        refused(service.admin.ask("GET", path), 400, 414)


def test_3_7_05_a_parameter_twice(service: Open, home: dict[str, str]) -> None:
    place = home["compartmentId"]
    for query in (f"compartmentId={place}&compartmentId=x", f"compartmentId={place}&limit=1&limit=2", "a&a&a"):
        assert refused(service.admin.ask("GET", f"{MODELS}?{query}"), 400) == "InvalidParameter"


BODIES = {
    "empty": (b"", "application/json", 400),
    "list": (b"[]", "application/json", 400),
    "null": (b"null", "application/json", 400),
    "text": (b'"x"', "application/json", 400),
    "not JSON": (b"{", "application/json", 400),
    "two values": (b"{} {}", "application/json", 400),
    "key twice": (b'{"displayName": "a", "displayName": "b"}', "application/json", 400),
    "NaN": (b'{"displayName": NaN}', "application/json", 400),
    "half a surrogate pair": (b'{"displayName": "\\ud800"}', "application/json", 400),
    "other encoding": ('{"displayName": "x"}'.encode("utf-16"), "application/json", 400),
    "20,000 deep": (b'{"a":' * 20_000 + b"1" + b"}" * 20_000, "application/json", 400),
    "20 MB": (b'{"a": "' + b"x" * 20_000_000 + b'"}', "application/json", 413),
    "plain text": (b"{}", "text/plain", 415),
    "form": (b"displayName=x", "application/x-www-form-urlencoded", 415),
    "multipart": (b"--x\r\n\r\n--x--", "multipart/form-data; boundary=x", 415),
    "digits": (b'{"displayName": ' + b"9" * 5000 + b"}", "application/json", 400),
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("path", [MODELS, "/openads/v1/users", "/n/openads/b", "/20180409/resources"])
def test_3_7_06_bodies_that_are_none(service: Open, path: str, name: str) -> None:
    content, kind, status = BODIES[name]
    refused(service.admin.ask("POST", path, content, {"content-type": kind}), status)


NAMES = [
    "\r\nx: y",
    "\u202egnp",
    "<script>alert(1)</script>",
    "{{7*7}}${7*7}",
    "../../etc/passwd",
    "%2f",
    "😀",
    "ﬁ",
    " ",
]


@pytest.mark.parametrize("name", NAMES)
def test_3_7_07_odd_names_come_back_as_they_were(service: Open, home: dict[str, str], name: str) -> None:
    made = service.admin.ask("POST", MODELS, {**home, "displayName": name})
    assert made.status == 200, made
    assert service.admin.ask("GET", f"{MODELS}/{made.body['id']}").body["displayName"] == name
    assert count(service, home) > 0


@pytest.mark.parametrize("name", [5, {"a": 1}, ["x"], True, "x" * 256, "x" * 1_000_000, "a\0b"])
def test_3_7_07_names_that_are_none(service: Open, home: dict[str, str], name: Any) -> None:
    before = count(service, home)
    refused(service.admin.ask("POST", MODELS, {**home, "displayName": name}), 400)
    assert count(service, home) == before


VALUES: dict[str, dict[str, Any]] = {
    "08 10,000 tags": {"freeformTags": {f"k{number}": "v" for number in range(10_000)}},
    "08 a key of 300": {"freeformTags": {"k" * 300: "v"}},
    "08 nested tags": {"freeformTags": {"k": {"a": "b"}}},
    "08 a list of tags": {"freeformTags": ["k"]},
    "08 a flat defined tag": {"definedTags": {"k": "v"}},
    "09 40 kB": {"customMetadataList": [{"key": f"k{n}", "value": "x" * 10_000} for n in range(4)]},
    "09 a value of 17,000": {"customMetadataList": [{"key": "k", "value": "x" * 17_000}]},
    "09 a bogus category": {"customMetadataList": [{"key": "k", "category": "bogus"}]},
    "09 a key twice": {"customMetadataList": [{"key": "k"}, {"key": "k"}]},
    "09 no list": {"customMetadataList": {"key": "k"}},
    "09 no text": {"definedMetadataList": [{"key": "k", "value": {"a": 1}}]},
    "10 a schema of 2 MB": {"inputSchema": json.dumps("x" * 2_000_000)},
    "10 a schema that is no JSON": {"inputSchema": "{"},
    "10 a description with NUL": {"description": "a\0b"},
    "10 a description of 500 kB": {"description": "x" * 500_000},
}


@pytest.mark.parametrize("name", VALUES)
def test_3_7_08_to_10_tags_metadata_and_schemas(service: Open, home: dict[str, str], name: str) -> None:
    before = count(service, home)
    refused(service.admin.ask("POST", MODELS, {**home, **VALUES[name]}), 400)
    model_id = service.model(home["compartmentId"], home["projectId"])
    etag = service.admin.ask("GET", f"{MODELS}/{model_id}").headers["etag"]
    if "Schema" not in next(iter(VALUES[name])):
        refused(service.admin.ask("PUT", f"{MODELS}/{model_id}", VALUES[name]), 400)
        assert service.admin.ask("GET", f"{MODELS}/{model_id}").headers["etag"] == etag
    assert count(service, home) == before + 1


def test_3_7_11_keys_that_no_body_has(service: Open, home: dict[str, str]) -> None:
    made = service.admin.ask("POST", MODELS, {**home, "id": "mine", "lifecycleState": "DELETED", "createdBy": "me"})
    assert (made.status, made.body["lifecycleState"]) == (200, "ACTIVE")
    assert made.body["id"] != "mine"
    for path, body in (
        ("/openads/v1/users", {"name": "u", "isAdmin": True}),
        ("/openads/v1/tokens", {"name": "t", "id": "1"}),
        ("/openads/v1/compartments", {"compartmentId": home["compartmentId"], "name": "c", "id": "x"}),
    ):
        assert refused(service.admin.ask("POST", path, body), 400) == "InvalidParameter"


def test_3_7_12_of_twelve_updates_with_one_etag_one_succeeds(service: Open, home: dict[str, str]) -> None:
    made = service.admin.ask("POST", MODELS, home)
    path = f"{MODELS}/{made.body['id']}"
    for wrong in ("x", '"x"', "", made.headers["etag"].upper() + "x"):
        assert refused(service.admin.ask("PUT", path, {"description": "x"}, {"if-match": wrong}), 412) == "NoEtagMatch"

    def update(number: int) -> int:
        changed = {"description": str(number)}
        return service.admin.ask("PUT", path, changed, {"if-match": made.headers["etag"]}).status

    with ThreadPoolExecutor(12) as pool:
        statuses = sorted(pool.map(update, range(12)))
    assert statuses == [200] + [412] * 11
    removed = service.admin.ask("DELETE", path, headers={"if-match": made.headers["etag"]})
    assert refused(removed, 412) == "NoEtagMatch"


def test_3_7_13_retry_tokens(service: Open, home: dict[str, str]) -> None:
    def create(token: str, **values: str) -> Answer:
        return service.admin.ask("POST", MODELS, {**home, **values}, {"opc-retry-token": token})

    token = uuid.uuid4().hex
    with ThreadPoolExecutor(8) as pool:
        ids = {answer.body["id"] for answer in pool.map(lambda _: create(token), range(8))}
    assert len(ids) == 1
    assert refused(create(token, displayName="other"), 409) == "InvalidatedRetryToken"
    for wrong in ("", "x" * 65):
        refused(create(wrong), 400)


def test_3_7_20_nothing_is_fetched_from_an_address_that_a_caller_names(service: Open, home: dict[str, str]) -> None:
    model_id = service.model(home["compartmentId"], home["projectId"])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0)
        own = f"http://127.0.0.1:{listener.getsockname()[1]}/x.zip"
        for address in (
            own,
            "file:///etc/passwd",
            "gopher://127.0.0.1",
            "http://169.254.169.254/",
            "http://0x7f000001/",
        ):
            for kind in ("ORACLE_OBJECT_STORAGE", "HTTP"):
                source = {
                    "artifactSourceType": kind,
                    "namespace": address,
                    "sourceBucket": address,
                    "sourceObjectName": address,
                    "sourceRegion": address,
                }
                export = {"artifactExportDetails": source}
                refused(service.admin.ask("POST", f"{MODELS}/{model_id}/actions/exportArtifact", export), 400, 404)
            for kind in ("OSS", "S3", "HTTP"):
                named = {"modelArtifactReferenceType": kind, "namespace": address, "bucketName": address, "prefix": ""}
                path = f"{MODELS}/{model_id}/actions/registerArtifactReference"
                refused(service.admin.ask("POST", path, {"modelArtifactReferences": [named]}), 400, 404)
        with pytest.raises(BlockingIOError):
            listener.accept()


def test_3_7_21_what_was_there_throughout_is_listed_once_while_others_write(service: Open) -> None:
    """The catalogue says 100,000 models; the order of the pages doesn't depend on how many there are."""
    place = service.compartment()
    project = service.project(place)
    stay = {service.model(place, project) for _ in range(120)}
    over = threading.Event()

    def write() -> None:
        while not over.is_set():
            model_id = service.model(place, project)
            service.admin.ask("DELETE", f"{MODELS}/{model_id}")

    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(write) for _ in range(2)]
        try:
            for order in ("ASC", "DESC"):
                seen: list[str] = []
                page = ""
                while True:
                    path = f"{MODELS}?compartmentId={place}&limit=7&sortBy=timeCreated&sortOrder={order}{page}"
                    answer = service.admin.ask("GET", path)
                    seen += [row["id"] for row in answer.body]
                    if "opc-next-page" not in answer.headers or len(seen) > 5000:
                        break
                    page = f"&page={answer.headers['opc-next-page']}"
                assert len(seen) == len(set(seen))
                assert stay <= set(seen)
        finally:
            over.set()
    for writer in writers:
        writer.result()


@pytest.mark.parametrize(
    "path",
    [
        "/20190101/models/../projects",
        "/20190101//models",
        "/20190101/models/%2e%2e/projects",
        "/20190101/models%2Fx",
        "/20190101/models/",
        "/20190101/models;x=1",
        "/20190101/MODELS",
        "/./20190101/models",
        "/20190101/models/x%00y",
        "/n/openads/b/x%2F..%2Fy/o/z",
        "/%32%30190101/models",
        "//evil.example/20190101/models",
    ],
)
def test_paths_are_never_made_plain(service: Open, home: dict[str, str], path: str) -> None:
    answer = service.admin.ask("GET", f"{path}?compartmentId={home['compartmentId']}")
    refused(answer, 400, 404)
