from __future__ import annotations

import pytest

from ads.errors import NotFound
from ads.registry.work_requests import (
    accept_work_request,
    entries_of,
    finish_work_request,
    get_work_request,
    progress_work_request,
)

from .conftest import Catalog


def accept(catalog: Catalog) -> str:
    with catalog.database.write() as session:
        return accept_work_request(
            session,
            "MODEL_DEPLOYMENT_CREATE",
            "ocid1.datasciencemodeldeployment.oc1.local.x",
            catalog.defaults.compartment_id,
            entity_type="model-deployment",
            action_type="CREATED",
            message="create accepted",
        ).id


def test_progress_never_goes_back_and_reaches_100_with_the_end_only(catalog: Catalog) -> None:
    id_ = accept(catalog)
    seen = []
    for percent in (20, 10, 100):
        with catalog.database.write() as session:
            progress_work_request(session, id_, percent, f"at {percent}")
            seen.append(get_work_request(session, id_).percent_complete)
    assert seen == [20, 20, 99]
    with catalog.database.write() as session:
        finish_work_request(session, id_, "SUCCEEDED", "done")
    with catalog.database.read() as session:
        work = get_work_request(session, id_)
        assert (work.status, work.percent_complete, work.finished) == ("SUCCEEDED", 100, True)


def test_the_first_outcome_stands(catalog: Catalog) -> None:
    id_ = accept(catalog)
    with catalog.database.write() as session:
        finish_work_request(session, id_, "FAILED", "It broke.", code="DeploymentFailed")
        finish_work_request(session, id_, "SUCCEEDED", "never")
        progress_work_request(session, id_, 50, "never")
    with catalog.database.read() as session:
        assert get_work_request(session, id_).status == "FAILED"
        assert [entry.message for entry in entries_of(session, id_, errors=False)] == ["create accepted", "It broke."]
        assert [entry.code for entry in entries_of(session, id_, errors=True)] == ["DeploymentFailed"]


def test_an_unknown_one_is_not_found(catalog: Catalog) -> None:
    with catalog.database.read() as session, pytest.raises(NotFound):
        entries_of(session, "ocid1.datascienceworkrequest.oc1.local.x", errors=False)
