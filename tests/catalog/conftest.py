"""The HTTP server of the client's tests stands for a service, found as users' programs do: by OPENADS_URL."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_PATH = Path(__file__).parents[1] / "client" / "conftest.py"
_SPEC = importlib.util.spec_from_file_location("openads_test_http_server", _PATH)
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
__import__("sys").modules[_SPEC.name] = _MODULE
_SPEC.loader.exec_module(_MODULE)

server = _MODULE.server


@pytest.fixture
def remote(server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    from ads.client import Service

    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENADS_URL", server.url)
    monkeypatch.setenv("OPENADS_TOKEN", "the-token")
    server.on("GET", "/openads/v1/service", server.reply(content={"compartmentId": "c1", "projectId": "p1"}))
    yield server
    Service.find().close()
