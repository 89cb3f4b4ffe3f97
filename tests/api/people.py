"""Users of a test: each with a token of his own, and with what he was granted."""

from __future__ import annotations

import itertools
from typing import Any

import httpx

from .conftest import Running

__all__ = ["compartment", "grant", "token", "user"]

_NUMBERS = itertools.count(1)


def user(service: Running) -> str:
    """Return the id of a new user."""
    made = service.client.post("/openads/v1/users", json={"name": f"user-{next(_NUMBERS)}"})
    assert made.status_code == 200, made.text
    return str(made.json()["id"])


def grant(service: Running, user_id: str, verb: str, compartment_id: str) -> dict[str, Any]:
    """Let the user have the verb in the compartment."""
    body = {"userId": user_id, "verb": verb, "compartmentId": compartment_id}
    made = service.client.post("/openads/v1/grants", json=body)
    assert made.status_code == 200, made.text
    found: dict[str, Any] = made.json()
    return found


def token(service: Running, user_id: str, **details: Any) -> httpx.Client:
    """Return a client with a new token of the user."""
    body = {"name": "test", "userId": user_id, **details}
    made = service.client.post("/openads/v1/tokens", json=body)
    assert made.status_code == 200, made.text
    return httpx.Client(base_url=service.url, headers={"authorization": f"Bearer {made.json()['token']}"}, timeout=30)


def compartment(service: Running, parent: str | None = None) -> str:
    """Return the id of a new compartment."""
    parent = parent or service.context.defaults.tenancy_id
    body = {"compartmentId": parent, "name": f"place-{next(_NUMBERS)}"}
    made = service.client.post("/openads/v1/compartments", json=body)
    assert made.status_code == 200, made.text
    return str(made.json()["id"])
