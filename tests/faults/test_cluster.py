"""kill -9 of control planes and gateways of a cluster, one after the other, under load and registrations."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
import s3fs

from ads.model.generic_model import GenericModel
from tests.faults.registrations import Registrations
from tests.faults.test_kill import Load, deploy
from tests.members import Cluster, Member
from tests.own_service import eventually
from tests.postgres import Postgres
from tests.s3_server import s3_server, use_s3

if TYPE_CHECKING:
    from typing_extensions import Self

pytestmark = [pytest.mark.needs("postgres"), pytest.mark.timeout(390)]

ROLES = {"c": "control", "g": "gateway", "n": "node"}


@pytest.fixture
def whole(own_postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    """Two control planes, two gateways and a node, on one PostgreSQL and one S3-compatible server."""
    with s3_server(tmp_path) as url, contextlib.ExitStack() as held:
        use_s3(monkeypatch, url)
        system = s3fs.S3FileSystem(endpoint_url=url, key="testing", secret="testing", skip_instance_cache=True)
        system.mkdir("cluster")
        folder = Path("/tmp") / f"oac{own_postgres.folder.name[-6:]}"
        folder.mkdir()
        made = Cluster(own_postgres, folder, "s3://cluster/artifacts")
        held.callback(made.remove)
        for name in ("c1", "c2", "g1", "g2", "n1"):
            made.start(name, ROLES[name[0]], engine="nodes")
        made.await_all()
        monkeypatch.setenv("OPENADS_HOME", str(folder / "client"))
        monkeypatch.setenv("OPENADS_URL", made.members["g2"].url)
        monkeypatch.setenv("OPENADS_TOKEN", made.token)
        yield made


class Work:
    """Predictions and registrations by way of one gateway."""

    def __init__(self, cluster: Cluster, member: Member, model: GenericModel) -> None:
        path = model.model_deployment.url.rpartition("/")[2]
        self.load = Load(f"{member.url}/{path}", cluster.token)
        self.registrations = Registrations(member.url, cluster.token, writers=1)

    def __enter__(self) -> Self:
        self.load.__enter__()
        self.registrations.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.registrations.__exit__()
        self.load.__exit__()

    def goes_on(self) -> None:
        right, registered = self.load.right, len(self.registrations.acknowledged)
        eventually(lambda: self.load.right > right + 20, what="right answers")
        eventually(lambda: len(self.registrations.acknowledged) > registered + 1, what="registrations")

    def require_nothing_failed(self) -> int:
        """Return how many registrations were acknowledged; all are there, and nothing failed but was said to wait."""
        assert (self.load.wrong, self.load.failed, self.load.retried) == ([], [], 0)
        assert self.registrations.answers.keys() <= {200, 204, 503}, self.registrations.answers
        self.load.require_nothing_lost()
        return self.registrations.require_whole()


def test_killed_control_planes_cost_nothing(
    whole: Cluster, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    model = deploy(tmp_path / "artifact", replicas=1)
    with Work(whole, whole.members["g1"], model) as first, Work(whole, whole.members["g2"], model) as second:
        for _ in range(2):
            epoch, leader = whole.leader()
            first.goes_on()
            whole.named(leader).kill("control")
            eventually(lambda epoch=epoch: whole.leader()[0] > epoch, what="a leader after the one that was killed")
            second.goes_on()
        whole.members["c1"].crash()
        first.goes_on()
        whole.start("c1", "control", engine="nodes")
        whole.members["c2"].kill("control")
        second.goes_on()
        whole.await_all()
        first.goes_on()
    count = first.require_nothing_failed() + second.require_nothing_failed()
    model.model_deployment.deactivate()
    model.model_deployment.activate()
    assert model.predict([1, 2]) == {"prediction": [38, 69]}
    record_property("summary", f"control planes killed: {count} registrations, 0 lost; {second.load.right} predictions")


def test_a_killed_gateway_costs_only_its_own_connections(
    whole: Cluster, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    model = deploy(tmp_path / "artifact", replicas=1)
    with Work(whole, whole.members["g2"], model) as other:
        with Work(whole, whole.members["g1"], model) as victim:
            victim.goes_on()
            whole.members["g1"].crash()
            other.goes_on()
        whole.start("g1", "gateway")
        whole.await_all()
        with Work(whole, whole.members["g1"], model) as again:
            again.goes_on()
            other.goes_on()
    count = other.require_nothing_failed() + again.require_nothing_failed()
    acknowledged = victim.registrations.acknowledged
    listed = whole.get(whole.members["g2"], "/openads/v1/service").json()
    params = {"compartmentId": listed["compartmentId"], "limit": "1000"}
    models = requests.get(
        f"{whole.members['g2'].url}/20190101/models", params=params, headers=whole.headers, timeout=60
    ).json()
    assert set(acknowledged.values()) <= {model["id"] for model in models}
    record_property("summary", f"a gateway killed: {count + len(acknowledged)} registrations, 0 lost")


def test_gateways_predict_without_control_planes_and_database(
    whole: Cluster, own_postgres: Postgres, tmp_path: Path
) -> None:
    model = deploy(tmp_path / "artifact", replicas=1)
    path = model.model_deployment.url.rpartition("/")[2]
    with Load(f"{whole.members['g1'].url}/{path}", whole.token) as load:
        eventually(lambda: load.right > 20, what="right answers")
        for name in ("c1", "c2"):
            whole.members[name].crash()
        own_postgres.stop()
        seen = load.right
        eventually(lambda: load.right > seen + 200, what="predictions without the database")
        whole.members["g1"].kill("gateway")  # what it goes by is on its own disk
        seen = load.right
        eventually(lambda: load.right > seen + 100, what="predictions of a gateway that was started again")
        answer = whole.get(whole.members["g2"], "/openads/v1/tokens")
        assert answer.status_code == 503, answer.text
        assert int(answer.headers["Retry-After"]) >= 1
        own_postgres.start()
        whole.start("c2", "control", engine="nodes")
        registered = len(load.acknowledged)
        eventually(lambda: len(load.acknowledged) > registered + 2, what="registrations after the outage")
    assert (load.wrong, load.failed) == ([], [])
    load.require_nothing_lost()
