"""Archives for replicas on other machines: only with the pass of a replica whose deployment is there."""

from __future__ import annotations

import time

import httpx

from ads.identity.replica_keys import ArchiveWanted, archive_pass, replica_key

from .conftest import Running, archive
from .test_deployments import create, put

START = "0011223344556677"


def deployed(service: Running) -> tuple[str, str, bytes]:
    """Return a new deployment's id, its archive's SHA-256, and the archive."""
    import hashlib

    content = archive(notes__txt=str(time.time_ns()))
    model_id: str = service.create_model(displayName="m")["id"]
    assert service.upload(model_id, content).status_code in (200, 204)
    return str(create(service, model_id)["id"]), hashlib.sha256(content).hexdigest(), content


def ask(service: Running, sha256: str, token: str, **headers: str) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}", **headers}
    return service.client.get(f"/openads/v1/archives/{sha256}", headers=headers)


def given(service: Running, replica: str, sha256: str, *, start: str = START, age: float = 0.0) -> str:
    key = replica_key(service.context.defaults.page_secret, replica, start)
    return archive_pass(key, ArchiveWanted(replica, START, sha256), time.time() - age)


def test_a_replica_gets_the_archive_that_it_serves_and_parts_of_it(service: Running) -> None:
    deployment, sha256, content = deployed(service)
    replica = f"{deployment[-12:]}-1-0"
    answer = ask(service, sha256, given(service, replica, sha256))
    assert (answer.status_code, answer.content) == (200, content)
    part = ask(service, sha256, given(service, replica, sha256), range="bytes=10-")
    assert (part.status_code, part.content) == (206, content[10:])


def test_nothing_else_opens_an_archive(service: Running) -> None:
    deployment, sha256, _ = deployed(service)
    _, other, _ = deployed(service)
    replica = f"{deployment[-12:]}-1-0"
    good = given(service, replica, sha256)
    assert ask(service, sha256, good).status_code == 200
    assert ask(service, other, good).status_code == 404
    assert ask(service, other, given(service, replica, other)).status_code == 404, "another deployment's model"
    assert ask(service, sha256, given(service, replica, sha256, age=400)).status_code == 401
    assert ask(service, sha256, given(service, replica, sha256, start="other")).status_code == 401
    assert ask(service, sha256, f"{good[:-1]}{'0' if good[-1] != '0' else '1'}").status_code == 401
    assert ask(service, sha256, "archive.x.y").status_code == 401
    assert ask(service, sha256, given(service, "abcdefghijkl-1-0", sha256)).status_code == 404
    administrator = service.client.headers["authorization"].removeprefix("Bearer ")
    assert ask(service, sha256, administrator).status_code == 404
    put(service.context, deployment, lifecycle_state="DELETED")
    assert ask(service, sha256, given(service, replica, sha256)).status_code == 404


def test_a_pass_for_an_archive_is_good_for_nothing_else(service: Running) -> None:
    deployment, sha256, _ = deployed(service)
    token = given(service, f"{deployment[-12:]}-1-0", sha256)
    answer = service.client.get("/openads/v1/service", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 401
