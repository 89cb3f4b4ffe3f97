"""Replicas forked from a process that has imported their libraries."""

from __future__ import annotations

import json
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
    """Return the templates of replicas, which have the same arguments as what is forked from them."""
    children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    return [int(pid) for pid in children if _is_forked(int(pid)) and _name(int(pid)) != "replica"]


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text().strip()


def _is_forked(pid: int) -> bool:
    return b"--modules" in Path(f"/proc/{pid}/cmdline").read_bytes()


def test_a_forked_replica_is_like_one_that_was_started(service: Open) -> None:
    reference = deploy(service, SCORE)  # says nothing of what it imports, so it gets an interpreter of its own
    assert reference.wait()["lifecycleState"] == "ACTIVE", reference.row
    assert not _is_forked(reference.pids()[0])
    started = reference.predict().body
    deployed = deploy(service, SCORE, files={"requirements.txt": REQUIREMENTS})
    assert deployed.wait()["lifecycleState"] == "ACTIVE", deployed.row
    about = service.home.read_service_file()
    assert about is not None
    supervisor = about.pid
    (status,) = service.home.deployment(deployed.id).glob("*/status.json")
    start = json.loads(status.read_text())["stages"][0]
    assert start["name"] == "start"
    assert start["seconds"] > 0.3, "what the libraries took to be imported, for the first one, is part of its start"
    found = []
    for again in (True, False):
        (pid,) = deployed.pids()
        eventually(lambda: deployed.predict().status == 200, 60, "its answer")
        assert _is_forked(pid), "also the first one, and each that comes back"
        assert _name(pid) == "replica"
        found.append(deployed.predict().body)
        if again:
            os.kill(pid, signal.SIGKILL)
            eventually(lambda before=pid: deployed.pids() not in ([], [before]), 60, "another replica")
    for one in found:
        for name in ("parent", "no_new_privs", "sum", "threads"):
            assert one[name] == started[name], name
        assert one["session"] == one["pid"]
        assert set(one["environ"]) == set(started["environ"])
        assert (one["uid"] == 0) == (started["uid"] == 0)
        kinds = {target.split(":")[0] for target in one["targets"].values()}
        assert kinds <= {"/dev/null", "pipe", "socket", "anon_inode"}
    assert found[0]["cwd"] == found[1]["cwd"] != started["cwd"]
    assert found[0]["random"] != found[1]["random"]
    eventually(lambda: f"printed by {found[1]['pid']}" in deployed.log(), 30, "what it printed")
    assert len(_templates(supervisor)) == 1, "one template for all of them"
    for each in (deployed, reference):
        each.delete()
