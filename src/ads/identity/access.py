"""What a credential may do: OCI's four verbs in a tree of compartments, narrowed by the scope of a token. Pure.

A grant holds for its compartment and for those below. A scope takes away, it never adds: a token can do what both its
user and its scope allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

__all__ = ["EVERYTHING", "VERBS", "CompartmentTree", "Permissions", "Scope", "Verb", "rank_of"]

Verb = Literal["inspect", "read", "use", "manage"]
"""OCI's four verbs, each of which includes those before it."""

VERBS: tuple[Verb, ...] = get_args(Verb)

_RANKS: Mapping[str, int] = {verb: rank for rank, verb in enumerate(VERBS, start=1)}


def rank_of(verb: str) -> int:
    """Return 1 for ``inspect`` up to 4 for ``manage``, and 0 for a word that is no verb: it allows nothing."""
    return _RANKS.get(verb, 0)


@dataclass(frozen=True)
class Scope:
    """What a credential carries of its user's rights. The default is everything, for ever: an API key's scope.

    ``compartment_id`` limits it to a compartment and those below, ``deployment_ids`` to these deployments alone,
    ``expires`` is a Unix time in seconds.
    """

    verb: Verb = "manage"
    compartment_id: str | None = None
    deployment_ids: frozenset[str] | None = None
    expires: float | None = None

    @property
    def limited(self) -> bool:
        """Whether it reaches only some compartments or deployments."""
        return self.compartment_id is not None or self.deployment_ids is not None

    @property
    def whole(self) -> bool:
        """Whether it takes nothing away from the user's rights."""
        return not self.limited and self.verb == "manage" and self.expires is None

    def covers(self, other: Scope, tree: CompartmentTree) -> bool:
        """Tell whether whatever ``other`` allows is allowed by this scope as well, and for at least as long."""
        if rank_of(other.verb) > rank_of(self.verb):
            return False
        if self.expires is not None and (other.expires is None or other.expires > self.expires):
            return False
        if self.deployment_ids is not None and (
            other.deployment_ids is None or not other.deployment_ids <= self.deployment_ids
        ):
            return False
        if self.compartment_id is None:
            return True
        return other.compartment_id is not None and self.compartment_id in tree.chain(other.compartment_id)

    def as_json(self) -> dict[str, Any]:
        """Return the form in which it is stored, published and shown, without its expiry."""
        found: dict[str, Any] = {"verb": self.verb}
        if self.compartment_id is not None:
            found["compartmentId"] = self.compartment_id
        if self.deployment_ids is not None:
            found["deploymentIds"] = sorted(self.deployment_ids)
        return found

    @classmethod
    def from_json(cls, data: Mapping[str, Any] | None, expires: float | None = None) -> Scope:
        """Return what :meth:`as_json` wrote; None is the whole scope. What can't be read allows nothing."""
        if data is None:
            return cls(expires=expires)
        ids = data.get("deploymentIds")
        return cls(
            verb=data.get("verb", ""),
            compartment_id=data.get("compartmentId"),
            deployment_ids=None if ids is None else frozenset(ids),
            expires=expires,
        )


EVERYTHING = Scope()
"""The scope that takes nothing away."""


class CompartmentTree:
    """Which compartment lies in which. ``parents`` maps each id to its parent's; the tenancy has None."""

    def __init__(self, parents: Mapping[str, str | None]) -> None:
        self._chains: dict[str, tuple[str, ...]] = {}
        for compartment_id in parents:
            chain: list[str] = []
            place: str | None = compartment_id
            while place is not None and place not in chain:
                chain.append(place)
                place = parents.get(place)
            self._chains[compartment_id] = tuple(chain)
        self.root = next((id_ for id_, parent in parents.items() if parent is None), "")

    def chain(self, compartment_id: str) -> tuple[str, ...]:
        """Return the compartment and all above it, the tenancy last; nothing for one that isn't there."""
        return self._chains.get(compartment_id, ())

    def __iter__(self) -> Iterator[str]:
        return iter(self._chains)


class Permissions:
    """What one credential of one user may do. ``grants`` maps compartments to verbs."""

    __slots__ = ("_grants", "scope", "tree")

    def __init__(self, grants: Mapping[str, str], scope: Scope, tree: CompartmentTree) -> None:
        self._grants = {compartment_id: rank_of(verb) for compartment_id, verb in grants.items()}
        self.scope = scope
        self.tree = tree

    @property
    def unlimited(self) -> bool:
        """Whether it may do everything everywhere: nothing has to be looked up to know."""
        most = len(VERBS)
        return self._grants.get(self.tree.root, 0) == rank_of(self.scope.verb) == most and not self.scope.limited

    def allows(self, verb: Verb, compartment_id: str, deployment_id: str = "") -> bool:
        """Tell whether the verb is allowed in the compartment, on the deployment if it is about one."""
        return self.allows_along(verb, self.tree.chain(compartment_id), deployment_id)

    def allows_along(self, verb: Verb, chain: Iterable[str], deployment_id: str = "") -> bool:
        """Tell the same, from the compartment and all above it."""
        scope, wanted = self.scope, rank_of(verb)
        if not 0 < wanted <= rank_of(scope.verb):
            return False
        if scope.deployment_ids is not None and deployment_id not in scope.deployment_ids:
            return False
        places = {*chain, self.tree.root}
        if scope.compartment_id is not None and scope.compartment_id not in places:
            return False
        grants = self._grants
        return any(grants.get(place, 0) >= wanted for place in places)
