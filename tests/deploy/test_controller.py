from __future__ import annotations

import contextlib
import os
import signal
import threading
from typing import Any

import pytest

from ads.deploy import orders
from ads.registry.labels import label_objects
from ads.registry.references import ReferencedObject
from ads.registry.tables import Artifact

from .conftest import SCORE, configuration, wait_until


def test_a_deployment_from_create_to_delete(machine: Any) -> None:
    here = machine()
    id_ = here.create(here.model(SCORE.format(number=7)), replicas=2)
    row = here.wait(id_, "ACTIVE", "FAILED")
    assert row.lifecycle_state == "ACTIVE", row.lifecycle_details
    assert here.ask(id_) == [[1, 7], [1, 7]]
    status, logs, errors = here.work(id_)
    assert (status, errors) == ("SUCCEEDED", [])
    stages = [line.split(":")[0] for line in logs if ": " in line]
    assert stages == ["environment", "start", "load", "parity", "route"]
    assert "ACTIVE" in logs[-1]

    here.order(orders.deactivate_deployment, id_)
    here.wait(id_, "INACTIVE")
    assert here.replicas() == []
    assert here.routes(id_)["serving"] is False
    here.order(orders.activate_deployment, id_)
    here.wait(id_, "ACTIVE")
    assert here.ask(id_) == [[1, 7], [1, 7]]

    here.order(orders.delete_deployment, id_)
    here.wait(id_, "DELETED")
    assert here.replicas() == []
    wait_until(lambda: here.routes(id_) is None)
    assert here.work(id_)[0] == "SUCCEEDED"


