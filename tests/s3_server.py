"""A real S3-compatible server on a loopback port: moto's, started in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.own_service import eventually

__all__ = ["CREDENTIALS", "s3_server", "use_s3"]

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}

_PROGRAM = """
import sys, time
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
server.start()
host, port = server.get_host_and_port()
with open(sys.argv[1] + ".new", "w") as file:
    file.write(str(port))
import os
os.rename(sys.argv[1] + ".new", sys.argv[1])
sys.stdin.read()
server.stop()
"""


def use_s3(patch: pytest.MonkeyPatch, url: str, **more: str) -> None:
    """Let the environment name the server as a user's does."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": url, **more}.items():
        patch.setenv(name, value)


@contextmanager
def s3_server(folder: Path) -> Iterator[str]:
    """Yield the URL of a new, empty server, which ends with the block."""
    port_file = folder / "s3-port"
    with (folder / "s3.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, str(port_file)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env={**os.environ, **CREDENTIALS},
        )
    try:
        eventually(port_file.is_file, 60, "the S3 server")
        _forget_others()
        yield f"http://127.0.0.1:{port_file.read_text()}"
    finally:
        _forget_others()
        process.kill()
        process.communicate()


def _forget_others() -> None:
    """Let s3fs forget the file systems that it keeps: they speak to a server that has ended, or as somebody else."""
    if "s3fs" in sys.modules:
        sys.modules["s3fs"].S3FileSystem.clear_instance_cache()
