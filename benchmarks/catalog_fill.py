"""Fill a catalog with models directly, while no service runs on it: ``catalog_fill.py HOME FROM TO``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, insert

from ads.api.context import open_context
from ads.identity.ocid import new_ocid
from ads.registry.catalog_tables import ModelNumber, ModelTerm
from ads.registry.model_index import _facts_of
from ads.registry.tables import Model
from ads.settings import load_settings
from catalog import entry

BATCH = 2000


def main() -> None:
    home, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    context = open_context(load_settings(home=home))
    try:
        for start in range(first, last, BATCH):
            models = [model(context.defaults, number) for number in range(start, min(start + BATCH, last))]
            with context.database.write() as session:
                session.add_all(models)
                session.flush()
                terms: list[dict[str, Any]] = []
                numbers: list[dict[str, Any]] = []
                for each in models:
                    facts = _facts_of(session, each, fresh=True)
                    terms += [{"term": term, "model_seq": each.seq} for term in facts.terms]
                    numbers += [{"model_seq": each.seq, "field": f, "number": n} for f, n in facts.numbers.items()]
                terms.sort(key=lambda row: row["term"])
                session.connection().execute(insert(cast("Table", ModelTerm.__table__)), terms)
                session.connection().execute(insert(cast("Table", ModelNumber.__table__)), numbers)
    finally:
        context.close()


def model(defaults: Any, number: int) -> Model:
    said = entry(number)
    empty = {"description": None, "category": None, "keywords": None}
    return Model(
        id=new_ocid("datasciencemodel"),
        compartment_id=defaults.compartment_id,
        project_id=defaults.project_id,
        created_by=defaults.user_id,
        display_name=said["displayName"],
        description=said["description"],
        freeform_tags=said["freeformTags"],
        defined_metadata=[{**empty, **item} for item in said["definedMetadataList"]],
        custom_metadata=[{**empty, **item} for item in said["customMetadataList"]],
        input_schema=said["inputSchema"],
        membership=None,
        metadata_artifacts=[],
    )


if __name__ == "__main__":
    main()
