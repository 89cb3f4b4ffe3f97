"""What code in a replica tries against everything around it: deployed for real, one hostile score.py for all tries.

Where the service runs as root and may mount, everything is refused. A plain user's service can't keep its replicas from
what that user may do (docs/isolation.md): there only what holds for everybody is asserted.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ads.worker import isolation
from tests.own_service import OwnService, eventually

from .conftest import Open, Peer
from .hostile import HARMLESS, Deployed, deploy, replicas

OWN_USERS = os.getuid() == 0 and subprocess.run([sys.executable, "-I", isolation.__file__], check=False).returncode == 0

OBEDIENT = """
import os, pwd, signal, socket, subprocess, sys, time

def load_model():
    return 1

def read(path):
    return open(path, "rb").read(100).decode("latin-1")

def write(path):
    with open(path, "a") as file:
        file.write("hostile")

def see(path):
    return sorted(os.listdir(path))

def connect(path):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        return "connected"

def send_signal(pid):
    os.kill(pid, 0)
    return "may signal"

def environ(pid):
    return read("/proc/{}/environ".format(pid))

def memory(pid):
    return open("/proc/{}/mem".format(pid), "rb").name

def become(user):
    os.setuid(user)
    return "became"

def descriptors(_):
    found = {}
    for number in os.listdir("/proc/self/fd"):
        try:
            found[number] = os.readlink("/proc/self/fd/" + number)
        except OSError:
            pass
    return found

def user_name():
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return ""

def about(_):
    status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
    return {
        "uid": os.getuid(), "user": user_name(), "groups": os.getgroups(), "parent": os.getppid(),
        "session": os.getsid(0), "pid": os.getpid(),
        "no_new_privs": status["NoNewPrivs"].strip(), "capabilities": status["CapEff"].strip(),
        "oom": read("/proc/self/oom_score_adj").strip(), "umask": status["Umask"].strip(),
        "environ": dict(os.environ), "cwd": os.getcwd(), "tmp": os.environ["TMPDIR"],
    }

def daemon(_):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(600)
        os._exit(0)
    os.wait()
    return "left"

def predict(data, model=None):
    try:
        return {"done": globals()[data["do"]](data.get("what"))}
    except Exception as error:
        return {"refused": "{}: {}".format(type(error).__name__, error)}
"""


class Inside:
    """Gives orders to the code in the replica."""

    def __init__(self, deployed: Deployed) -> None:
        self.deployed = deployed

    def __call__(self, do: str, what: Any = None) -> dict[str, Any]:
        answer = self.deployed.predict({"do": do, "what": what if not isinstance(what, Path) else str(what)})
        assert answer.status == 200, answer
        found: dict[str, Any] = answer.body
        return found

    def refused(self, do: str, what: Any = None) -> None:
        """Assert that it can't, where replicas have users of their own."""
        found = self(do, what)
        if OWN_USERS:
            assert "refused" in found, (do, what, found)


@pytest.fixture(scope="module")
def victim(service: Open) -> Iterator[Deployed]:
    deployed = deploy(
        service, HARMLESS + "def predict(data, model=None):\n    return data\n", environment={"PIN": "4711"}
    )
    assert deployed.wait()["lifecycleState"] == "ACTIVE"
    yield deployed
    deployed.delete()


@pytest.fixture(scope="module")
def inside(service: Open) -> Iterator[Inside]:
    deployed = deploy(service, OBEDIENT)
    assert deployed.wait()["lifecycleState"] == "ACTIVE", deployed.row
    yield Inside(deployed)
    deployed.delete()


def test_it_has_a_user_of_its_own_and_no_way_to_more(inside: Inside, victim: Deployed) -> None:
    about = inside("about")["done"]
    assert about["no_new_privs"] == "1"
    assert about["oom"] == "500"
    assert about["umask"] == "0077"
    assert about["session"] == about["pid"]
    assert about["cwd"].startswith(str(inside.deployed.service.home.artifacts))
    if OWN_USERS:
        assert 60600 <= about["uid"] <= 61099
        assert about["user"] == "replica"  # Java asks who it is, and where that user is at home
        assert about["groups"] == []
        assert int(about["capabilities"], 16) == 0
        assert about["uid"] != Path(f"/proc/{victim.pids()[0]}").stat().st_uid
    inside.refused("become", 0)
    inside.refused("become", Path(f"/proc/{victim.pids()[0]}").stat().st_uid)


