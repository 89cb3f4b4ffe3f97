"""HTTPS at the listener: versions, a certificate that changes, clients that are slow or speak something else."""

import contextlib
import json
import shutil
import socket
import ssl

import pytest

from .certificates import write_certificate
from .conftest import TOKEN


class _Https:
    def __init__(self, make_gateway, folder, **limits):
        self.certificate, self.key = write_certificate(folder, "one.example")
        settings = {"OPENADS_TLS_CERTIFICATE": str(self.certificate), "OPENADS_TLS_KEY": str(self.key)}
        self.gateway = make_gateway(start=False, settings=settings, **limits)
        self.gateway.deploy()
        self.gateway.start_process()

    def connect(self, **changes):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        for name, value in changes.items():
            setattr(context, name, value)
        return context.wrap_socket(socket.create_connection(self.gateway.address, 10))

    def ask(self, connection, data=None):
        """Return (status, headers and body as text) of one request; the connection stays open."""
        connection.sendall(data or self.gateway.head("content-length: 3", host="host: localhost") + b"[1]")
        file = connection.makefile("rb")
        status = int(file.readline().split()[1])
        length = 0
        while (line := file.readline().strip()) != b"":
            if line.lower().startswith(b"content-length:"):
                length = int(line.partition(b":")[2])
        return status, json.loads(file.read(length))

    def name(self):
        with self.connect() as connection:
            der = connection.getpeercert(binary_form=True)
        from cryptography import x509

        return x509.load_der_x509_certificate(der).subject.rfc4514_string()


@pytest.fixture
def https(make_gateway, tmp_path):
    return _Https(make_gateway, tmp_path)


def test_requests_over_tls(https):
    with https.connect() as connection:
        assert connection.version() in ("TLSv1.2", "TLSv1.3")
        for _ in range(3):
            assert https.ask(connection)[0] == 200
        large = https.gateway.head("content-length: 20000000", host="host: localhost") + b"x" * 1000
        assert https.ask(connection, large)[0] == 413
    with https.connect(maximum_version=ssl.TLSVersion.TLSv1_2) as connection:
        assert connection.version() == "TLSv1.2"
        assert https.ask(connection)[0] == 200


def test_the_413_over_tls_survives_a_client_that_keeps_sending(https):
    with https.connect() as connection:
        connection.sendall(https.gateway.head("content-length: 20000000", host="host: localhost"))
        with contextlib.suppress(OSError):
            for _ in range(20):
                connection.sendall(b"x" * 1_000_000)
        assert https.ask(connection, b"x")[0] == 413


def test_older_versions_are_refused(https):
    with pytest.warns(DeprecationWarning, match="TLS"), pytest.raises((ssl.SSLError, ConnectionError)):
        https.connect(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
    assert https.name() == "CN=one.example"


def test_clear_text_gets_no_answer_over_tls(https):
    with socket.create_connection(https.gateway.address, 10) as connection:
        connection.sendall(b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            assert not connection.recv(100).startswith(b"HTTP")
    assert https.name() == "CN=one.example"


def test_a_client_that_does_not_shake_hands_is_cut_off(make_gateway, tmp_path):
    https = _Https(make_gateway, tmp_path, header_seconds=0.5)
    with socket.create_connection(https.gateway.address, 10) as connection:
        assert connection.recv(1) == b""
    assert https.name() == "CN=one.example"


def test_a_new_certificate_is_taken_and_a_broken_one_is_not(https, tmp_path, eventually):
    kept = https.connect()
    second = write_certificate(tmp_path, "two.example")
    shutil.copy(second[1], https.key)
    shutil.copy(second[0], https.certificate)
    eventually(lambda: https.name() == "CN=two.example", what="the new certificate")
    assert https.ask(kept)[0] == 200  # what is open stays open
    kept.close()
    https.certificate.write_text("nothing")
    with https.connect() as connection:
        assert https.ask(connection)[0] == 200
    third = write_certificate(tmp_path, "three.example")
    shutil.copy(third[1], https.key)
    shutil.copy(third[0], https.certificate)
    eventually(lambda: https.name() == "CN=three.example", what="the certificate after the broken one")


def test_files_that_do_not_fit_end_the_start(make_gateway, tmp_path):
    certificate, _ = write_certificate(tmp_path, "one.example")
    _, other = write_certificate(tmp_path, "two.example")
    for key in (other, tmp_path / "missing"):
        settings = {"OPENADS_TLS_CERTIFICATE": str(certificate), "OPENADS_TLS_KEY": str(key)}
        gateway = make_gateway(start=False, settings=settings)
        gateway.start_process()
        assert gateway.process.wait(20) == 78
    assert TOKEN
