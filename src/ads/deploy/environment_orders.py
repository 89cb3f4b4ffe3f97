"""Environments that are made before a deployment needs them: each order is a work request, done beside the requests."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from ads.artifact import requirements as requirements_file
from ads.deploy.artifacts import unpack
from ads.deploy.environment_packs import Pack
from ads.deploy.environment_supplies import Supplies
from ads.deploy.environments import Plan, build, choose, choose_slug, find_python, plan
from ads.errors import AdsError, InputError, ServiceUnavailable
from ads.home import Home
from ads.registry.database import Database
from ads.registry.deployments import ModelSource, artifact_of
from ads.registry.events import Caller, record
from ads.registry.lookups import not_found
from ads.registry.work_requests import accept_work_request, fail_left, finish_work_request, progress_work_request

__all__ = ["Builds", "Wanted", "fail_builds"]

logger = logging.getLogger(__name__)

OPERATION = "ENVIRONMENT_BUILD"

_UNDER_WAY = 50


@dataclass(frozen=True)
class Wanted:
    """What to build an environment for: one of a model, a slug of the operator's catalog, requirement lines."""

    model_id: str = ""
    slug: str = ""
    requirements: tuple[str, ...] | None = None
    python: str = ""


def fail_builds(session: Session, *members: str) -> int:
    """Fail the builds that a service which ended left behind, in a cluster: members of it. Return how many."""
    named = [member for member in members if member]
    return fail_left(session, OPERATION, "The service ended meanwhile.", named or None)


class Builds:
    """Makes environments, one at a time. ``archive`` gives the checked archive of a model."""

    def __init__(
        self,
        home: Home,
        database: Database,
        supplies: Supplies,
        archive: Callable[[ModelSource], Path],
        member: str = "",
    ) -> None:
        self._member = member
        self._home = home
        self._database = database
        self._supplies = supplies
        self._archive = archive
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="environments")

    def start(self) -> None:
        """End what a service that ended left unfinished."""
        with self._database.write() as session:
            fail_builds(session, self._member)

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def order(self, caller: Caller, wanted: Wanted, compartment_id: str) -> str:
        """Return the work request that makes an environment.

        Raises CondaPackNotFound for an unknown slug, NotFound for a model or one without artifact, InputError.
        """
        chosen = self._chosen(wanted)
        with self._database.write() as session:
            source = None
            if wanted.model_id:
                _, source = artifact_of(session, wanted.model_id)
                if source is None:
                    raise not_found("artifact of the model", wanted.model_id, related=True)
            name = wanted.model_id or wanted.slug or "requirements"
            work = accept_work_request(
                session,
                OPERATION,
                name,
                compartment_id,
                entity_type="environment",
                action_type="CREATED",
                message=f"environment for {name} accepted",
                member=self._member,
            )
            record(session, caller, "environment.build", name, compartment_id)
        self._threads.submit(self._make, work.id, chosen, source)
        return work.id

    def _chosen(self, wanted: Wanted) -> Plan | Pack | None:
        """Return what is to be made, None for a model, whose artifact will tell."""
        if wanted.slug:
            return choose_slug(wanted.slug, self._supplies)
        if wanted.requirements is None:
            return None
        lines = requirements_file.parse("\n".join(wanted.requirements).encode())
        found = plan(requirements_file.Requirements(lines.lines, wanted.python), ["wanted"], find_python)
        if found.note:
            raise InputError(f"Python {wanted.python} is not on this machine.", hint="Install it, or let uv get it.")
        return found

    def _make(self, work_id: str, chosen: Plan | Pack | None, source: ModelSource | None) -> None:
        try:
            said = self._made(work_id, chosen, source)
        except AdsError as error:
            self._finish(work_id, "FAILED", str(error), error.code)
        except Exception:  # a thread's boundary: a defect must end the work request, not only the thread
            logger.exception("the environment of %s could not be made", work_id)
            self._finish(work_id, "FAILED", "The service failed on this; its log says more.", "InternalServerError")
        else:
            self._finish(work_id, "SUCCEEDED", said, None)

    def _made(self, work_id: str, chosen: Plan | Pack | None, source: ModelSource | None) -> str:
        artifact = None
        if source is not None:
            artifact = unpack(self._home, source.sha256, lambda: self._archive(source))
            chosen = choose(artifact, self._supplies)
        assert chosen is not None  # it is the model's, or was chosen before

        def report(line: str) -> None:
            with self._database.write() as session:
                progress_work_request(session, work_id, _UNDER_WAY, line.removeprefix("environment: "))

        if isinstance(chosen, Plan) and not chosen.build:
            return "The service's own environment has all that the model needs."
        found = build(self._home, chosen, self._supplies, report, artifact)
        return f"environment {found.key}: {found.description}"

    def _finish(self, work_id: str, status: str, message: str, code: str | None) -> None:
        with contextlib.suppress(ServiceUnavailable), self._database.write() as session:
            finish_work_request(session, work_id, "FAILED" if status == "FAILED" else "SUCCEEDED", message, code=code)
