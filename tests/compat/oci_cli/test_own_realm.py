"""oci-cli against a service over HTTPS: by the names of a realm, and by an address."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.compat.own_realm import own_realm

from .conftest import CLI

STRANGE = ("OPENADS_", "OCI_", "PYTHON", "VIRTUAL_ENV", "HTTP", "REQUESTS_")


def test_commands_find_the_service_by_names_and_by_an_address(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(STRANGE)}
    with own_realm(tmp_path) as realm:
        common = {
            **kept,
            "HOME": str(tmp_path),
            "OCI_CLI_CONFIG_FILE": str(realm.configuration),
            "OCI_CLI_SUPPRESS_FILE_PERMISSIONS_WARNING": "True",
            "SUPPRESS_LABEL_WARNING": "True",
        }

        def run(*words: str, **variables: str) -> Any:
            done = subprocess.run(
                [CLI, *words, "--no-retry"],
                env={**common, **variables},
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert done.returncode == 0, done.stderr[-3000:]
            return json.loads(done.stdout)["data"]

        listing = ("data-science", "project", "list", "--compartment-id", realm.compartment)
        assert [row["id"] for row in run(*listing, **realm.variables)] == [realm.project]
        assert run("os", "ns", "get", **realm.variables) == "openads"
        address = realm.url.replace("127.0.0.1", "localhost")
        by_address = run(*listing, "--endpoint", address, REQUESTS_CA_BUNDLE=str(realm.authority))
        assert [row["id"] for row in by_address] == [realm.project]
