from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from ads.client import Service
from ads.client.finder import Address
from ads.client.retries import Retries
from ads.errors import (
    Conflict,
    NotAuthenticated,
    NotFound,
    PayloadTooLarge,
    PreconditionFailed,
    ServiceError,
    ServiceTimeout,
    ServiceUnavailable,
    ServiceUnreachable,
    TooManyRequests,
)

QUICK = Retries(attempts=4, first_delay=0.001, longest_delay=0.002)


@pytest.fixture
def service(server: Any) -> Iterator[Service]:
    found = Service(server.url, "the-token", retries=QUICK)
    yield found
    found.close()


def test_requests_carry_the_token_and_lists_follow_pages(server: Any, service: Service) -> None:
    def page(seen: Any) -> Any:
        if "page=2" in seen.query:
            return server.reply(content=[{"id": "c"}])
        return server.reply(content=[{"id": "a"}, {"id": "b"}], headers={"opc-next-page": "2"})

    server.on("GET", "/20190101/models", page)
    assert [item["id"] for item in service.list("/20190101/models", {"compartmentId": "x"})] == ["a", "b", "c"]
    assert all(seen.headers["authorization"] == "Bearer the-token" for seen in server.seen)
    assert all("compartmentId=x" in seen.query for seen in server.seen)


def test_items_of_our_own_lists_are_found(server: Any, service: Service) -> None:
    server.on("GET", "/openads/v1/tokens", server.reply(content={"items": [{"id": 1}]}))
    assert list(service.list("/openads/v1/tokens")) == [{"id": 1}]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "InvalidParameter", ServiceError),
        (400, "RelatedResourceNotAuthorizedOrNotFound", NotFound),
        (401, "NotAuthenticated", NotAuthenticated),
        (404, "NotAuthorizedOrNotFound", NotFound),
        (409, "Conflict", Conflict),
        (412, "NoEtagMatch", PreconditionFailed),
        (413, "PayloadTooLarge", PayloadTooLarge),
        (429, "TooManyRequests", TooManyRequests),
        (503, "ServiceUnavailable", ServiceUnavailable),
    ],
)
def test_an_error_answer_becomes_its_exception(
    server: Any, service: Service, status: int, code: str, expected: type[ServiceError]
) -> None:
    server.on("GET", "/x", server.reply(status, {"code": code, "message": "Model m is gone."}))
    with pytest.raises(expected) as caught:
        service.request("GET", "/x")
    assert type(caught.value) is expected
    assert (caught.value.status, caught.value.service_code, caught.value.request_id) == (status, code, "req-1")
    assert "Model m is gone." in str(caught.value)
    assert "req-1" in str(caught.value)


def test_an_error_page_that_is_not_json_is_still_an_error_of_ours(server: Any, service: Service) -> None:
    server.on("GET", "/x", server.reply(500, raw=b"<html>proxy</html>"))
    with pytest.raises(ServiceError, match="proxy"):
        service.request("GET", "/x")


def test_busy_answers_are_tried_again(server: Any, service: Service) -> None:
    busy = server.reply(503, {"code": "ServiceUnavailable", "message": "m"}, headers={"retry-after": "0.01"})
    server.on("GET", "/x", [busy, busy, server.reply(content={"ok": True})])
    assert service.get_json("/x") == {"ok": True}
    assert len(server.seen) == 3


def test_a_create_whose_connection_broke_is_repeated_with_the_same_token(server: Any, service: Service) -> None:
    server.on("POST", "/models", [server.reply(drop=True), server.reply(content={"id": "m"})])
    answer = service.request("POST", "/models", json={"a": 1}, retry_token=True)
    assert answer.json() == {"id": "m"}
    first, second = server.requests("POST", "/models")
    assert first.headers["opc-retry-token"] == second.headers["opc-retry-token"]
    assert first.body == second.body


def test_a_post_without_token_whose_connection_broke_is_not_repeated(server: Any, service: Service) -> None:
    server.on("POST", "/act", server.reply(drop=True))
    with pytest.raises(ServiceUnreachable):
        service.request("POST", "/act")
    assert len(server.seen) == 1


def test_two_creates_have_different_tokens(server: Any, service: Service) -> None:
    server.on("POST", "/models", server.reply(content={}))
    for _ in range(2):
        service.request("POST", "/models", json={}, retry_token=True)
    first, second = server.seen
    assert first.headers["opc-retry-token"] != second.headers["opc-retry-token"]


def test_nothing_listening_says_where_and_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ServiceUnreachable, match="ads serve") as caught:
            Service(url, retries=QUICK).request("GET", "/x")
    assert url in str(caught.value)
    assert isinstance(caught.value, ConnectionError)


def test_a_service_that_moved_is_found_again(server: Any) -> None:
    server.on("GET", "/x", server.reply(content={"ok": True}))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        old = f"http://127.0.0.1:{taken.getsockname()[1]}"
        service = Service(old, "old", retries=QUICK, find_again=lambda: Address(server.url, "new", local=True))
        assert service.get_json("/x") == {"ok": True}
    assert server.seen[0].headers["authorization"] == "Bearer new"
    service.close()


def test_a_slow_answer_is_a_timeout(service: Service, server: Any) -> None:
    import threading

    release = threading.Event()

    def slow(seen: Any) -> Any:
        release.wait(10)
        return server.reply(content={})

    server.on("GET", "/slow", slow)
    try:
        with pytest.raises(ServiceTimeout, match="GET /slow"):
            service.request("GET", "/slow", timeout=0.1)
    finally:
        release.set()


def test_compartment_and_project_are_the_services_own_unless_set(server: Any, service: Service) -> None:
    server.on("GET", "/openads/v1/service", server.reply(content={"compartmentId": "c1", "projectId": "p1"}))
    assert (service.compartment_id, service.project_id) == ("c1", "p1")
    assert Service(server.url, compartment_id="mine").compartment_id == "mine"
    assert len(server.seen) == 1


def test_a_program_that_ends_leaves_no_connection_open(server: Any, tmp_path: Any) -> None:
    server.on("GET", "/x", server.reply(content={}))
    code = "from ads.client import Service; Service.find().get_json('/x')"
    environment = {**os.environ, "OPENADS_URL": server.url, "OPENADS_HOME": str(tmp_path)}
    command = [sys.executable, "-W", "always::ResourceWarning", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert done.stderr == ""


def test_importing_the_client_loads_no_http_library() -> None:
    code = "import sys, ads.client; print([m for m in ('httpx', 'http.client', 'tqdm', 'ssl') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
