"""What the service adds to a model in the catalog: references, search, aliases, metrics, where it came from."""

from __future__ import annotations

import builtins
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ads.errors import InputError

if TYPE_CHECKING:
    from typing_extensions import Self

    from ads.client import Service

__all__ = ["CatalogFeatures", "Lineage", "LineageNode", "Origin", "model_id_of", "with_metrics"]

_MODELS = "/openads/v1/models"
_PERFORMANCE = "Performance"


def model_id_of(reference: str, compartment_id: str | None = None) -> str:
    """Return the OCID of the model that ``reference`` means: ``churn``, ``churn:12``, ``churn@champion``, an OCID.

    An OCID is taken as it is, without asking. Raises :class:`~ads.errors.NotFound`, :class:`~ads.errors.Conflict` when
    several models fit, InputError for what can't be a reference.
    """
    if not isinstance(reference, str):
        raise InputError(
            f"A {type(reference).__name__} names no model.", hint="Give a name, name:12, name@alias or an OCID."
        )
    if reference.startswith("ocid1."):
        from ads.model.builder import checked_id

        return checked_id(reference)
    from ads.client import Service
    from ads.client.references import resolve_model

    return resolve_model(Service.find(), reference, compartment_id).id


@dataclass(frozen=True)
class LineageNode:
    """Something that a model came from or went to. ``kind``: ``model``, ``deployment``, or what a URI names."""

    id: str
    kind: str
    name: str


@dataclass(frozen=True)
class Lineage:
    """Where a model came from and where it went, the model itself left out."""

    trained_from: tuple[LineageNode, ...] = ()
    derived_from: tuple[LineageNode, ...] = ()
    derived: tuple[LineageNode, ...] = ()
    deployed_as: tuple[LineageNode, ...] = ()

    @classmethod
    def of(cls, model_id: str, graph: Mapping[str, Any]) -> Lineage:
        """Return what a graph of the service says of one model."""
        nodes = {
            str(node["id"]): LineageNode(str(node["id"]), str(node.get("kind") or ""), str(node.get("name") or ""))
            for node in graph.get("nodes") or []
        }

        def ends(kind: str, *, outward: bool) -> tuple[LineageNode, ...]:
            here, there = ("from", "to") if outward else ("to", "from")
            found = [str(e[there]) for e in graph.get("edges") or [] if e["kind"] == kind and e[here] == model_id]
            return tuple(nodes.get(each, LineageNode(each, "", each)) for each in found)

        return cls(
            trained_from=ends("trained-from", outward=True),
            derived_from=ends("derived-from", outward=True),
            derived=ends("derived-from", outward=False),
            deployed_as=ends("deployed-as", outward=True),
        )


@dataclass(frozen=True)
class Origin:
    """What a model was trained and derived from; ``derived_from`` holds OCIDs. None: nothing is said of it."""

    trained_from: tuple[str, ...] | None = None
    derived_from: tuple[str, ...] | None = None

    @classmethod
    def of(cls, trained_from: str | Iterable[str] | None, derived_from: Any) -> Origin:
        """Return the origin that the arguments of ``save()`` name.

        ``derived_from``: references, or models of the catalog. Raises what finding them raises.
        """
        parents = None
        if derived_from is not None:
            parents = tuple(model_id_of(str(getattr(one, "id", None) or one)) for one in _several(derived_from))
        return cls(None if trained_from is None else tuple(_several(trained_from)), parents)

    def __bool__(self) -> bool:
        return self.trained_from is not None or self.derived_from is not None

    def send(self, service: Service, model_id: str) -> None:
        """Write it into the catalog, in place of what is there."""
        body = {"trainedFrom": self.trained_from, "derivedFrom": self.derived_from}
        sent = {key: list(value) for key, value in body.items() if value is not None}
        service.request("PUT", f"{_MODELS}/{model_id}/lineage", json=sent)


def _several(given: Any) -> builtins.list[Any]:
    return list(given) if isinstance(given, (list, tuple, set, frozenset)) else [given]


