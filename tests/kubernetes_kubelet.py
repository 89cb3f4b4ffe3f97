"""What makes pods of ReplicaSets and processes of pods: the cluster's own parts, played with real local processes.

A pod's containers run one after the other as a kubelet does it, with their variables and volumes. Each pod has an
address of its own on the loopback. Paths of mounts are replaced by the folders that they stand for, without root.
"""

from __future__ import annotations

import base64
import copy
import ctypes
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from itertools import count
from pathlib import Path

from tests.kubernetes_rules import Object, Refusal
from tests.kubernetes_server import NAMESPACE, Cluster, moment, serve

IMAGE = "shop/openads:test"
_VARIABLE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_]*)\)")
_SOURCE = Path(__file__).resolve().parent.parent / "src"
_LIBRARY = ctypes.CDLL(None)
_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_addresses = count(2)


def expanded(text: str, variables: dict[str, str]) -> str:
    """Return a value as Kubernetes writes it out: ``$(NAME)`` is replaced, ``$$`` is a dollar."""
    return _VARIABLE.sub(lambda m: "$" if m[0] == "$$" else variables.get(m[1], m[0]), text)


class Nodes:
    """ReplicaSets, Deployments, the scheduler and the kubelets of two nodes.

    ``images`` are those that can be pulled, each with its entry point. ``names`` are values of variables for which
    others are put: there is no DNS of a cluster here.
    """

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        self.folder = folder
        self.images: dict[str, list[str]] = {IMAGE: []}
        self.names: dict[str, str] = {}
        self.config = ""
        self.nodes = ["node-a", "node-b"]
        self.room = ""
        self.pods: dict[str, Running] = {}
        self.logs: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        cluster.log_lines = self._log_lines

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()
        for running in list(self.pods.values()):
            running.end(0)
        for running in list(self.pods.values()):
            running.thread.join(30)

    def lose(self, node: str) -> None:
        """Take a node away, with everything on it; the cluster notices at once."""
        self.nodes.remove(node)
        for pod in self.cluster.of("Pod"):
            if pod["spec"].get("nodeName") == node:
                self.pods[pod["metadata"]["name"]].end(0)
                self.cluster.remove("Pod", pod["metadata"]["name"])

    def _look(self) -> None:
        while not self._over.wait(0.05):
            pods = self.cluster.of("Pod")
            owners = [*self.cluster.of("ReplicaSet"), *self.cluster.of("Deployment")]
            sets = {found["metadata"]["uid"]: found for found in owners}
            owned: dict[str, list[Object]] = {uid: [] for uid in sets}
            for pod in pods:
                owner = pod["metadata"]["ownerReferences"][0]["uid"]
                if owner not in sets and not pod["metadata"].get("deletionTimestamp"):
                    with suppress(Refusal):
                        self.cluster.delete("Pod", pod["metadata"]["name"], None)
                elif owner in owned and not pod["metadata"].get("deletionTimestamp"):
                    owned[owner].append(pod)
            for uid, found in sets.items():
                if len(owned[uid]) < found["spec"]["replicas"]:
                    self._create(found)
            self._schedule()

    def _create(self, found: Object) -> None:
        template = copy.deepcopy(found["spec"]["template"])
        name = f"{found['metadata']['name']}-{secrets.token_hex(3)[:5]}"
        owner = {"apiVersion": "apps/v1", "kind": found["kind"], "controller": True}
        owner |= {"name": found["metadata"]["name"], "uid": found["metadata"]["uid"]}
        about = {**template["metadata"], "name": name, "namespace": NAMESPACE, "uid": str(uuid.uuid4())}
        about |= {"creationTimestamp": moment(), "ownerReferences": [owner]}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": about, "spec": template["spec"]}
        self.cluster.add("Pod", {**pod, "status": {"phase": "Pending"}})

    def _schedule(self) -> None:
        for pod in self.cluster.of("Pod"):
            name = pod["metadata"]["name"]
            if name in self.pods:
                if pod["metadata"].get("deletionTimestamp"):
                    self.pods[name].end(pod["metadata"]["deletionGracePeriodSeconds"])
                continue
            if pod["metadata"].get("deletionTimestamp"):
                self.cluster.remove("Pod", name)
                continue
            if self.room or not self.nodes:
                message = self.room or "0/0 nodes are available"
                no = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
                self.cluster.update("Pod", name, lambda found, no=no: found["status"].update(conditions=[no]))
                continue
            node = self.nodes[len(self.pods) % len(self.nodes)]
            self.cluster.update("Pod", name, lambda found, node=node: _placed(found, node))
            self.pods[name] = Running(self, copy.deepcopy(pod))

    def _log_lines(self, pod: str, container: str) -> tuple[list[tuple[str, str]], bool]:
        running = self.pods.get(pod)
        lines = list(self.logs.get((pod, container), ()))
        return lines, running is None or running.current != container


