"""Users and compartments as command lines name them: by name, OCID, or the end of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ads.cli.references import PAGE_SIZE, Noun, choose

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["COMPARTMENT", "COMPARTMENTS", "USER", "USERS", "compartment_id", "names_of", "own_or", "user_id"]

USERS = "/openads/v1/users"
COMPARTMENTS = "/openads/v1/compartments"
USER = Noun("user", "users", "user", USERS, name_key="name")
COMPARTMENT = Noun("compartment", "compartments", "compartment", COMPARTMENTS, name_key="name")
_TENANCY = "tenancy"


def user_id(service: Service, reference: str) -> str:
    """Return the OCID of the user. Raises NotFound, InputError when several fit."""
    return _id(service, USER, reference)


def own_or(service: Service, reference: str | None) -> str | None:
    """Return the OCID of the user that an option names, None when it wasn't given: the caller's own."""
    return None if reference is None else user_id(service, reference)


def compartment_id(service: Service, reference: str) -> str:
    """Return the OCID of the compartment; ``tenancy`` is the root of all. Raises NotFound, InputError."""
    if reference.lower() == _TENANCY:
        return str(service.about["tenancyId"])
    return _id(service, COMPARTMENT, reference)


def names_of(service: Service, noun: Noun) -> dict[str, str]:
    """Return the names of all of them by OCID."""
    rows: list[dict[str, Any]] = list(service.list(noun.path, params={"limit": PAGE_SIZE}))
    return {str(row["id"]): str(row["name"]) for row in rows}


def _id(service: Service, noun: Noun, reference: str) -> str:
    reference = reference.strip().removeprefix("…")
    if reference.lower().startswith("ocid1."):
        return reference.lower()
    return str(choose(service.list(noun.path, params={"limit": PAGE_SIZE}), noun, reference)["id"])
