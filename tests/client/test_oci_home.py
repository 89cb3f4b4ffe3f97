"""Where requests go after ``set_auth()``, and that the signers of the ``oci`` package sign them as a service wants."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ads.client import Service
from ads.client.auth import AuthContext, AuthState, set_auth
from ads.client.oci_home import endpoint_of, remote_home
from ads.errors import InputError, NotAuthenticated, NotFound
from ads.identity.signature import parse_authorization, verify
from ads.settings import load_settings
from tests.client.test_oci_signers import token
from tests.http_server import FakeServer, Reply, Seen

pytestmark = pytest.mark.needs("oci")


@pytest.fixture(autouse=True)
def own_state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("OPENADS_URL", "OPENADS_TOKEN", "OCI_ODSC_SERVICE_ENDPOINT", "NB_SESSION_COMPARTMENT_OCID"):
        monkeypatch.delenv(name, raising=False)
    with AuthContext():
        AuthState().chosen = 0
        yield


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def profile(tmp_path: Path, key: rsa.RSAPrivateKey) -> dict[str, str]:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "token").write_text(token(3600))
    names = {"user": "ocid1.user.oc1..u", "tenancy": "ocid1.tenancy.oc1..t", "fingerprint": ":".join(["ab"] * 16)}
    files = {"key_file": str(tmp_path / "key.pem"), "security_token_file": str(tmp_path / "token")}
    return {**names, **files, "region": "eu-frankfurt-1"}


@pytest.fixture
def registered(local_service: Path, profile: dict[str, str], key: rsa.RSAPrivateKey) -> tuple[dict[str, str], str]:
    """A profile whose key the service knows, and the service's address."""
    service = Service.find()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    answer = service.request("POST", "/openads/v1/keys", json={"publicKey": public}).json()
    return {**profile, **{name: answer[name] for name in ("user", "tenancy", "fingerprint")}}, service.url


def register_and_read_back(name: str) -> None:
    """Create a model with an artifact, read it, list it, delete it: bodies, uploads and plain requests."""
    from ads.model.datascience_model import DataScienceModel

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("score.py", "def load_model(): return 1\ndef predict(data, model=load_model()): return data\n")
        file.writestr("runtime.yaml", "MODEL_ARTIFACT_VERSION: '3.0'\nMODEL_DEPLOYMENT:\n  INFERENCE_CONDA_ENV: {}\n")
    path = Path("artifact.zip")
    path.write_bytes(archive.getvalue())
    model = DataScienceModel(artifact=str(path)).create(display_name=name)
    assert [found.id for found in DataScienceModel.list(display_name=name)] == [model.id]
    model.download_artifact(f"back-{name}")
    assert (Path(f"back-{name}") / "score.py").is_file()
    assert model.delete().lifecycle_state == "DELETED"


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("in_tmp")
def test_api_keys_sign_for_the_service_of_openads_url(
    registered: tuple[dict[str, str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config, url = registered
    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "elsewhere"))  # nothing here knows the token
    monkeypatch.setenv("OPENADS_URL", url)
    set_auth(config=config)
    register_and_read_back("signed-url")
    set_auth(config={**config, "fingerprint": ":".join(["cd"] * 16)})
    with pytest.raises(NotAuthenticated):
        Service.find().get_json("/openads/v1/service")


@pytest.mark.usefixtures("in_tmp")
@pytest.mark.parametrize("named_by", ["variable", "client_kwargs", "profile"])
def test_other_ways_to_name_the_service(
    registered: tuple[dict[str, str], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, named_by: str
) -> None:
    config, url = registered
    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "elsewhere"))
    if named_by == "variable":
        monkeypatch.setenv("OCI_ODSC_SERVICE_ENDPOINT", url)
        set_auth(config=config)
    elif named_by == "client_kwargs":
        set_auth(config=config, client_kwargs={"service_endpoint": url})
    else:
        lines = "\n".join(f"{name}={value}" for name, value in {**config, "endpoint": url}.items())
        (tmp_path / "config").write_text(f"[HERE]\n{lines}\n")
        set_auth(oci_config_location=str(tmp_path / "config"), profile="HERE")
    register_and_read_back(f"signed-by-{named_by.replace('_', '-')}")
    assert not (tmp_path / "elsewhere").exists(), "no service of this machine was started"


