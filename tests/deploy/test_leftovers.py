"""What deployments leave on the machine: found when nobody needs it, and never taken from one that does."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any

from ads.deploy import orders
from ads.deploy.artifacts import unpack
from ads.deploy.environments import environment_keys
from ads.deploy.leftovers import DEPLOYMENT_KINDS, NODE_KINDS
from ads.registry.blobs import BlobStore
from ads.registry.garbage import DAY, Garbage, Premises, collect, find
from ads.registry.tables import Artifact

from .conftest import CALLER, SCORE, wait_until


def premises(here: Any) -> Premises:
    return Premises(here.home, here.database, BlobStore(here.home, 10**7))


def found(here: Any, older_than: float = 0) -> dict[str, Garbage]:
    return {garbage.kind: garbage for garbage in find(premises(here), DEPLOYMENT_KINDS, older_than)}


def gone(here: Any) -> list[str]:
    return [garbage.kind for garbage in collect(premises(here), DEPLOYMENT_KINDS, CALLER, 0)]


def archive_of(here: Any, model_id: str) -> str:
    with here.database.read() as session:
        return str(session.get_one(Artifact, model_id).sha256)


def test_a_deployment_in_use_is_no_garbage_and_a_deleted_one_is(machine: Any) -> None:
    here = machine()
    model_id = here.model(SCORE.format(number=7))
    id_ = here.create(model_id)
    here.wait(id_, "ACTIVE")
    assert found(here) == {}
    assert gone(here) == []
    assert here.ask(id_) == [[1, 7]]

    here.order(orders.deactivate_deployment, id_)
    here.wait(id_, "INACTIVE")
    assert found(here) == {}

    here.order(orders.delete_deployment, id_)
    here.wait(id_, "DELETED")
    wait_until(lambda: here.replicas() == [])
    garbage = found(here)
    assert garbage.keys() == {"unpacked-artifact", "deployment-folder"}
    assert garbage["unpacked-artifact"].what == archive_of(here, model_id)
    assert garbage["unpacked-artifact"].bytes > 0
    assert garbage["deployment-folder"].what == id_
    assert found(here, DAY) == {}

    assert sorted(gone(here)) == ["deployment-folder", "unpacked-artifact"]
    assert found(here) == {}
    assert not (here.home.artifacts / archive_of(here, model_id)).exists()
    again = here.create(model_id)
    here.wait(again, "ACTIVE")
    assert here.ask(again) == [[1, 7]]


def test_collections_while_deployments_come_and_go_take_nothing_from_them(machine: Any) -> None:
    here = machine()
    model_id = here.model(SCORE.format(number=3))
    stop = threading.Event()
    failures: list[BaseException] = []

    def sweep() -> None:
        try:
            while not stop.wait(0.01):
                collect(premises(here), DEPLOYMENT_KINDS, CALLER, 0)
        except BaseException as error:
            failures.append(error)

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for _ in range(4):
            id_ = here.create(model_id)
            row = here.wait(id_, "ACTIVE", "FAILED")
            assert row.lifecycle_state == "ACTIVE", row.lifecycle_details
            here.order(orders.delete_deployment, id_)
            here.wait(id_, "DELETED")
    finally:
        stop.set()
        sweeper.join()
    assert failures == []


def test_a_folder_that_went_is_made_again(machine: Any) -> None:
    here = machine()
    model_id = here.model(SCORE.format(number=5))
    id_ = here.create(model_id)
    here.wait(id_, "ACTIVE")
    here.order(orders.deactivate_deployment, id_)
    here.wait(id_, "INACTIVE")
    folder: Path = here.home.artifacts / archive_of(here, model_id)
    folder.rename(folder.with_name("elsewhere"))
    here.order(orders.activate_deployment, id_)
    row = here.wait(id_, "ACTIVE", "NEEDS_ATTENTION", "FAILED")
    assert row.lifecycle_state == "ACTIVE", row.lifecycle_details
    assert here.ask(id_) == [[1, 5]]


def test_an_environment_stays_as_long_as_a_deployment_s_model_needs_it(machine: Any) -> None:
    here = machine()
    here.stop_controller()
    model_id = here.model(SCORE.format(number=1), requirements__txt="no-such-package==1.0\n")
    name = archive_of(here, model_id)
    id_ = here.create(model_id)
    unneeded = here.home.environments / hashlib.sha256(b"x").hexdigest()[:32]
    building = unneeded.with_name(f".{unneeded.name}.building")
    for path in (unneeded, building):
        (path / "bin").mkdir(parents=True)
    (unneeded / "bin" / "python").write_bytes(b"x" * 100)
    unneeded.with_name(f"{unneeded.name}.log").write_text("built")
    assert found(here).keys() == set()  # an artifact that isn't unpacked yet can't say what it needs

    folder = unpack(here.home, name, lambda: here.home.blobs / name)
    (key,) = environment_keys(folder)
    needed = here.home.environments / key
    (needed / "bin").mkdir(parents=True)
    (garbage,) = find(premises(here), DEPLOYMENT_KINDS, 0)
    assert (garbage.kind, garbage.what, garbage.bytes) == ("environment", unneeded.name, 100)
    assert gone(here) == ["environment"]
    assert sorted(path.name for path in here.home.environments.iterdir() if path.suffix != ".lock") == sorted(
        [building.name, key]
    )
    here.start_controller()
    here.order(orders.delete_deployment, id_)
    here.wait(id_, "DELETED", "FAILED")
    wait_until(lambda: here.row(id_).lifecycle_state == "DELETED")
    assert "environment" in gone(here)
    assert not needed.exists()


def test_what_an_interrupted_removal_left_goes(machine: Any) -> None:
    here = machine()
    left = here.home.artifacts / ".abc.going"
    left.mkdir()
    (left / "file").write_bytes(b"1234")
    left.chmod(0o555)
    (garbage,) = find(premises(here), DEPLOYMENT_KINDS, DAY)
    assert (garbage.kind, garbage.what, garbage.bytes) == ("leftover", "artifacts/.abc.going", 4)
    assert gone(here) == ["leftover"]
    assert not left.exists()


def test_a_node_keeps_the_environments_of_what_is_unpacked_there_alone(machine: Any) -> None:
    here = machine()
    needed = here.model(SCORE.format(number=1), requirements__txt="nothing-of-this-name==9.9\n")
    elsewhere = here.model(SCORE.format(number=2), requirements__txt="nothing-else==9.9\n")
    here.stop_controller()
    for model in (needed, elsewhere):
        here.create(model)
    folder = unpack(here.home, archive_of(here, needed), lambda: here.home.blobs / archive_of(here, needed))
    (kept,) = environment_keys(folder)
    for name in (kept, "f" * 32):
        (here.home.environments / name).mkdir()
    gone = collect(premises(here), NODE_KINDS, CALLER, 0)
    assert [(garbage.kind, garbage.what) for garbage in gone] == [("environment", "f" * 32)]
    assert folder.is_dir()
    assert (here.home.environments / kept).is_dir()
