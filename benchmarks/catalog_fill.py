"""Fill a catalog with models directly, while no service runs on it: ``catalog_fill.py HOME FROM TO``.

The rows are those that registering makes, in the same tables and under the same indexes. They come in large sorted
portions, and the disk isn't waited for: 100,000 models take about a minute instead of half an hour.
"""

from __future__ import annotations

import sqlite3
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from catalog_subject import entry
from sqlalchemy import Table, func, insert, select

from ads.api.context import Context, open_context
from ads.identity.ocid import new_ocid
from ads.registry.model_index import _facts_of
from ads.registry.tables import Model, new_etag, now
from ads.settings import load_settings

AT_ONCE = 10_000
BY_MODEL = "ix_model_terms_model_seq_term"
Rows = list[dict[str, Any]]


def main() -> None:
    home, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    context = open_context(load_settings(home=home))
    raw = sqlite3.connect(context.home.database, isolation_level=None)
    raw.execute("PRAGMA synchronous=OFF")
    raw.execute("PRAGMA cache_size=-400000")
    try:
        (made,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = ?", [BY_MODEL]).fetchone()
        raw.execute(f"DROP INDEX {BY_MODEL}")
        for start in range(first, last, AT_ONCE):
            fill(context, raw, range(start, min(start + AT_ONCE, last)))
        raw.execute(made)
    finally:
        raw.close()
        context.close()


def fill(context: Context, raw: sqlite3.Connection, numbers: range) -> None:
    with context.database.write() as session:
        above = session.scalar(select(func.max(Model.seq))) or 0
        rows = [row(context.defaults, number, above + place) for place, number in enumerate(numbers, 1)]
        session.connection().execute(insert(cast("Table", Model.__table__)), rows)
        terms: list[tuple[bytes, int]] = []
        found: list[tuple[int, bytes, float]] = []
        for each in rows:
            facts = _facts_of(session, Model(**each, membership=None, metadata_artifacts=[]), fresh=True)
            terms += [(term.encode(), each["seq"]) for term in facts.terms]
            found += [(each["seq"], name.encode(), number) for name, number in facts.numbers.items()]
    terms.sort()
    raw.execute("BEGIN IMMEDIATE")
    raw.executemany("INSERT INTO model_terms (term, model_seq) VALUES (?, ?)", terms)
    raw.executemany("INSERT INTO model_numbers (model_seq, field, number) VALUES (?, ?, ?)", found)
    raw.execute("COMMIT")


def row(defaults: Any, number: int, seq: int) -> dict[str, Any]:
    said = entry(number)
    empty = {"description": None, "category": None, "keywords": None}
    return {
        "seq": seq,
        "id": new_ocid("datasciencemodel"),
        "compartment_id": defaults.compartment_id,
        "project_id": defaults.project_id,
        "created_by": defaults.user_id,
        "display_name": said["displayName"],
        "description": said["description"],
        "lifecycle_state": "INACTIVE" if number % 16 == 15 else "ACTIVE",
        "category": "USER",
        "freeform_tags": said["freeformTags"],
        "defined_tags": {},
        "defined_metadata": [{**empty, **item} for item in said["definedMetadataList"]],
        "custom_metadata": [{**empty, **item} for item in said["customMetadataList"]],
        "input_schema": said["inputSchema"],
        "etag": new_etag(),
        "time_created": now() - timedelta(seconds=1_000_000 - seq),
    }


if __name__ == "__main__":
    main()
