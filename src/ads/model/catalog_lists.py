"""Lists of models from the catalog, whole."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ads.model.catalog_entry import CatalogEntry

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["COLUMNS", "table_row", "whole_models"]

_MODELS = "/20190101/models"
COLUMNS = (
    "id",
    "display_name",
    "description",
    "time_created",
    "lifecycle_state",
    "created_by",
    "compartment_id",
    "project_id",
)


def whole_models(
    service: Service,
    compartment_id: str | None,
    project_id: str | None,
    category: str,
    filters: Mapping[str, Any],
    wanted: str,
) -> list[dict[str, Any]]:
    """Return the models of a compartment as the catalog writes them, each with its attribute ``wanted``."""
    return _complete(service, _summaries(service, compartment_id, project_id, category, filters), wanted)


def _summaries(
    service: Service, compartment_id: str | None, project_id: str | None, category: str, filters: Mapping[str, Any]
) -> list[dict[str, Any]]:
    keys = {name: key for key, name in CatalogEntry.attribute_map.items()}
    params: dict[str, Any] = {keys.get(name, name): value for name, value in filters.items()}
    params |= {"compartmentId": compartment_id or service.compartment_id, "projectId": project_id, "category": category}
    return list(service.list(_MODELS, params))


def _complete(service: Service, items: list[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Return the models whole: OCI's lists leave out descriptions, metadata and schemas."""
    if all(wanted in item for item in items):
        return items
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=8) as pool:
        paths = [f"{_MODELS}/{item['id']}" for item in items]
        return list(pool.map(service.get_json, paths))


def table_row(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return a model as a row of the table: OCIDs end in their last six characters."""
    from ads.model.catalog_settings import camel_case

    row = {name: item.get(camel_case(name)) for name in COLUMNS}
    for name in ("id", "created_by", "compartment_id", "project_id"):
        if row[name]:
            row[name] = f"...{str(row[name])[-6:]}"
    return row
