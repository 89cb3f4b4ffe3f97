"""OCI's object storage as the service of another data directory gives it, and ocifs' configuration for it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.own_service import environment

__all__ = ["ObjectStorage", "object_storage"]


@dataclass(frozen=True)
class ObjectStorage:
    """A running service that others keep their bytes in."""

    url: str
    configuration: Path
    client: httpx.Client

    @property
    def options(self) -> dict[str, Any]:
        """What ocifs is configured with, as in ``FSSPEC_OCI``; ocifs changes what it is given, so it is new."""
        return {"config": str(self.configuration), "config_kwargs": {"service_endpoint": self.url}}

    def make_bucket(self, name: str) -> None:
        """Make an empty bucket."""
        place = self.client.get("/openads/v1/service").json()["compartmentId"]
        self.client.post("/n/openads/b", json={"name": name, "compartmentId": place}).raise_for_status()

    def objects(self, name: str) -> dict[str, int]:
        """Return names and sizes of a bucket's objects."""
        answer = self.client.get(f"/n/openads/b/{name}/o", params={"fields": "name,size"})
        return {item["name"]: item["size"] for item in answer.raise_for_status().json()["objects"]}


@contextmanager
def object_storage(folder: Path) -> Iterator[ObjectStorage]:
    """Yield a new, empty service, which ends with the block."""
    home, file = folder / "storage", folder / "oci-config"
    settings = environment(home)
    try:
        for command in (["serve", "--detach"], ["config", "oci", "--file", str(file)]):
            ads = [sys.executable, "-m", "ads.cli", *command]
            subprocess.run(ads, env=settings, capture_output=True, timeout=120, check=True)
        url = json.loads((home / "service.json").read_text())["url"]
        token = (home / "admin-token").read_text().strip()
        with httpx.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60) as client:
            yield ObjectStorage(url, file, client)
    finally:
        stop = [sys.executable, "-m", "ads.service", "stop", "--home", str(home)]
        subprocess.run(stop, timeout=60, check=True)
