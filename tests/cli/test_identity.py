"""``ads users``, ``grants``, ``compartments``, ``tokens``, ``keys`` against a real control plane."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ads.cli.exit_codes import CONFLICT, FAILED, NOT_FOUND, USAGE
from tests.api.conftest import Running, start

from .conftest import Ads


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running, stop = start(tmp_path_factory.mktemp("control"))
    yield running
    stop()


@pytest.fixture
def ads_there(ads: Ads, control: Running, monkeypatch: pytest.MonkeyPatch) -> Ads:
    monkeypatch.setenv("OPENADS_URL", control.url)
    monkeypatch.setenv("OPENADS_TOKEN", control.context.home.token_file.read_text().strip())
    return ads


def run(ads: Ads, *arguments: str, code: int = 0, stdin: str = "") -> str:
    done = ads(*arguments, stdin=stdin)
    assert done.code == code, f"{arguments}: {done.out}\n{done.err}"
    return done.out if code == 0 else done.err


def status(control: Running, token: str, path: str = "/openads/v1/service") -> int:
    return httpx.get(control.url + path, headers={"authorization": f"Bearer {token}"}).status_code


def test_from_a_new_user_to_a_deactivated_one(ads_there: Ads, control: Running) -> None:
    run(ads_there, "users", "create", "ada", "--description", "fraud team")
    run(ads_there, "compartments", "create", "fraud")
    run(ads_there, "compartments", "create", "cards", "--in", "fraud")
    run(ads_there, "grants", "add", "ada", "read", "fraud")
    token = run(ads_there, "tokens", "create", "laptop", "--user", "ada", "--expires", "90d").strip()
    cards = run(ads_there, "compartments", "ls", "--format", "json")
    place = next(row["id"] for row in json.loads(cards) if row["name"] == "cards")
    assert status(control, token, f"/20190101/models?compartmentId={place}") == 200
    assert status(control, token, f"/20190101/models?compartmentId={control.compartment}") == 404
    listed = run(ads_there, "grants", "ls", "--user", "ada")
    assert ["ada", "read", "fraud"] in [line.split("\t")[:3] for line in listed.splitlines()]
    assert run(ads_there, "compartments", "ls").splitlines()[1].split("\t")[:2] == ["cards", "fraud"]

    run(ads_there, "grants", "remove", "ada", "fraud")
    assert status(control, token, f"/20190101/models?compartmentId={place}") == 404
    assert "Nobody can be asked" in run(ads_there, "users", "deactivate", "ada", code=USAGE)
    run(ads_there, "users", "deactivate", "ada", "--yes")
    assert status(control, token) == 401
    assert "INACTIVE" in run(ads_there, "users", "ls")
    run(ads_there, "users", "activate", "ada")
    assert status(control, token) == 200
    run(ads_there, "compartments", "delete", "cards", "--yes")
    assert "cards" not in run(ads_there, "compartments", "ls")


def test_tokens_are_shown_once_and_revoked_by_name(ads_there: Ads, control: Running) -> None:
    text = run(ads_there, "tokens", "create", "ci", "--verb", "read", "--compartment", "default", "--expires", "12h")
    token = text.strip()
    assert len(token) == 43
    listed = run(ads_there, "tokens", "ls")
    assert token not in listed
    assert "read in " in listed
    assert status(control, token, f"/20190101/models?compartmentId={control.compartment}") == 200
    run(ads_there, "tokens", "revoke", "ci")
    assert status(control, token) == 401
    assert "ads tokens ls" in run(ads_there, "tokens", "revoke", "ci", code=USAGE)
    made = json.loads(run(ads_there, "tokens", "create", "x", "--format", "json"))
    assert made["scope"] is None
    run(ads_there, "tokens", "revoke", made["id"])
    assert "RFC 3339" in run(ads_there, "tokens", "create", "y", "--expires", "soon", code=FAILED)


def test_the_last_administrator_is_kept_and_the_error_says_what_to_do(ads_there: Ads) -> None:
    told = run(ads_there, "users", "deactivate", "admin", "--yes", code=CONFLICT)
    assert "last administrator" in told
    assert "Grant another user 'manage' on the tenancy first." in told
    assert "last administrator" in run(ads_there, "grants", "remove", "admin", "tenancy", code=CONFLICT)


def test_keys(ads_there: Ads, tmp_path: Path) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = tmp_path / "public.pem"
    public.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    secret = tmp_path / "private.pem"
    secret.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert "must not leave" in run(ads_there, "keys", "add", str(secret), code=USAGE)
    print_ = run(ads_there, "keys", "add", str(public)).strip().rpartition("/")[2]
    assert print_ in run(ads_there, "keys", "ls")
    assert run(ads_there, "keys", "ls", "--quiet").strip() == print_
    run(ads_there, "keys", "remove", print_)
    assert print_ not in run(ads_there, "keys", "ls")


def test_a_name_that_is_nearly_right(ads_there: Ads) -> None:
    run(ads_there, "users", "create", "grace")
    assert "Did you mean 'grace'?" in run(ads_there, "grants", "add", "grcae", "use", "default", code=NOT_FOUND)
    assert "ads compartments ls" in run(ads_there, "grants", "add", "grace", "use", "zzzzzz", code=NOT_FOUND)
