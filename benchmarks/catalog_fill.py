"""Fill a catalog with models directly, while no service runs on it: ``catalog_fill.py HOME FROM TO``.

The rows are those that registering makes, in the same tables and under the same indexes. They come in large sorted
portions, and the disk isn't waited for: 100,000 models take about a minute instead of half an hour. With
``OPENADS_DATABASE_URL`` the catalog is in PostgreSQL.
"""

from __future__ import annotations

import sqlite3
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from catalog_subject import entry
from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from ads.api.context import Context, open_context
from ads.identity.ocid import new_ocid
from ads.registry.model_index import _facts_of
from ads.registry.postgres import be_patient
from ads.registry.tables import Model, new_etag, now
from ads.settings import load_settings

AT_ONCE = 10_000
BY_MODEL = "ix_model_terms_model_seq_term"
Rows = list[dict[str, Any]]


def main() -> None:
    home, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    context = open_context(load_settings(home=home))
    portions = [range(start, min(start + AT_ONCE, last)) for start in range(first, last, AT_ONCE)]
    try:
        if context.database.is_sqlite:
            fill_sqlite(context, portions)
        else:
            fill_postgres(context, portions)
    finally:
        context.close()


def fill_sqlite(context: Context, portions: list[range]) -> None:
    raw = sqlite3.connect(context.home.database, isolation_level=None)
    try:
        raw.execute("PRAGMA synchronous=OFF")
        raw.execute("PRAGMA cache_size=-400000")
        (made,) = raw.execute("SELECT sql FROM sqlite_master WHERE name = ?", [BY_MODEL]).fetchone()
        raw.execute(f"DROP INDEX {BY_MODEL}")
        for numbers in portions:
            with context.database.write() as session:
                terms, found = add_models(context, session, numbers)
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany("INSERT INTO model_terms (term, model_seq) VALUES (?, ?)", terms)
            raw.executemany("INSERT INTO model_numbers (model_seq, field, number) VALUES (?, ?, ?)", found)
            raw.execute("COMMIT")
        raw.execute(made)
    finally:
        raw.close()


def fill_postgres(context: Context, portions: list[range]) -> None:
    with context.database.engine.connect() as connection:
        be_patient(connection)
        raw: Any = connection.connection.driver_connection
        cursor = raw.cursor()
        for numbers in portions:
            with context.database.write() as session:
                terms, found = add_models(context, session, numbers)
            for into, rows in (
                ("model_terms (term, model_seq)", terms),
                ("model_numbers (model_seq, field, number)", found),
            ):
                with cursor.copy(f"COPY {into} FROM STDIN") as copy:
                    for each in rows:
                        copy.write_row(each)
            raw.commit()
        cursor.execute("SELECT setval(pg_get_serial_sequence('models', 'seq'), (SELECT max(seq) FROM models))")
        raw.commit()
    with context.database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        be_patient(connection)
        connection.execute(text("VACUUM ANALYZE"))  # as the server does by itself, some time later


def add_models(context: Context, session: Session, numbers: range) -> tuple[list[Any], list[Any]]:
    """Add the models; return what search has to know of them, sorted."""
    above = session.scalar(select(func.max(Model.seq))) or 0
    rows = [row(context.defaults, number, above + place) for place, number in enumerate(numbers, 1)]
    session.connection().execute(insert(cast("Table", Model.__table__)), rows)
    terms: list[tuple[bytes, int]] = []
    found: list[tuple[int, bytes, float]] = []
    for each in rows:
        facts = _facts_of(session, Model(**each, membership=None, metadata_artifacts=[]), fresh=True)
        terms += [(term.encode(), each["seq"]) for term in facts.terms]
        found += [(each["seq"], name.encode(), number) for name, number in facts.numbers.items()]
    return sorted(terms), found


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
