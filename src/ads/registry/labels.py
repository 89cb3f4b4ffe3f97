"""What was found out about an artifact, for people to read. A label allows and forbids nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, Text, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ads.registry.references import ReferencedObject
from ads.registry.tables import Artifact, Base, Event, JsonObject, now

__all__ = [
    "ArtifactLabel",
    "Unlabelled",
    "label_artifact",
    "label_objects",
    "labels_of",
    "last_upload",
    "object_bytes",
    "unlabelled",
]

_OBJECTS = "objects"
"""The label that says how much the objects of a model by reference are."""


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


def label_objects(session: Session, sha256: str, objects: Sequence[ReferencedObject]) -> None:
    """Keep how many objects a description names and how many bytes they have together."""
    size = sum(item.size for item in objects)
    summary = f"{len(objects):,} objects with {size:,} bytes"
    found = {"verdict": "none", "summary": summary, "objects": len(objects), "bytes": size}
    label_artifact(session, sha256, _OBJECTS, found)


def object_bytes(session: Session, sha256: str) -> int | None:
    """Return how many bytes the objects of a description have together, None where nobody has counted."""
    found = session.get(ArtifactLabel, (sha256, _OBJECTS))
    return None if found is None else int(found.details["bytes"])


def labels_of(session: Session, artifact: Artifact) -> list[ArtifactLabel]:
    """Return the labels of an artifact, by name; none as long as nobody has looked."""
    query = select(ArtifactLabel).where(ArtifactLabel.sha256 == artifact.sha256).order_by(ArtifactLabel.name)
    return list(session.scalars(query))
