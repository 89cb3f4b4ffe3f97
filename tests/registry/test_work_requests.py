from __future__ import annotations

import pytest

from ads.errors import NotFound
from ads.registry.work_requests import (
    accept_work_request,
    entries_of,
    fail_left,
    finish_work_request,
    get_work_request,
    progress_work_request,
    workers_of,
)

from .conftest import Catalog


def accept(catalog: Catalog, member: str = "") -> str:
    with catalog.database.write() as session:
        return accept_work_request(
            session,
            "MODEL_DEPLOYMENT_CREATE",
            "ocid1.datasciencemodeldeployment.oc1.local.x",
            catalog.defaults.compartment_id,
            entity_type="model-deployment",
            action_type="CREATED",
            message="create accepted",
            member=member,
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


def test_what_a_member_of_a_cluster_left_fails_and_nothing_else(catalog: Catalog) -> None:
    left, other, nobody, done = (accept(catalog, member) for member in ("gone", "there", "", "gone"))
    operation = "MODEL_DEPLOYMENT_CREATE"
    with catalog.database.write() as session:
        finish_work_request(session, done, "SUCCEEDED", "done")
        assert workers_of(session) == {"gone", "there"}
        assert fail_left(session, operation, "its machine is gone", {"gone"}) == 1
        assert fail_left(session, "ANOTHER_OPERATION", "its machine is gone", {"there"}) == 0
    with catalog.database.read() as session:
        states = [get_work_request(session, id_).status for id_ in (left, other, nobody, done)]
        assert states == ["FAILED", "ACCEPTED", "ACCEPTED", "SUCCEEDED"]
        assert entries_of(session, left, errors=True)[-1].message == "its machine is gone"
    with catalog.database.write() as session:
        assert fail_left(session, operation, "the service ended") == 2  # without a cluster they are one's own
