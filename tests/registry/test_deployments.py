from __future__ import annotations

from typing import Any

import pytest

from ads.errors import NotFound
from ads.registry.deployments import (
    Deployment,
    artifact_of,
    deployments_in_use_of,
    get_deployment,
    insert_deployment,
    select_deployments,
    unfinished_or_served,
)

from .conftest import Catalog


def insert(catalog: Catalog, model_id: str, **values: Any) -> Deployment:
    common = {
        "compartment_id": catalog.defaults.compartment_id,
        "project_id": catalog.defaults.project_id,
        "model_id": model_id,
        "display_name": "d",
        "configuration": {},
        "created_by": catalog.caller.principal,
    }
    with catalog.database.write() as session:
        return insert_deployment(session, {**common, **values})


def test_a_deployment_is_found_again_as_it_was_written(catalog: Catalog) -> None:
    made = insert(catalog, catalog.model().id, configuration={"a": {"b": [1, "ü"]}})
    with catalog.database.read() as session:
        found = get_deployment(session, made.id)
        assert found.configuration == {"a": {"b": [1, "ü"]}}
        assert (found.lifecycle_state, found.target, found.revision, found.serving_revision) == (
            "CREATING",
            "ACTIVE",
            1,
            0,
        )
        with pytest.raises(NotFound):
            get_deployment(session, "ocid1.datasciencemodeldeployment.oc1.local.x")


def test_a_revision_number_is_never_used_twice(catalog: Catalog) -> None:
    made = insert(catalog, catalog.model().id)
    made.new_revision()
    made.revision = 1  # an update that failed returns to what was served
    made.new_revision()
    assert made.revision == 3


def test_only_what_has_not_ended_is_looked_after(catalog: Catalog) -> None:
    model = catalog.model().id
    states = ("CREATING", "ACTIVE", "INACTIVE", "DELETING", "NEEDS_ATTENTION", "FAILED", "DELETED")
    for state in states:
        insert(catalog, model, lifecycle_state=state)
    with catalog.database.read() as session:
        assert [row.lifecycle_state for row in unfinished_or_served(session)] == list(states[:5])
        rows = session.scalars(select_deployments({"lifecycle_state": "FAILED"})).all()
        assert [row.lifecycle_state for row in rows] == ["FAILED"]


def test_a_model_is_in_use_while_it_is_wanted_or_still_served(catalog: Catalog) -> None:
    old, new = catalog.model().id, catalog.model().id
    served = {"modelConfigurationDetails": {"modelId": old}}
    updating = insert(catalog, new, lifecycle_state="UPDATING", serving_configuration=served)
    insert(catalog, old, lifecycle_state="FAILED")
    with catalog.database.read() as session:
        for model in (old, new):
            assert [row.id for row in deployments_in_use_of(session, model)] == [updating.id]


def test_a_model_without_an_archive_has_no_source(catalog: Catalog) -> None:
    model = catalog.model()
    with catalog.database.read() as session:
        found, source = artifact_of(session, model.id)
        assert found is not None
        assert source is None
        assert artifact_of(session, "nothing") == (None, None)
