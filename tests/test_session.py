"""The functions at the top of the package."""

from __future__ import annotations

import logging

import pytest

import ads


def test_hello_says_version_and_place(capsys: pytest.CaptureFixture[str], tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "h"))
    ads.hello()
    said = capsys.readouterr().out
    assert ads.__version__ in said
    assert str(tmp_path / "h") in said


def test_debug_mode_is_switched_on_and_off() -> None:
    assert ads.getLogger() is logging.getLogger("ads")
    ads.set_expert_mode()
    ads.set_debug_mode()
    try:
        assert ads.getLogger().getEffectiveLevel() == logging.DEBUG
        assert len(ads.getLogger().handlers) == 1
    finally:
        ads.set_debug_mode(False)
    assert not ads.getLogger().handlers
    ads.set_documentation_mode(False)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="nothing"):
        _ = ads.nothing
    assert "hello" in dir(ads)


def test_authentication_is_chosen_at_the_top() -> None:
    from ads.common.auth import AuthContext, AuthState

    with AuthContext():
        ads.set_auth("resource_principal")
        assert AuthState().oci_iam_type == "resource_principal"
    assert AuthState().oci_iam_type == "api_key"
    assert ads.auth.set_auth is ads.set_auth
