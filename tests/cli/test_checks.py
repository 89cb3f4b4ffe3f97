"""What ``ads doctor`` finds."""

from __future__ import annotations

import json
import os
import resource
import socket
from dataclasses import replace

import pytest

from ads.cli import checks
from ads.home import ServiceFile
from ads.settings import load_settings


@pytest.fixture
def settings(home):
    return replace(load_settings(), port=0)


def test_a_sound_machine_is_sound(settings):
    states = {finding.name: finding.state for finding in checks.examine(settings) if finding.name != "command"}
    assert set(states.values()) == {"ok"}, states


def test_every_finding_that_is_not_ok_says_what_to_do(ads, home):
    home.root.parent.mkdir(exist_ok=True)
    home.root.write_text("a file")
    result = ads("doctor", "--format", "json")
    assert result.code == 1
    findings = {finding["name"]: finding for finding in json.loads(result.out)}
    assert findings["data directory"]["state"] == "fail"
    assert all(finding["hint"] for finding in findings.values() if finding["state"] != "ok")
    assert "data directory" in ads("doctor", "-q").out.splitlines()


def test_oracle_ads_in_the_same_environment(settings, monkeypatch):
    monkeypatch.setattr("importlib.metadata.version", lambda _name: "2.13.0")
    finding = checks._oracle_ads(settings)
    assert finding.state == "fail"
    assert "2.13.0" in finding.detail
    assert "pip uninstall oracle-ads" in finding.hint


def test_a_data_directory_that_can_not_be_written(settings, monkeypatch):
    monkeypatch.setattr(os, "access", lambda _path, _mode: False)  # root may write everywhere
    assert checks._data_directory(settings).state == "fail"


def test_a_data_directory_that_others_may_enter(settings, home):
    home.root.mkdir()
    home.root.chmod(0o755)
    finding = checks._data_directory(settings)
    assert finding.state == "warn"
    assert f"chmod 700 {home.root}" in finding.hint


def test_a_network_file_system(settings, monkeypatch):
    monkeypatch.setattr(checks, "_file_system", lambda _path: "nfs4")
    assert checks._data_directory(settings).state == "warn"


@pytest.mark.parametrize(("free", "state"), [(10**8, "fail"), (10**9, "warn"), (10**11, "ok")])
def test_disk_space(settings, monkeypatch, free, state):
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": free}))
    assert checks._disk_space(settings).state == state


def test_uv_that_is_missing(settings, monkeypatch):
    monkeypatch.setattr(checks, "_find_uv", lambda: None)
    assert checks._uv(settings).state == "fail"


def test_a_service_that_ended_without_saying_so(settings, home):
    home.root.mkdir()
    home.write_service_file(ServiceFile(url="http://127.0.0.1:1", token="", pid=1, version="0"))
    finding = checks._service(settings)
    assert finding.state == "warn"
    assert "does not answer" in finding.detail


def test_a_remote_service_that_does_not_answer(settings):
    assert checks._service(replace(settings, url="http://127.0.0.1:1")).state == "fail"


def test_a_service_that_runs(service):
    settings = load_settings(port=int(service.url.rsplit(":", 1)[1]))
    assert checks._service(settings).detail == f"answers at {service.url}"
    assert checks._port(settings).detail.endswith("is used by the service itself")


def test_a_port_that_somebody_else_has(settings):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        finding = checks._port(replace(settings, port=other.getsockname()[1]))
    assert finding.state == "warn"
    assert "--port" in finding.hint


def test_few_open_files(settings, monkeypatch):
    monkeypatch.setattr(resource, "getrlimit", lambda _what: (256, 4096))
    assert checks._open_files(settings).state == "warn"
