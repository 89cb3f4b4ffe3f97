"""Section 3.3 of the catalogue of abuse, lines 72 to 82, 99 and 100: what score.py does before it answers anything.

The numbers are the catalogue's. Each artifact is deployed for real on a service with short limits, beside a harmless
deployment that has to go on answering.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.own_service import eventually

from .conftest import Open
from .hostile import HARMLESS, Deployed, deploy, limited, replicas
from .test_isolation import OWN_USERS

__all__ = ["limited"]

ECHO = "\ndef predict(data, model=None):\n    return data\n"
FLEX = {
    "instanceShapeName": "VM.Standard.E4.Flex",
    "modelDeploymentInstanceShapeConfigDetails": {"ocpus": 1, "memoryInGBs": 1},
}


@pytest.fixture(scope="module")
def bystander(limited: Open) -> Iterator[Deployed]:
    """Another deployment, which nothing here may disturb."""
    deployed = deploy(limited, HARMLESS + ECHO)
    assert deployed.wait()["lifecycleState"] == "ACTIVE"
    yield deployed
    deployed.delete()


@pytest.fixture(autouse=True)
def undisturbed(bystander: Deployed) -> Iterator[None]:
    """Around every test: the bystander answers, from the same process, and the service is the same."""
    before = bystander.pids(), bystander.service.home.read_service_file()
    yield
    assert bystander.predict("still here").body == "still here"
    assert before == (bystander.pids(), bystander.service.home.read_service_file())


def failed(service: Open, score: str, *words: str, within: float = 60, **more: Any) -> Deployed:
    """Deploy what can't become ready: FAILED, saying these words, and nothing of it runs any more."""
    deployed = deploy(service, score, **more)
    row = deployed.wait(within=within)
    assert row["lifecycleState"] == "FAILED", row
    for word in words:
        assert word in row["lifecycleDetails"], row["lifecycleDetails"]
    assert not replicas(service, deployed.id)
    return deployed


def of_user_range() -> list[int]:
    """Return the processes on this machine that belong to a replica's user."""
    return [process.pid for process in psutil.process_iter() if 60600 <= process.uids().real <= 61099]


@pytest.mark.parametrize(
    ("score", "words"),
    [
        ("def load_model(:\n    pass\n", ["syntax error in line 1"]),
        ("import not_there_at_all\n" + HARMLESS + ECHO, ["'not_there_at_all'"]),
        ("raise KeyError('secret-detail')\n" + HARMLESS + ECHO, ["KeyError", "line 1"]),
        ("def load_model():\n    return open_the_model()\n" + ECHO, ["NameError", "open_the_model"]),
    ],
    ids=["syntax_error", "import_error", "raises", "seed_typo"],
)
def test_072_what_can_t_be_imported_fails_and_its_traceback_is_in_the_log(
    limited: Open, score: str, words: list[str]
) -> None:
    deployed = failed(limited, score, *words)
    assert "Traceback" in deployed.log() or "SyntaxError" in deployed.log()
    stranger = limited.stranger()
    assert stranger.ask("GET", f"/20190101/modelDeployments/{deployed.id}").status == 401
    assert stranger.ask("GET", f"/openads/v1/deployments/{deployed.id}/logs").status == 401


def test_073_load_model_that_returns_none(limited: Open) -> None:
    failed(limited, "def load_model():\n    pass\n" + ECHO, "load_model() in score.py returned None")


@pytest.mark.parametrize(
    ("score", "word"),
    [
        (ECHO, "no function load_model()"),
        (HARMLESS, "no function predict()"),
        (HARMLESS + "predict = 5\n", "not a function but a int"),
        (HARMLESS + "def predict():\n    return 1\n", "predict() in score.py can't be called"),
    ],
    ids=["no_load_model", "no_predict", "predict_not_callable", "predict_no_args"],
)
def test_074_missing_functions_are_named(limited: Open, score: str, word: str) -> None:
    failed(limited, score, word)


@pytest.mark.parametrize(
    ("call", "word"), [("import sys; sys.exit(0)", "sys.exit(0)"), ("import os; os._exit(0)", "exit code 0")]
)
def test_075_leaving_with_status_0_is_no_success(limited: Open, call: str, word: str) -> None:
    failed(limited, f"def load_model():\n    {call}\n" + ECHO, word)


@pytest.mark.parametrize(
    ("call", "word"),
    [
        ("import ctypes; ctypes.string_at(0)", "SIGSEGV"),
        ("import os; os.abort()", "SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL"),
    ],
    ids=["segfault", "abort", "sigkill_self"],
)
def test_076_a_death_by_a_signal_names_it(limited: Open, call: str, word: str) -> None:
    deployed = failed(limited, f"def load_model():\n    {call}\n" + ECHO, word)
    places = [limited.home.root, Path.cwd()]
    assert not [path for place in places for path in place.glob("core*") if path.is_file()]
    assert not list(limited.home.deployment(deployed.id).rglob("core*"))


