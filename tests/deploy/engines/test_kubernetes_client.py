"""The client of a cluster's API, against a server that is strict, slow, cut or busy."""

from __future__ import annotations

import base64
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from ads.deploy.engines.kubernetes_access import access_of
from ads.deploy.engines.kubernetes_client import Expired, KubernetesClient, Refused
from ads.deploy.engines.kubernetes_watch import Watched
from ads.deploy.engines.supervisor_client import EngineUnavailable
from ads.errors import SettingError
from tests.kubernetes_kubelet import kubernetes
from tests.kubernetes_rules import Refusal
from tests.kubernetes_server import NAMESPACE, TOKEN, Asked, Cluster, moment
from tests.own_service import eventually

LABELS = {"app": "shop"}


def secret(name: str, **data: str) -> dict[str, Any]:
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "labels": LABELS}, "data": encoded}


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Cluster, Path]]:
    with kubernetes(tmp_path, nodes=False) as (cluster, _, config):
        yield cluster, config


@pytest.fixture
def cluster(place: tuple[Cluster, Path]) -> Cluster:
    return place[0]


@pytest.fixture
def client(place: tuple[Cluster, Path]) -> Iterator[KubernetesClient]:
    client = KubernetesClient(access_of(str(place[1]), "", {}), patience=30.0)
    yield client
    client.close()


def times(number: int, what: Refusal | str, verb: str = "") -> Any:
    """Return a fault that happens to the first requests of a kind."""
    left = [number]

    def fault(asked: Asked) -> str | None:
        if left[0] and verb in ("", asked.verb):
            left[0] -= 1
            if isinstance(what, Refusal):
                raise what
            if what == "slow":
                time.sleep(2)
                return None
            return what
        return None

    return fault


def test_apply_get_list_and_delete(client: KubernetesClient, cluster: Cluster) -> None:
    made = client.apply(secret("one", key="a"))
    assert made["metadata"]["uid"]
    assert client.apply(secret("one", key="b", more="c"))["metadata"]["uid"] == made["metadata"]["uid"]
    assert client.apply(secret("one", key="b"))["data"] == {"key": base64.b64encode(b"b").decode()}
    client.apply(secret("two", key="a"))
    found, version = client.list("Secret", "app=shop")
    assert ([each["metadata"]["name"] for each in found], version) == (["one", "two"], str(cluster.version))
    assert client.list("Secret", "app=other")[0] == []
    assert client.delete("Secret", "one") is True
    assert client.delete("Secret", "one") is False
    assert client.get("Secret", "one") is None
    assert client.get("Secret", "two") is not None


def test_what_somebody_else_owns_is_taken_over(client: KubernetesClient, cluster: Cluster) -> None:
    cluster.apply("Secret", "one", secret("one", key="theirs"), "kubectl", force=False)
    with pytest.raises(Refusal, match="conflict"):
        cluster.apply("Secret", "one", secret("one", key="mine"), "other", force=False)
    assert client.apply(secret("one", key="mine"))["data"]["key"] == base64.b64encode(b"mine").decode()


def test_an_object_that_breaks_the_schema_is_refused_with_the_clusters_words(client: KubernetesClient) -> None:
    wrong = {**secret("one"), "dataa": {}}
    with pytest.raises(Refused, match=r"answered 422 .*dataa"):
        client.apply(wrong)


@pytest.mark.parametrize(
    "trouble",
    [
        Refusal(429, "too many requests", {"retry-after": "1"}),
        Refusal(503, "apiserver is shutting down"),
        Refusal(409, "the object has been modified"),
        "cut",
        "slow",
    ],
    ids=["429", "503", "409", "cut", "slow"],
)
def test_what_fails_in_passing_is_asked_again(client: KubernetesClient, cluster: Cluster, trouble: Any) -> None:
    cluster.fault = times(2, trouble)
    began = time.monotonic()
    client.apply(secret("one", key="a"))
    assert cluster.get("Secret", "one")
    assert [asked.verb for asked in cluster.asked] == ["patch"] * (1 if trouble == "slow" else 3)
    if isinstance(trouble, Refusal) and trouble.headers:
        assert time.monotonic() - began >= 2  # as the cluster asked


def test_what_goes_on_failing_is_an_error_that_says_so(place: tuple[Cluster, Path]) -> None:
    place[0].fault = times(1000, Refusal(503, "etcd has no leader"))
    client = KubernetesClient(access_of(str(place[1]), "", {}), patience=0.5)
    with pytest.raises(EngineUnavailable, match="answered 503 about models/secrets/one: etcd has no leader"):
        client.apply(secret("one"))
    client.close()


