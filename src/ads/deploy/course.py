"""The rollouts that are under way: what the gateways counted is held against the rules, and the next step is taken."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import replace
from typing import cast

from sqlalchemy.orm import Session

from ads.deploy.reconcile import Desired
from ads.deploy.rollout import (
    Advance,
    Arm,
    Begin,
    Progress,
    Promote,
    RollBack,
    RolloutState,
    Step,
    candidates,
    parse_plan,
    plan,
)
from ads.deploy.rollout import Signals as Seen
from ads.deploy.signals import Signals
from ads.registry.deployments import Deployment
from ads.registry.events import SERVICE, record
from ads.registry.lookups import changed
from ads.registry.rollouts import Rollout, ShadowPair, add_pairs
from ads.registry.tables import now
from ads.registry.work_requests import progress_work_request

__all__ = ["Courses", "in_rollout", "progress_of", "take_step"]

_PERCENT = 90


def progress_of(rollout: Rollout) -> Progress:
    """Return where a rollout stands, as the rules see it."""
    return Progress(
        plan=parse_plan(rollout.plan),
        state=cast("RolloutState", rollout.state),
        step=rollout.step,
        since=rollout.time_step.timestamp(),
        paused=rollout.paused,
    )


def in_rollout(desired: Desired, rollout: Rollout, ready: int) -> Desired:
    """Return what is wanted at the present step of a rollout."""
    progress = progress_of(rollout)
    found = progress.plan
    return replace(
        desired,
        hold=found.strategy != "rolling",
        candidates=candidates(progress, max(1, desired.replicas), desired.serving_replicas, ready),
        gradual=found.strategy == "rolling" and found.spare is not None,
    )


class Courses:
    """What is remembered of rollouts between two looks: the counts at their beginning and at that of their step.

    A control plane that was started afresh counts from there on, and so needs the requests again that a step needs.
    """

    def __init__(self, signals: Signals) -> None:
        self._signals = signals
        self._usual: dict[int, Arm] = {}
        self._steps: dict[tuple[int, int, str], Arm] = {}
        self._compared: dict[int, tuple[int, int]] = {}

    def forget(self, keep: Iterable[Rollout]) -> None:
        """Forget all rollouts but these."""
        kept = {rollout.seq for rollout in keep}
        self._usual = {seq: arm for seq, arm in self._usual.items() if seq in kept}
        self._steps = {key: arm for key, arm in self._steps.items() if key[0] in kept}
        self._compared = {seq: counts for seq, counts in self._compared.items() if seq in kept}

    def next_step(self, rollout: Rollout, wanted: int, serving: int, ready: int) -> Step:
        """Return what to do now. ``ready`` are the candidate's replicas that answer."""
        progress = progress_of(rollout)
        arm = self._signals.arm(rollout.deployment_id, rollout.revision)
        usual = self._signals.arm(rollout.deployment_id, rollout.from_revision)
        key = (rollout.seq, rollout.step, rollout.state)
        compared, disagreed = self._news(rollout)
        seen = Seen(
            ready=ready >= candidates(progress, wanted, serving, ready)
            and (progress.plan.strategy != "rolling" or ready >= wanted),
            serving=usual.since(self._usual.setdefault(rollout.seq, usual)),
            candidate=arm.since(self._steps.setdefault(key, arm)),
            compared=rollout.compared + compared,
            disagreed=rollout.disagreed + disagreed,
        )
        return plan(progress, time.time(), seen)

    def has_news(self, rollout: Rollout) -> bool:
        """Tell whether a shadow answered something since the last :meth:`write_news`."""
        return self._news(rollout)[0] > 0

    def write_news(self, session: Session, rollout: Rollout) -> None:
        """Add what a shadow answered to its table."""
        compared, disagreed = self._news(rollout)
        rollout.compared += compared
        rollout.disagreed += disagreed
        self._compared[rollout.seq] = self._signals.compared(rollout.deployment_id)
        pairs = self._signals.take_pairs(rollout.deployment_id)
        add_pairs(session, rollout, [ShadowPair(**vars(pair)) for pair in pairs])

    def _news(self, rollout: Rollout) -> tuple[int, int]:
        total = self._signals.compared(rollout.deployment_id)
        before = self._compared.setdefault(rollout.seq, total)
        return total[0] - before[0], total[1] - before[1]


def take_step(session: Session, deployment: Deployment, rollout: Rollout, step: Step) -> None:
    """Write that a step was taken; going back is not written here: it is the failure of what was asked for."""
    if isinstance(step, RollBack):
        return
    found = parse_plan(rollout.plan)
    if isinstance(step, Begin):
        rollout.state = "BAKING"
        text = _told(rollout, found.strategy, found.steps)
        if deployment.lifecycle_state == "UPDATING":
            deployment.lifecycle_state = "ACTIVE"
        deployment.lifecycle_details = text
        if deployment.work_request_id is not None:
            progress_work_request(session, deployment.work_request_id, _PERCENT, text)
    elif isinstance(step, Advance):
        rollout.state, rollout.step = "STARTING", step.step
    elif isinstance(step, Promote):
        rollout.plan = {**rollout.plan, "strategy": "rolling", "steps": [], "spare": None}
        rollout.state, rollout.step = "STARTING", 0
    rollout.time_step = now()
    name = type(step).__name__.lower()
    record(
        session, SERVICE, f"rollout.{name}", deployment.id, deployment.compartment_id,
        revision=rollout.revision, step=rollout.step,
    )  # fmt: skip
    changed(deployment)


def _told(rollout: Rollout, strategy: str, steps: tuple[int, ...]) -> str:
    if strategy == "canary":
        share = f"{steps[rollout.step]} % of the requests, step {rollout.step + 1} of {len(steps)}"
        return f"canary: revision {rollout.revision} gets {share}"
    return f"{strategy}: revision {rollout.revision} gets copies of the requests"
