from __future__ import annotations

from typing import Any

import pytest

from ads.catalog.model import Model, ModelCatalog, ModelSummaryList
from ads.model.model_metadata import ModelProvenanceMetadata

MODELS = "/20190101/models"
FIRST, SECOND = "ocid1.datasciencemodel.oc1.local.aaaaaa", "ocid1.datasciencemodel.oc1.local.bbbbbb"


def described(model_id: str, **changes: Any) -> dict[str, Any]:
    return {
        "id": model_id,
        "displayName": f"model {model_id[-1]}",
        "lifecycleState": "ACTIVE",
        "timeCreated": "2026-01-31T10:15:30Z",
        "compartmentId": "c1",
        "projectId": "p1",
        "customMetadataList": [],
        **changes,
    }


@pytest.fixture
def catalog(remote: Any) -> ModelCatalog:
    remote.on("GET", MODELS, remote.reply(content=[described(FIRST), described(SECOND, lifecycleState="DELETED")]))
    remote.on("GET", f"{MODELS}/{FIRST}", remote.reply(content=described(FIRST)))
    remote.on("PUT", f"{MODELS}/{FIRST}", remote.reply(content=described(FIRST)))
    remote.on("DELETE", f"{MODELS}/{FIRST}", remote.reply(204))
    remote.on("POST", f"{MODELS}/{FIRST}/actions/deactivate", remote.reply(content=described(FIRST)))
    return ModelCatalog(compartment_id="c1")


def test_models_are_found_by_reference(catalog: ModelCatalog, remote: Any) -> None:
    remote.on("GET", "/openads/v1/models/resolve", remote.reply(content={"id": FIRST}))
    assert catalog.get_model("churn@champion").id == catalog["churn:1"].id == FIRST
    remote.on("GET", "/openads/v1/models/resolve", remote.reply(404, {"code": "NotAuthorizedOrNotFound"}))
    with pytest.raises(KeyError):
        catalog.get_model("churn@nobody")


def test_models_are_found_by_ocid_or_its_end(catalog: ModelCatalog) -> None:
    assert catalog.get_model(FIRST).display_name == "model a"
    assert catalog["...aaaaaa"].id == FIRST
    for unknown in (f"{FIRST}x", "zzzzzz"):
        with pytest.raises(KeyError):
            catalog.get_model(unknown)


def test_the_catalog_is_a_mapping_of_what_is_not_deleted(catalog: ModelCatalog) -> None:
    assert list(catalog) == [FIRST]
    assert len(catalog) == 1
    assert FIRST in catalog
    assert SECOND not in catalog


def test_lists_are_filtered_and_sorted(catalog: ModelCatalog) -> None:
    assert [m.id for m in catalog.list_models()] == [FIRST]
    every = catalog.list_models(include_deleted=True)
    assert [m.id for m in every.sort_by("display_name", reverse=True)] == [SECOND, FIRST]
    assert [m.id for m in every.filter(lambda m: m.display_name == "model b")] == [SECOND]
    assert every.to_dataframe()["time_created"].tolist() == ["2026-01-31 10:15:30"] * 2


def test_an_empty_compartment_says_so(remote: Any, catalog: ModelCatalog, capsys: Any) -> None:
    remote.on("GET", MODELS, remote.reply(content=[]))
    assert len(catalog.list_models()) == 0
    assert "No model found" in capsys.readouterr().out


def test_changes_are_sent_by_commit(remote: Any, catalog: ModelCatalog) -> None:
    model = catalog.get_model(FIRST)
    model.description = "new"
    model.freeform_tags = {"a": "b"}
    model.commit()
    body = remote.requests("PUT", f"{MODELS}/{FIRST}")[0].json
    assert (body["description"], body["freeformTags"]) == ("new", {"a": "b"})
    model.description = "forget"
    model.rollback()
    assert model.description is None
    with pytest.raises(AttributeError):
        model.colour = "red"
    model.deactivate()
    assert "displayName" in model.to_dataframe().index


def test_update_and_delete_take_an_ocid(remote: Any, catalog: ModelCatalog) -> None:
    assert catalog.update_model(FIRST, {"description": "x"}, display_name="y").id == FIRST
    assert remote.requests("PUT", f"{MODELS}/{FIRST}")[0].json["displayName"] == "y"
    assert catalog.delete_model(FIRST) is True
    assert remote.requests("DELETE", f"{MODELS}/{FIRST}")


def test_a_wrong_timeout_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="timeout"):
        ModelCatalog(timeout="soon")


def test_the_classes_are_made_as_older_programs_make_them(catalog: ModelCatalog) -> None:
    model = Model.load_model(None, None, FIRST)
    assert model.id == FIRST
    with pytest.raises(KeyError):
        Model.load_model(None, None, "ocid1.datasciencemodel.oc1.local.none")
    again = Model(catalog.list_models()[0]._entry, "etag", ModelProvenanceMetadata(git_branch="trunk"), "", None, None)
    assert again.provenance_metadata.git_branch == "trunk"
    summary = ModelSummaryList(catalog, [again._entry], None)
    assert len(summary.filter(lambda found: found.id == FIRST)) == 1
