"""The signers of the ``oci`` package: made from what users have, and checked as a server checks them."""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ads.client.auth import AuthContext, api_keys, create_signer, default_signer, security_token, set_auth
from ads.client.oci_signers import expiry_of
from ads.errors import InputError, NotSupported, SecurityTokenError
from ads.identity.signature import parse_authorization, verify

pytestmark = pytest.mark.needs("oci", "requests")


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("HOME", str(tmp_path))
    with AuthContext():
        set_auth()
        yield


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def token(expires_in: float, **more: Any) -> str:
    """Return a session token as OCI writes them; nobody here checks who signed it."""
    parts = [{"alg": "RS256"}, {"exp": int(time.time() + expires_in), **more}]
    return ".".join(base64.urlsafe_b64encode(json.dumps(p).encode()).decode().rstrip("=") for p in parts) + ".c2ln"


@pytest.fixture
def profile(tmp_path: Path, key: rsa.RSAPrivateKey) -> dict[str, str]:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "token").write_text(token(3600))
    return {
        "user": "ocid1.user.oc1..u",
        "tenancy": "ocid1.tenancy.oc1..t",
        "fingerprint": ":".join(["ab"] * 16),
        "region": "eu-frankfurt-1",
        "key_file": str(tmp_path / "key.pem"),
        "security_token_file": str(tmp_path / "token"),
    }


def key_id_of_verified(signer: Any, key: rsa.RSAPrivateKey) -> str:
    """Return the key id of a request that the signer signed, once the signature proved to be this key's."""
    import requests

    request = requests.Request("POST", "http://host:1/x?a=b", json={"a": 1}, auth=signer).prepare()
    signature = parse_authorization(request.headers["authorization"])
    verify(signature, key.public_key(), "POST", "/x?a=b", {k.lower(): [v] for k, v in request.headers.items()})
    return signature.key_id


def test_an_api_key_gets_the_signer_of_the_oci_package(profile: dict[str, str], key: rsa.RSAPrivateKey) -> None:
    from oci.signer import Signer

    signer = api_keys(profile)["signer"]
    assert isinstance(signer, Signer)
    assert key_id_of_verified(signer, key) == "ocid1.tenancy.oc1..t/ocid1.user.oc1..u/" + ":".join(["ab"] * 16)


def test_without_the_package_api_keys_sign_all_the_same(
    profile: dict[str, str], key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    signer = api_keys(profile)["signer"]
    assert type(signer).__module__ == "ads.client.signers"
    assert key_id_of_verified(signer, key).startswith("ocid1.tenancy.oc1..t/")


def test_a_session_token_is_signed_with_its_session_key(profile: dict[str, str], key: rsa.RSAPrivateKey) -> None:
    from oci.auth.signers import SecurityTokenSigner

    found = security_token(profile)
    assert isinstance(found["signer"], SecurityTokenSigner)
    assert found["config"]["region"] == "eu-frankfurt-1"
    assert key_id_of_verified(found["signer"], key) == f"ST${Path(profile['security_token_file']).read_text()}"


def test_a_session_token_of_a_profile(profile: dict[str, str], tmp_path: Path) -> None:
    lines = "\n".join(f"{name}={value}" for name, value in profile.items())
    (tmp_path / "config").write_text(f"[SESSION]\n{lines}\n")
    set_auth("security_token", oci_config_location=str(tmp_path / "config"), profile="SESSION")
    assert type(default_signer()["signer"]).__name__ == "SecurityTokenSigner"


def test_an_expired_session_token_says_so(profile: dict[str, str]) -> None:
    Path(profile["security_token_file"]).write_text(token(-1))
    with pytest.raises(SecurityTokenError, match="has expired") as caught:
        security_token(profile)
    assert "oci session authenticate" in caught.value.hint
    Path(profile["security_token_file"]).write_text("no token")
    with pytest.raises(SecurityTokenError, match="JSON Web Token"):
        security_token(profile)
    Path(profile["security_token_file"]).unlink()
    with pytest.raises(SecurityTokenError, match="can't be read"):
        security_token(profile)
    with pytest.raises(InputError, match="security_token_file"):
        security_token({name: value for name, value in profile.items() if name != "security_token_file"})


def test_a_session_token_that_expires_soon_is_refreshed_by_the_command_line(
    profile: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program named oci stands for OCI's: it writes a new token, as ``oci session refresh`` does."""
    file = Path(profile["security_token_file"])
    file.write_text(token(60))
    fresh = token(3600)
    program = tmp_path / "bin" / "oci"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\nprintf %s "{fresh}" > {file}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    lines = "\n".join(f"{name}={value}" for name, value in profile.items())
    (tmp_path / "config").write_text(f"[SESSION]\n{lines}\n")
    signer = security_token(str(tmp_path / "config"), "SESSION")["signer"]
    assert signer.api_key == f"ST${fresh}"
    assert (tmp_path / "asked").read_text().split()[:2] == ["session", "refresh"]


def test_a_resource_principal_of_a_job_inside_oci(
    profile: dict[str, str], key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "OCI_RESOURCE_PRINCIPAL_VERSION": "2.2",
        "OCI_RESOURCE_PRINCIPAL_RPST": token(3600, res_tenant="ocid1.tenancy.oc1..t"),
        "OCI_RESOURCE_PRINCIPAL_PRIVATE_PEM": Path(profile["key_file"]).read_text(),
        "OCI_RESOURCE_PRINCIPAL_REGION": "us-ashburn-1",
    }.items():
        monkeypatch.setenv(name, value)
    found = create_signer("resource_principal")
    assert found["config"] == {"region": "us-ashburn-1"}
    assert key_id_of_verified(found["signer"], key).startswith("ST$")


def test_principals_of_oci_are_not_found_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OCI_RESOURCE_PRINCIPAL_VERSION", raising=False)
    with pytest.raises(InputError, match="no credential of a resource principal here"):
        create_signer("resource_principal")


def test_an_instance_principal_is_that_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The signer asks the machine it runs on, so a machine of OCI's is stood in for."""
    from oci.auth import signers
    from oci.exceptions import ServiceError

    class OnOci:
        region = "us-phoenix-1"

    monkeypatch.setattr(signers, "InstancePrincipalsSecurityTokenSigner", OnOci)
    found = create_signer("instance_principal")
    assert isinstance(found["signer"], OnOci)
    assert found["config"] == {"region": "us-phoenix-1"}

    def elsewhere() -> None:
        raise ServiceError(403, None, {}, "Forbidden")

    monkeypatch.setattr(signers, "InstancePrincipalsSecurityTokenSigner", elsewhere)
    with pytest.raises(InputError, match="no credential of an instance principal here: Forbidden"):
        create_signer("instance_principal")


def test_without_the_package_the_way_out_is_named(profile: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name == "oci" or name.startswith("oci.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "oci", None)
    for make in (lambda: security_token(profile), lambda: create_signer("resource_principal")):
        with pytest.raises(NotSupported, match="needs the package oci") as caught:
            make()
        assert "openads[oci]" in caught.value.hint


def test_the_expiry_is_read_from_the_token() -> None:
    assert abs(expiry_of(token(100)) - time.time() - 100) < 5