def test_a_session_key_signs_what_the_client_sends(
    remote: FakeServer, profile: dict[str, str], key: rsa.RSAPrivateKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No service of ours issues session tokens; what arrives is checked with the session's public key."""
    good: list[str] = []

    def check(seen: Seen) -> Reply:
        headers = {name.lower(): [value] for name, value in seen.headers.items()}
        signature = parse_authorization(headers["authorization"][0])
        target = seen.path + (f"?{seen.query}" if seen.query else "")
        verify(signature, key.public_key(), seen.method, target, headers)
        good.append(signature.key_id)
        return Reply(200, {"items": []} if seen.method == "GET" else {"id": "x"})

    remote.on("GET", "/openads/v1/events", check)
    remote.on("POST", "/20190101/models", check)
    remote.on("POST", "/20190101/models/x/artifact", check)
    monkeypatch.setenv("OPENADS_URL", remote.url)
    monkeypatch.delenv("OPENADS_TOKEN", raising=False)
    set_auth("security_token", config=profile)
    service = Service.find()
    list(service.list("/openads/v1/events", {"limit": "5", "action": "a b/c"}))
    service.request("POST", "/20190101/models", json={"displayName": "größe"})
    service.request("POST", "/20190101/models/x/artifact", content=lambda: iter([b"a", b"b"]))
    assert good == [f"ST${Path(profile['security_token_file']).read_text()}"] * 3


def test_every_kind_of_path_has_its_address_in_a_region() -> None:
    found = {path: endpoint_of("eu-frankfurt-1", path) for path in ("/20190101/models", "/20180409/resources")}
    assert found["/20190101/models"] == "https://datascience.eu-frankfurt-1.oci.oraclecloud.com"
    assert found["/20180409/resources"] == "https://query.eu-frankfurt-1.oci.oraclecloud.com"
    assert endpoint_of("us-gov-ashburn-1", "/n/x") == "https://objectstorage.us-gov-ashburn-1.oraclegovcloud.com"
    deployment = "/ocid1.datasciencemodeldeployment.oc1.iad.x/predict"
    assert endpoint_of("us-ashburn-1", deployment) == "https://modeldeployment.us-ashburn-1.oci.customer-oci.com"
    with pytest.raises(NotFound, match="only a service of OpenADS"):
        endpoint_of("us-ashburn-1", "/openads/v1/events")


def test_credentials_of_oci_mean_oci_in_their_region(
    profile: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NB_SESSION_COMPARTMENT_OCID", "ocid1.compartment.oc1..c")
    set_auth("security_token", config=profile)
    home = remote_home(load_settings(tmp_path))
    assert home is not None
    assert home.url == "https://datascience.eu-frankfurt-1.oci.oraclecloud.com"
    service = Service.find()
    assert (service.knows_references, service.compartment_id) == (False, "ocid1.compartment.oc1..c")
    monkeypatch.setenv("OPENADS_URL", "oci://us-phoenix-1")
    home = remote_home(load_settings(tmp_path))
    assert home is not None
    assert home.url == "https://datascience.us-phoenix-1.oci.oraclecloud.com"


def test_an_endpoint_of_oci_alone_leaves_its_other_services_where_they_are(
    profile: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCI_ODSC_SERVICE_ENDPOINT", "https://datascience-int.eu-frankfurt-1.oci.oraclecloud.com/")
    set_auth(config=profile)
    home = remote_home(load_settings(tmp_path))
    assert home is not None
    assert home.endpoint_of is not None
    assert home.endpoint_of("/20190101/models") == "https://datascience-int.eu-frankfurt-1.oci.oraclecloud.com"
    assert home.endpoint_of("/n/ns") == "https://objectstorage.eu-frankfurt-1.oraclecloud.com"


@pytest.mark.parametrize("way", ["nothing", "api_key", "resource_principal"])
def test_without_credentials_of_oci_the_service_on_this_machine_is_meant(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OCI_RESOURCE_PRINCIPAL_VERSION", raising=False)
    if way != "nothing":
        set_auth(way)
    assert remote_home(load_settings(tmp_path)) is None


def test_oci_without_a_region_or_credentials_says_so(
    profile: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENADS_URL", "oci")
    with pytest.raises(InputError, match="region of OCI is not known"):
        remote_home(load_settings(tmp_path))
    set_auth(config={**profile, "region": "nowhere"})
    with pytest.raises(InputError, match="'nowhere' is none"):
        remote_home(load_settings(tmp_path))


def test_a_context_brings_the_former_home_back(remote: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENADS_URL", remote.url)
    monkeypatch.setenv("OPENADS_TOKEN", "t")
    before = Service.find()
    signed: list[Any] = []
    with AuthContext(signer=signed.append, config={"region": "eu-frankfurt-1"}):
        monkeypatch.delenv("OPENADS_TOKEN")
        assert Service.find() is not before
    monkeypatch.setenv("OPENADS_TOKEN", "t")
    assert Service.find() is before
