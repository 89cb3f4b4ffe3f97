"""Who there is: the defaults of the first start, API keys, bearer tokens, and what the gateways are told of them."""

from __future__ import annotations

import json
import secrets
import threading
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.errors import Conflict
from ads.gateway_notice import notify_gateways
from ads.home import Home, write_private
from ads.identity.ocid import new_ocid
from ads.identity.passes import pass_key
from ads.identity.signature import fingerprint, load_public_key
from ads.identity.tokens import hash_token, new_token
from ads.identity.verifier import Verifier
from ads.registry.database import Database
from ads.registry.events import SERVICE, Caller, record
from ads.registry.grants import Grant
from ads.registry.lookups import not_found
from ads.registry.tables import ApiKey, Compartment, Default, Project, Token, User
from ads.registry.tokens import ADMIN_TOKEN
from ads.registry.users import get_user

__all__ = [
    "CLIENT_REGION",
    "Defaults",
    "Identities",
    "Shared",
    "ensure_defaults",
    "keys_of",
    "register_key",
    "remove_key",
]

CLIENT_REGION = "us-ashburn-1"
"""The region in client profiles. Any works, but clients warn about those that they don't know."""

SHARED_NAME = "identities"
"""What they are published as, where there are other machines."""
_GENERATION = "identities_generation"
_SHORTEST_TOKEN = 20
_MOST_KEYS = 20


@dataclass(frozen=True)
class Defaults:
    """What holds when a request names none. ``page_secret`` signs page tokens."""

    tenancy_id: str
    compartment_id: str
    project_id: str
    user_id: str
    page_secret: str


def ensure_defaults(database: Database) -> Defaults:
    """Return the defaults, made at the first start in one transaction."""
    with database.read() as session:
        known = _known_defaults(session)
    if "tenancy_id" not in known:
        with database.write() as session:
            known = _known_defaults(session)
            if "tenancy_id" not in known:
                known = _make_defaults(session)
    return Defaults(**{name: known[name] for name in Defaults.__dataclass_fields__})


def _known_defaults(session: Session) -> dict[str, str]:
    return {row.name: row.value for row in session.scalars(select(Default))}


def _make_defaults(session: Session) -> dict[str, str]:
    known = {
        "tenancy_id": new_ocid("tenancy"),
        "compartment_id": new_ocid("compartment"),
        "user_id": new_ocid("user"),
        "project_id": new_ocid("datascienceproject"),
        "page_secret": secrets.token_hex(32),
    }
    session.add(Compartment(id=known["tenancy_id"], parent_id=None, name="openads"))
    session.flush()
    session.add(Compartment(id=known["compartment_id"], parent_id=known["tenancy_id"], name="default"))
    user = User(id=known["user_id"], tenancy_id=known["tenancy_id"], name="admin", description="Administrator")
    session.add(user)
    session.flush()
    session.add(
        Grant(
            id=new_ocid("grant"),
            user_id=user.id,
            compartment_id=known["tenancy_id"],
            verb="manage",
            created_by=SERVICE.principal,
        )
    )
    session.add(
        Project(
            id=known["project_id"],
            compartment_id=known["compartment_id"],
            display_name="default",
            created_by=known["user_id"],
        )
    )
    session.add_all(Default(name=name, value=value) for name, value in {**known, _GENERATION: "0"}.items())
    record(session, SERVICE, "service.first-start", known["tenancy_id"], known["compartment_id"])
    return known


class Shared(Protocol):
    """Where what other machines go by is published."""

    def put(self, session: Session, name: str, content: str) -> int:
        """Publish in the session's transaction; return the generation."""

    def wait(self, name: str, generation: int) -> bool:
        """Wait a moment until everybody has it; tell whether that is so."""


