"""The check at both doors: tokens, signatures, and refusals that tell nothing."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ads.errors import NotAuthenticated
from ads.identity.signature import body_digest, sign
from ads.identity.tokens import hash_token, new_token
from ads.identity.verifier import Verifier, load_identities


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def verifier_for(key: rsa.RSAPrivateKey) -> Verifier:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return Verifier({"keys": [{"key_id": "t/u/f", "public_key": pem, "principal": "ocid1.user.oc1..u"}]})


def test_tokens() -> None:
    token = new_token()
    verifier = Verifier(
        {
            "tokens": [
                {"sha256": hash_token(token), "principal": "u", "expires": None},
                {"sha256": hash_token("old"), "principal": "u", "expires": 1.0},
            ]
        }
    )
    assert verifier.authenticate("GET", b"/", [(b"Authorization", b"Bearer " + token.encode())]) == "u"
    assert verifier.authenticate("GET", "/", {"authorization": f"bearer {token}"}) == "u"
    wrong = ["", token[:-1], token + "x", token.swapcase(), "old", "é", "\0", "a" * 65536, "' OR 1=1 --"]
    for text in wrong:
        with pytest.raises(NotAuthenticated):
            verifier.authenticate("GET", "/", {"authorization": f"Bearer {text}"})
    with pytest.raises(NotAuthenticated):
        verifier.authenticate("GET", "/", [("authorization", f"Bearer {token}"), ("Authorization", f"Bearer {token}")])


def test_without_a_file_nobody_is_known(tmp_path) -> None:
    assert load_identities(tmp_path / "none.json")["keys"] == []
    (tmp_path / "broken.json").write_text("{")
    assert load_identities(tmp_path / "broken.json")["tokens"] == []


def test_the_answer_does_not_tell_which_check_failed(key: rsa.RSAPrivateKey) -> None:
    messages = set()
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": 'Signature keyId="'}):
        with pytest.raises(NotAuthenticated) as caught:
            verifier_for(key).authenticate("GET", "/x", headers)
        messages.add((caught.value.message, caught.value.status, caught.value.service_code))
    assert len(messages) == 1


def test_a_body_that_is_not_there_yet_is_reported(key: rsa.RSAPrivateKey) -> None:
    headers = {"host": "h", "content-type": "a/b"}
    headers.update(sign(key, "t/u/f", "POST", "/x", headers, b"abc"))
    assert verifier_for(key).identify("POST", "/x", headers).body_sha256 == body_digest(b"abc")
    upload = "/20190101/models/ocid1.datasciencemodel.oc1..a/artifact"
    headers = {"host": "h", **sign(key, "t/u/f", "POST", upload, {"host": "h"})}
    assert verifier_for(key).identify("POST", upload, headers).body_sha256 is None


def test_unknown_and_known_keys_cost_a_verification_each(
    key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unknown key id must not be told from a wrong signature by its speed."""
    from ads.identity import verifier as module

    checked: list[object] = []

    def counting(signature: object, public_key: object, *rest: Any, **named: Any) -> None:
        checked.append(public_key)
        verify(signature, public_key, *rest, **named)

    verify = module.verify
    monkeypatch.setattr(module, "verify", counting)
    for key_id in ("t/u/f", "t/u/none"):
        headers = {"host": "h", **sign(key, key_id, "GET", "/x", {"host": "h"})}
        with pytest.raises(NotAuthenticated):
            verifier_for(key).authenticate("GET", "/changed", headers)
    assert len(checked) == 2
    assert None not in checked