@pytest.mark.parametrize(
    ("score", "said"),
    [
        ("import os\nos._exit(0)\n", "exit code 0"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", "SIGSEGV"),
        ("def load_model(): pass\ndef predict(data): pass\n", "returned None"),
        ("x = (\n", "line 1"),
        ("raise OSError('no weights today')", "no weights today"),
    ],
)
def test_a_model_that_cannot_start_fails_with_its_reason_and_leaves_nothing(
    machine: Any, score: str, said: str
) -> None:
    here = machine()
    id_ = here.create(here.model(score), replicas=2)
    row = here.wait(id_, "FAILED", "ACTIVE")
    assert row.lifecycle_state == "FAILED"
    assert said in row.lifecycle_details
    assert here.replicas() == []
    status, logs, errors = here.work(id_)
    assert status == "FAILED"
    assert said in logs[-1]
    assert said in errors[-1]


def test_a_script_that_hangs_fails_at_the_start_limit(machine: Any) -> None:
    here = machine(start_timeout=1.0)
    id_ = here.create(here.model("import threading\nthreading.Event().wait()\n"))
    row = here.wait(id_, "FAILED")
    assert "not ready within 1 s" in row.lifecycle_details
    assert here.replicas() == []


def test_a_sample_that_is_not_reproduced_fails_the_deployment(machine: Any) -> None:
    here = machine()
    sample = '{"version": 1, "cases": [{"body": 1, "answer": [1, 8]}]}'
    id_ = here.create(here.model(SCORE.format(number=7), sample__json=sample))
    row = here.wait(id_, "FAILED", "ACTIVE")
    assert "expected 8, got 7" in row.lifecycle_details


def test_an_environment_that_cannot_be_built_fails_the_deployment(machine: Any) -> None:
    here = machine()
    id_ = here.create(here.model(SCORE.format(number=7), requirements__txt="six==999.0\n"))
    row = here.wait(id_, "FAILED", seconds=120)
    assert "six==999.0" in row.lifecycle_details


def test_an_update_answers_throughout_and_ends_on_the_new_model(machine: Any) -> None:
    here = machine()
    old, new = here.model(SCORE.format(number=1)), here.model(SCORE.format(number=2))
    id_ = here.create(old, replicas=2)
    here.wait(id_, "ACTIVE")
    seen: list[Any] = []
    over = threading.Event()

    def watch() -> None:
        while not over.is_set():
            # a replica may be stopped between the table and the call, as a gateway sees it, too
            with contextlib.suppress(OSError, StopIteration):
                seen.append(here.ask(id_))

    watching = threading.Thread(target=watch)
    watching.start()
    here.order(orders.update_deployment, id_, {"configuration": configuration(new, 2), "display_name": "new"})
    assert here.row(id_).lifecycle_state == "UPDATING"
    row = here.wait(id_, "ACTIVE")
    over.set()
    watching.join(20)
    assert row.display_name == "new"
    assert here.ask(id_) == [[1, 2], [1, 2]]
    assert {tuple(map(tuple, answers)) for answers in seen} <= {((1, 1), (1, 1)), ((1, 2), (1, 2))}
    assert len(here.replicas()) == 2


def test_an_update_to_a_bad_model_keeps_the_old_one(machine: Any) -> None:
    here = machine()
    old, bad = here.model(SCORE.format(number=1)), here.model("raise RuntimeError('bad day')")
    id_ = here.create(old)
    here.wait(id_, "ACTIVE")
    before = here.replicas()
    here.order(orders.update_deployment, id_, {"configuration": configuration(bad)})
    row = here.wait(id_, "ACTIVE", "FAILED")
    assert row.lifecycle_state == "ACTIVE"
    assert "bad day" in row.lifecycle_details
    assert row.model_id == old
    assert here.work(id_)[0] == "FAILED"
    assert here.ask(id_) == [[1, 1]]
    assert [child.pid for child in here.replicas()] == [child.pid for child in before]


def test_a_large_model_behind_a_small_description_fails_before_it_is_fetched(machine: Any) -> None:
    here = machine()
    model = here.model(SCORE.format(number=1))
    weights = ReferencedObject("openads", "b", "p/weights.bin", "v", 2**50, "weights.bin", {})
    with here.database.write() as session:
        artifact = session.get_one(Artifact, model)
        artifact.file_name = f"{model}.json"
        label_objects(session, artifact.sha256, [weights])
    row = here.wait(here.create(model), "FAILED", "ACTIVE")
    assert row.lifecycle_state == "FAILED"
    assert "1 replicas of a model of 1073741824 MiB don't fit" in row.lifecycle_details


def test_restart_replaces_every_replica(machine: Any) -> None:
    here = machine()
    id_ = here.create(here.model(SCORE.format(number=1)), replicas=2)
    here.wait(id_, "ACTIVE")
    before = {child.pid for child in here.replicas()}
    here.order(orders.restart_deployment, id_)
    here.wait(id_, "ACTIVE")
    after = {child.pid for child in here.replicas()}
    assert len(after) == 2
    assert not before & after


def test_scaling_keeps_the_replicas_that_stay(machine: Any) -> None:
    here = machine()
    model = here.model(SCORE.format(number=1))
    id_ = here.create(model)
    here.wait(id_, "ACTIVE")
    (first,) = here.replicas()
    for count in (3, 1):
        here.order(orders.update_deployment, id_, {"configuration": configuration(model, count)})
        here.wait(id_, "ACTIVE")
        assert len(here.replicas()) == count
        assert first.pid in {child.pid for child in here.replicas()}
        assert len(here.ask(id_)) == count


def test_a_killed_replica_comes_back(machine: Any) -> None:
    here = machine()
    id_ = here.create(here.model(SCORE.format(number=1)))
    here.wait(id_, "ACTIVE")
    (victim,) = here.replicas()
    os.kill(victim.pid, signal.SIGKILL)
    wait_until(lambda: [c for c in here.replicas() if c.running and c.pid != victim.pid])

    def answers() -> bool:
        try:
            return here.ask(id_) == [[1, 1]]
        except (OSError, StopIteration):
            return False

    wait_until(answers)
    assert here.row(id_).lifecycle_state == "ACTIVE"


def test_a_replica_that_is_killed_again_and_again_is_back_each_time(machine: Any) -> None:
    here = machine()
    id_ = here.create(here.model(SCORE.format(number=1)))
    here.wait(id_, "ACTIVE")

    def answers() -> bool:
        try:
            return here.ask(id_) == [[1, 1]]
        except (OSError, StopIteration):
            return False

    for _ in range(7):
        wait_until(answers, 10)
        pid = here.replicas()[0].pid
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda pid=pid: pid not in {child.pid for child in here.replicas()})
    wait_until(answers, 10)


