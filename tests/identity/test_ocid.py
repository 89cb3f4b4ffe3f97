"""Identifiers."""

from __future__ import annotations

import re

import pytest

from ads.errors import InputError
from ads.identity.ocid import TYPES, is_ocid, new_ocid, parse_ocid


@pytest.mark.parametrize("type_", sorted(TYPES))
def test_new_identifiers_are_of_their_type(type_: str) -> None:
    made = new_ocid(type_)
    assert re.fullmatch(rf"ocid1\.{type_}\.oc1\.(local)?\.[a-z2-7]{{60}}", made)
    assert parse_ocid(made).type == type_
    assert is_ocid(made)
    assert is_ocid(made, type_)
    assert not is_ocid(made, "other")
    assert made == made.lower()
    assert len(made.split(".")) == 5


def test_identifiers_never_repeat() -> None:
    assert len({new_ocid("datasciencemodel") for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "text",
    ["", "x", "ocid1", "../../etc", "ocid1.datasciencemodel.oc1.local.", "OCID1.log.oc1..a", "ocid1.log.oc1..a/b"],
)
def test_other_text_is_refused(text: str) -> None:
    assert not is_ocid(text)
    with pytest.raises(InputError):
        parse_ocid(text)


def test_unknown_type_is_refused() -> None:
    with pytest.raises(InputError, match="'model'"):
        new_ocid("model")
