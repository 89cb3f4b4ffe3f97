"""A service with a certificate: it says https, and the client of this machine believes exactly that certificate."""

import pytest

from ads.client import Service
from ads.errors import ServiceUnreachable
from ads.service import start_detached, stop
from ads.settings import load_settings
from tests.gateway.certificates import write_certificate


def test_a_service_with_a_certificate(home, left_over, tmp_path, monkeypatch):
    certificate, key = write_certificate(tmp_path, "ml.example")
    monkeypatch.setenv("OPENADS_HOME", str(home.root))
    monkeypatch.setenv("OPENADS_PORT", "0")
    monkeypatch.setenv("OPENADS_TLS_CERTIFICATE", str(certificate))
    monkeypatch.setenv("OPENADS_TLS_KEY", str(key))
    found = start_detached(load_settings())
    try:
        assert found.url.startswith("https://127.0.0.1:")
        assert start_detached(load_settings()) == found
        assert Service(found.url, found.token).get_json("/openads/v1/service")["version"]
        other, _ = write_certificate(tmp_path, "other.example")
        monkeypatch.setenv("OPENADS_TLS_CERTIFICATE", str(other))
        with pytest.raises(ServiceUnreachable):
            Service(found.url, found.token).get_json("/openads/v1/service")
    finally:
        assert stop(home)
    assert left_over(home.root) == []
