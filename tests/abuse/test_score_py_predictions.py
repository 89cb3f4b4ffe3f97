"""Section 3.3 of the catalogue of abuse, lines 83 to 98: what score.py does while it predicts and when it is to end."""

from __future__ import annotations

import json
import socket
import textwrap
import threading
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.own_service import eventually

from .conftest import Answer, Open
from .hostile import HARMLESS, Deployed, deploy, limited
from .test_isolation import OWN_USERS
from .test_score_py import FLEX, bystander, undisturbed

__all__ = ["bystander", "limited", "undisturbed"]

ODDITIES = """
import asyncio, atexit, builtins, ctypes, json, os, signal, subprocess, sys, threading, time

STATE = {"count": 0}

def load_model():
    return 1

def raises():
    raise KeyError("secret-detail")

def raises_base():
    raise BaseException("secret-detail")

def cyclic():
    found = []
    found.append(found)
    return found

def deep():
    found = []
    for _ in range(100000):
        found = [found]
    return found

async def coroutine():
    return 1

def prints():
    for _ in range(2000):
        print("x" * 10000)
    return "printed"

def forges():
    sys.stderr.write("[request forged-id] Traceback\\x1b[31m\\n")
    print("line\\rwith\\x00odd\\x85things")
    return "logged"

def fork_returns():
    os.fork()
    return "once"

def thread_raises():
    def target():
        raise RuntimeError("raised in a thread")
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
    return "went on"

def changes_folder():
    os.chdir("/")
    json.dumps = json.JSONEncoder.encode = lambda *a, **k: '"patched"'
    STATE["count"] += 1
    return STATE["count"]

def deletes_itself():
    import shutil
    folder = os.path.dirname(os.path.abspath(__file__))
    shutil.rmtree(folder, ignore_errors=True)
    return sorted(os.listdir(folder))

WAYS = {
    "raises": raises, "raises_base": raises_base, "cyclic": cyclic, "deep": deep, "coroutine": coroutine,
    "system_exit": lambda: sys.exit(0), "os_exit": lambda: os._exit(0), "segfault": lambda: ctypes.string_at(0),
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP), "sleep": lambda: time.sleep(70),
    "nan": lambda: float("nan"), "infinity": lambda: [1.0, float("inf")], "set": lambda: {1, 2}, "object": object,
    "bytes": lambda: b"\\xff", "generator": lambda: (i for i in range(3)), "none": lambda: None,
    "surrogate": lambda: "\\ud800", "non_str_keys": lambda: {(1, 2): 3}, "huge": lambda: "x" * (65 * 1024 * 1024),
    "prints": prints, "forges": forges, "fork_returns": fork_returns, "thread_raises": thread_raises,
    "memory": lambda: [bytes(64 * 1024 * 1024) for _ in range(32)] and "fits", "folder": changes_folder,
    "delete": deletes_itself, "environ": lambda: dict(os.environ), "pid": os.getpid,
}

def busy():
    while True:
        pass

WAYS["busy"] = busy

def forks():
    for _ in range(64):
        if os.fork() == 0:
            time.sleep(600)
    return "forked"

WAYS["forks"] = forks

def predict(data, model=None):
    if isinstance(data, dict):
        data = data["do"]
    return WAYS[data]() if data in WAYS else data
"""


@pytest.fixture(scope="module")
def odd(limited: Open) -> Iterator[Deployed]:
    """Two replicas that do what they are told."""
    deployed = deploy(limited, ODDITIES, count=2, shape=FLEX)
    assert deployed.wait()["lifecycleState"] == "ACTIVE", deployed.row
    yield deployed
    deployed.delete()


@pytest.fixture
def whole(odd: Deployed) -> Deployed:
    """The same once both replicas are there."""
    eventually(lambda: len(odd.pids()) == 2 and odd.predict("fine").status == 200, 60, "both replicas")
    eventually(lambda: len({odd.predict("pid").body for _ in range(8)}) >= 1, 10)
    return odd


def an_error(answer: Answer, *statuses: int) -> str:
    """Assert that it is an error in the API's form that gives nothing away; return its message."""
    assert answer.status in statuses, answer
    assert set(answer.body) == {"code", "message"}
    assert "secret-detail" not in answer.body["message"]
    assert "Traceback" not in answer.body["message"]
    if answer.status == 503:
        assert "retry-after" in answer.headers
    return str(answer.body["message"])


