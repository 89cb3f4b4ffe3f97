from __future__ import annotations

import site
import sys
from pathlib import Path

import pytest

from ads.deploy.engines.base import ReplicaId, ReplicaOrder
from ads.deploy.engines.local import replica_variables

SERVICE = {
    "PATH": "/secret/bin",
    "HOME": "/root",
    "LANG": "C.UTF-8",
    "AWS_SECRET_ACCESS_KEY": "x",
    "OPENADS_TOKEN": "y",
    "PYTHONPATH": "/extra",
}


def order(python: str, **environment: str) -> ReplicaOrder:
    return ReplicaOrder(
        id=ReplicaId("d", 1, 0),
        python=Path(python),
        artifact=Path("/a"),
        folder=Path("/f"),
        log=Path("/l"),
        memory_bytes=0,
        environment=environment,
    )


def test_a_replica_sees_only_what_is_documented() -> None:
    variables = replica_variables(order("/venv/bin/python", A="1"), Path("/f/tmp"), SERVICE)
    assert variables.keys() == {"LANG", "PATH", "HOME", "TMPDIR", "PYTHONUTF8", "A"}
    assert variables["PATH"].startswith("/venv/bin:")
    assert variables["HOME"] == "/f/tmp"


def test_the_services_own_packages_stay_importable() -> None:
    assert replica_variables(order(sys.executable), Path("/t"), SERVICE)["PYTHONPATH"] == "/extra"


def test_packages_in_the_users_own_folder_stay_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(site, "ENABLE_USER_SITE", True)
    monkeypatch.setattr(site, "getuserbase", lambda: "/home/me/.local")
    assert replica_variables(order(sys.executable), Path("/t"), SERVICE)["PYTHONUSERBASE"] == "/home/me/.local"
    assert "PYTHONUSERBASE" not in replica_variables(order("/venv/bin/python"), Path("/t"), SERVICE)


def test_the_deployments_own_variables_win() -> None:
    assert replica_variables(order("/p", LANG="de_DE.UTF-8"), Path("/t"), SERVICE)["LANG"] == "de_DE.UTF-8"


def test_java_is_found_where_the_service_finds_it(tmp_path: Path) -> None:
    java = tmp_path / "jdk" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.touch(mode=0o755)
    service = {**SERVICE, "PATH": f"/secret/bin:{java.parent}", "JAVA_HOME": str(tmp_path / "jdk")}
    variables = replica_variables(order("/venv/bin/python"), Path("/t"), service)
    assert variables["PATH"] == f"/venv/bin:/usr/local/bin:/usr/bin:/bin:{java.parent}"
    assert variables["JAVA_HOME"] == str(tmp_path / "jdk")