def test_wrong_rights_and_credentials_name_the_next_step(
    client: KubernetesClient, cluster: Cluster, place: tuple[Cluster, Path]
) -> None:
    cluster.allowed = lambda asked: asked.verb != "patch"
    with pytest.raises(Refused, match="403") as refused:
        client.apply(secret("one"))
    assert "engine.name=kubernetes" in refused.value.hint
    content = yaml.safe_load(place[1].read_text())
    content["users"][0]["user"]["token"] = "wrong"
    place[1].write_text(yaml.safe_dump(content))
    stranger = KubernetesClient(access_of(str(place[1]), "", {}), patience=0.5)
    with pytest.raises(Refused, match="401") as refused:
        stranger.list("Pod", "")
    assert "renew the kubeconfig" in refused.value.hint
    stranger.close()


def test_lists_come_in_pages(client: KubernetesClient, cluster: Cluster) -> None:
    for number in range(1003):
        made = {**secret(f"s{number}"), "metadata": {"name": f"s{number}", "labels": LABELS, "uid": str(number)}}
        cluster.add("Secret", made)
    assert len(client.list("Secret", "app=shop")[0]) == 1003
    assert len([asked for asked in cluster.asked if asked.verb == "list"]) == 3


def test_a_watch_that_is_too_old_says_so(client: KubernetesClient, cluster: Cluster) -> None:
    _, version = client.list("Secret", "app=shop")
    client.apply(secret("one"))
    kind, found = next(iter(client.watch("Secret", "app=shop", version)))
    assert (kind, found["metadata"]["name"]) == ("ADDED", "one")
    cluster.forget()
    with pytest.raises(Expired):
        list(client.watch("Secret", "app=shop", version))


def test_following_survives_410_and_cuts_and_loses_nothing(client: KubernetesClient, cluster: Cluster) -> None:
    watched = Watched(client, "Secret", "app=shop")
    over, changes = threading.Event(), []
    thread = threading.Thread(target=watched.follow, args=(lambda: changes.append(moment()), over), daemon=True)
    thread.start()

    def names() -> set[str]:
        return {found["metadata"]["name"] for found in watched.objects()}

    cluster.apply("Secret", "one", secret("one"), "kubectl", force=False)
    eventually(lambda: names() == {"one"}, what="the first")
    cluster.forget()
    cluster.apply("Secret", "two", secret("two"), "kubectl", force=False)
    eventually(lambda: names() == {"one", "two"}, what="the second, after 410")
    cluster.fault = times(3, "cut", "list")
    cluster.forget()
    cluster.remove("Secret", "one")
    eventually(lambda: names() == {"two"}, what="the removal, after cuts")
    cluster.fault = times(2, "cut", "watch")
    cluster.forget()
    cluster.apply("Secret", "three", secret("three"), "kubectl", force=False)
    eventually(lambda: names() == {"two", "three"}, what="the third, after watches that were cut")
    cluster.remove("Secret", "three")
    eventually(lambda: names() == {"two"}, what="its removal")
    gone = next(iter(watched.objects()))
    watched.remove(gone["metadata"]["uid"])
    assert names() == set()
    cluster.update("Secret", "two", lambda found: found["metadata"]["labels"].update(more="x"))
    cluster.forget()
    before = len(changes)
    eventually(lambda: len(changes) > before, what="another look")
    assert names() == set()  # what was deleted stays so, whatever the cluster still tells
    over.set()


def test_access_inside_a_pod(tmp_path: Path, place: tuple[Cluster, Path]) -> None:
    account = tmp_path / "account"
    account.mkdir()
    (account / "token").write_text("old")
    (account / "namespace").write_text(NAMESPACE)
    (account / "ca.crt").write_bytes((place[1].parent / "localhost.pem").read_bytes())
    port = place[0].url.rpartition(":")[2]
    variables = {"KUBERNETES_SERVICE_HOST": "localhost", "KUBERNETES_SERVICE_PORT": port}
    access = access_of("", "", variables, account)
    client = KubernetesClient(access, patience=0.5)
    with pytest.raises(Refused, match="401"):
        client.list("Pod", "")
    (account / "token").write_text(TOKEN)  # clusters renew it
    assert client.list("Pod", "")[0] == []
    assert client.namespace == NAMESPACE
    client.close()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "can't be read"),
        ("{", "no YAML"),
        ("current-context: here\n", "no context 'here'"),
        ("[]", "holds no contexts"),
    ],
)
def test_a_kubeconfig_that_says_nothing_is_an_error(tmp_path: Path, content: str | None, expected: str) -> None:
    path = tmp_path / "config"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SettingError, match=expected) as refused:
        access_of(str(path), "", {})
    assert "kubernetes_config" in refused.value.hint


def test_logins_by_programs_are_not_supported(place: tuple[Cluster, Path]) -> None:
    content = yaml.safe_load(place[1].read_text())
    content["users"][0]["user"] = {"exec": {"command": "aws"}}
    place[1].write_text(yaml.safe_dump(content))
    with pytest.raises(SettingError, match="another program"):
        access_of(str(place[1]), "", {})
