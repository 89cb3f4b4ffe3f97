"""``ads models search``."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

import click

from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.models import LIST_COLUMNS, SEARCH
from ads.cli.output import Column
from ads.cli.references import PAGE_SIZE

__all__ = ["search"]


def _metrics(row: Mapping[str, Any]) -> str | None:
    metrics = row.get("metrics") or {}
    return ", ".join(f"{name}={value:g}" for name, value in metrics.items()) or None


COLUMNS = (*LIST_COLUMNS[:4], Column("METRICS", _metrics, foldable=True), *LIST_COLUMNS[4:])


@command(
    "search",
    example="""
        ads models search churn
        ads models search 'framework:xgboost alias:champion auc>0.9'
        ads models search 'tag.team:risk -state:inactive' --sort auc
    """,
)
@click.argument("query", nargs=-1, required=True, metavar="QUERY...")
@click.option("-n", "--limit", type=click.IntRange(1), default=100, show_default=True, help="How many at most.")
@click.option("--sort", metavar="FIELD", help="Sort by this, the largest first. Default: the latest first.")
@click.option("--ascending", is_flag=True, help="The smallest or earliest first.")
@pass_invocation
def search(invocation: Invocation, query: tuple[str, ...], limit: int, sort: str | None, ascending: bool) -> None:
    """Find models that fit every part of QUERY.

    Words are looked up in names, descriptions, tags and metadata. field:value and field:"two words" ask for a field
    (name, framework, algorithm, usecase, alias, label, state, tag.NAME, …), auc>0.9 for a metric, and a - before a part
    for its opposite.
    """
    service = invocation.service
    params: dict[str, Any] = {
        "query": " ".join(query),
        "compartmentId": service.compartment_id,
        "limit": str(min(limit, int(PAGE_SIZE))),
    }
    if sort:
        params |= {"sortBy": sort, "sortOrder": "ASC" if ascending else "DESC"}
    rows: list[dict[str, Any]] = []
    for row in service.list(SEARCH, params=params):
        rows.append(row)
        if len(rows) == limit:
            break
    if not invocation.output.table(rows, COLUMNS):
        invocation.output.talk("No model fits that.")
        invocation.output.hint("See all of them: ads models ls")
    elif len(rows) > 1:
        invocation.output.hint(
            f"Compare two: ads models diff {shlex.quote(_named(rows[1]))} {shlex.quote(_named(rows[0]))}"
        )


def _named(row: Mapping[str, Any]) -> str:
    name, number = row.get("modelVersionSetName"), row.get("versionId")
    return f"{name}:{number}" if name and number else str(row["id"])[-8:]
