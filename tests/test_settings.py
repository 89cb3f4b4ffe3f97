"""Settings: where a value comes from, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from ads.errors import SettingError
from ads.settings import load_settings


@pytest.fixture(autouse=True)
def nothing_configured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    for name in ("HOME", "PORT", "URL"):
        monkeypatch.delenv(f"OPENADS_{name}", raising=False)


def project(folder: Path, text: str) -> Path:
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_an_argument_beats_the_environment_beats_the_project_beats_the_user_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config" / "openads").mkdir(parents=True)
    (tmp_path / "config" / "openads" / "openads.toml").write_text("port = 1\nhost = 'from-user'\n")
    start = project(tmp_path, "[tool.openads]\nport = 2\ntoken = 'from-project'\n")
    assert (load_settings(start).port, load_settings(start).host) == (2, "from-user")
    monkeypatch.setenv("OPENADS_PORT", "3")
    assert load_settings(start).port == 3
    settings = load_settings(start, port=4)
    assert settings.port == 4
    assert settings.sources["port"] == "argument"
    assert settings.sources["token"].endswith("pyproject.toml")


def test_none_means_not_given(tmp_path: Path) -> None:
    assert load_settings(tmp_path, port=None).port == 8900


def test_an_unknown_key_names_the_nearest_known_one(tmp_path: Path) -> None:
    start = project(tmp_path, "[tool.openads]\nprot = 1\n")
    with pytest.raises(SettingError, match="'prot'") as caught:
        load_settings(start)
    assert "'port'" in caught.value.hint


def test_a_value_of_the_wrong_type_says_where_it_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENADS_PORT", "many")
    with pytest.raises(SettingError, match="environment is 'many'"):
        load_settings(tmp_path)


def test_a_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"pyproject\.toml is not valid TOML"):
        load_settings(project(tmp_path, "[tool.openads\n"))


def test_a_home_below_the_users_folder_is_expanded(tmp_path: Path) -> None:
    assert load_settings(tmp_path, home="~/x").home == Path.home() / "x"
