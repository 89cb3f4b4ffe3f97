"""The history of a deployment: its revisions, the rollouts between them, and what shadows answered differently."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, Text, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ads.registry.deployments import Deployment
from ads.registry.tables import Base, JsonObject, Sequence, now

__all__ = [
    "MOST_PAIRS",
    "Revision",
    "Rollout",
    "ShadowPair",
    "active_rollout",
    "active_rollouts",
    "add_pairs",
    "begin_rollout",
    "end_rollout",
    "note_revision",
    "note_served",
    "pairs_of",
    "previous_revision",
    "revision_of",
    "revisions_of",
    "rollouts_of",
]

MOST_PAIRS = 200
"""How many different answers of a shadow are kept: the newest."""

_UNDER_WAY = ("STARTING", "BAKING")


class Revision(Base):
    """What a deployment served, or tried to: model and configuration. ``origin`` is the revision it repeats."""

    __tablename__ = "deployment_revisions"

    deployment_id: Mapped[str] = mapped_column(String(255), primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[str] = mapped_column(String(255))
    reference: Mapped[str | None] = mapped_column(Text)
    origin: Mapped[int | None]
    configuration: Mapped[JsonObject]
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)
    time_served: Mapped[datetime | None]


class Rollout(Base):
    """One way from a revision to another. ``time_step`` is when the present state of the present step began."""

    __tablename__ = "rollouts"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    deployment_id: Mapped[str] = mapped_column(String(255), index=True)
    revision: Mapped[int]
    from_revision: Mapped[int]
    plan: Mapped[JsonObject]
    state: Mapped[str] = mapped_column(String(32), default="STARTING")
    step: Mapped[int] = mapped_column(default=0)
    paused: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(Text)
    compared: Mapped[int] = mapped_column(default=0)
    disagreed: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)
    time_step: Mapped[datetime] = mapped_column(default=now)
    time_ended: Mapped[datetime | None]


class ShadowPair(Base):
    """One request that the shadow answered otherwise than the serving revision."""

    __tablename__ = "shadow_pairs"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    rollout_seq: Mapped[int] = mapped_column(BigInteger, index=True)
    request_id: Mapped[str] = mapped_column(Text)
    serving_status: Mapped[int]
    serving_answer: Mapped[str] = mapped_column(Text)
    shadow_status: Mapped[int]
    shadow_answer: Mapped[str] = mapped_column(Text)
    time: Mapped[datetime] = mapped_column(default=now)


def note_revision(
    session: Session, deployment: Deployment, principal: str, *, reference: str | None = None, origin: int | None = None
) -> Revision:
    """Remember what the deployment's wanted revision is."""
    row = Revision(
        deployment_id=deployment.id,
        revision=deployment.revision,
        model_id=deployment.model_id,
        reference=reference,
        origin=origin,
        configuration=deployment.configuration,
        created_by=principal,
    )
    session.add(row)
    session.flush()
    return row


def note_served(session: Session, deployment: Deployment) -> None:
    """Remember that the deployment's wanted revision serves now."""
    row = revision_of(session, deployment.id, deployment.revision)
    if row is None:  # it is older than this table
        row = note_revision(session, deployment, deployment.created_by)
    row.time_served = now()


def revision_of(session: Session, deployment_id: str, revision: int) -> Revision | None:
    """Return one revision."""
    return session.get(Revision, (deployment_id, revision))


def revisions_of(session: Session, deployment_id: str) -> list[Revision]:
    """Return all revisions of a deployment, newest first."""
    statement = select(Revision).where(Revision.deployment_id == deployment_id).order_by(Revision.revision.desc())
    return list(session.scalars(statement))


def previous_revision(session: Session, deployment: Deployment) -> Revision | None:
    """Return what served before the present revision, None when nothing did.

    A revision that repeats an older one stands for that one: going back twice goes back two steps.
    """
    rows = revisions_of(session, deployment.id)
    present = next((row for row in rows if row.revision == deployment.serving_revision), None)
    place = deployment.serving_revision if present is None else present.origin or present.revision
    return next((row for row in rows if row.time_served and row.origin is None and row.revision < place), None)


def begin_rollout(session: Session, deployment: Deployment, plan: dict[str, Any], principal: str) -> Rollout:
    """Return a new rollout from the serving revision to the wanted one."""
    row = Rollout(
        deployment_id=deployment.id,
        revision=deployment.revision,
        from_revision=deployment.serving_revision,
        plan=plan,
        created_by=principal,
    )
    session.add(row)
    session.flush()
    return row


def end_rollout(session: Session, deployment: Deployment, state: str, reason: str | None = None) -> Rollout | None:
    """End the rollout that is under way; return it, None when there is none."""
    row = active_rollout(session, deployment.id)
    if row is not None:
        row.state = state
        row.reason = reason or row.reason
        row.paused = False
        row.time_ended = now()
    return row


def active_rollout(session: Session, deployment_id: str) -> Rollout | None:
    """Return the rollout that is under way."""
    statement = select(Rollout).where(Rollout.deployment_id == deployment_id, Rollout.state.in_(_UNDER_WAY))
    return session.scalar(statement.order_by(Rollout.seq.desc()).limit(1))


def active_rollouts(session: Session) -> dict[str, Rollout]:
    """Return every rollout that is under way, by deployment."""
    rows = session.scalars(select(Rollout).where(Rollout.state.in_(_UNDER_WAY)).order_by(Rollout.seq))
    return {row.deployment_id: row for row in rows}


def rollouts_of(session: Session, deployment_id: str) -> list[Rollout]:
    """Return all rollouts of a deployment, newest first."""
    statement = select(Rollout).where(Rollout.deployment_id == deployment_id).order_by(Rollout.seq.desc())
    return list(session.scalars(statement))


def add_pairs(session: Session, rollout: Rollout, pairs: Iterable[ShadowPair]) -> None:
    """Keep what the shadow answered differently, the newest up to MOST_PAIRS."""
    for pair in pairs:
        pair.rollout_seq = rollout.seq
        session.add(pair)
    session.flush()
    oldest = session.scalars(
        select(ShadowPair.seq).where(ShadowPair.rollout_seq == rollout.seq).order_by(ShadowPair.seq.desc())
    ).all()[MOST_PAIRS:]
    if oldest:
        session.execute(delete(ShadowPair).where(ShadowPair.rollout_seq == rollout.seq, ShadowPair.seq <= oldest[0]))


def pairs_of(session: Session, rollout: Rollout) -> list[ShadowPair]:
    """Return what the shadow answered differently, newest first."""
    statement = select(ShadowPair).where(ShadowPair.rollout_seq == rollout.seq).order_by(ShadowPair.seq.desc())
    return list(session.scalars(statement))
