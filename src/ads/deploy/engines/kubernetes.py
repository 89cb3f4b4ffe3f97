"""Replicas as pods of a Kubernetes cluster: ``ads serve --engine kubernetes``.

Each replica is a Secret and a ReplicaSet of one pod. The cluster chooses the node, restarts what crashed and brings
back what a node took with it; the reconcile loop decides how many there are and who answers. Nothing is kept in memory
that a control plane that was started again couldn't read from the cluster.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ads.deploy.engines.base import ReplicaId, ReplicaOrder, ReplicaReport
from ads.deploy.engines.kubernetes_access import access_of
from ads.deploy.engines.kubernetes_client import KubernetesClient, Refused
from ads.deploy.engines.kubernetes_doors import Door, Doors
from ads.deploy.engines.kubernetes_logs import LogSource, PodLogs
from ads.deploy.engines.kubernetes_objects import (
    DEPLOYMENT,
    START,
    Cluster,
    Wanted,
    replica_set,
    secret,
    secret_name_of,
    selector,
)
from ads.deploy.engines.kubernetes_placement import placement_of
from ads.deploy.engines.kubernetes_pods import container_of, newest_pod, replica_of, report_of, trouble_of
from ads.deploy.engines.kubernetes_resources import resources_of
from ads.deploy.engines.kubernetes_watch import Watched
from ads.deploy.engines.supervisor_client import EngineUnavailable
from ads.deploy.log_files import predict_log
from ads.deploy.log_writer import LogWriter
from ads.deploy.placement import Machine
from ads.errors import SettingError
from ads.home import Home
from ads.identity.replica_keys import instance_of, replica_key
from ads.settings import Settings

__all__ = ["KubernetesEngine", "cluster_of"]

logger = logging.getLogger(__name__)

Object = dict[str, Any]

_IMAGE = re.compile(r"[a-z0-9][a-zA-Z0-9._:/@-]{0,400}")
_GONE_SECONDS = 60.0
_LOOK_EVERY = 0.1
_MEMORY = 1 << 50
_PROCESSORS = 256
"""What the largest node may have: the cluster knows, and says so itself when nothing fits."""


def cluster_of(settings: Settings, secret_of_service: str, url: str, server: str) -> Cluster:
    """Return what holds for all pods. ``url``: where this service is, unless a setting says it; ``server``: where the
    cluster is. Raises SettingError.
    """
    if not _IMAGE.fullmatch(settings.kubernetes_image):
        raise SettingError(
            f"The Kubernetes engine needs an image; kubernetes_image is {settings.kubernetes_image!r}.",
            hint="Build one from deploy/image/Dockerfile, and name it with OPENADS_KUBERNETES_IMAGE.",
        )
    address = settings.kubernetes_service_url or url
    known = address.startswith(("http://", "https://"))
    if not known or (not settings.kubernetes_service_url and _is_here(address) and not _is_here(server)):
        raise SettingError(
            f"Pods can't fetch models from {address!r}.",
            hint="Set kubernetes_service_url to the address (http://…) under which pods reach this service.",
        )
    placement = placement_of(settings.kubernetes_pod)
    return Cluster(settings.kubernetes_image, instance_of(secret_of_service), address, placement)


def _is_here(address: str) -> bool:
    """Tell whether an address leads to this machine alone."""
    host = urlsplit(address).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


class KubernetesEngine:
    """See the module. ``service_secret`` is what keys of replicas follow from."""

    prepares_environments = False

    def __init__(self, home: Home, settings: Settings, service_secret: str, url: str) -> None:
        self._home = home
        self._settings = settings
        self._secret = service_secret
        access = access_of(settings.kubernetes_config, settings.kubernetes_namespace, os.environ)
        self._cluster = cluster_of(settings, service_secret, url, access.server)
        self._client = KubernetesClient(access)
        mine = selector(self._cluster.instance)
        self._sets = Watched(self._client, "ReplicaSet", mine)
        self._pods = Watched(self._client, "Pod", mine)
        self._doors = Doors()
        self._logs = PodLogs(self._client, self._log_writer)
        self._told: dict[str, str] = {}
        self._begun: dict[ReplicaId, str] = {}
        """Starts that the cluster may have heard of, or not: they are tried again and not made anew."""

    # -- what the reconcile loop asks for

    def start(self, order: ReplicaOrder) -> None:
        """Tell the cluster to run a replica; nothing happens when it knows of it already."""
        if any(replica_of(found) == order.id for found in self._sets.objects()):
            return
        if order.source is None or order.source.by_reference:
            raise SettingError(
                "A model by reference can't be served by the Kubernetes engine.",
                hint="Register it with its files, or serve it with the engine local or nodes.",
            )
        start = self._begun.setdefault(order.id, secrets.token_hex(8))
        resources = resources_of(order.shape, order.ocpus, order.memory_bytes)
        wanted = Wanted(
            id=order.id,
            start=start,
            key=replica_key(self._secret, str(order.id), start),
            deployment=order.deployment_id,
            sha256=order.source.sha256,
            size=order.source.size,
            resources=resources,
            environment=_with_threads(order, max(1, round(resources.processors))),
        )
        self._client.apply(secret(wanted, self._cluster))
        try:
            self._sets.put(self._client.apply(replica_set(wanted, self._cluster)))
        except Refused:  # one that another control plane has started, or what isn't allowed
            del self._begun[order.id]
            self._client.delete("Secret", secret_name_of(order.id, start))
            raise
        del self._begun[order.id]

    def stop(self, replica: ReplicaId) -> None:
        """End a replica for good; return once its pods are gone, or will be as soon as their node is back."""
        for found in [each for each in self._sets.objects() if replica_of(each) == replica]:
            self._client.delete("ReplicaSet", found["metadata"]["name"])
            self._sets.remove(found["metadata"]["uid"])
            self._client.delete("Secret", secret_name_of(replica, str(found["metadata"]["labels"].get(START))))
        deadline = time.monotonic() + _GONE_SECONDS
        while any(replica_of(pod) == replica for pod in self._pods.objects()):
            if time.monotonic() > deadline:
                logger.warning("the pods of replica %s have not ended within %g s", replica, _GONE_SECONDS)
                return
            time.sleep(_LOOK_EVERY)

    def kill(self, replica: ReplicaId) -> None:
        """End a replica's process at once; the cluster starts it again. A pod that can't be asked is replaced."""
        for found, pod in self._present():
            if replica_of(found) != replica or pod is None:
                continue
            door = self._door(found, pod)
            if door is None or not self._doors.kill(door):
                self._client.delete("Pod", pod["metadata"]["name"], grace=0)

    def list(self) -> list[ReplicaReport]:
        """Return every replica that this service has in the cluster."""
        now = time.time()
        patience = self._settings.start_timeout + self._settings.environment_timeout
        reports = []
        for found, pod in self._present():
            seen = self._doors.seen(pod["metadata"]["uid"]) if pod is not None else None
            report = report_of(found, pod, seen, self._key(found), now, patience)
            if report is not None:
                reports.append(report)
        return reports

    def machine(self) -> Machine:
        """Return what never refuses anything: whether a replica fits, the cluster says."""
        return Machine(_MEMORY, _PROCESSORS)

    def socket(self, replica: ReplicaId) -> str:  # noqa: ARG002 - the interface's
        """Return nothing: replicas are where their reports say."""
        return ""

    def watch(self, ended: Callable[[], None], over: threading.Event) -> None:
        """Keep up with the cluster, with the replicas' doors and with their logs, until ``over`` is set."""
        follow: tuple[Callable[[], None], ...] = (
            lambda: self._sets.follow(ended, over),
            lambda: self._pods.follow(ended, over),
            lambda: self._doors.follow(self._open_doors, ended, over),
            lambda: self._logs.follow(self._sources, self._runs, over),
        )
        threads = [threading.Thread(target=_guarded, args=(each, over), daemon=True) for each in follow]
        for thread in threads:
            thread.start()
        while not over.wait(_LOOK_EVERY * 10):
            self._tell_trouble()

    # -- what there is

    def _present(self) -> Iterator[tuple[Object, Object | None]]:
        """Yield each replica's ReplicaSet and the pod that is the replica now."""
        by_start: dict[str, Any] = {}
        for pod in self._pods.objects():
            by_start.setdefault(str(pod["metadata"]["labels"].get(START)), []).append(pod)
        for found in self._sets.objects():
            if not found["metadata"].get("deletionTimestamp"):
                yield found, newest_pod(found, by_start.get(str(found["metadata"]["labels"].get(START)), ()))

    def _key(self, found: Object) -> str:
        return replica_key(self._secret, str(replica_of(found)), str(found["metadata"]["labels"].get(START)))

    def _door(self, found: Object, pod: Object) -> Door | None:
        state = container_of(pod, "replica")
        address = (pod.get("status") or {}).get("podIP")
        if not address or (state.get("state") or {}).get("running") is None:
            return None
        return Door(pod["metadata"]["uid"], int(state.get("restartCount") or 0), str(address), self._key(found))

    def _open_doors(self) -> Sequence[Door]:
        doors = [self._door(found, pod) for found, pod in self._known() if pod is not None]
        return [door for door in doors if door is not None]

    def _known(self) -> Sequence[tuple[Object, Object | None]]:
        """Return what there is, nothing while the cluster doesn't answer."""
        try:
            return tuple(self._present())
        except EngineUnavailable:
            return ()

    # -- logs

    def _sources(self) -> Sequence[LogSource]:
        found = []
        for _, pod in self._known():
            log = self._log(pod) if pod is not None else None
            if pod is None or log is None:
                continue
            name = str(pod["metadata"]["name"])
            for container in ("prepare", "replica"):
                state = container_of(pod, container)
                if {"running", "terminated"} & (state.get("state") or {}).keys():
                    place = log.with_name(str(replica_of(pod))) / f"{name}.{container}.place"
                    found.append(LogSource(name, container, int(state.get("restartCount") or 0), log, place))
        return found

    def _runs(self, source: LogSource) -> bool:
        pods = [pod for _, pod in self._known() if pod is not None and pod["metadata"]["name"] == source.pod]
        return any("running" in (container_of(pod, source.container).get("state") or {}) for pod in pods)

    def _tell_trouble(self) -> None:
        """Say in the log what a pod waits for, once for each that is new."""
        for _, pod in self._known():
            log = self._log(pod) if pod is not None else None
            if pod is None or log is None:
                continue
            name, trouble = str(pod["metadata"]["name"]), trouble_of(pod)
            if trouble and self._told.get(name) != trouble:
                self._logs.note(log, f"pod {name}: {trouble}")
            self._told[name] = trouble

    def _log(self, pod: Object) -> Path | None:
        deployment = str((pod["metadata"].get("annotations") or {}).get(DEPLOYMENT) or "")
        replica = replica_of(pod)
        # What the cluster says names a folder here: only what fits the replica's own name does.
        fits = re.fullmatch(r"[a-z0-9.-]+", deployment) and replica and deployment.endswith(replica.deployment)
        return predict_log(self._home, deployment) if fits else None

    def _log_writer(self, path: Path) -> LogWriter:
        return LogWriter(path, self._settings.log_max_bytes, self._settings.log_max_age, timed=True)


def _with_threads(order: ReplicaOrder, threads: int) -> dict[str, str]:
    """Return the variables with as many threads as the pod has processors, where it is this machine's number so far."""
    own = str(order.processors)
    return {
        name: str(threads) if name.endswith("_NUM_THREADS") and value == own else value
        for name, value in order.environment.items()
    }


def _guarded(follow: Callable[[], None], over: threading.Event) -> None:
    """Run one of the threads again should it fail: without it the engine would be blind."""
    while not over.is_set():
        try:
            follow()
        except Exception:  # noqa: PERF203 - a thread's boundary
            logger.exception("following the cluster failed")
            over.wait(1)
