"""``ads config``."""

from __future__ import annotations

import configparser
import json
import stat
from pathlib import Path

import pytest

from ads.cli.config import masked
from ads.cli.oci_profile import with_profile
from ads.settings import setting_names


def profile_of(file: Path, name: str = "DEFAULT") -> dict[str, str]:
    parser = configparser.RawConfigParser(default_section="")
    parser.read(file)
    return dict(parser[name])


def test_show_names_the_source_of_every_value(ads, monkeypatch, tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.openads]\nport = 8999\n")
    monkeypatch.setenv("OPENADS_TOKEN", "top-secret")
    lines = {line.split("\t")[0]: line.split("\t")[1:] for line in ads("config", "show").out.splitlines()[1:]}
    assert list(lines) == setting_names()
    assert lines["port"] == ["8999", str(tmp_path / "pyproject.toml")]
    assert lines["token"] == ["********", "environment (OPENADS_TOKEN)"]
    assert lines["host"] == ["127.0.0.1", "default"]
    assert lines["home"][1] == "environment (OPENADS_HOME)"
    assert ads("config", "show", "--home", "/x/y", "-q").out.split() == setting_names()
    assert json.loads(ads("--home", "/x/y", "config", "show", "--format", "json").out)[0] == {
        "name": "home",
        "value": "/x/y",
        "source": "argument",
    }


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("token", "", ""),
        ("database_url", "postgresql://ads:pass@db/x", "postgresql://ads:********@db/x"),
        ("database_url", "sqlite:////tmp/x.db", "sqlite:////tmp/x.db"),
        ("url", "http://127.0.0.1:8900", "http://127.0.0.1:8900"),
    ],
)
def test_secrets_are_masked(name, value, shown):
    assert masked(name, value) == shown


def test_oci_makes_key_and_profile_once(ads, service, home):
    first = ads("config", "oci")
    assert first.code == 0, first.err
    key = home.root / "oci" / "oci_api_key.pem"
    profile = profile_of(home.root / "oci" / "config")
    assert profile["key_file"] == str(key)
    assert profile["user"].startswith("ocid1.user.")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE((home.root / "oci" / "config").stat().st_mode) == 0o600
    assert stat.S_IMODE((home.root / "oci").stat().st_mode) == 0o700
    pem = key.read_bytes()
    second = ads("config", "oci", "--format", "json")
    assert key.read_bytes() == pem
    assert json.loads(second.out)["endpoint"] == service.url
    registered = [json.loads(body)["publicKey"] for method, _, _, body in service.requests if method == "POST"]
    assert len(set(registered)) == 1
    assert registered[0].startswith("-----BEGIN PUBLIC KEY-----")


def test_oci_prints_lines_that_can_be_pasted(ads, service, home):
    text = ads("config", "oci").out
    compile(text.split("# oci-cli")[0], "oci", "exec")
    compile(text.split("# oracle-ads")[1].split("\n", 1)[1], "oracle-ads", "exec")
    assert f"export OCI_CLI_ENDPOINT={service.url}\n" in text
    assert f'service_endpoint="{service.url}"' in text


def test_the_oci_client_accepts_the_profile(ads, service, home):
    oci = pytest.importorskip("oci")
    assert ads("config", "oci").code == 0
    loaded = oci.config.from_file(str(home.root / "oci" / "config"))
    oci.config.validate_config(loaded)


def test_oci_leaves_other_profiles_alone(ads, service, home, tmp_path):
    file = tmp_path / "config"
    file.write_text("# mine\n[DEFAULT]\nuser=ocid1.user.oc1..real\nkey_file=/keys/real.pem\n")
    refused = ads("config", "oci", "--file", str(file))
    assert refused.code == 5
    assert "--profile" in refused.err
    assert "real" in file.read_text()
    assert ads("config", "oci", "--file", str(file), "--profile", "OPENADS").code == 0
    assert ads("config", "oci", "--file", str(file), "--profile", "OPENADS").code == 0, "its own profile is renewed"
    assert file.read_text().startswith(
        "# mine\n[DEFAULT]\nuser=ocid1.user.oc1..real\nkey_file=/keys/real.pem\n\n[OPENADS]\n"
    )
    assert file.read_text().count("[OPENADS]") == 1
    assert ads("config", "oci", "--file", str(file), "--overwrite").code == 0
    assert "real" not in file.read_text()


def test_oci_never_touches_the_users_own_configuration(ads, service, home, tmp_path):
    own = tmp_path / "user" / ".oci"
    own.mkdir(parents=True)
    (own / "config").write_text("[DEFAULT]\n")
    ads("config", "oci")
    assert (own / "config").read_text() == "[DEFAULT]\n"


def test_a_key_file_that_holds_none_is_not_replaced(ads, service, home):
    (home.root / "oci").mkdir()
    (home.root / "oci" / "oci_api_key.pem").write_text("rubbish")
    result = ads("config", "oci")
    assert result.code == 2
    assert "holds no usable private key" in result.err
    assert (home.root / "oci" / "oci_api_key.pem").read_text() == "rubbish"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "[P]\na=1\n"),
        ("[X]\nb=2", "[X]\nb=2\n\n[P]\na=1\n"),
        ("[P]\na=0\nz=9\n", "[P]\na=1\n"),
        ("[X]\nb=2\n\n[P]\n# note\na=0\n\n[Y]\nc=3\n", "[X]\nb=2\n\n[P]\na=1\n\n# note\n[Y]\nc=3\n"),
    ],
)
def test_a_profile_is_replaced_in_its_place(before, after):
    assert with_profile(before, "P", {"a": "1"}) == after
