"""One version of a model: where it comes from, what it takes and gives, what was checked, and what is done with it."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from sqlalchemy import select

from ads.console.catalog import checks_of, model_lines
from ads.console.files import shelf_of
from ads.console.lineage_graph import lineage_graph
from ads.console.pages import Pages
from ads.console.source import coloured
from ads.console.visit import Visit
from ads.errors import AdsError, InputError, NotFound
from ads.registry.buckets import NAMESPACE
from ads.registry.model_index import hyperparameters_of
from ads.registry.models import get_model
from ads.registry.storage_tables import Bucket
from ads.registry.tables import Model, VersionSetMember

__all__ = ["pages"]

pages = Pages()

TABS = (
    ("summary", "Summary"),
    ("schema", "Schema"),
    ("files", "Files"),
    ("checks", "Checks"),
    ("provenance", "Provenance"),
    ("lineage", "Lineage"),
    ("card", "Card"),
)
_HIDDEN = frozenset({"ArtifactTestResults", "Hyperparameters"})
_MOST_COLUMNS = 300
_MOST_BUCKETS = 50
_CARDS = ("README.md", "model_card.md", "MODEL_CARD.md", "card.md")
_FIRST_FILE = "score.py"


@pages.page("/versions/{model_id}", "version.html", nav="models")
def version(visit: Visit) -> dict[str, Any]:
    """Return one version in short."""
    return _page(visit, "summary")


@pages.page("/versions/{model_id}/{tab}", "version.html", nav="models")
def part(visit: Visit) -> dict[str, Any]:
    """Return one tab of a version."""
    if visit.parts["tab"] not in dict(TABS):
        raise NotFound("There is no such page.")
    return _page(visit, visit.parts["tab"])


def _page(visit: Visit, tab: str) -> dict[str, Any]:
    model_id = visit.parts["model_id"]
    found, headers = visit.ask("GET", f"/20190101/models/{model_id}")
    places = visit.compartments()
    with visit.read() as session:
        row = get_model(session, model_id)
        line = model_lines(session, [row], places)[0]
        hyperparameters = hyperparameters_of(row)
    found = {name: value for name, value in found.items() if name not in {"inputSchema", "outputSchema"}}
    title = f"{line['name']}:{line['versionId']}" if line["versionId"] else line["displayName"]
    data = {
        "title": title,
        "tab": tab,
        "tabs": [(name, text, _place(model_id, name)) for name, text in TABS],
        "model": found,
        "etag": headers.get("etag", ""),
        "line": line,
        "mayChange": visit.may("use", found["compartmentId"]) and found["lifecycleState"] != "DELETED",
        "mayDelete": visit.may("manage", found["compartmentId"]) and found["lifecycleState"] != "DELETED",
    }
    more = _PARTS[tab](visit, row)
    return {**data, "hyperparameters": hyperparameters, **more}


def _place(model_id: str, tab: str) -> str:
    return f"/console/versions/{model_id}" if tab == "summary" else f"/console/versions/{model_id}/{tab}"


def _summary(visit: Visit, row: Model) -> dict[str, Any]:
    metadata = [
        {
            "key": item["key"],
            "value": item.get("value"),
            "category": item.get("category"),
            "description": item.get("description"),
        }
        for item in (*row.defined_metadata, *row.custom_metadata)
        if item["key"] not in _HIDDEN and item.get("value") not in (None, "", "NA", "null")
    ]
    with visit.read() as session:
        known = select(Bucket.name).where(Bucket.compartment_id.in_(visit.compartments("use"))).order_by(Bucket.name)
        buckets = list(session.scalars(known.limit(_MOST_BUCKETS)))
    return {"metadata": metadata, "buckets": buckets}


def _schema(_: Visit, row: Model) -> dict[str, Any]:
    return {"input": _columns(row.input_schema), "output": _columns(row.output_schema)}


def _columns(text: str | None) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
        attributes = found.get("schema") or []
        columns = [_column(attribute) for attribute in attributes[:_MOST_COLUMNS]]
    except (ValueError, AttributeError, TypeError, RecursionError):
        return {"columns": [], "count": 0}
    return {"columns": columns, "count": len(attributes)}


def _column(attribute: dict[str, Any]) -> dict[str, Any]:
    domain = attribute.get("domain") or {}
    stats = domain.get("stats") or {}
    return {
        "name": str(attribute.get("name")),
        "dtype": str(attribute.get("dtype") or ""),
        "featureType": str(attribute.get("feature_type") or ""),
        "required": bool(attribute.get("required")),
        "description": str(attribute.get("description") or ""),
        "values": str(domain.get("values") or ""),
        "stats": {str(key): value for key, value in stats.items() if isinstance(value, (int, float, str))}
        if isinstance(stats, dict)
        else {},
    }


def _files(visit: Visit, row: Model) -> dict[str, Any]:
    shelf = shelf_of(visit, row.id)
    try:
        listed, why = shelf.listed(), shelf.why
    except AdsError as error:
        listed, why = [], error.message
    names = [file["name"] for file in listed]
    wanted = visit.query("file") or (_FIRST_FILE if _FIRST_FILE in names else "")
    text = shelf.text(wanted) if wanted in names else None
    for file in listed:
        file["place"] = f"{_place(row.id, 'files')}?file={quote(file['name'])}"
    artifact = shelf.artifact
    return {
        "files": listed,
        "why": why,
        "file": wanted,
        "text": text,
        "coloured": coloured(text) if text is not None and wanted.endswith(".py") else None,
        "artifact": None
        if artifact is None
        else {"fileName": artifact.file_name, "size": artifact.size, "sha256": artifact.sha256},
    }


def _checks(visit: Visit, row: Model) -> dict[str, Any]:
    try:
        labels = visit.get(f"/openads/v1/models/{row.id}/labels")["items"]
    except NotFound:
        labels = []
    by_category: dict[str, list[dict[str, Any]]] = {}
    for result in checks_of(row.defined_metadata)["results"]:
        by_category.setdefault(result["category"] or "other", []).append(result)
    return {"labels": labels, "results": by_category}


def _provenance(visit: Visit, row: Model) -> dict[str, Any]:
    try:
        found = visit.get(f"/20190101/models/{row.id}/provenance")
    except NotFound:
        found = {}
    link = str(found.get("repositoryUrl") or "")
    return {"provenance": found, "link": link if link.startswith(("https://", "http://")) else ""}


def _lineage(visit: Visit, row: Model) -> dict[str, Any]:
    graph = visit.get(f"/openads/v1/models/{row.id}/lineage")
    nodes = {node["id"]: node for node in graph["nodes"]}
    with visit.read() as session:
        members = select(VersionSetMember).where(VersionSetMember.model_id.in_(list(nodes)))
        for member in session.scalars(members):
            nodes[member.model_id]["name"] = f"{member.version_set.name}:{member.version_id}"

    def related(kind: str, here: str, there: str) -> list[dict[str, Any]]:
        ids = [edge[there] for edge in graph["edges"] if edge["kind"] == kind and edge[here] == row.id]
        return [nodes[id_] for id_ in ids if id_ in nodes]

    return {
        "graph": graph,
        "drawn": lineage_graph(list(nodes.values()), graph["edges"], row.id),
        "trainedFrom": related("trained-from", "from", "to"),
        "derivedFrom": related("derived-from", "from", "to"),
        "derivatives": related("derived-from", "to", "from"),
        "deployedAs": related("deployed-as", "from", "to"),
    }


def _card(visit: Visit, row: Model) -> dict[str, Any]:
    shelf = shelf_of(visit, row.id)
    for name in _CARDS:
        text = shelf.text(name)
        if text:
            return {"card": text, "cardFrom": name}
    return {"card": row.description or "", "cardFrom": "description" if row.description else ""}


_PARTS = {
    "summary": _summary,
    "schema": _schema,
    "files": _files,
    "checks": _checks,
    "provenance": _provenance,
    "lineage": _lineage,
    "card": _card,
}


@pages.form("/versions/{model_id}/edit", back=version)
def edit(visit: Visit) -> str:
    """Change name, description and tags."""
    model_id = visit.parts["model_id"]
    body: dict[str, Any] = {
        "displayName": visit.field("displayName"),
        "description": visit.field("description"),
        "versionLabel": visit.field("versionLabel"),
        "freeformTags": _tags(visit.field("tags")),
    }
    visit.send("PUT", f"/20190101/models/{model_id}", body, if_match=visit.field("etag"))
    return visit.done(_place(model_id, "summary"), "saved")


def _tags(text: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        key, equals, value = line.partition("=")
        if not equals or not key.strip():
            raise InputError(f"Line {number} of the tags is not of the form key = value.")
        tags[key.strip()] = value.strip()
    return tags


@pages.form("/versions/{model_id}/lineage", back=part)
def set_lineage(visit: Visit) -> str:
    """Say what a model was trained and derived from; models by any reference."""
    model_id = visit.parts["model_id"]
    visit.parts = {**visit.parts, "tab": "lineage"}
    models = [
        visit.get("/openads/v1/models/resolve", reference=reference)["id"]
        for reference in visit.field("derivedFrom").splitlines()
        if reference.strip()
    ]
    data = [line.strip() for line in visit.field("trainedFrom").splitlines() if line.strip()]
    visit.send("PUT", f"/openads/v1/models/{model_id}/lineage", {"trainedFrom": data, "derivedFrom": models})
    return visit.done(_place(model_id, "lineage"), "saved")


@pages.form("/versions/{model_id}/export", back=version)
def export(visit: Visit) -> str:
    """Copy the archive into a bucket, as an object that other tools read."""
    model_id = visit.parts["model_id"]
    bucket, name = visit.field("bucket"), visit.field("object")
    if not bucket or not name:
        raise InputError("An export needs a bucket and the name of the object.")
    details = {
        "artifactSourceType": "ORACLE_OBJECT_STORAGE",
        "namespace": NAMESPACE,
        "destinationBucket": bucket,
        "destinationObjectName": name,
        "destinationRegion": "local",
    }
    visit.send("POST", f"/20190101/models/{model_id}/actions/importArtifact", {"artifactImportDetails": details})
    return visit.done(_place(model_id, "summary"), "exported")


@pages.form("/versions/{model_id}/state", back=version)
def change_state(visit: Visit) -> str:
    """Activate or deactivate a model."""
    verb = "activate" if visit.field("active") else "deactivate"
    visit.send("POST", f"/20190101/models/{visit.parts['model_id']}/actions/{verb}")
    return visit.done(_place(visit.parts["model_id"], "summary"), "changed")


@pages.form("/versions/{model_id}/delete", back=version)
def delete(visit: Visit) -> str:
    """Delete a model, once its name was typed."""
    model_id = visit.parts["model_id"]
    data = _page(visit, "summary")
    if visit.field("name") != data["title"]:
        raise InputError(f"The name that was typed is not {data['title']!r}; nothing was deleted.")
    visit.send("DELETE", f"/20190101/models/{model_id}")
    set_id = data["line"]["versionSetId"]
    return visit.done(f"/console/models/{set_id}" if set_id else "/console/models", "deleted")
