"""Replicas forked from a process that has imported their libraries."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn

from tests.own_service import eventually

from .conftest import Open
from .hostile import deploy

REQUIREMENTS = f"numpy=={np.__version__}\npandas=={pd.__version__}\nscikit-learn=={sklearn.__version__}\n"
SCORE = """
import os, random, threading, numpy, sklearn.linear_model, threadpoolctl

def load_model():
    return 1

def predict(data, model=None):
    status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
    targets = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            targets[number] = os.readlink("/proc/self/fd/" + number)
        except OSError:
            pass
    print("printed by", os.getpid())
    square = numpy.ones((400, 400))
    return {
        "pid": os.getpid(), "parent": os.getppid(), "session": os.getsid(0), "uid": os.getuid(), "cwd": os.getcwd(),
        "no_new_privs": status["NoNewPrivs"].strip(), "environ": dict(os.environ), "targets": targets,
        "random": [random.random(), float(numpy.random.rand())], "sum": float((square @ square).sum()),
        "threads": sorted({pool["num_threads"] for pool in threadpoolctl.threadpool_info()}),
    }
"""


def _templates(supervisor: int) -> list[int]:
    words = [
        (int(path.parent.name), path.read_bytes()) for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()
    ]
    stat = {pid: Path(f"/proc/{pid}/stat") for pid, line in words if b"--template" in line}
    return [pid for pid, path in stat.items() if int(path.read_text().rpartition(")")[2].split()[1]) == supervisor]


def test_a_forked_replica_is_like_one_that_was_started(service: Open) -> None:
    deployed = deploy(service, SCORE, files={"requirements.txt": REQUIREMENTS})
    assert deployed.wait()["lifecycleState"] == "ACTIVE", deployed.row
    started = deployed.predict().body
    about = service.home.read_service_file()
    assert about is not None
    supervisor = about.pid
    eventually(lambda: _templates(supervisor), 60, "the template")
    found = []
    for _ in range(2):
        (before,) = deployed.pids()
        executable = Path(f"/proc/{before}/cmdline").read_bytes()

        def forked(before: int = before) -> bool:
            """Kill what was started in the ordinary way, as long as the template was still importing."""
            pids = deployed.pids()
            if pids and pids != [before]:
                if b"--template" in Path(f"/proc/{pids[0]}/cmdline").read_bytes():
                    return True
                os.kill(pids[0], signal.SIGKILL)
            return False

        os.kill(before, signal.SIGKILL)
        eventually(forked, 60, f"a forked replica after {executable!r}")
        eventually(lambda: deployed.predict().status == 200, 30, "its answer")
        found.append(deployed.predict().body)
    for one in found:
        for name in ("parent", "cwd", "no_new_privs", "sum", "threads"):
            assert one[name] == started[name], name
        assert one["session"] == one["pid"]
        assert set(one["environ"]) == set(started["environ"])
        assert (one["uid"] == 0) == (started["uid"] == 0)
        kinds = {target.split(":")[0] for target in one["targets"].values()}
        assert kinds <= {"/dev/null", "pipe", "socket", "anon_inode"}
    assert found[0]["random"] != found[1]["random"]
    eventually(lambda: f"printed by {found[1]['pid']}" in deployed.log(), 10, "what it printed")
    assert _templates(supervisor), "one template for all of them"
    deployed.delete()