class Identities:
    """The credentials in force: in the database, in this process's verifier, in the file that the gateways read.

    In a cluster they are ``shared``, and ``admin`` is the administrator's token of all its machines.
    """

    def __init__(self, database: Database, home: Home, shared: Shared | None = None, admin: str = "") -> None:
        self._database = database
        self._home = home
        self._shared = shared
        self._admin = admin
        self._changing = threading.Lock()
        self._generation = -1
        self.verifier = Verifier({})

    def start(self, defaults: Defaults) -> None:
        """See to it that the administrator's token exists and is accepted, then publish."""
        known = self._read_token()
        token = self._admin or known or new_token()
        if token != known:
            write_private(self._home.token_file, token.encode())
        with self._database.write() as session:
            if session.scalar(select(Token).where(Token.sha256 == hash_token(token))) is None:
                for old in session.scalars(select(Token).where(Token.name == ADMIN_TOKEN)):
                    session.delete(old)  # whoever removed the file wanted the old token to end
                session.add(Token(sha256=hash_token(token), user_id=defaults.user_id, name=ADMIN_TOKEN))
                record(session, SERVICE, "token.create", defaults.user_id, new={"name": ADMIN_TOKEN})
        self._publish()

    def publish(self) -> None:
        """Put what the database says in force, here and in the gateways. Call it after each change."""
        generation = self._publish()
        if self._shared is not None:
            self._shared.wait(SHARED_NAME, generation)

    def _publish(self) -> int:
        with self._database.write() as session:
            identities = _read_identities(session)
            content = json.dumps(identities)
            generation = self._shared.put(session, SHARED_NAME, content) if self._shared is not None else 0
        self.take(content)
        return generation

    def take(self, content: str) -> None:
        """Put published identities in force on this machine, unless newer ones are. Raises OSError."""
        identities = json.loads(content)
        with self._changing:
            if identities["generation"] <= self._generation:
                return
            write_private(self._home.identities_file, content.encode())
            self.verifier = Verifier(identities)
            self._generation = identities["generation"]
        notify_gateways(self._home)

    def _read_token(self) -> str | None:
        try:
            token = self._home.token_file.read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return None
        return token if len(token) >= _SHORTEST_TOKEN else None


def _read_identities(session: Session) -> dict[str, Any]:
    generation = session.get_one(Default, _GENERATION)
    generation.value = str(int(generation.value) + 1)
    active = User.lifecycle_state == "ACTIVE"
    tokens = session.scalars(select(Token).join(User, Token.user_id == User.id).where(active))
    keys = session.scalars(select(ApiKey).join(User, ApiKey.user_id == User.id).where(active))
    grants: dict[str, dict[str, str]] = {}
    for grant in session.scalars(select(Grant).join(User, Grant.user_id == User.id).where(active)):
        grants.setdefault(grant.user_id, {})[grant.compartment_id] = grant.verb
    return {
        "generation": int(generation.value),
        "compartments": {row.id: row.parent_id for row in session.scalars(select(Compartment))},
        "grants": grants,
        "tokens": [
            {
                "sha256": token.sha256,
                "principal": token.user_id,
                "expires": token.time_expires.timestamp() if token.time_expires else None,
                "scope": token.scope,
            }
            for token in tokens
        ],
        "pass_key": pass_key(session.get_one(Default, "page_secret").value),
        "keys": [{"key_id": key.key_id, "public_key": key.public_key, "principal": key.user_id} for key in keys],
    }


def register_key(session: Session, caller: Caller, user_id: str, pem: str) -> ApiKey:
    """Return the user's new key, or the same key registered before. Raises InputError, Conflict."""
    user = get_user(session, user_id)
    print_ = fingerprint(load_public_key(pem))
    key_id = f"{user.tenancy_id}/{user.id}/{print_}"
    known = session.scalar(select(ApiKey).where(ApiKey.key_id == key_id))
    if known is not None:
        return known
    if len(keys_of(session, user_id)) >= _MOST_KEYS:
        raise Conflict(f"The user has {_MOST_KEYS} keys already.", hint="Remove one that isn't used any more.")
    key = ApiKey(key_id=key_id, user_id=user.id, fingerprint=print_, public_key=pem)
    session.add(key)
    record(session, caller, "key.create", user.id, new={"fingerprint": print_})
    return key


def keys_of(session: Session, user_id: str) -> list[ApiKey]:
    """Return the user's keys, oldest first."""
    return list(session.scalars(select(ApiKey).where(ApiKey.user_id == user_id).order_by(ApiKey.seq)))


def remove_key(session: Session, caller: Caller, user_id: str, print_: str) -> None:
    """Remove the user's key with this fingerprint. Raises NotFound."""
    key = session.scalar(select(ApiKey).where(ApiKey.user_id == user_id, ApiKey.fingerprint == print_))
    if key is None:
        raise not_found("key", print_)
    session.delete(key)
    record(session, caller, "key.delete", user_id, old={"fingerprint": print_})