def test_077_killing_the_parent(limited: Open) -> None:
    kill = "import os, signal\ndef load_model():\n    os.kill(os.getppid(), signal.SIGTERM)\n    return 1\n"
    if OWN_USERS:  # a plain user may end what is his: docs/isolation.md
        failed(limited, kill + ECHO, "PermissionError")


@pytest.mark.parametrize("body", ["import time; time.sleep(600)", "while True: pass"], ids=["hang", "busy_loop"])
def test_078_hanging_ends_at_the_limit(limited: Open, body: str) -> None:
    began = time.monotonic()
    score = f"import subprocess\ndef load_model():\n    subprocess.Popen(['sleep', '601'])\n    {body}\n"
    failed(limited, score + ECHO, "not ready within 8 s", "loading the model")
    assert time.monotonic() - began < 40
    sleepers = [p.pid for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "601"]]
    assert sleepers == []


def test_079_memory_and_recursion(limited: Open) -> None:
    free = psutil.virtual_memory().available
    eats = "def load_model():\n    return [bytes(64 * 1024 * 1024) for _ in range(32)]\n"
    failed(limited, eats + ECHO, "MemoryError", shape=FLEX)
    failed(limited, "def load_model():\n    return load_model()\n" + ECHO, "RecursionError")
    assert psutil.virtual_memory().available > free - 1024**3


def test_080_forks_and_threads(limited: Open) -> None:
    before = of_user_range()
    forks = """
    import os, time
    def load_model():
        for _ in range(64):
            if os.fork() == 0:
                os.setsid()
                time.sleep(600)
        raise RuntimeError("forked")
    """
    failed(limited, forks + "\n    def predict(data, model=None):\n        return data\n", "RuntimeError: forked")
    threads = """
    import threading, time
    def load_model():
        for _ in range(400):
            threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
        return 1
    def predict(data, model=None):
        return data
    """
    if OWN_USERS:
        failed(limited, threads, "RuntimeError: can't start new thread")
        eventually(lambda: set(of_user_range()) <= set(before), 5, "the end of the processes of that user")


def test_080_a_script_that_forks_comes_back_once(limited: Open) -> None:
    twice = "import os\ndef load_model():\n    os.fork()\n    return 1\n" + ECHO
    deployed = deploy(limited, twice)
    assert deployed.wait()["lifecycleState"] == "ACTIVE"
    assert [deployed.predict(number).body for number in range(20)] == list(range(20))
    deployed.delete()


def test_081_standard_input_and_closed_descriptors(limited: Open) -> None:
    reads = deploy(limited, "import sys\ndef load_model():\n    return {'read': sys.stdin.read()}\n" + ECHO)
    assert reads.wait()["lifecycleState"] == "ACTIVE"
    reads.delete()
    closes = "import os\ndef load_model():\n    os.closerange(0, 4096)\n    return 1\n" + ECHO
    deployed = deploy(limited, closes)
    assert deployed.wait(within=30)["lifecycleState"] == "FAILED"


def test_082_floods_of_prints_and_files_don_t_block_the_start(limited: Open) -> None:
    flood = """
    import os, tempfile
    def load_model():
        for _ in range(20):
            print("x" * 1024 * 1024)
        with tempfile.TemporaryFile() as file:
            file.write(bytes(64 * 1024 * 1024))
        return 1
    def predict(data, model=None):
        return data
    """
    deployed = deploy(limited, flood)
    assert deployed.wait(within=30)["lifecycleState"] == "ACTIVE"
    assert deployed.predict(1).body == 1
    folder = limited.home.deployment(deployed.id)
    assert sum(path.stat().st_size for path in folder.glob("predict.log*")) <= 64 * 1024 * 1024
    deployed.delete()
    assert not list(folder.glob("*/tmp/*"))


def test_099_a_slow_start_is_waited_for(limited: Open) -> None:
    slow = "import time\ndef load_model():\n    time.sleep(7.2)\n    return 1\n" + ECHO
    deployed = deploy(limited, slow)
    seen = []
    deadline = time.monotonic() + 60
    while (state := deployed.row["lifecycleState"]) == "CREATING" and time.monotonic() < deadline:
        seen.append(state)
        time.sleep(0.05)
    assert state == "ACTIVE"
    assert len(deployed.pids()) == 1
    children = [child for child in limited.home.deployment(deployed.id).iterdir() if child.is_dir()]
    assert len(children) == 1
    deployed.delete()


def test_100_a_crash_loop_backs_off_and_asks_for_attention(limited: Open) -> None:
    loop = """
    import os, threading
    def load_model():
        threading.Timer(0.3, os._exit, (9,)).start()
        return 1
    def predict(data, model=None):
        return data
    """
    deployed = deploy(limited, loop)
    row = deployed.wait("NEEDS_ATTENTION", within=60)
    assert "exit code 9" in row["lifecycleDetails"]
    pids = set()
    began = time.monotonic()
    while time.monotonic() - began < 5:
        pids |= set(deployed.pids())
        time.sleep(0.02)
    assert len(pids) <= 4, "the pauses between its starts don't grow"
    deployed.delete()
