"""The Kubernetes engine and a cluster whose nodes do nothing: what is applied, listed, kept apart, taken away."""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ads.deploy.engines.base import ReplicaId, ReplicaOrder
from ads.deploy.engines.kubernetes import KubernetesEngine
from ads.deploy.engines.supervisor_client import EngineUnavailable
from ads.errors import SettingError
from ads.home import Home
from ads.registry.deployments import ModelSource
from ads.settings import Settings
from tests.kubernetes_kubelet import kubernetes
from tests.kubernetes_rules import Refusal
from tests.kubernetes_server import Asked, Cluster
from tests.own_service import eventually

OCID = "ocid1.datasciencemodeldeployment.oc1..aaaaabcdefghijkl"
SECRET = "5e" * 32


@pytest.fixture
def place(tmp_path: Path) -> Iterator[tuple[Cluster, Path]]:
    with kubernetes(tmp_path, nodes=False) as (cluster, _, config):
        yield cluster, config


@pytest.fixture
def cluster(place: tuple[Cluster, Path]) -> Cluster:
    return place[0]


def engine(place: tuple[Cluster, Path], tmp_path: Path, secret: str = SECRET) -> KubernetesEngine:
    home = Home(tmp_path / "home")
    home.create()
    settings = Settings(home=home.root, kubernetes_config=str(place[1]), kubernetes_image="shop/openads:1")
    return KubernetesEngine(home, settings, secret, "http://127.0.0.1:8900")


def order(tmp_path: Path, slot: int = 0, **changes: Any) -> ReplicaOrder:
    replica = ReplicaId.of(OCID, 1, slot)
    folder = tmp_path / "home" / "deployments" / OCID
    given: dict[str, Any] = {
        "id": replica,
        "python": None,
        "artifact": tmp_path,
        "folder": folder / str(replica),
        "log": folder / "predict.log",
        "memory_bytes": 1 << 30,
        "environment": {"OMP_NUM_THREADS": "2", "MKL_NUM_THREADS": "1", "SHOP": "berlin"},
        "processors": 2,
        "source": ModelSource("ab" * 32, 17),
        "shape": "VM.Standard.E4.Flex",
        "ocpus": 4.0,
    }
    return ReplicaOrder(**{**given, **changes})


def test_a_start_is_two_objects_and_a_second_one_none(
    place: tuple[Cluster, Path], cluster: Cluster, tmp_path: Path
) -> None:
    made = engine(place, tmp_path)
    made.start(order(tmp_path))
    (found,), (secret,) = cluster.of("ReplicaSet"), cluster.of("Secret")
    assert found["metadata"]["name"] == "openads-abcdefghijkl-1-0"
    start = found["metadata"]["labels"]["openads/start"]
    assert secret["metadata"]["name"] == f"openads-abcdefghijkl-1-0-{start}"
    assert found["metadata"]["annotations"] == {"openads/deployment": OCID}
    hidden = {name: base64.b64decode(text).decode() for name, text in secret["data"].items()}
    assert len(bytes.fromhex(hidden["key"])) == 32
    # Threads that were this machine's number become the pod's; what the user said stays.
    assert hidden["environment.json"] == '{"OMP_NUM_THREADS": "8", "MKL_NUM_THREADS": "1", "SHOP": "berlin"}'
    made.start(order(tmp_path))
    assert len(cluster.of("ReplicaSet")) == 1
    assert cluster.of("Secret") == [secret]
    (report,) = made.list()
    assert (str(report.id), report.running, report.address) == ("abcdefghijkl-1-0", True, "")
    assert made.socket(report.id) == ""


def test_two_services_in_one_namespace_dont_see_each_other(
    place: tuple[Cluster, Path], cluster: Cluster, tmp_path: Path
) -> None:
    one, other = engine(place, tmp_path), engine(place, tmp_path, "5f" * 32)
    one.start(order(tmp_path))
    assert other.list() == []
    assert len(one.list()) == 1