@pytest.mark.parametrize("way", ["raises", "raises_base"])
def test_083_what_predict_raises_stays_in_the_log(whole: Deployed, way: str) -> None:
    before = sorted(whole.pids())
    answer = whole.predict(way)
    an_error(answer, 500)
    assert answer.body["code"] == "InternalServerError"
    eventually(lambda: "secret-detail" in whole.log(), 10, "the traceback in the log")
    assert sorted(whole.pids()) == before


@pytest.mark.parametrize("way", ["os_exit", "segfault"])
def test_084_a_replica_that_ends_is_back_soon(limited: Open, way: str) -> None:
    deployed = deploy(limited, ODDITIES)
    assert deployed.wait()["lifecycleState"] == "ACTIVE"
    before = deployed.pids()
    began = time.monotonic()
    an_error(deployed.predict(way), 502, 503)
    assert time.monotonic() - began < 30
    eventually(lambda: deployed.pids() not in ([], before), 5, "a new process")
    eventually(lambda: deployed.predict("fine").status == 200, 5, "an answer")
    deployed.delete()


def test_084_leaving_is_an_error_of_one_request(whole: Deployed) -> None:
    before = sorted(whole.pids())
    an_error(whole.predict("system_exit"), 500)
    assert sorted(whole.pids()) == before


def test_085_a_request_that_killed_two_replicas_meets_no_third(whole: Deployed) -> None:
    poison = {"do": "segfault", "mark": 85}
    an_error(whole.predict(poison), 422, 500, 502, 503)
    eventually(lambda: len(whole.pids()) == 2 and whole.predict("fine").status == 200, 60, "both replicas")
    before = sorted(whole.pids())
    assert whole.predict(poison).status in (422, 503)
    assert sorted(whole.pids()) == before


@pytest.mark.parametrize("way", ["stop", "sleep", "busy"])
def test_086_and_087_what_hangs_is_ended_at_the_limit(limited: Open, way: str) -> None:
    deployed = deploy(limited, ODDITIES)
    assert deployed.wait()["lifecycleState"] == "ACTIVE"
    (before,) = deployed.pids()
    began = time.monotonic()
    an_error(deployed.predict(way), 500, 503, 504)
    assert 3 <= time.monotonic() - began <= 9
    eventually(lambda: not psutil.pid_exists(before), 10, "the end of the one that hangs")
    eventually(lambda: deployed.predict("fine").status == 200, 20, "its successor")
    deployed.delete()


def test_088_memory_and_forks(whole: Deployed) -> None:
    an_error(whole.predict("memory"), 500, 503)
    assert whole.predict("fine").body == "fine"
    whole.predict("forks")
    assert whole.predict("fine").body == "fine"


def test_089_a_fork_that_returns_gives_one_answer(limited: Open, whole: Deployed) -> None:
    body = json.dumps("fork_returns").encode()
    with socket.create_connection(("127.0.0.1", limited.port), 20) as connection:
        connection.sendall(
            f"POST /{whole.id}/predict HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {limited.admin.token}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode()
            + body
        )
        received = connection.makefile("rb").read()
    assert received.count(b"HTTP/1.1 ") == 1
    assert received.endswith(b'"once"')


@pytest.mark.parametrize("way", ["nan", "infinity"])
def test_090_numbers_that_json_has_not(whole: Deployed, way: str) -> None:
    answer = whole.predict(way)
    assert "NaN" in an_error(answer, 500) or "Infinity" in an_error(answer, 500)


@pytest.mark.parametrize(
    ("way", "word"),
    [
        ("set", "set"),
        ("object", "object"),
        ("bytes", "bytes"),
        ("cyclic", ""),
        ("deep", "nested too deeply"),
        ("surrogate", "surrogate"),
        ("non_str_keys", "key of type tuple"),
        ("coroutine", "coroutine"),
    ],
)
def test_091_what_json_can_t_carry_is_named(whole: Deployed, way: str, word: str) -> None:
    assert word in an_error(whole.predict(way), 500)


def test_091_what_has_a_plain_form_is_converted(whole: Deployed) -> None:
    assert whole.predict("generator").body == [0, 1, 2]
    assert whole.predict("none").body is None


