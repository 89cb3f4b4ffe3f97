"""The public names, their parameters and defaults are those that programs written for ADS use."""

from __future__ import annotations

import pytest

from tests.public_api import Member, difference, members

NOT_MET = {
    "ads.model.artifact.ADS_VERSION": "it is the version of this package",
}
"""What differs on purpose, and why. It may only shrink."""

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # some modules say that they are deprecated


def test_names_parameters_and_defaults_are_those_that_programs_use(record_property: pytest.RecordProperty) -> None:
    known = members()
    found = {member.address: text for member in known if (text := difference(member))}
    record_property("summary", f"public interface: {len(known) - len(found)} of {len(known)} members as in the list")
    assert {address: text for address, text in found.items() if address not in NOT_MET} == {}
    assert set(NOT_MET) <= set(found), "met by now: remove it from NOT_MET"


@pytest.mark.parametrize(
    ("member", "text"),
    [
        (Member("ads.nothing", "", "class", ()), "not importable"),
        (Member("ads.model.GenericModel", "nothing", "method", ("self",)), "absent"),
        (Member("ads.model.SklearnModel", "__init__", "method", ("self", "estimator=None")), "estimator is required"),
        (Member("ads.model.GenericModel", "verify", "method", ("self", "data=None", "x=1")), "parameter 2 is not x"),
        (Member("ads.model.GenericModel", "verify", "method", ("self", "data=1")), "None is not 1"),
        (Member("ads.model.GenericModel", "model_id", "property", ("settable",)), "not settable"),
        (Member("ads.model.GenericModel", "verify", "classmethod", ("cls",)), "no classmethod"),
        (Member("ads.errors.InputError", "", "class", ("builtins.OSError",)), "no OSError"),
        (Member("ads.model.defaults", "DEFAULT_WAIT_TIME", "constant", ("1",)), "1200 is not 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_comparison_sees_what_differs(member: Member, text: str) -> None:
    assert text in difference(member)
