"""The real ``oci-cli`` in its own environment: ``make compat``. Without it this folder is not part of the suite."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ads.client import Service

CLI = os.environ.get("OPENADS_COMPAT_CLI", "")
if not CLI:
    collect_ignore_glob = ["test_*.py"]


@dataclass(frozen=True)
class Cli:
    """The program with a configuration for a service."""

    program: str
    configuration: Path
    profile: str
    service: Service

    @property
    def place(self) -> list[str]:
        return ["--compartment-id", self.service.compartment_id]

    @property
    def home(self) -> list[str]:
        return [*self.place, "--project-id", self.service.project_id]

    def run(self, *words: str, status: int = 0, everywhere: bool = True) -> Any:
        """Return what a command prints, as JSON where it is; fail when it ends with another status."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENADS_", "OCI_", "PYTHON", "VIRTUAL_ENV"))}
        environment = {
            **kept,
            "OCI_CLI_CONFIG_FILE": str(self.configuration),
            "OCI_CLI_PROFILE": self.profile,
            "OCI_CLI_SUPPRESS_FILE_PERMISSIONS_WARNING": "True",
            "SUPPRESS_LABEL_WARNING": "True",
            "HOME": str(self.configuration.parent),
            **({"OCI_CLI_ENDPOINT": self.service.url} if everywhere else {}),
        }
        done = subprocess.run(
            [self.program, *words, *([] if words[0] == "raw-request" else ["--no-retry"])],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == status, f"{' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr[-3000:]}"
        if status:
            return done.stderr
        try:
            return json.loads(done.stdout) if done.stdout.strip() else None
        except ValueError:
            return done.stdout


@pytest.fixture
def cli(local_service: Path, tmp_path: Path) -> Cli:
    service = Service.find()
    file = tmp_path / "oci-config"
    subprocess.run([sys.executable, "-m", "ads.cli", "config", "oci", "--file", str(file)], check=True, timeout=60)
    first = file.read_text().partition("[")[2].partition("]")[0]
    return Cli(CLI, file, first, service)