def test_a_new_controller_finds_everything_as_it_is(machine: Any) -> None:
    here = machine()
    id_ = here.create(here.model(SCORE.format(number=1)))
    here.wait(id_, "ACTIVE")
    before = [child.pid for child in here.replicas()]
    here.stop_controller()
    other = here.create(here.model(SCORE.format(number=2)))
    here.start_controller()
    here.wait(other, "ACTIVE")
    assert before[0] in [child.pid for child in here.replicas()]
    assert here.ask(id_) == [[1, 1]]


def test_after_the_supervisor_died_its_replicas_are_started_again(machine: Any) -> None:
    here = machine()
    id_ = here.create(here.model(SCORE.format(number=1)))
    here.wait(id_, "ACTIVE")
    (before,) = here.replicas()
    here.supervisor.kill()
    here.supervisor.wait()
    here.home.supervisor_socket.unlink(missing_ok=True)
    here.start_supervisor()
    wait_until(lambda: [child for child in here.replicas() if child.pid not in (0, before.pid)])

    def answers() -> bool:
        try:
            return here.ask(id_) == [[1, 1]]
        except (OSError, StopIteration):
            return False

    wait_until(answers)
    assert here.row(id_).lifecycle_state == "ACTIVE"


def test_delete_gives_up_a_start_that_hangs(machine: Any) -> None:
    here = machine()
    id_ = here.create(here.model("import threading\nthreading.Event().wait()\n"))
    wait_until(here.replicas)
    request = here.row(id_).work_request_id
    here.order(orders.delete_deployment, id_)
    here.wait(id_, "DELETED")
    assert here.replicas() == []
    assert here.row(id_).work_request_id != request


def test_a_replica_of_an_unknown_deployment_is_stopped(machine: Any) -> None:
    here = machine()
    log = here.home.logs / "x.log"
    here.client.start("replica/aaaaaaaaaaaa-1-0", ["/bin/sleep", "600"], {}, here.home.root, log, 1.0)
    wait_until(lambda: here.replicas() == [])


def test_the_replica_gets_the_documented_environment(machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENADS_SECRET", "s3cret")
    here = machine()
    score = "import os\ndef load_model(): return 1\ndef predict(data): return dict(os.environ)\n"
    id_ = here.create(here.model(score), replicas=1, GREETING="hello")
    here.wait(id_, "ACTIVE")
    (variables,) = here.ask(id_)
    assert variables["GREETING"] == "hello"
    assert variables["OMP_NUM_THREADS"].isdigit()
    assert "OPENADS_SECRET" not in variables
    assert "OPENADS_LIFELINE" not in variables
    assert os.path.isdir(variables["TMPDIR"])  # noqa: PTH112 - a plain question


def test_replicas_are_never_started_with_a_network_that_they_are_not_to_have(machine: Any) -> None:
    here = machine(replica_network=False, replica_uids="")  # as a service that runs as a plain user
    id_ = here.create(here.model(SCORE.format(number=1)))
    row = here.wait(id_, "FAILED", "ACTIVE")
    assert row.lifecycle_state == "FAILED"
    assert "Replicas are to have no network, and this service can't take it from them." in row.lifecycle_details
    assert "Run the service as root" in row.lifecycle_details
    _, _, errors = here.work(id_)
    assert any("no network" in error for error in errors)
    assert here.replicas() == []
