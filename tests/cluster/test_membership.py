"""Whether a machine may take part in a cluster, as what, and where it is reached."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ads.cluster.membership import advertised, check_role, member_id
from ads.errors import SettingError
from ads.home import Home
from ads.settings import Settings
from tests.own_service import environment

KEY = "k" * 32
POSTGRES = "postgresql+psycopg://openads@db/openads"
GOOD = {"cluster_key": KEY, "database_url": POSTGRES, "artifact_store": "s3://bucket/artifacts"}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"role": "boss"}, "none of all, control, gateway, node"),
        ({"role": "control"}, "cluster_key of at least 32"),
        ({"role": "gateway", "cluster_key": "short"}, "has 5"),
        ({"cluster_key": "short"}, "cluster_key of at least 32"),
        ({"role": "node", "cluster_key": KEY}, "PostgreSQL"),
        ({"cluster_key": KEY, "database_url": "sqlite:////tmp/x.db"}, "PostgreSQL"),
        ({"role": "control", "cluster_key": KEY, "database_url": POSTGRES}, "artifact store"),
    ],
)
def test_what_is_missing_is_said_with_the_next_step(tmp_path: Path, given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingError, match=said) as caught:
        check_role(Settings(home=tmp_path, **given))
    assert caught.value.hint


@pytest.mark.parametrize("given", [{}, GOOD, {**GOOD, "role": "gateway"}, {**GOOD, "role": "control"}])
def test_what_is_whole_is_accepted(tmp_path: Path, given: dict[str, str]) -> None:
    check_role(Settings(home=tmp_path, **given))


def test_a_service_with_half_the_settings_does_not_start(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ads.cli", "serve", "--role", "gateway"],
        env=environment(tmp_path / "home"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "cluster_key" in done.stderr
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "127.0.0.1"),
        ({"host": "localhost"}, "127.0.0.1"),
        ({"host": "10.1.2.3"}, "10.1.2.3"),
        ({"advertise": "ads-1.example.com", "host": "0.0.0.0"}, "ads-1.example.com"),
    ],
)
def test_others_reach_it_where_it_listens_or_says(tmp_path: Path, given: dict[str, str], address: str) -> None:
    assert advertised(Settings(home=tmp_path, **given)) == address


def test_a_data_directory_keeps_its_name(tmp_path: Path) -> None:
    name = member_id(Home(tmp_path))
    assert name == member_id(Home(tmp_path))
    assert name.isascii()
