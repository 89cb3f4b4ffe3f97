"""Log groups, logs, log search and resource search, through the real ``oci`` client."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from .conftest import Running, archive, expect, refusal
from .test_deployments import create

oci = pytest.importorskip("oci")
pytestmark = pytest.mark.needs("oci")


@pytest.fixture(scope="module")
def logging(service: Running, profile: dict[str, str]) -> Any:
    return oci.logging.LoggingManagementClient(
        profile, service_endpoint=service.url, retry_strategy=oci.retry.NoneRetryStrategy()
    )


def made(logging: Any, answer: Any) -> str:
    assert answer.status == 202
    work = logging.get_work_request(answer.headers["opc-work-request-id"]).data
    assert (work.status, work.resources[0].action_type) == ("SUCCEEDED", "CREATED")
    found: str = work.resources[0].identifier
    return found


def new_group(service: Running, logging: Any, name: str) -> str:
    details = oci.logging.models.CreateLogGroupDetails(compartment_id=service.compartment, display_name=name)
    return made(logging, logging.create_log_group(details))


def new_log(logging: Any, group: str, name: str) -> str:
    details = oci.logging.models.CreateLogDetails(display_name=name, log_type="CUSTOM")
    return made(logging, logging.create_log(group, details))


def test_groups_and_logs(service: Running, logging: Any) -> None:
    group = new_group(service, logging, "churn logs")
    assert group.startswith("ocid1.loggroup.")
    assert logging.get_log_group(group).data.display_name == "churn logs"
    assert group in [row.id for row in logging.list_log_groups(service.compartment).data]
    assert [row.id for row in logging.list_log_groups(service.compartment, display_name="churn logs").data] == [group]
    log, second = new_log(logging, group, "access"), new_log(logging, group, "predict")
    assert log.startswith("ocid1.log.")
    found = logging.get_log(group, log).data
    assert (found.display_name, found.log_type, found.is_enabled, found.log_group_id) == (
        "access",
        "CUSTOM",
        True,
        group,
    )
    assert [row.id for row in logging.list_logs(group).data] == [log, second]
    pages = oci.pagination.list_call_get_all_results(logging.list_logs, group, limit=1).data
    assert [row.id for row in pages] == [log, second]
    assert refusal(new_log, logging, group, "access").code == "Conflict"
    assert refusal(new_group, service, logging, "churn logs").code == "Conflict"
    for call, args in ((logging.get_log, (group, "x")), (logging.get_log_group, ("x",)), (logging.list_logs, ("x",))):
        assert refusal(call, *args).code == "NotAuthorizedOrNotFound"


def test_resources_are_found_by_ocid_and_name(service: Running, profile: dict[str, str], logging: Any) -> None:
    log = new_log(logging, new_group(service, logging, "findable group"), "findable log")
    search = oci.resource_search.ResourceSearchClient(profile, service_endpoint=service.url)
    found = search.search_resources(oci.resource_search.models.FreeTextSearchDetails(text=log)).data.items
    assert [(row.identifier, row.compartment_id, row.resource_type) for row in found] == [
        (log, service.compartment, "Log")
    ]
    found = search.search_resources(oci.resource_search.models.FreeTextSearchDetails(text="FINDABLE")).data.items
    assert sorted(row.display_name for row in found) == ["findable group", "findable log"]
    assert search.search_resources(oci.resource_search.models.FreeTextSearchDetails(text="%")).data.items == []
    query = "query all resources where displayName = 'findable log'"
    found = search.search_resources(oci.resource_search.models.StructuredSearchDetails(query=query)).data.items
    assert [row.identifier for row in found] == [log]


def test_search_finds_the_records_of_a_deployment(service: Running, profile: dict[str, str], logging: Any) -> None:
    group = new_group(service, logging, "searched")
    log = new_log(logging, group, "access")
    foreign = "ocid1.log.oc1..never-created"
    model = service.create_model()["id"]
    service.upload(model, archive())
    names = {"access": {"logId": log, "logGroupId": group}, "predict": {"logId": foreign, "logGroupId": group}}
    deployment = create(service, model, categoryLogDetails=names)["id"]
    folder = service.context.home.deployment(deployment)
    folder.mkdir(parents=True)
    time = datetime.now(timezone.utc)
    stamp = time.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    (folder / "access.log").write_text(f'{{"time": "{stamp}", "status": 200}}\n{{"time": "{stamp}", "status": 500}}\n')
    (folder / "predict.log").write_text("hello from score.py\n")
    client = oci.loggingsearch.LogSearchClient(profile, service_endpoint=service.url)

    def search(text: str, **more: Any) -> list[Any]:
        details = oci.loggingsearch.models.SearchLogsDetails(
            time_start=time - timedelta(days=13), time_end=time + timedelta(hours=1), search_query=text
        )
        answer = client.search_logs(details, **more).data
        assert answer.summary.result_count == len(answer.results)
        return [result.data for result in answer.results]

    where = f"WHERE source = '*{deployment}' | SORT BY datetime DESC"
    found = search(f'SEARCH "{service.compartment}/{group}/{log}" | {where}', limit=1000)
    assert sorted(record["logContent"]["data"]["status"] for record in found) == [200, 500]
    assert found[0]["logContent"]["oracle"]["logid"] == log
    assert len(search(f'SEARCH "{service.compartment}/{group}/{log}" | {where}', limit=1)) == 1
    found = search(f'SEARCH "{service.compartment}/{group}/{foreign}" | {where}')
    assert [record["logContent"]["data"]["message"] for record in found] == ["hello from score.py"]
    assert len(search(f'SEARCH "{service.compartment}/{group}" | {where}')) == 3
    assert search(f"SEARCH \"{service.compartment}/{group}/{log}\" | WHERE source = 'other'") == []
    assert search(f'SEARCH "other/{group}/{log}" | {where}') == []


def test_searches_that_can_not_be(api: httpx.Client) -> None:
    good = {"timeStart": "2026-01-01T00:00:00Z", "timeEnd": "2026-01-02T00:00:00Z", "searchQuery": 'search "c"'}
    path = "/20190909/search"
    assert api.post(path, json=good).json()["results"] == []
    for wrong in (
        {"timeStart": "yesterday"},
        {"timeStart": "2026-01-03T00:00:00Z"},
        {"timeEnd": "2026-01-20T00:00:00Z"},
        {"searchQuery": "select * from logs"},
    ):
        expect(api.post(path, json={**good, **wrong}), 400, "InvalidParameter")
    expect(api.post(path, params={"limit": 1001}, json=good), 400, "InvalidParameter")
    expect(api.post(path, json={"searchQuery": "x"}), 400, "MissingParameter")
