from __future__ import annotations

import pytest

from ads.deploy.states import STATES, TRANSITIONS, Verb, require_transition
from ads.errors import Conflict, NotFound

ALLOWED = {
    "update": {"ACTIVE", "INACTIVE", "NEEDS_ATTENTION"},
    "restart": {"ACTIVE", "NEEDS_ATTENTION"},
    "activate": {"INACTIVE"},
    "deactivate": {"ACTIVE", "NEEDS_ATTENTION"},
    "delete": {"ACTIVE", "INACTIVE", "FAILED", "NEEDS_ATTENTION", "CREATING", "UPDATING"},
}


@pytest.mark.parametrize("verb", list(ALLOWED))
@pytest.mark.parametrize("state", STATES)
def test_every_verb_in_every_state(verb: Verb, state: str) -> None:
    if state in ALLOWED[verb]:
        assert require_transition(verb, state, "d") is TRANSITIONS[verb]
    elif state == "DELETED":
        with pytest.raises(NotFound):
            require_transition(verb, state, "d")
    else:
        with pytest.raises(Conflict) as caught:
            require_transition(verb, state, "d")
        passing = state in {"CREATING", "UPDATING", "DELETING"}
        assert caught.value.service_code == ("IncorrectState" if passing else "Conflict")
        assert caught.value.hint
