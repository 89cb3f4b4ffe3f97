"""A supervisor in a process of its own, and orders to it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from ads.home import Home

SUPERVISE = """
import sys
from pathlib import Path
from ads.home import Home
from ads.service.supervisor import Supervisor
from ads.service.sweep import sweep
home = Home(Path(sys.argv[1]))
home.create()
sweep(home)
Supervisor(home, (), lambda: True).run()
"""


def eventually(condition, seconds=60.0, what="the condition"):
    seconds = max(seconds, 60.0)  # costs nothing where all is well, and no test fails for a slow machine
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come true within {seconds} s")


@pytest.fixture(name="eventually")
def _eventually():
    return eventually


@pytest.fixture
def home():
    """A data directory with a short path; whatever a test left running in it is killed."""
    root = Path(tempfile.mkdtemp(prefix="oas"))
    yield Home(root)
    for process in processes_of(root):
        process.kill()
    shutil.rmtree(root, ignore_errors=True)


def processes_of(root):
    """Return the processes that were started with this data directory in their environment or arguments."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid == os.getpid() or process.status() == psutil.STATUS_ZOMBIE:
                continue
            if str(root) in process.cmdline() or str(root) in process.environ().values():
                found.append(process)
        except psutil.Error:
            continue
    return found


class Supervised:
    """A supervisor without permanent children."""

    def __init__(self, home):
        self.home = home
        self.process = subprocess.Popen([sys.executable, "-c", SUPERVISE, str(home.root)])
        eventually(self._answers, what="the supervisor")

    def _answers(self):
        try:
            return self.order(op="list")["ok"]
        except OSError:
            return False

    def order(self, **order):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(20)
            connection.connect(str(self.home.supervisor_socket))
            connection.sendall(json.dumps(order).encode() + b"\n")
            with connection.makefile("rb") as file:
                return json.loads(file.readline())

    def start(self, name, code, *, grace=10.0, **env):
        return self.order(
            op="start",
            name=name,
            argv=[sys.executable, "-c", code],
            env={"MARK": str(self.home.root), **env},
            cwd=str(self.home.root),
            log=str(self.home.logs / "child.log"),
            grace=grace,
        )

    def child(self, name):
        for child in self.order(op="list")["children"]:
            if child["name"] == name:
                return child
        return None

    def log(self):
        path = self.home.logs / "child.log"
        return path.read_text() if path.exists() else ""


@pytest.fixture
def supervised(home):
    made = []

    def make():
        made.append(Supervised(home))
        return made[-1]

    yield make
    for one in made:
        if one.process.poll() is None:
            one.process.kill()
        one.process.wait(10)


@pytest.fixture
def left_over():
    """Return a function that gives the living processes of a data directory."""
    return processes_of
