"""What was found out about an archive after it was stored, for people to read. A label allows and forbids nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ads.registry.artifacts import get_artifact
from ads.registry.tables import Artifact, Base, Event, JsonObject, now

__all__ = ["ArtifactLabel", "Unlabelled", "label_artifact", "labels_of", "last_upload", "unlabelled"]


class ArtifactLabel(Base):
    """One finding about the bytes ``sha256``: the same for all models that share them."""

    __tablename__ = "artifact_labels"

    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    verdict: Mapped[str] = mapped_column(String(32))
    summary: Mapped[str] = mapped_column(Text)
    details: Mapped[JsonObject] = mapped_column(default=dict)
    time_created: Mapped[datetime] = mapped_column(default=now)


@dataclass(frozen=True)
class Unlabelled:
    """Bytes that nobody has looked at yet: their digest and their size."""

    sha256: str
    size: int


def last_upload(session: Session) -> int:
    """Return the number of the latest upload of an artifact, 0 without any: what to ask often, as it costs nothing."""
    return session.scalar(select(func.max(Event.seq)).where(Event.action == "artifact.create")) or 0


def unlabelled(session: Session, name: str, limit: int = 10) -> list[Unlabelled]:
    """Return archives without this label, oldest first."""
    labelled = select(ArtifactLabel.sha256).where(ArtifactLabel.name == name, ArtifactLabel.sha256 == Artifact.sha256)
    query = (
        select(Artifact.sha256, Artifact.size)
        .where(~labelled.exists())
        .group_by(Artifact.sha256, Artifact.size)
        .limit(limit)
    )
    return [Unlabelled(sha256, size) for sha256, size in session.execute(query)]


def label_artifact(session: Session, sha256: str, name: str, found: dict[str, Any]) -> None:
    """Keep what was found; ``found`` has ``verdict`` and ``summary``, the rest are details."""
    details = {key: value for key, value in found.items() if key not in {"verdict", "summary"}}
    session.merge(
        ArtifactLabel(sha256=sha256, name=name, verdict=found["verdict"], summary=found["summary"], details=details)
    )


def labels_of(session: Session, model_id: str) -> list[ArtifactLabel]:
    """Return the labels of a model's archive, by name; none as long as nobody has looked. Raises NotFound."""
    artifact = get_artifact(session, model_id)
    query = select(ArtifactLabel).where(ArtifactLabel.sha256 == artifact.sha256).order_by(ArtifactLabel.name)
    return list(session.scalars(query))
