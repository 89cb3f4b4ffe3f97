from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ads.common.auth import (
    AuthContext,
    AuthFactory,
    AuthState,
    AuthType,
    api_keys,
    create_signer,
    default_signer,
    set_auth,
)


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("OCI_IAM_TYPE", "OCI_CONFIG_LOCATION", "OCI_CONFIG_PROFILE", "OPENADS_URL"):
        monkeypatch.delenv(name, raising=False)
    with AuthContext():
        set_auth()
        yield


@pytest.fixture
def profile(tmp_path: Path) -> Path:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    path = tmp_path / "config"
    key_file = tmp_path / "key.pem"
    path.write_text(f"[DEV]\nuser=u\ntenancy=t\nfingerprint=aa:bb\nregion=local\nkey_file={key_file}\n")
    return path


def test_there_is_one_state_and_a_context_restores_it() -> None:
    set_auth("resource_principal")
    with AuthContext(auth="api_key", profile="OTHER"):
        assert (AuthState().oci_iam_type, AuthState().oci_key_profile) == ("api_key", "OTHER")
    assert AuthState().oci_iam_type == AuthType.RESOURCE_PRINCIPAL
    assert AuthState() is AuthState()


def test_wrong_combinations_are_refused() -> None:
    with pytest.raises(ValueError, match="api_key, resource_principal"):
        set_auth("magic")
    with pytest.raises(ValueError, match="location"):
        set_auth(config={"user": "u"}, profile="DEV")
    with pytest.raises(ValueError, match="can't be called"):
        set_auth(signer_callable="no")  # type: ignore[arg-type]


def test_a_signer_of_the_users_own_wins() -> None:
    set_auth(signer="mine", client_kwargs={"a": 1})
    assert default_signer({"b": 2}) == {"config": {}, "signer": "mine", "client_kwargs": {"a": 1, "b": 2}}
    set_auth(signer_callable=lambda **k: k, signer_kwargs={"x": 1})
    assert default_signer()["signer"] == {"x": 1}


def test_an_api_key_signs_requests_that_a_server_accepts(profile: Path) -> None:
    import requests
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    from ads.identity.signature import parse_authorization

    found = api_keys(str(profile), "DEV")
    assert found["config"]["region"] == "local"
    request = requests.Request("POST", "http://host:1/x/predict?a=b", json={"a": 1}, auth=found["signer"]).prepare()
    signature = parse_authorization(request.headers["authorization"])
    assert signature.key_id == "t/u/aa:bb"
    assert load_pem_private_key((profile.parent / "key.pem").read_bytes(), None)
    read = requests.Request("GET", "http://host:1/x", auth=found["signer"]).prepare()
    assert "x-content-sha256" not in read.headers


def test_a_missing_profile_names_those_that_exist(profile: Path) -> None:
    with pytest.raises(ValueError, match="Profiles: DEV"):
        api_keys(str(profile), "PROD")
    with pytest.raises(ValueError, match="no OCI configuration"):
        create_signer(oci_config_location="/nowhere/config")
    with pytest.raises(ValueError, match="fingerprint"):
        create_signer(config={"user": "u", "tenancy": "t", "key_file": "k"})


def test_without_any_configuration_the_service_on_this_machine_is_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import requests

    monkeypatch.setenv("OPENADS_URL", "http://127.0.0.1:890")
    monkeypatch.setenv("OPENADS_TOKEN", "secret")
    signer = default_signer()["signer"]
    own = requests.Request("POST", "http://127.0.0.1:890/x/predict", json={}, auth=signer).prepare()
    assert own.headers["authorization"] == "Bearer secret"
    other = requests.Request("POST", "http://127.0.0.1:8901/x/predict", json={}, auth=signer).prepare()
    assert "authorization" not in other.headers


def test_ways_can_be_added() -> None:
    class Mine:
        def __init__(self, args: dict[str, Any]) -> None:
            self.args = args

        def create_signer(self) -> dict[str, Any]:
            return {"config": {}, "signer": "plugged", "client_kwargs": {}}

    AuthFactory.register("mine", Mine)
    try:
        set_auth("mine")
        assert default_signer()["signer"] == "plugged"
    finally:
        del AuthFactory.classes["mine"]
