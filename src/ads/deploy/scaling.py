"""How many replicas each deployment should have now, from its policy and what was measured lately."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence

import psutil

from ads.deploy.autoscale import Policy, Sample, Scale, autoscale, parse_autoscaling
from ads.deploy.engines.base import ReplicaReport
from ads.deploy.signals import Load
from ads.deploy.spec import DeploymentSpec
from ads.registry.deployments import Deployment

__all__ = ["Meter", "hold_seconds", "policy_of", "replicas_of"]

_PERCENT = 100.0
_KEPT_SECONDS = 3600.0


def policy_of(row: Deployment, spec: DeploymentSpec) -> Policy | None:
    """Return the rules for the number of instances: ours before OCI's, None for a fixed number."""
    return parse_autoscaling(row.autoscaling) if row.autoscaling else spec.policy


def replicas_of(row: Deployment, spec: DeploymentSpec) -> int:
    """Return how many replicas a configuration of the deployment should have now."""
    policy = policy_of(row, spec)
    if policy is None:
        return spec.replicas
    instances = spec.instances if row.scale is None else row.scale
    return min(max(instances, policy.minimum), policy.maximum) * spec.workers


def hold_seconds(row: Deployment, spec: DeploymentSpec, start_timeout: float) -> float:
    """Return how long gateways hold requests while there is no replica: as long as a start may take, or not at all."""
    policy = policy_of(row, spec)
    return start_timeout if policy is not None and policy.minimum == 0 else 0.0


class Meter:
    """What was measured of each deployment lately."""

    def __init__(self) -> None:
        self._windows: dict[str, deque[Sample]] = {}
        self._processes: dict[int, psutil.Process] = {}

    def decide(
        self,
        row: Deployment,
        spec: DeploymentSpec,
        load: Load,
        reports: Sequence[ReplicaReport],
        changed: float,
        now: float,
    ) -> Scale | None:
        """Take a sample and return how many instances there should be; None without a policy."""
        policy = policy_of(row, spec)
        if policy is None:
            self._windows.pop(row.id, None)
            return None
        cpu, memory = self._use(spec, reports) if policy.cpu or policy.memory else (None, None)
        window = self._windows.setdefault(row.id, deque())
        window.append(Sample(now, load.in_flight, cpu, memory))
        while window and now - window[0].time > min(_KEPT_SECONDS, policy.scale_in_after + 30.0):
            window.popleft()
        instances = spec.instances if row.scale is None else row.scale
        return autoscale(policy, window, instances, changed, now)

    def forget(self, keep: Iterable[str]) -> None:
        """Forget all deployments but these."""
        kept = set(keep)
        self._windows = {key: window for key, window in self._windows.items() if key in kept}
        self._processes = {pid: process for pid, process in self._processes.items() if process.is_running()}

    def _use(self, spec: DeploymentSpec, reports: Sequence[ReplicaReport]) -> tuple[float | None, float | None]:
        """Return how far the replicas use their processors and their memory, in percent on average."""
        limit = spec.memory_bytes or psutil.virtual_memory().total
        cpu, memory = [], []
        for report in reports:
            if report.pid is None:
                continue
            try:
                known = report.pid in self._processes
                process = self._processes.setdefault(report.pid, psutil.Process(report.pid))
                used = process.cpu_percent()
                resident = process.memory_info().rss
            except psutil.Error:
                self._processes.pop(report.pid, None)
                continue
            if known:  # the first look has nothing to compare with
                cpu.append(used / spec.threads)
            memory.append(_PERCENT * resident / limit)
        return _mean(cpu), _mean(memory)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
