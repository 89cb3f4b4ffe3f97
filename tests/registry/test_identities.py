"""The first start, keys and tokens, and what the gateways read."""

from __future__ import annotations

import json
import stat
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import text

from ads.errors import InputError, NotAuthenticated, NotFound
from ads.identity.signature import sign
from ads.registry import identities, tokens
from ads.registry.identities import Identities, ensure_defaults
from ads.registry.tables import now


@pytest.fixture
def started(catalog) -> Identities:
    made = Identities(catalog.database, catalog.home)
    made.start(catalog.defaults)
    return made


def accepts(started: Identities, token: str) -> bool:
    try:
        started.verifier.authenticate("GET", "/", {"authorization": f"Bearer {token}"})
    except NotAuthenticated:
        return False
    return True


def test_the_first_start_makes_one_administrator_token(catalog, started) -> None:
    token = catalog.home.token_file.read_text()
    assert accepts(started, token)
    assert stat.S_IMODE(catalog.home.token_file.stat().st_mode) == 0o600
    with catalog.database.read() as session:
        assert token not in str(session.execute(text("SELECT * FROM tokens")).all())
    assert token not in catalog.home.identities_file.read_text()
    assert stat.S_IMODE(catalog.home.identities_file.stat().st_mode) == 0o600
    assert ensure_defaults(catalog.database) == catalog.defaults

    again = Identities(catalog.database, catalog.home)
    again.start(catalog.defaults)
    assert catalog.home.token_file.read_text() == token
    assert again.verifier.generation > started.verifier.generation


def test_removing_the_token_file_ends_the_old_token(catalog, started) -> None:
    old = catalog.home.token_file.read_text()
    catalog.home.token_file.unlink()
    started.start(catalog.defaults)
    assert not accepts(started, old)
    assert accepts(started, catalog.home.token_file.read_text())


def test_tokens_expire_and_are_revoked(catalog, started) -> None:
    user = catalog.defaults.user_id
    with catalog.database.write() as session:
        good, row = tokens.create_token(session, catalog.caller, user, "ci")
        expired, _ = tokens.create_token(session, catalog.caller, user, "old", now() - timedelta(seconds=1))
    started.publish()
    assert accepts(started, good)
    assert not accepts(started, expired)
    with catalog.database.write() as session:
        tokens.revoke_token(session, catalog.caller, user, str(row.seq))
    started.publish()
    assert not accepts(started, good)
    with pytest.raises(NotFound), catalog.database.write() as session:
        tokens.revoke_token(session, catalog.caller, user, "999")


def test_keys_are_registered_once_and_removed(catalog, started) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    user = catalog.defaults.user_id
    for _ in range(2):
        with catalog.database.write() as session:
            key = identities.register_key(session, catalog.caller, user, pem)
    started.publish()
    assert len(json.loads(catalog.home.identities_file.read_text())["keys"]) == 1
    headers = {"host": "h", **sign(private, key.key_id, "GET", "/", {"host": "h"})}
    assert started.verifier.authenticate("GET", "/", headers) == user
    with catalog.database.write() as session:
        identities.remove_key(session, catalog.caller, user, key.fingerprint)
    started.publish()
    with pytest.raises(NotAuthenticated):
        started.verifier.authenticate("GET", "/", headers)
    with pytest.raises(InputError), catalog.database.write() as session:
        identities.register_key(session, catalog.caller, user, "no key")
