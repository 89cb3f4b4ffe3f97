"""Passes: who is let through to one deployment for a minute, and who isn't."""

from __future__ import annotations

import pytest

from ads.errors import NotAuthenticated
from ads.identity.passes import LIFETIME, Pass, make_pass, pass_key, read_pass
from ads.identity.tokens import hash_token
from ads.identity.verifier import Identity, Verifier

NOW = 1_800_000_000.0
SECRET = "ab" * 32
KEY = pass_key(SECRET)
ROOT, TEAM, OTHER = "ocid1.tenancy.oc1..a", "ocid1.compartment.oc1..b", "ocid1.compartment.oc1..c"
GIVEN = Pass(hash_token("t" * 32), "ocid1.datasciencemodeldeployment.oc1.local.x", NOW + LIFETIME)


def verifier(scope: dict[str, object] | None = None, **changes: object) -> Verifier:
    return Verifier(
        {
            "generation": 1,
            "compartments": {ROOT: None, TEAM: ROOT, OTHER: ROOT},
            "grants": {"ada": {TEAM: "manage"}},
            "tokens": [{"sha256": GIVEN.credential, "principal": "ada", "expires": None, "scope": scope}],
            "pass_key": KEY,
            **changes,
        }
    )


def shown(to: Verifier, token: str, now: float = NOW) -> Identity:
    return to.identify("POST", "/x/predict", {"authorization": f"Bearer {token}"}, now=now)


def test_a_pass_allows_predictions_with_its_deployment_and_nothing_else() -> None:
    identity = shown(verifier(), make_pass(KEY, GIVEN))
    assert identity.principal == "ada"
    assert identity.permissions.allows("use", TEAM, GIVEN.deployment_id)
    assert not identity.permissions.allows("manage", TEAM, GIVEN.deployment_id)
    assert not identity.permissions.allows("use", TEAM, "another deployment")
    assert not identity.permissions.allows("use", OTHER, GIVEN.deployment_id)
    assert identity.credential == ""


def test_a_pass_never_allows_more_than_the_credential_behind_it() -> None:
    token = make_pass(KEY, GIVEN)
    reader = shown(verifier({"verb": "read"}), token)
    assert reader.permissions.allows("read", TEAM, GIVEN.deployment_id)
    assert not reader.permissions.allows("use", TEAM, GIVEN.deployment_id)
    for without in (verifier({"verb": "use", "deploymentIds": ["other"]}), verifier(tokens=[])):
        with pytest.raises(NotAuthenticated):
            shown(without, token)


def test_a_pass_that_is_over_forged_or_of_another_service_is_refused() -> None:
    token = make_pass(KEY, GIVEN)
    body, _, signature = token.rpartition(".")
    forged = [f"{body}x.{signature}", f"{body}.{'0' * 64}", "pass.", "pass..", "pass.e30.", f"{body}.é"]
    forged.append(make_pass(pass_key("cd" * 32), GIVEN))
    for text in forged:
        with pytest.raises(NotAuthenticated):
            shown(verifier(), text)
    with pytest.raises(NotAuthenticated):
        shown(verifier(), token, NOW + LIFETIME)
    with pytest.raises(NotAuthenticated):
        shown(verifier(pass_key=""), make_pass("", GIVEN))


def test_the_key_tells_nothing_of_the_secret_and_signed_nonsense_is_no_pass() -> None:
    assert SECRET not in KEY
    assert read_pass(KEY, make_pass(KEY, GIVEN), NOW) == GIVEN
