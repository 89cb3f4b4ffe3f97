"""``ads lineage``: where a model came from, and where it went."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click

from ads.cli import references
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.output import Column
from ads.cli.reference_argument import reference_argument
from ads.cli.references import MODEL, short_id

__all__ = ["lineage", "relations"]

_OUTWARD = {"trained-from": "trained from", "derived-from": "derived from", "deployed-as": "deployed as"}

COLUMNS = (
    Column("MODEL", lambda row: row["model"], foldable=True),
    Column("RELATION", lambda row: row["relation"]),
    Column("NAME", lambda row: row["name"], foldable=True),
    Column("ID", lambda row: row["id"], lambda value: short_id(value) if value.startswith("ocid1.") else value),
)


@command(
    "lineage",
    example="""
        ads lineage churn@champion
        ads lineage churn:3 --derived-from base:1 --trained-from s3://data/2026-01.parquet
    """,
)
@reference_argument(MODEL)
@click.option("--derived-from", multiple=True, metavar="REF", help="Add a model that this one was made from.")
@click.option("--trained-from", multiple=True, metavar="URI", help="Add data or code that it was trained from.")
@pass_invocation
def lineage(
    invocation: Invocation, reference: str, derived_from: tuple[str, ...], trained_from: tuple[str, ...]
) -> None:
    """Show what the model REF was trained and derived from, what was derived from it, and where it is deployed."""
    from ads.client.references import resolve_model

    service, output = invocation.service, invocation.output
    model = references.find(service, MODEL, reference)
    path = f"/openads/v1/models/{model['id']}/lineage"
    graph = service.get_json(path)
    if derived_from or trained_from:
        parents = [resolve_model(service, text).id for text in derived_from]
        body: dict[str, Any] = {}
        if parents:
            body["derivedFrom"] = _with(graph, str(model["id"]), "derived-from", parents)
        if trained_from:
            body["trainedFrom"] = _with(graph, str(model["id"]), "trained-from", trained_from)
        graph = service.request("PUT", path, json=body).json()
    if output.format == "json":
        output.json(graph)
        return
    rows = relations(graph)
    if output.table(rows, COLUMNS) == 0:
        output.talk(f"Nothing is known of where {model['displayName']!r} came from, and nothing uses it.")
        output.hint(f"Say it: ads lineage {reference} --trained-from URI --derived-from REF")


def _with(graph: Mapping[str, Any], model_id: str, kind: str, more: Iterable[str]) -> list[str]:
    """Return what the model is related to already, and ``more``, each once."""
    known = [str(edge["to"]) for edge in graph["edges"] if edge["from"] == model_id and edge["kind"] == kind]
    return list(dict.fromkeys([*known, *more]))


def relations(graph: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the edges of a lineage as lines that people read, in the graph's order."""
    nodes = {node["id"]: node for node in graph["nodes"]}
    return [
        {
            "model": _name(nodes, edge["from"]),
            "relation": _OUTWARD.get(edge["kind"], edge["kind"]),
            "name": _name(nodes, edge["to"]),
            "id": str(edge["to"]),
        }
        for edge in graph["edges"]
    ]


def _name(nodes: Mapping[str, Mapping[str, Any]], identifier: str) -> str:
    node = nodes.get(identifier, {})
    return str(node.get("name") or identifier)
