"""What a cluster says of a replica's pod, in the words of the reconcile loop; and the objects that it is told."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import Any

import pytest
from kubernetes_validate import validate

from ads.deploy.engines.base import ReplicaId, ReplicaReport
from ads.deploy.engines.kubernetes_objects import Cluster, Placement, Wanted, replica_set, secret
from ads.deploy.engines.kubernetes_placement import placement_of
from ads.deploy.engines.kubernetes_pods import Seen, newest_pod, report_of, trouble_of
from ads.deploy.engines.kubernetes_resources import resources_of
from ads.deploy.observation import observe
from ads.errors import SettingError

MINORS = ("1.35", "1.36", "1.37")
ID = ReplicaId("abcdefghijkl", 3, 1)
NOW = 1_800_000_000.0
KEY = "ab" * 32


def at(seconds_ago: float) -> str:
    return datetime.fromtimestamp(NOW - seconds_ago, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def about(name: str, age: float = 60, **more: Any) -> dict[str, Any]:
    labels = {"openads/replica": str(ID), "openads/start": "s1"}
    return {"name": name, "uid": name, "labels": labels, "creationTimestamp": at(age), **more}


def pod(replica: dict[str, Any] | None = None, prepare: dict[str, Any] | None = None, **status: Any) -> dict[str, Any]:
    found = {"metadata": about("p"), "status": {"phase": "Pending", **status}}
    for where, name, state in (
        ("initContainerStatuses", "prepare", prepare),
        ("containerStatuses", "replica", replica),
    ):
        if state is not None:
            found["status"][where] = [{"name": name, "image": "shop/openads:1", **state}]
    return found


def report(found: dict[str, Any] | None, seen: Seen | None = None, patience: float = 100.0) -> ReplicaReport:
    made = report_of({"metadata": about("r")}, found, seen, KEY, NOW, patience)
    assert made is not None
    return made


def ended(code: int, *, reason: str = "Error", lasted: float = 5, **words: Any) -> dict[str, Any]:
    state = {"exitCode": code, "reason": reason, "startedAt": at(lasted + 1), "finishedAt": at(1)}
    return {"terminated": {**state, **({"message": json.dumps(words)} if words else {})}}


RUNNING = {"running": {"startedAt": at(20)}}


def test_a_replica_that_is_ready_has_an_address_and_a_key() -> None:
    seen = Seen(0, {"state": "ready", "stages": []})
    made = report(pod({"state": RUNNING, "restartCount": 0}, podIP="10.1.2.3"), seen)
    assert (made.id, made.running, made.address, made.key) == (ID, True, "tcp://10.1.2.3:7070", KEY)
    assert made.age == pytest.approx(20, abs=1)
    assert observe(made, serving=False, start_timeout=10).phase == "ready"
    assert KEY not in repr(made)
    six = report(pod({"state": RUNNING, "restartCount": 0}, podIP="fd00::1"), seen)
    assert six.address == "tcp://[fd00::1]:7070"


def test_where_its_door_cant_be_reached_the_clusters_probe_counts() -> None:
    ready = pod({"state": RUNNING, "restartCount": 0, "ready": True}, podIP="10.1.2.3")
    assert (report(ready).status or {})["state"] == "ready"
    assert report(pod({"state": RUNNING, "restartCount": 0, "ready": False}, podIP="10.1.2.3")).status is None
    old = Seen(0, {"state": "ready"})  # of the process before
    assert report(pod({"state": RUNNING, "restartCount": 1}, podIP="10.1.2.3"), old).status is None


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (ended(137, reason="OOMKilled"), "signal SIGKILL, out of memory"),
        (ended(137), "signal SIGKILL"),
        (ended(143), "signal SIGTERM"),
        (ended(1), "exit code 1"),
    ],
)
def test_how_its_process_ended(state: dict[str, Any], expected: str) -> None:
    waiting = {"waiting": {"reason": "CrashLoopBackOff"}}
    made = report(pod({"state": waiting, "lastState": state, "restartCount": 1}, podIP="10.1.2.3"))
    assert (made.exit, made.running, made.address) == (expected, False, "")
    view = observe(made, serving=True, start_timeout=600)
    assert view.phase == "starting"  # a revision that has served gets more chances
    again = report(pod({"state": waiting, "lastState": state, "restartCount": 7}, podIP="10.1.2.3"))
    cause = observe(again, serving=True, start_timeout=600).cause
    assert expected in cause
    assert ("memory ran out" in cause) == ("SIGKILL" in expected)


def test_ends_that_are_long_ago_dont_count() -> None:
    state = {"state": {"waiting": {}}, "lastState": ended(137, lasted=5000), "restartCount": 30}
    assert report(pod(state)).restarts == 1


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (
            pod(prepare={"state": {"waiting": {"reason": "ImagePullBackOff", "message": "not found"}}}),
            "The image shop/openads:1 can't be pulled: not found.",
        ),
        (pod(prepare={"state": {"waiting": {"reason": "InvalidImageName"}}}), "can't be pulled: InvalidImageName"),
        (
            pod({"state": {"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "x" not found'}}}),
            "can't make the replica's container: secret \"x\" not found",
        ),
        (
            pod(prepare={"state": ended(78, message="No package shopp.", hint="Correct it.", final=True)}),
            "No package shopp.\nCorrect it.",
        ),
        (pod(prepare={"state": ended(137), "restartCount": 3}), "Preparing the model ended with signal SIGKILL"),
    ],
)
def test_what_waiting_doesnt_help_is_a_failure_in_words(found: dict[str, Any], expected: str) -> None:
    made = report(found)
    view = observe(made, serving=False, start_timeout=600)
    assert view.phase == "failed"
    assert expected in view.cause


@pytest.mark.parametrize(
    "found",
    [
        pod(prepare={"state": {"waiting": {"reason": "ErrImagePull"}}}),
        pod(prepare={"state": ended(75, message="away", hint="", final=False), "restartCount": 1}),
        pod(prepare={"state": RUNNING}),
        pod(),
        None,
    ],
)
def test_what_may_get_better_is_waited_for(found: dict[str, Any] | None) -> None:
    assert observe(report(found), serving=False, start_timeout=10).phase == "starting"
    late = observe(report(found, patience=30), serving=False, start_timeout=10)
    assert late.phase == "failed"
    assert "did not start within 30 s" in late.cause


def test_no_room_is_told_with_the_clusters_words() -> None:
    no = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes: Insufficient nvidia.com/gpu"}
    found = pod(conditions=[no])
    assert trouble_of(found) == "No node has room for it: 0/3 nodes: Insufficient nvidia.com/gpu."
    assert report(found).status is None
    assert "Insufficient nvidia.com/gpu" in observe(report(found, patience=1), serving=False, start_timeout=9).cause


def test_a_quota_that_is_used_up_is_told() -> None:
    failing = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: pods=10"}
    found = {"metadata": about("r"), "status": {"conditions": [failing]}}
    made = report_of(found, None, None, KEY, NOW, 1)
    assert made is not None
    assert "exceeded quota: pods=10" in observe(made, serving=False, start_timeout=9).cause


def test_the_newest_pod_that_is_not_ending_counts() -> None:
    owner = {"metadata": about("r")}
    old, new = ({"metadata": about(name, age), "status": {}} for name, age in (("old", 90), ("new", 10)))
    ending = {"metadata": about("ending", 1, deletionTimestamp=at(0)), "status": {}}
    other = {"metadata": {**about("other", 1), "labels": {"openads/start": "s2"}}, "status": {}}
    evicted = {"metadata": about("evicted", 1), "status": {"phase": "Failed"}}
    assert newest_pod(owner, [old, new, ending, other, evicted]) is new
    assert newest_pod(owner, [ending, other]) is None
    assert newest_pod(owner, [evicted]) is evicted


def test_an_object_that_is_none_of_ours_is_left_out() -> None:
    assert report_of({"metadata": {"labels": {"openads/replica": "x"}}}, None, None, KEY, NOW, 1) is None


@pytest.mark.parametrize(
    ("shape", "ocpus", "memory", "expected"),
    [
        ("VM.Standard.E4.Flex", 1.5, 3 << 30, {"cpu": "3000m", "memory": str(3 << 30)}),
        ("VM.Standard.E4.Flex", 0, 0, {"cpu": "2000m"}),
        ("VM.Standard2.4", 0, 0, {"cpu": "8000m", "memory": str(60 << 30)}),
        ("VM.GPU.A10.2", 0, 0, {"cpu": "60000m", "memory": str(480 << 30), "nvidia.com/gpu": "2"}),
        ("BM.GPU.H100.8", 4, 1 << 30, {"cpu": "8000m", "memory": str(1 << 30), "nvidia.com/gpu": "8"}),
        ("anything", 0.25, 0, {"cpu": "500m"}),
    ],
)
def test_resources_are_the_shapes(shape: str, ocpus: float, memory: int, expected: dict[str, str]) -> None:
    found = resources_of(shape, ocpus, memory).as_json("nvidia.com/gpu")
    assert found["limits"] == expected
    assert found["requests"].items() >= expected.items()
    assert "memory" in found["requests"]


def test_the_objects_are_valid_and_hold_no_secret_but_in_the_secret() -> None:
    pod_fields = {"nodeSelector": {"pool": "gpu"}, "tolerations": [{"operator": "Exists"}]}
    cluster = Cluster(
        "shop/openads:1", "0011aabb", "http://s:1", Placement(pod_fields, {"UV_DEFAULT_INDEX": "http://a$b"})
    )
    wanted = Wanted(
        id=ID,
        start="s1",
        key=KEY,
        deployment="ocid1.datasciencemodeldeployment.oc1..abcdefghijkl",
        sha256="0" * 64,
        size=17,
        resources=resources_of("VM.GPU2.1", 1, 1 << 30),
        environment={"PASSWORD": "hunter22", "odd name": "$(HOME)"},
    )
    made, hidden = replica_set(wanted, cluster), secret(wanted, cluster)
    for minor in MINORS:
        validate(made, minor, strict=True)
        validate(hidden, minor, strict=True)
    text = json.dumps(made)
    assert KEY not in text
    assert "hunter22" not in text
    spec = made["spec"]["template"]["spec"]
    assert spec["nodeSelector"] == {"pool": "gpu"}
    assert len(spec["tolerations"]) == 3
    assert {"name": "UV_DEFAULT_INDEX", "value": "http://a$$b"} in spec["initContainers"][0]["env"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("nodeselector: {}", "Did you mean nodeSelector"),
        ("hostNetwork: true", "can't be set there"),
        ("containers: []", "can't be set there"),
        ("nodeSelector: []", "must be a dict"),
        ("variables: {A: 1}", "must have texts"),
        ("[]", "is no object"),
        ("{", "can't be read"),
    ],
)
def test_a_file_of_fields_is_read_strictly(tmp_path: Any, content: str, expected: str) -> None:
    path = tmp_path / "pod.yaml"
    path.write_text(content)
    if content == "[]":
        assert placement_of("") == Placement()
        path.write_text("[1]")
    with pytest.raises(SettingError, match=expected):
        placement_of(str(path))
