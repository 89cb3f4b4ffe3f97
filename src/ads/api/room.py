"""Whether what was ordered fits on this machine: asked in the order's transaction, so that a no changes nothing."""

from __future__ import annotations

from functools import cache

from fastapi import Request
from sqlalchemy.orm import Session

from ads.deploy.placement import Machine, Need, no_room, this_machine
from ads.deploy.scaling import replicas_of
from ads.deploy.spec import parse_spec
from ads.errors import InputError
from ads.registry.deployments import Deployment, artifact_of

__all__ = ["machine_of", "require_room"]


@cache
def _bare_machine() -> Machine:
    return this_machine(())


def machine_of(request: Request) -> Machine:
    """Return what there is to run replicas on. To be asked before a transaction: the first time takes a moment."""
    controller = request.app.state.controller
    return _bare_machine() if controller is None else controller.machine()


def require_room(session: Session, deployment: Deployment, machine: Machine) -> None:
    """Return when the deployment, as it is wanted now, fits. Raises InputError with the figures."""
    if deployment.target != "ACTIVE":
        return
    spec = parse_spec(deployment.configuration)
    _, source = artifact_of(session, spec.model_id)
    if source is None:
        return
    need = Need(max(1, replicas_of(deployment, spec)), source.model_bytes, on_device="GPU" in spec.shape)
    message, _, advice = no_room(need, machine).partition("\n")
    if message:
        raise InputError(message, hint=advice)