def _placed(pod: Object, node: str) -> None:
    pod["spec"]["nodeName"] = node
    pod["status"]["conditions"] = [{"type": "PodScheduled", "status": "True"}]


class Running:
    """One pod on a node."""

    def __init__(self, nodes: Nodes, pod: Object) -> None:
        self._nodes = nodes
        self._pod = pod
        self.name: str = pod["metadata"]["name"]
        number = next(_addresses)
        self.address = f"127.{os.getpid() % 200 + 20}.{number // 250 % 250}.{number % 250 + 2}"
        self.process: subprocess.Popen[bytes] | None = None
        self.current = ""
        self.out_of_memory = False
        self._ending = threading.Event()
        self._grace = 0.0
        self._states: dict[str, Object] = {}
        self.thread = threading.Thread(target=self._live, daemon=True)
        self.thread.start()

    def end(self, grace: float) -> None:
        if not self._ending.is_set() or grace == 0:
            self._grace = grace
            self._ending.set()

    def replica(self) -> int:
        """Return the pid of the model's own process."""
        import psutil

        assert self.process is not None
        return psutil.Process(self.process.pid).children()[0].pid

    # -- its life

    def _live(self) -> None:
        try:
            folders = self._volumes()
            spec = self._pod["spec"]
            for container in spec.get("initContainers", ()):
                while not self._ending.is_set() and self._run(container, folders, "initContainerStatuses") != 0:
                    self._back_off(container["name"])
            while not self._ending.is_set():
                self._run(spec["containers"][0], folders, "containerStatuses")
                self._back_off(spec["containers"][0]["name"])
        finally:
            self._nodes.cluster.remove("Pod", self.name)

    def _back_off(self, name: str) -> None:
        if self._ending.is_set():
            return
        state = self._states[name]
        state["lastState"], state["ready"] = state["state"], False
        state["state"] = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off restarting failed container"}}
        self._tell()
        self._ending.wait(min(2.0, 0.1 * 2 ** state["restartCount"]))
        state["restartCount"] += 1

    def _volumes(self) -> dict[str, Path]:
        found = {}
        for volume in self._pod["spec"]["volumes"]:
            folder = self._nodes.folder / self.name / volume["name"]
            folder.mkdir(parents=True)
            if "secret" in volume:
                for name, data in self._content("Secret", volume["secret"]["secretName"]).items():
                    (folder / name).write_bytes(base64.b64decode(data))
                    (folder / name).chmod(volume["secret"]["defaultMode"])
            elif "configMap" in volume:
                for name, text in self._content("ConfigMap", volume["configMap"]["name"]).items():
                    (folder / name).write_text(text)
            found[volume["name"]] = folder
        return found

    def _content(self, kind: str, name: str) -> dict[str, str]:
        while not self._ending.is_set():
            with suppress(Refusal):
                found: dict[str, str] = self._nodes.cluster.get(kind, name)["data"]
                return found
            self._ending.wait(0.1)
        return {}

    def _run(self, container: Object, folders: dict[str, Path], where: str) -> int:
        name = container["name"]
        state = self._states.setdefault(
            name, {"name": name, "image": container["image"], "imageID": "", "ready": False, "restartCount": 0}
        )
        state["where"] = where
        if container["image"] not in self._nodes.images:
            self._never_pulled(container, state)
            return 1
        words = self._nodes.folder / self.name / f"{name}.words"
        words.write_text("")
        mounts = {mount["mountPath"]: str(folders[mount["name"]]) for mount in container["volumeMounts"]}
        mounts["/dev/termination-log"] = str(words)
        began = moment()
        lines = self._nodes.logs[(self.name, name)] = []
        self.current = name
        self.process = self._spawn(container, mounts)
        state["state"] = {"running": {"startedAt": began}}
        self._tell()
        reader = threading.Thread(target=_read, args=(self.process, lines), daemon=True)
        reader.start()
        probe = container.get("readinessProbe")
        while self.process.poll() is None and not self._ending.is_set():
            ready = probe is not None and self._probe(container, probe)
            if state["ready"] != ready:
                state["ready"] = ready
                self._tell()
            time.sleep(0.05)
        code = self._ended()
        reader.join(5)
        self.current = ""
        reason = "OOMKilled" if self.out_of_memory else "Completed" if code == 0 else "Error"
        self.out_of_memory = False
        end = {"exitCode": code, "reason": reason, "startedAt": began, "finishedAt": moment()}
        if message := words.read_text()[:4096]:
            end["message"] = message
        state["state"], state["ready"] = {"terminated": end}, False
        self._tell()
        return code

    def _ended(self) -> int:
        process = self.process
        assert process is not None
        if self._ending.is_set() and process.poll() is None and self._grace:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(self._grace)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        code = process.wait()
        return 128 - code if code < 0 else code

    def _spawn(self, container: Object, mounts: dict[str, str]) -> subprocess.Popen[bytes]:
        def place(text: str) -> str:
            for path, folder in mounts.items():
                if text == path or text.startswith(f"{path}/"):
                    return folder + text.removeprefix(path)
            return text

        variables = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "PYTHONPATH": str(_SOURCE)}
        for each in container.get("env", ()):
            variables[each["name"]] = self._referenced(each) or place(expanded(each.get("value", ""), variables))
        if self._pod["spec"]["automountServiceAccountToken"]:
            variables["OPENADS_KUBERNETES_CONFIG"] = self._nodes.config
        words = container.get("command") or self._nodes.images[container["image"]]
        command = [place(expanded(word, variables)) for word in words]
        return subprocess.Popen(
            command,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            preexec_fn=_end_with_parent,  # noqa: PLW1509 - one system call, and no pod outlives killed tests
        )

    def _referenced(self, variable: Object) -> str:
        """Return what a variable refers to; empty for a plain one."""
        source = variable.get("valueFrom", {})
        if "secretKeyRef" in source:
            wanted = source["secretKeyRef"]
            return base64.b64decode(self._content("Secret", wanted["name"])[wanted["key"]]).decode()
        assert source in ({}, {"fieldRef": {"fieldPath": "status.podIP"}})
        return self.address if source else self._nodes.names.get(variable["value"], "")

    def _never_pulled(self, container: Object, state: Object) -> None:
        message = f'failed to resolve reference "{container["image"]}": not found'
        for reason in ("ErrImagePull", "ImagePullBackOff"):
            state["state"] = {"waiting": {"reason": reason, "message": message}}
            self._tell()
            self._ending.wait(0.3)
        self._ending.wait()

    def _probe(self, container: Object, probe: Object) -> bool:
        asked = probe.get("httpGet") or probe["tcpSocket"]
        port = next(each["containerPort"] for each in container["ports"] if each["name"] == asked["port"])
        try:
            if "tcpSocket" in probe:
                socket.create_connection((self.address, port), 2).close()
                return True
            with urllib.request.urlopen(f"http://{self.address}:{port}{asked['path']}", timeout=2) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def _tell(self) -> None:
        def change(pod: Object) -> None:
            told: Object = pod["status"]
            told["podIP"] = self.address
            running = any(state["where"] == "containerStatuses" for state in self._states.values())
            told["phase"] = "Running" if running else "Pending"
            for where in ("initContainerStatuses", "containerStatuses"):
                mine = [dict(each) for each in self._states.values() if each["where"] == where]
                for each in mine:
                    del each["where"]
                if mine:
                    told[where] = copy.deepcopy(mine)

        self._nodes.cluster.update("Pod", self.name, change)


def _end_with_parent() -> None:
    _LIBRARY.prctl(_DEATH_SIGNAL, signal.SIGKILL)


def _read(process: subprocess.Popen[bytes], lines: list[tuple[str, str]]) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        time_ = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f000Z")
        lines.append((time_, line.decode("utf-8", "replace").rstrip("\n")))


@contextmanager
def kubernetes(folder: Path, *, nodes: bool = True) -> Iterator[tuple[Cluster, Nodes, Path]]:
    """Yield a cluster, its nodes, and a kubeconfig for it."""
    cluster = Cluster()
    played = Nodes(cluster, folder / "nodes")
    listener, config = serve(cluster, folder)
    played.config = str(config)
    if nodes:
        played.start()
    try:
        yield cluster, played, config
    finally:
        if nodes:
            played.stop()
        cluster.closing = True
        listener.shutdown()
        listener.server_close()
