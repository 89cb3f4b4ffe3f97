from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ads.deploy import preparation
from ads.deploy.environment_supplies import Supplies
from ads.deploy.preparation import Preparations
from ads.errors import ArchiveError
from ads.home import Home
from ads.registry.deployments import ModelSource

from .conftest import wait_until


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "h")
    home.create()
    return home


def test_a_failure_is_remembered_and_not_repeated_at_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []

    def archive(_source: ModelSource) -> Path:
        tries.append(1)
        raise ArchiveError("It is gone.", hint="Bring it back.")

    woken = threading.Event()
    preparations = Preparations(home, archive, Supplies(60.0), woken.set)
    key = ("d", 1)
    for _ in range(2):
        preparations.begin(key, ModelSource("0" * 64, 1), lambda _line: None)
        wait_until(lambda: preparations.broken(key, serving=False))
    assert woken.is_set()
    assert preparations.broken(key, serving=True) == "It is gone.\nBring it back."
    assert len(tries) == 1
    monkeypatch.setattr(preparation, "_TRY_AGAIN_AFTER", 0.0)
    assert preparations.broken(key, serving=False) is not None
    assert preparations.broken(key, serving=True) is None
    preparations.begin(key, ModelSource("0" * 64, 1), lambda _line: None)
    wait_until(lambda: len(tries) == 2)
    preparations.stop()
