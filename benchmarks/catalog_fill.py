"""Fill a catalog with models directly, while no service runs on it: ``catalog_fill.py HOME FROM TO``."""

from __future__ import annotations

import sys
from pathlib import Path

from ads.api.context import open_context
from ads.registry.events import Caller
from ads.registry.models import NewModel, create_model
from ads.settings import load_settings
from catalog import entry

BATCH = 500


def main() -> None:
    home, first, last = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    context = open_context(load_settings(home=home))
    where = context.defaults
    caller = Caller(principal=where.user_id, request_id="")
    try:
        for start in range(first, last, BATCH):
            with context.database.write() as session:
                for number in range(start, min(start + BATCH, last)):
                    create_model(session, caller, new_model(number, where.compartment_id, where.project_id))
                session.flush()
                session.expunge_all()
    finally:
        context.close()


def new_model(number: int, compartment_id: str, project_id: str) -> NewModel:
    said = entry(number)
    empty = {"description": None, "category": None, "keywords": None}
    return NewModel(
        compartment_id,
        project_id,
        display_name=said["displayName"],
        description=said["description"],
        freeform_tags=said["freeformTags"],
        defined_metadata=[{**empty, **item} for item in said["definedMetadataList"]],
        custom_metadata=[{**empty, **item} for item in said["customMetadataList"]],
        input_schema=said["inputSchema"],
    )


if __name__ == "__main__":
    main()
