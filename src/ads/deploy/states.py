"""The life of a deployment as one table: which verb is allowed in which state, and what it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ads.errors import Conflict, NotFound

__all__ = ["STATES", "TRANSITIONS", "State", "Target", "Transition", "Verb", "require_transition"]

State = Literal["CREATING", "ACTIVE", "UPDATING", "INACTIVE", "NEEDS_ATTENTION", "FAILED", "DELETING", "DELETED"]
Verb = Literal["create", "update", "restart", "activate", "deactivate", "delete"]
Target = Literal["ACTIVE", "INACTIVE", "DELETED"]

STATES: tuple[State, ...] = (
    "CREATING",
    "ACTIVE",
    "UPDATING",
    "INACTIVE",
    "NEEDS_ATTENTION",
    "FAILED",
    "DELETING",
    "DELETED",
)

_PASSING = frozenset({"CREATING", "UPDATING", "DELETING"})


@dataclass(frozen=True)
class Transition:
    """What a verb does: the state meanwhile, where it leads (None: where the deployment was heading anyway)."""

    states: frozenset[str]
    meanwhile: State
    target: Target | None
    operation: str
    action: str


TRANSITIONS: dict[Verb, Transition] = {
    "create": Transition(frozenset(), "CREATING", "ACTIVE", "MODEL_DEPLOYMENT_CREATE", "CREATED"),
    "update": Transition(
        frozenset({"ACTIVE", "INACTIVE", "NEEDS_ATTENTION"}), "UPDATING", None, "MODEL_DEPLOYMENT_UPDATE", "UPDATED"
    ),
    "restart": Transition(
        frozenset({"ACTIVE", "NEEDS_ATTENTION"}), "UPDATING", "ACTIVE", "MODEL_DEPLOYMENT_UPDATE", "UPDATED"
    ),
    "activate": Transition(frozenset({"INACTIVE"}), "UPDATING", "ACTIVE", "MODEL_DEPLOYMENT_ACTIVATE", "UPDATED"),
    "deactivate": Transition(
        frozenset({"ACTIVE", "NEEDS_ATTENTION"}), "UPDATING", "INACTIVE", "MODEL_DEPLOYMENT_DEACTIVATE", "UPDATED"
    ),
    # Whoever waits for a deployment that hangs may give up on it: delete works while something else is under way, too.
    "delete": Transition(
        frozenset({"ACTIVE", "INACTIVE", "FAILED", "NEEDS_ATTENTION", "CREATING", "UPDATING"}),
        "DELETING",
        "DELETED",
        "MODEL_DEPLOYMENT_DELETE",
        "DELETED",
    ),
}


def require_transition(verb: Verb, state: str, name: str) -> Transition:
    """Return what ``verb`` does to a deployment in ``state``.

    Raises NotFound for a deleted one, Conflict otherwise: with the service code ``IncorrectState`` when the state
    passes by itself (clients then try again), ``Conflict`` when it lasts.
    """
    transition = TRANSITIONS[verb]
    if state in transition.states:
        return transition
    if state == "DELETED":
        raise NotFound(f"The deployment {name!r} is deleted.", status=404, service_code="NotAuthorizedOrNotFound")
    passing = state in _PASSING
    allowed = ", ".join(sorted(transition.states - _PASSING))
    raise Conflict(
        f"The deployment {name!r} is {state}, so it can't {verb} now.",
        status=409,
        service_code="IncorrectState" if passing else "Conflict",
        hint="Wait until it is done, then try again." if passing else f"This works in the state {allowed}.",
    )