def test_a_stop_takes_both_objects_and_what_is_gone_is_no_error(
    place: tuple[Cluster, Path], cluster: Cluster, tmp_path: Path
) -> None:
    made = engine(place, tmp_path)
    for slot in (0, 1):
        made.start(order(tmp_path, slot))
    made.stop(ReplicaId.of(OCID, 1, 0))
    assert [each["metadata"]["name"] for each in cluster.of("ReplicaSet")] == ["openads-abcdefghijkl-1-1"]
    (secret,) = cluster.of("Secret")
    assert secret["metadata"]["labels"]["openads/replica"] == "abcdefghijkl-1-1"
    made.stop(ReplicaId.of(OCID, 1, 0))
    assert [str(report.id) for report in made.list()] == ["abcdefghijkl-1-1"]


def test_a_start_that_broke_off_in_the_middle_is_made_again(
    place: tuple[Cluster, Path], cluster: Cluster, tmp_path: Path
) -> None:
    made = engine(place, tmp_path)

    def no_sets(asked: Asked) -> str | None:
        if (asked.resource, asked.verb) == ("replicasets", "patch"):
            raise Refusal(422, "the quota is used up")
        return None

    cluster.fault = no_sets
    with pytest.raises(Exception, match="the quota is used up"):
        made.start(order(tmp_path))
    assert cluster.of("Secret") == made.list() == []
    cluster.fault = lambda _asked: None
    made.start(order(tmp_path))
    assert len(made.list()) == len(cluster.of("Secret")) == 1


def test_a_start_that_nobody_knows_the_end_of_is_tried_again_and_not_made_anew(
    place: tuple[Cluster, Path], cluster: Cluster, tmp_path: Path
) -> None:
    made = engine(place, tmp_path)
    made._client._patience = 0.2
    cut = [True]

    def after_the_secret(asked: Asked) -> str | None:
        return "cut" if cut[0] and asked.resource == "replicasets" and asked.verb == "patch" else None

    cluster.fault = after_the_secret
    with pytest.raises(EngineUnavailable):
        made.start(order(tmp_path))
    (secret,) = cluster.of("Secret")
    cut[0] = False
    made.start(order(tmp_path))
    assert cluster.of("Secret") == [secret]
    assert len(made.list()) == 1


def test_two_control_planes_that_start_the_same_dont_disturb_each_other(
    place: tuple[Cluster, Path], cluster: Cluster, tmp_path: Path
) -> None:
    one, other = engine(place, tmp_path), engine(place, tmp_path)
    one.start(order(tmp_path))
    (secret,) = cluster.of("Secret")
    other._sets.objects = list  # type: ignore[method-assign]  # what it knows is older
    with pytest.raises(Exception, match="immutable"):
        other.start(order(tmp_path))
    assert cluster.of("Secret") == [secret]
    assert len(one.list()) == 1


def test_leadership_that_comes_back_finds_what_happened_meanwhile(
    place: tuple[Cluster, Path], cluster: Cluster, tmp_path: Path
) -> None:
    made, changes = engine(place, tmp_path), []
    for number in range(3):
        over = threading.Event()
        thread = threading.Thread(target=made.watch, args=(lambda: changes.append(1), over), daemon=True)
        thread.start()
        before = len(changes)
        made.start(order(tmp_path, number))
        eventually(lambda before=before: len(changes) > before, what="the news of it")
        assert len(made.list()) == number + 1
        over.set()
        thread.join(30)
    cluster.remove("ReplicaSet", "openads-abcdefghijkl-1-0")
    assert len(made.list()) == 2


def test_a_model_by_reference_is_refused(place: tuple[Cluster, Path], cluster: Cluster, tmp_path: Path) -> None:
    made = engine(place, tmp_path)
    with pytest.raises(SettingError, match="by reference"):
        made.start(order(tmp_path, source=ModelSource("ab" * 32, 17, by_reference=True)))
    assert cluster.of("Secret") == []


def test_an_address_of_this_machine_alone_is_none_for_pods_elsewhere(
    place: tuple[Cluster, Path], tmp_path: Path
) -> None:
    config = place[1].read_text().replace(place[0].url, "https://10.0.0.1:6443")
    place[1].write_text(config)
    with pytest.raises(SettingError, match=r"can't fetch models from 'http://127.0.0.1:8900'"):
        engine(place, tmp_path)
