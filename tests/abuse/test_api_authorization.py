"""The lines about rights in section 3.7 of the catalogue of abuse: what belongs to others stays theirs."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from .conftest import Open, Peer

MODELS = "/20190101/models"
PROJECTS = "/20190101/projects"
DEPLOYMENTS = "/20190101/modelDeployments"


@dataclass(frozen=True)
class Tenant:
    """A compartment with its project and its manager."""

    place: str
    project: str
    manager: Peer


@pytest.fixture(scope="module")
def tenants(service: Open) -> tuple[Tenant, Tenant]:
    made = []
    for _ in range(2):
        place = service.compartment()
        made.append(Tenant(place, service.project(place), service.member("manage", place)))
    return made[0], made[1]


def deployment(tenant: Tenant, model: str) -> dict[str, object]:
    return {
        "compartmentId": tenant.place,
        "projectId": tenant.project,
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {
                "modelId": model,
                "instanceConfiguration": {"instanceShapeName": "VM.Standard.E4.Flex"},
            },
        },
    }


def test_3_7_02_a_page_token_of_another_tenant_or_query(service: Open, tenants: tuple[Tenant, Tenant]) -> None:
    ours, theirs = tenants
    for tenant in tenants:
        for _ in range(3):
            service.model(tenant.place, tenant.project)
    first = theirs.manager.ask("GET", f"{MODELS}?compartmentId={theirs.place}&limit=1")
    token = first.headers["opc-next-page"]
    assert theirs.manager.ask("GET", f"{MODELS}?compartmentId={theirs.place}&limit=1&page={token}").status == 200
    assert ours.manager.ask("GET", f"{MODELS}?compartmentId={ours.place}&limit=1&page={token}").status == 400
    assert ours.manager.ask("GET", f"{MODELS}?compartmentId={theirs.place}&limit=1&page={token}").status == 404
    other_query = f"{MODELS}?compartmentId={theirs.place}&displayName=x&limit=1&page={token}"
    assert theirs.manager.ask("GET", other_query).status == 400


def test_3_7_11_what_the_client_says_of_id_creator_and_time_is_ignored(
    service: Open, tenants: tuple[Tenant, Tenant]
) -> None:
    ours = tenants[0]
    told = {
        "id": "ocid1.datasciencemodel.oc1.local.mine",
        "createdBy": service.about["userId"],
        "lifecycleState": "DELETED",
        "timeCreated": "2001-01-01T00:00:00Z",
    }
    made = ours.manager.ask("POST", MODELS, {"compartmentId": ours.place, "projectId": ours.project, **told})
    assert made.status == 200
    assert all(made.body[name] != value for name, value in told.items())
    me = ours.manager.ask("GET", "/openads/v1/service").body["userId"]
    assert made.body["createdBy"] == me


def test_3_7_13_a_retry_token_of_somebody_else_is_not_ours(tenants: tuple[Tenant, Tenant]) -> None:
    ours, theirs = tenants
    token = {"opc-retry-token": "the-same-token"}
    ids = set()
    for tenant in tenants:
        body = {"compartmentId": tenant.place, "displayName": "mine"}
        for _ in range(2):
            ids.add(tenant.manager.ask("POST", PROJECTS, body, token).body["id"])
    assert len(ids) == 2
    body = {"compartmentId": theirs.place, "displayName": "mine"}
    assert ours.manager.ask("POST", PROJECTS, body, token).status == 404


def test_3_7_15_deploying_a_foreign_model(service: Open, tenants: tuple[Tenant, Tenant]) -> None:
    ours, theirs = tenants
    foreign = service.model(theirs.place, theirs.project)
    absent = foreign[:-6] + "aaaaaa"
    answers = [ours.manager.ask("POST", DEPLOYMENTS, deployment(ours, model)) for model in (foreign, absent)]
    assert {answer.status for answer in answers} == {404}
    assert {answer.body["code"] for answer in answers} == {"RelatedResourceNotAuthorizedOrNotFound"}
    texts = {
        answer.body["message"].replace(model, "") for answer, model in zip(answers, (foreign, absent), strict=True)
    }
    assert len(texts) == 1
    listed = ours.manager.ask("GET", f"{DEPLOYMENTS}?compartmentId={ours.place}")
    assert listed.body == []


def test_3_7_15_versions_and_copies_of_what_belongs_to_others(service: Open, tenants: tuple[Tenant, Tenant]) -> None:
    ours, theirs = tenants
    sets = "/20190101/modelVersionSets"
    made = theirs.manager.ask(
        "POST", sets, {"compartmentId": theirs.place, "projectId": theirs.project, "name": "theirs"}
    )
    body = {"compartmentId": ours.place, "projectId": ours.project, "modelVersionSetId": made.body["id"]}
    assert ours.manager.ask("POST", MODELS, body).status == 404
    model = service.model(ours.place, ours.project)
    bucket = {"name": f"theirs-{theirs.place[-6:]}", "compartmentId": theirs.place}
    assert theirs.manager.ask("POST", "/n/openads/b", bucket).status == 200
    place = {
        "artifactSourceType": "ORACLE_OBJECT_STORAGE",
        "namespace": "openads",
        "sourceBucket": bucket["name"],
        "sourceObjectName": "x.zip",
        "sourceRegion": "local",
    }
    export = ours.manager.ask("POST", f"{MODELS}/{model}/actions/exportArtifact", {"artifactExportDetails": place})
    assert export.status == 404
    move = {"compartmentId": theirs.place}
    assert ours.manager.ask("POST", f"{MODELS}/{model}/actions/changeCompartment", move).status == 404
    assert service.admin.ask("GET", f"{MODELS}/{model}").body["compartmentId"] == ours.place


def test_3_7_22_the_work_request_and_its_log_of_another_compartment(
    service: Open, tenants: tuple[Tenant, Tenant]
) -> None:
    ours, theirs = tenants
    project = service.project(theirs.place)
    work = theirs.manager.ask("DELETE", f"{PROJECTS}/{project}").headers["opc-work-request-id"]
    base = "/20190101/workRequests"
    for tail in ("", "/logs", "/errors"):
        assert theirs.manager.ask("GET", f"{base}/{work}{tail}").status == 200
        hidden = ours.manager.ask("GET", f"{base}/{work}{tail}")
        missing = ours.manager.ask("GET", f"{base}/{work[:-6]}aaaaaa{tail}")
        assert (hidden.status, missing.status) == (404, 404)
        assert hidden.content.replace(work.encode(), b"") == missing.content.replace(f"{work[:-6]}aaaaaa".encode(), b"")
    for path in (f"/20200531/workRequests/{work}", f"/workRequests/{work}"):
        assert ours.manager.ask("GET", path).status == 404
    assert ours.manager.ask("GET", f"{base}?compartmentId={theirs.place}").status == 404