def test_092_a_huge_answer(limited: Open, whole: Deployed) -> None:
    gateway = next(
        process
        for process in psutil.process_iter(["cmdline", "environ"])
        if "ads.gateway" in (process.info["cmdline"] or ())
        and (process.info["environ"] or {}).get("OPENADS_HOME") == str(limited.home.root)
    )
    before = gateway.memory_info().rss
    message = an_error(whole.predict("huge"), 500)
    assert "bytes" in message
    assert gateway.memory_info().rss < before + 64 * 1024 * 1024


def test_093_floods_and_forged_lines_in_the_log(whole: Deployed) -> None:
    assert whole.predict("prints").body == "printed"
    assert whole.predict("forges").body == "logged"
    assert whole.predict("raises").status == 500
    eventually(lambda: "secret-detail" in whole.log(), 10, "the traceback")
    lines = [line for line in whole.log().splitlines() if "KeyError: 'secret-detail'" in line]
    assert lines
    assert all("[request " in line for line in lines)
    assert "[request forged-id]" not in " ".join(lines)


def test_094_only_the_documented_variables(whole: Deployed) -> None:
    found = set(whole.predict("environ").body)
    assert not [name for name in found if name.startswith(("OPENADS", "AWS", "OCI", "PYTEST"))]
    assert {"PATH", "HOME", "TMPDIR", "PYTHONUTF8"} <= found


def test_095_reading_the_neighbours(limited: Open, bystander: Deployed, whole: Deployed) -> None:
    """Connections that go out are refused where ``replica_network`` is false: test_isolation.py."""
    score = HARMLESS + textwrap.dedent(
        """
        def predict(data, model=None):
            try:
                return open(data).read()
            except OSError as error:
                return {"refused": type(error).__name__}
        """
    )
    deployed = deploy(limited, score)
    assert deployed.wait()["lifecycleState"] == "ACTIVE"
    for path in [*limited.home.artifacts.glob("*/score.py"), *limited.home.root.glob("deployments/*/*/status.json")]:
        found = deployed.predict(str(path)).body
        mine = path.parent.parent == limited.home.deployment(deployed.id) or found == score
        if OWN_USERS and not mine:
            assert found in ({"refused": "FileNotFoundError"}, {"refused": "PermissionError"}), (path, found)
    deployed.delete()


def test_096_what_one_replica_does_to_itself(limited: Open) -> None:
    first, second = deploy(limited, ODDITIES), deploy(limited, ODDITIES)
    assert first.wait()["lifecycleState"] == second.wait()["lifecycleState"] == "ACTIVE"
    assert first.predict("folder").status in (200, 500)
    assert second.predict("fine").body == "fine"
    third = deploy(limited, ODDITIES)
    assert third.wait()["lifecycleState"] == "ACTIVE"
    left = third.predict("delete").body
    if OWN_USERS:
        assert left == ["runtime.yaml", "score.py"]
    fetched = limited.admin.ask("GET", f"/20190101/models/{third.model_id}/artifact/content")
    assert fetched.status == 200
    assert fetched.content.startswith(b"PK")
    for deployed in (first, second, third):
        deployed.delete()


@pytest.mark.parametrize(
    "does",
    ["signal.signal(signal.SIGTERM, lambda *a: time.sleep(600))", "atexit.register(time.sleep, 600)"],
    ids=["signal_ignore", "atexit_hang"],
)
def test_097_what_doesn_t_want_to_end_is_killed(limited: Open, does: str) -> None:
    score = f"""
    import atexit, signal, threading, time
    def load_model():
        return 1
    def predict(data, model=None):
        {does}
        return "set"
    """
    deployed = deploy(limited, score)
    assert deployed.wait()["lifecycleState"] == "ACTIVE"
    assert deployed.predict(1).status in (200, 500)
    (pid,) = deployed.pids()
    began = time.monotonic()
    ending = threading.Thread(target=deployed.delete)
    ending.start()
    eventually(lambda: not psutil.pid_exists(pid), 20, "its end")
    ending.join(30)
    assert time.monotonic() - began < 30


def test_098_an_exception_in_a_thread_is_logged(whole: Deployed) -> None:
    assert whole.predict("thread_raises").body == "went on"
    eventually(lambda: "raised in a thread" in whole.log(), 10, "the line in the log")
