"""Deployments in the catalog: what is wanted of each, and what it serves now.

``configuration`` and ``revision`` are what is wanted; ``serving_configuration`` and ``serving_revision`` are what
answers predictions (revision 0: nothing). They differ while an update is under way. ``target`` is where the
deployment is heading: ``ACTIVE``, ``INACTIVE`` or ``DELETED``. ``scale`` is the number of instances that autoscaling
chose, None without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Select, String, Text, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from ads.identity.ocid import new_ocid
from ads.registry.labels import object_bytes
from ads.registry.lookups import not_found
from ads.registry.references import is_description
from ads.registry.tables import Artifact, Base, JsonObject, Model, Sequence, new_etag, now

__all__ = [
    "Deployment",
    "ModelSource",
    "artifact_of",
    "deployments_in_use_of",
    "get_deployment",
    "insert_deployment",
    "models_of",
    "select_deployments",
    "unfinished_or_served",
]

_ENDED = ("DELETED", "FAILED")


class Deployment(Base):
    """One deployment."""

    __tablename__ = "deployments"

    seq: Mapped[int] = mapped_column(Sequence, primary_key=True)
    id: Mapped[str] = mapped_column(String(255), unique=True)
    compartment_id: Mapped[str] = mapped_column(ForeignKey("compartments.id"))
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    model_id: Mapped[str] = mapped_column(ForeignKey("models.id"), index=True)
    display_name: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    lifecycle_state: Mapped[str] = mapped_column(String(32), default="CREATING", index=True)
    lifecycle_details: Mapped[str | None] = mapped_column(Text)
    target: Mapped[str] = mapped_column(String(32), default="ACTIVE")
    configuration: Mapped[JsonObject]
    serving_configuration: Mapped[JsonObject | None]
    revision: Mapped[int] = mapped_column(default=1)
    last_revision: Mapped[int] = mapped_column(default=1)
    serving_revision: Mapped[int] = mapped_column(default=0)
    work_request_id: Mapped[str | None] = mapped_column(String(255))
    follows: Mapped[str | None] = mapped_column(Text)
    followed_set_id: Mapped[str | None] = mapped_column(String(255))
    followed_model_id: Mapped[str | None] = mapped_column(String(255))
    strategy: Mapped[JsonObject | None]
    rules: Mapped[JsonObject | None]
    autoscaling: Mapped[JsonObject | None]
    scale: Mapped[int | None]
    time_scaled: Mapped[datetime | None]
    capture: Mapped[JsonObject | None]
    category_log_details: Mapped[JsonObject] = mapped_column(default=dict)
    freeform_tags: Mapped[JsonObject] = mapped_column(default=dict)
    defined_tags: Mapped[JsonObject] = mapped_column(default=dict)
    etag: Mapped[str] = mapped_column(String(64), default=new_etag)
    created_by: Mapped[str] = mapped_column(String(255))
    time_created: Mapped[datetime] = mapped_column(default=now)

    def new_revision(self) -> None:
        """Ask for new replicas. A number is never used twice, so replicas of two revisions are never confused."""
        self.last_revision += 1
        self.revision = self.last_revision


@dataclass(frozen=True)
class ModelSource:
    """What a model is deployed from: the name of its blob, and its size in bytes.

    The blob is an archive, or ``by_reference`` the description of objects that lie in buckets, ``object_bytes`` in all
    (None where nobody has counted them).
    """

    sha256: str
    size: int
    by_reference: bool = False
    object_bytes: int | None = None

    @property
    def model_bytes(self) -> int:
        """The bytes that make up the model, wherever they lie."""
        return self.size if self.object_bytes is None else self.object_bytes


def insert_deployment(session: Session, values: dict[str, Any]) -> Deployment:
    """Return a new deployment in ``CREATING``, with the columns in ``values``."""
    deployment = Deployment(id=new_ocid("datasciencemodeldeployment"), **values)
    session.add(deployment)
    session.flush()
    return deployment


def get_deployment(session: Session, deployment_id: str) -> Deployment:
    """Return a deployment, a deleted one too. Raises NotFound."""
    found = session.scalar(select(Deployment).where(Deployment.id == deployment_id))
    if found is None:
        raise not_found("deployment", deployment_id)
    return found


def select_deployments(filters: Mapping[str, str]) -> Select[Deployment]:
    """Return the query for the deployments whose columns have these values."""
    return select(Deployment).where(*(getattr(Deployment, name) == value for name, value in filters.items()))


def unfinished_or_served(session: Session) -> list[Deployment]:
    """Return every deployment that the engine has to look after: all but the deleted and the failed ones."""
    return list(session.scalars(select(Deployment).where(Deployment.lifecycle_state.not_in(_ENDED))))


def deployments_in_use_of(session: Session, model_id: str) -> list[Deployment]:
    """Return the deployments that use a model, now or after an update that is under way."""
    return [deployment for deployment in unfinished_or_served(session) if model_id in models_of(deployment)]


def models_of(deployment: Deployment) -> set[str]:
    """Return the models that a deployment uses, now or after an update that is under way."""
    served: str | None = (deployment.serving_configuration or {}).get("modelConfigurationDetails", {}).get("modelId")
    return {deployment.model_id} if served is None else {deployment.model_id, served}


def artifact_of(session: Session, model_id: str) -> tuple[Model | None, ModelSource | None]:
    """Return a model and its archive; None for what isn't there."""
    model = session.scalar(select(Model).where(Model.id == model_id))
    artifact = session.scalar(select(Artifact).where(Artifact.model_id == model_id))
    if artifact is None:
        return model, None
    if not is_description(artifact.file_name):
        return model, ModelSource(artifact.sha256, artifact.size)
    counted = object_bytes(session, artifact.sha256)
    return model, ModelSource(artifact.sha256, artifact.size, by_reference=True, object_bytes=counted)
