"""Lineage: what a model was trained from, which model it was derived from, and where it was deployed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, lazyload, load_only

from ads.errors import Conflict, InputError
from ads.registry.catalog_tables import LineageEdge
from ads.registry.deployments import Deployment
from ads.registry.events import Caller, record
from ads.registry.lookups import changed, not_found, require_match
from ads.registry.models import get_model, live_model
from ads.registry.rollouts import Revision
from ads.registry.tables import Model, Provenance

__all__ = ["DEPLOYED", "DERIVED", "TRAINED", "lineage_of", "put_lineage"]

TRAINED = "trained-from"
DERIVED = "derived-from"
DEPLOYED = "deployed-as"

_MOST_NODES = 500
_MOST_SOURCES = 100
_LONGEST_URI = 1024
_DATASETS = "training and validation datasets"


@dataclass
class _Graph:
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)
    edges: dict[tuple[str, str, str], None] = field(default_factory=dict)

    def node(self, id_: str, kind: str, name: str | None = None, state: str | None = None) -> None:
        self.nodes.setdefault(id_, {"id": id_, "kind": kind, "name": name, "lifecycleState": state})

    def edge(self, start: str, end: str, kind: str) -> None:
        self.edges[(start, end, kind)] = None

    def as_json(self) -> dict[str, Any]:
        edges = [{"from": start, "to": end, "kind": kind} for start, end, kind in self.edges]
        return {"nodes": list(self.nodes.values()), "edges": edges}


def lineage_of(session: Session, model_id: str, compartments: Collection[str]) -> dict[str, Any]:
    """Return nodes and edges around a model: all it came from and all that came of it, step by step.

    An edge leads from the model to what it was trained or derived from, and to the deployment that it became.
    Models and deployments outside these compartments are left out. Raises NotFound.
    """
    get_model(session, model_id)
    graph = _Graph()
    found = {model_id}
    for upwards in (True, False):
        front = {model_id}
        while front and len(found) < _MOST_NODES:
            front = _neighbours(session, front, upwards=upwards) - found
            found |= front
    models = _models(session, found, compartments)
    for model in models:
        graph.node(model.id, "model", model.display_name, model.lifecycle_state)
    for model in models:
        _add_sources(session, graph, model)
    _add_derivations(session, graph, [model.id for model in models])
    _add_deployments(session, graph, [model.id for model in models], compartments)
    return graph.as_json()


def put_lineage(
    session: Session,
    caller: Caller,
    model_id: str,
    *,
    trained_from: Sequence[str] | None = None,
    derived_from: Sequence[str] | None = None,
    if_match: str | None = None,
) -> Model:
    """Say what a model was trained and derived from; None keeps what is known.

    Raises InputError, NotFound also for a model in ``derived_from``, Conflict for a circle, PreconditionFailed.
    """
    model = live_model(session, model_id)
    require_match(model, if_match)
    old: dict[str, Any] = {}
    new: dict[str, Any] = {}
    for name, kind, wanted in (("trainedFrom", TRAINED, trained_from), ("derivedFrom", DERIVED, derived_from)):
        if wanted is None:
            continue
        if len(wanted) > _MOST_SOURCES:
            raise InputError(f"{name} names more than {_MOST_SOURCES}.")
        sources = list(dict.fromkeys(wanted))
        for source in sources:
            _check_source(session, model, kind, source)
        known = _sources(session, model_id, kind)
        if known != sources:
            session.execute(delete(LineageEdge).where(LineageEdge.model_id == model_id, LineageEdge.kind == kind))
            session.add_all(LineageEdge(model_id=model_id, kind=kind, other=source) for source in sources)
            old[name], new[name] = known, sources
    if new:
        name = model.display_name
        record(session, caller, "lineage.update", model_id, model.compartment_id, resource_name=name, old=old, new=new)
        changed(model)
    session.flush()
    return model


def _check_source(session: Session, model: Model, kind: str, source: str) -> None:
    if not source.strip() or len(source) > _LONGEST_URI or not source.isprintable():
        raise InputError(f"A source has 1 to {_LONGEST_URI} printable characters.")
    if kind != DERIVED:
        return
    if session.scalar(select(Model.seq).where(Model.id == source)) is None:
        raise not_found("model", source, related=True)
    seen, front = {source}, {source}
    while front and model.id not in seen:
        front = _neighbours(session, front, upwards=True) - seen
        seen |= front
    if model.id in seen:
        raise Conflict(f"The model can't be derived from {source}: that one comes from it.")


def _sources(session: Session, model_id: str, kind: str) -> list[str]:
    edges = select(LineageEdge.other).where(LineageEdge.model_id == model_id, LineageEdge.kind == kind)
    return list(session.scalars(edges.order_by(LineageEdge.seq)))


def _neighbours(session: Session, ids: Iterable[str], *, upwards: bool) -> set[str]:
    """Return the models from which these were derived, or those derived from them."""
    start, end = LineageEdge.model_id, LineageEdge.other
    wanted, known = (end, start) if upwards else (start, end)
    return set(
        session.scalars(select(wanted).where(LineageEdge.kind == DERIVED, known.in_(set(ids))).limit(_MOST_NODES))
    )


def _models(session: Session, ids: Iterable[str], compartments: Collection[str]) -> list[Model]:
    columns = (Model.id, Model.seq, Model.display_name, Model.lifecycle_state, Model.custom_metadata)
    statement = select(Model).where(Model.id.in_(set(ids)), Model.compartment_id.in_(compartments))
    light = statement.options(load_only(*columns), lazyload(Model.membership), lazyload(Model.metadata_artifacts))
    return list(session.scalars(light.order_by(Model.seq)))


def _add_sources(session: Session, graph: _Graph, model: Model) -> None:
    for uri in _sources(session, model.id, TRAINED):
        graph.node(uri, "dataset", uri)
        graph.edge(model.id, uri, TRAINED)
    for item in model.custom_metadata:
        value = item.get("value") or ""
        if (item.get("category") or "").lower() == _DATASETS and "://" in value and len(value) <= _LONGEST_URI:
            graph.node(value, "dataset", value)
            graph.edge(model.id, value, TRAINED)
    training = session.scalar(select(Provenance.training_id).where(Provenance.model_id == model.id))
    if training:
        graph.node(training, "training", training)
        graph.edge(model.id, training, TRAINED)


def _add_derivations(session: Session, graph: _Graph, ids: list[str]) -> None:
    edges = select(LineageEdge).where(LineageEdge.kind == DERIVED, LineageEdge.model_id.in_(ids))
    for edge in session.scalars(edges.order_by(LineageEdge.seq)):
        if edge.other in graph.nodes:
            graph.edge(edge.model_id, edge.other, DERIVED)


def _add_deployments(session: Session, graph: _Graph, ids: list[str], compartments: Collection[str]) -> None:
    past = select(LineageEdge.model_id, LineageEdge.other).where(
        LineageEdge.kind == DEPLOYED, LineageEdge.model_id.in_(ids)
    )
    pairs = dict.fromkeys((row[0], row[1]) for row in session.execute(past.order_by(LineageEdge.seq)))
    for table in (Revision.model_id, Revision.deployment_id), (Deployment.model_id, Deployment.id):
        rows = session.execute(select(*table).where(table[0].in_(ids)).order_by(*table))
        pairs.update(dict.fromkeys((row[0], row[1]) for row in rows))
    found = session.execute(
        select(Deployment.id, Deployment.display_name, Deployment.lifecycle_state).where(
            Deployment.id.in_({id_ for _, id_ in pairs}), Deployment.compartment_id.in_(compartments)
        )
    )
    shown = {row[0]: row for row in found}
    for model_id, deployment_id in pairs:
        if deployment_id in shown:
            _, name, state = shown[deployment_id]
            graph.node(deployment_id, "deployment", name, state)
            graph.edge(model_id, deployment_id, DEPLOYED)