def test_it_sees_no_variable_and_no_descriptor_of_the_service(inside: Inside) -> None:
    documented = {"PATH", "HOME", "TMPDIR", "PYTHONUTF8", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH"}
    documented |= {
        "JAVA_HOME",
        "SSL_CERT_FILE",
        "PYTHONPATH",
        "PYTHONUSERBASE",
        "CUDA_VISIBLE_DEVICES",
        "OMP_WAIT_POLICY",
    }
    documented |= {f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}
    assert set(inside("about")["done"]["environ"]) <= documented
    for target in inside("descriptors")["done"].values():
        assert target.startswith(("/dev/null", "socket:", "pipe:", "anon_inode:", "/proc/")) or "predict" in target


def test_it_reads_nothing_of_the_service(inside: Inside, victim: Deployed) -> None:
    home = inside.deployed.service.home
    for path in (home.database, home.token_file, home.service_file, home.identities_file, home.routes_file):
        assert path.exists()
        inside.refused("read", path)
    for folder in (home.root, home.run, home.blobs, home.logs, home.artifacts, home.deployment(victim.id)):
        inside.refused("see", folder)


def test_it_reads_no_other_model(inside: Inside) -> None:
    home = inside.deployed.service.home
    mine = Path(inside("about")["done"]["cwd"])
    others = [path for path in home.artifacts.iterdir() if path.is_dir() and path != mine]
    assert others
    for folder in others:
        inside.refused("see", folder)
        inside.refused("read", folder / "score.py")
    for blob in home.blobs.rglob("*"):
        inside.refused("read", blob)
    assert "score.py" in inside("see", mine)["done"]


def test_it_reaches_no_socket_but_its_own(inside: Inside, victim: Deployed) -> None:
    home = inside.deployed.service.home
    sockets = [home.supervisor_socket, home.control_socket]
    sockets += [home.replica_socket(name.removeprefix("replica/")) for name in replicas(victim.service, victim.id)]
    assert all(path.exists() for path in sockets)
    for path in sockets:
        inside.refused("connect", path)


def test_it_signals_and_inspects_no_other_process(inside: Inside, victim: Deployed) -> None:
    found = inside.deployed.service.home.read_service_file()
    assert found is not None
    about = inside("about")["done"]
    assert about["parent"] == found.pid
    for pid in (found.pid, *victim.pids(), os.getpid()):
        inside.refused("send_signal", pid)
        inside.refused("environ", pid)
        inside.refused("memory", pid)


def test_it_writes_into_its_own_folder_only(inside: Inside) -> None:
    about = inside("about")["done"]
    assert "refused" not in inside("write", Path(about["tmp"], "mine"))
    inside.refused("write", Path(about["cwd"], "score.py"))
    inside.refused("write", Path(about["cwd"], "new"))
    inside.refused("write", Path(sys.prefix, "hostile"))
    inside.refused("write", inside.deployed.service.home.root / "hostile")
    inside.refused("write", Path(isolation.__file__))


def test_what_it_puts_in_place_of_its_status_is_not_followed(service: Open) -> None:
    """The service reads the status files of replicas; a link in their place must not lead it anywhere."""
    score = """
    import os
    def load_model():
        return 1
    def predict(data, model=None):
        folder = os.path.dirname(os.environ["TMPDIR"])
        for name in ("status.json", "description.json"):
            os.unlink(os.path.join(folder, name))
            os.symlink(data, os.path.join(folder, name)) if data else os.mkfifo(os.path.join(folder, name))
        return "done"
    """
    for target in (str(service.home.service_file), None):
        deployed = deploy(service, score)
        assert deployed.wait()["lifecycleState"] == "ACTIVE"
        assert deployed.predict(target).body == "done"
        token = service.home.token_file.read_text().strip()
        for path in (f"/v2/models/{deployed.id}", f"/{deployed.id}/openapi.json"):
            assert token not in service.admin.ask("GET", path).content.decode()
        assert service.admin.ask("GET", "/openads/v1/service").status == 200
        deployed.delete()


def test_no_daemon_and_no_file_of_it_remains(service: Open) -> None:
    deployed = deploy(service, OBEDIENT)
    assert deployed.wait()["lifecycleState"] == "ACTIVE"
    inside = Inside(deployed)
    about = inside("about")["done"]
    assert inside("daemon") == {"done": "left"}
    assert inside("write", Path(about["tmp"], "mine")) == {"done": None}

    def descendants() -> list[str]:
        found = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError):
                if folder.name.isdigit() and deployed.id.encode() in (folder / "cmdline").read_bytes():
                    found.append(folder.name)
        return found

    assert len(descendants()) >= 2
    deployed.delete()
    eventually(lambda: not descendants(), what="the end of the daemon")
    eventually(lambda: not Path(about["tmp"]).exists(), what="the end of the folder")


def test_without_network_it_reaches_nothing(own_service: OwnService) -> None:
    """``replica_network = false``: there is nothing but a loopback that is down."""
    own_service.use(replica_network="false")
    own_service.start()
    found = own_service.home.read_service_file()
    assert found is not None
    port = int(found.url.rpartition(":")[2].strip("/"))
    score = """
    import socket
    def load_model():
        return 1
    def predict(data, model=None):
        with socket.socket() as connection:
            connection.settimeout(3)
            try:
                connection.connect(("127.0.0.1", data))
            except OSError as error:
                return {"refused": str(error)}
        return {"done": "connected"}
    """
    deployed = deploy(Open(own_service.home, port, Peer(port, own_service.token)), score)
    row = deployed.wait("ACTIVE", "FAILED") if OWN_USERS else deployed.row
    if OWN_USERS:
        assert row["lifecycleState"] == "ACTIVE", row
        assert "refused" in deployed.predict(port).body
    else:  # it isn't started rather than started with a network
        eventually(lambda: "no network" in (own_service.home.logs / "control.log").read_text(), what="the refusal")
        assert not replicas(deployed.service, deployed.id)