def with_metrics(metadata: Any, metrics: Mapping[str, Any]) -> None:
    """Set metrics in custom metadata: numbers under the category ``Performance``, which search knows.

    Raises InputError for one that is no finite number.
    """
    for name, value in metrics.items():
        number = value.item() if hasattr(value, "item") else value
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
            raise InputError(f"The metric {name!r} must be a finite number, not {value!r}.")
        description = (metadata[name].description or "") if name in metadata else ""
        metadata.add(key=name, value=number, description=description, category=_PERFORMANCE, replace=True)


class CatalogFeatures:
    """The members of ``DataScienceModel`` beyond OCI's catalog."""

    if TYPE_CHECKING:
        id: Any
        custom_metadata_list: Any
        model_version_set_id: Any

    @classmethod
    def from_reference(cls, reference: str, compartment_id: str | None = None) -> Self:
        """Return the model that ``name``, ``name:12``, ``name@alias`` or an OCID means.

        Raises :class:`~ads.errors.NotFound`, :class:`~ads.errors.Conflict` when several models fit.
        """
        model_class: Any = cls
        found: Self = model_class(spec={"id": model_id_of(reference, compartment_id)}).sync()
        return found

    @classmethod
    def search(
        cls,
        query: str = "",
        compartment_id: str | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        limit: int | None = None,
    ) -> builtins.list[Self]:
        """Return the models that fit every part of ``query``, at most ``limit``, the newest first unless sorted.

        Words are looked up in names, descriptions, tags and metadata; ``framework:xgboost``, ``tag.team:risk``,
        ``alias:champion``, ``auc>0.9`` and ``-state:inactive`` ask for fields. ``sort_by`` is a metric or a field, such
        as ``timeCreated``; ``sort_order`` is ``ASC`` or ``DESC``. Raises :class:`~ads.errors.ServiceError` for a query
        that can't be read.
        """
        from itertools import islice

        from ads.client import Service

        service = Service.find()
        params = {
            "query": query,
            "compartmentId": compartment_id or service.compartment_id,
            "sortBy": sort_by,
            "sortOrder": sort_order,
            "limit": None if limit is None else str(min(limit, 1000)),
        }
        found = islice(service.list(f"{_MODELS}/search", {k: v for k, v in params.items() if v is not None}), limit)
        model_class: Any = cls
        return [model_class(spec={"id": str(item["id"])}).sync() for item in found]

    @property
    def metrics(self) -> dict[str, float]:
        """The metrics: what custom metadata has under the category ``Performance``, as numbers."""
        found: dict[str, float] = {}
        for item in self.custom_metadata_list or ():
            if str(item.category or "").lower() == _PERFORMANCE.lower():
                try:
                    found[item.key] = float(item.value)
                except (TypeError, ValueError):
                    continue
        return found

    @property
    def aliases(self) -> builtins.list[str]:
        """The aliases that point at this version now, asked of the catalog."""
        from ads.client import Service

        if not self.id or not self.model_version_set_id:
            return []
        listed = Service.find().list(f"/openads/v1/modelVersionSets/{self.model_version_set_id}/aliases")
        return [str(alias["name"]) for alias in listed if alias.get("modelId") == self.id]

    def lineage(self) -> Lineage:
        """Return what the model was trained and derived from, what was derived from it, and where it is deployed."""
        from ads.client import Service

        return Lineage.of(str(self.id), Service.find().get_json(f"{_MODELS}/{self._registered_id()}/lineage"))

    def set_lineage(self, trained_from: str | Iterable[str] | None = None, derived_from: Any = None) -> Lineage:
        """Say what the model was trained from (URIs) and derived from (references), in place of what was said before.

        None leaves what is known. Raises :class:`~ads.errors.NotFound` for a model that isn't there,
        :class:`~ads.errors.Conflict` for one that comes from this one.
        """
        from ads.client import Service

        Origin.of(trained_from, derived_from).send(Service.find(), self._registered_id())
        return self.lineage()

    def _registered_id(self) -> str:
        if not self.id:
            raise InputError("The model is not in the catalog, so it has no lineage.", hint="Call create() first.")
        return str(self.id)
