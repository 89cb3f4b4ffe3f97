"""What people type, and the thing it names."""

from __future__ import annotations

import pytest

from ads.cli.references import DEPLOYMENT, MODEL, choose
from ads.errors import InputError, NotFound


def row(ending: str, name: str, state: str = "ACTIVE") -> dict[str, str]:
    return {"id": f"ocid1.datasciencemodel.oc1.local.{ending:a>60}", "displayName": name, "lifecycleState": state}


ROWS = [row("k3q7zbcd", "churn"), row("x9y8z7w6", "fraud"), row("mmmm2222", "fraud"), row("gone4444", "old", "DELETED")]


def test_by_name():
    assert choose(ROWS, MODEL, "churn") is ROWS[0]


def test_by_the_end_of_the_id():
    assert choose(ROWS, MODEL, "X9Y8Z7W6") is ROWS[1]
    assert choose(ROWS, MODEL, "mm2222") is ROWS[2]


def test_a_name_wins_over_the_end_of_an_id():
    named = row("zzzz5555", "mmmm2222")
    assert choose([*ROWS, named], MODEL, "mmmm2222") is named


def test_an_ambiguous_name_lists_all_that_have_it():
    with pytest.raises(InputError) as caught:
        choose(ROWS, MODEL, "fraud")
    assert "2 models are called 'fraud'" in str(caught.value)
    assert "x9y8z7w6" in str(caught.value)
    assert "mmmm2222" in str(caught.value)


@pytest.mark.parametrize(("reference", "hint"), [("churm", "Did you mean 'churn'?"), ("weather", "ads models ls")])
def test_an_unknown_name_points_on(reference, hint):
    with pytest.raises(NotFound) as caught:
        choose(ROWS, MODEL, reference)
    assert hint in caught.value.hint


def test_deleted_things_have_no_name_any_more():
    with pytest.raises(NotFound):
        choose(ROWS, MODEL, "old")


def test_the_id_of_something_else_is_told_apart(ads, service):
    result = ads("models", "info", service.deployments[0]["id"])
    assert result.code == 2
    assert "is not the OCID of a model, but of a deployment" in result.err
    assert f"ads {DEPLOYMENT.command} info" in result.err


def test_a_deleted_thing_is_found_by_its_whole_id(ads, service):
    service.models[0]["lifecycleState"] = "DELETED"
    result = ads("models", "info", service.models[0]["id"].upper())
    assert result.code == 0
    assert "DELETED" in result.out


def test_names_are_found_past_the_first_page(ads, service):
    service.page_size = 1
    service.models = [
        dict(service.models[0], id=f"ocid1.datasciencemodel.oc1.local.{i:060}", displayName=f"m{i}") for i in range(4)
    ]
    assert ads("models", "info", "m3", "-q").out.strip() == service.models[3]["id"]
