"""The check at both doors: tokens, signatures, and refusals that tell nothing."""

from __future__ import annotations

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


def test_unknown_and_known_keys_cost_a_verification_each(key: rsa.RSAPrivateKey) -> None:
    """An unknown key id must not be told from a wrong signature by its speed."""
    import time

    verifier = verifier_for(key)

    def seconds(key_id: str) -> float:
        headers = {"host": "h", **sign(key, key_id, "GET", "/x", {"host": "h"})}
        begun = time.perf_counter()
        for _ in range(50):
            with pytest.raises(NotAuthenticated):
                verifier.authenticate("GET", "/changed", headers)
        return time.perf_counter() - begun

    seconds("t/u/f")
    seconds("t/u/none")
    known, unknown = (min(seconds(key_id) for _ in range(3)) for key_id in ("t/u/f", "t/u/none"))
    assert unknown > known / 4
