"""The SDK of oracle-ads and ocifs, unmodified, against a running service of ours."""

from __future__ import annotations

import configparser
import json
import subprocess
import sys
import uuid
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ads.client import Service
from tests.compat.own_realm import own_realm

from .conftest import Original

SLUG = "generalml_p311_cpu_x86_64_v1"
SCORE = "def load_model(): return 1\n\n\ndef predict(data, model=None): return {}\n"


@pytest.fixture
def order(local_service: Path, tmp_path: Path) -> dict[str, Any]:
    """What a session is told: the service's address, a profile for it, and where things go."""
    service = Service.find()
    file = tmp_path / "oci-config"
    subprocess.run([sys.executable, "-m", "ads.cli", "config", "oci", "--file", str(file)], check=True, timeout=60)
    parser = configparser.ConfigParser()
    parser.read(file)
    return {
        "base": service.url,
        "configuration": str(file),
        "profile": parser.sections()[0] if parser.sections() else "DEFAULT",
        "compartment": service.compartment_id,
        "project": service.project_id,
        "folder": str(tmp_path / "artifact"),
    }


def bucket(name: str, objects: Mapping[str, bytes], **details: Any) -> str:
    """Return the address of a bucket that holds these objects."""
    service = Service.find()
    body = {"name": name, "compartmentId": service.compartment_id, **details}
    service.request("POST", "/n/openads/b", json=body)
    for key, content in objects.items():
        service.request("PUT", f"/n/openads/b/{name}/o/{key.replace('/', '%2F')}", content=content)
    return f"{name}@openads"


def pointed_at(original: Original, base: str) -> Original:
    """Return the original with the variables that lead all of its parts to the service."""
    variables = {
        "FSSPEC_OCI": json.dumps({"config_kwargs": {"service_endpoint": base}}),
        "OCI_ODSC_SERVICE_ENDPOINT": base,
        "OCI_IDENTITY_SERVICE_ENDPOINT": base,
        "CONDA_BUCKET_NS": "openads",
    }
    return replace(original, environment={**original.environment, **variables})


def require_equal(note: Any, steps: list[Any]) -> None:
    """Fail with every difference that a session found."""
    failed = []
    for name, problems, seconds in steps:
        note("their SDK -> our service", name, f"{seconds} s", "; ".join(problems) or "equal")
        failed += [f"{name}: {problem}" for problem in problems]
    assert not failed, "\n".join(failed)


def test_a_whole_session(original: Original, note: Any, order: dict[str, Any]) -> None:
    answer = original.do("service", timeout=280, **order)
    require_equal(note, answer["steps"])


@pytest.mark.timeout(600)  # the original sleeps ten seconds before it looks at a work request
def test_buckets_sets_files_references_and_logs(original: Original, note: Any, order: dict[str, Any]) -> None:
    pack = {
        "name": SLUG,
        "slug": SLUG,
        "type": "data_science",
        "arch_type": "CPU",
        "pack_path": f"oci://service-conda-packs@openads/service_pack/cpu/General_Machine_Learning/1.0/{SLUG}",
        "path": f"cpu/General_Machine_Learning/1.0/{SLUG}",
        "par": "",
        "python": "3.11",
        "version": "1.0",
        "size_mb": 1,
        "description": "",
        "libraries": [],
        "notebooks": [],
        "create_date": "2026-01-01",
        "manifest_version": "1.0",
        "logo": "",
    }
    index = json.dumps({"service_packs": [pack]}).encode()
    bucket("service-conda-packs", {"service_pack/index.json": index})
    sources = {"ref/score.py": SCORE.encode(), "ref/runtime.yaml": b"MODEL_ARTIFACT_VERSION: '3.0'\n"}
    name = uuid.uuid4().hex[:8]
    order |= {
        "bucket": bucket(f"theirs-{name}", {}),
        "versioned": bucket(f"versioned-{name}", sources, versioning="Enabled"),
        "slug": SLUG,
    }
    answer = pointed_at(original, order["base"]).do("storage", timeout=560, **order)
    require_equal(note, answer["steps"])


def test_ocifs_reads_and_writes_objects(original: Original, note: Any, order: dict[str, Any]) -> None:
    order["bucket"] = bucket(f"ocifs-{uuid.uuid4().hex[:8]}", {})
    found = pointed_at(original, order["base"]).do("files", **order)
    note("ocifs -> our service", "objects", "read, written, listed, copied, removed")
    assert found == {
        "whole": True,
        "part": True,
        "small": "small",
        "copy": "small",
        "listed": ["big.bin", "copy.txt", "small ü.txt"],
        "size": 12 * 1024 * 1024,
        "checksum": True,
        "exists": [True, False],
        "after removal": False,
    }


def test_a_realm_needs_no_address(original: Original, note: Any, tmp_path: Path) -> None:
    (tmp_path / "artifact").mkdir()
    (tmp_path / "artifact" / "score.py").write_text(SCORE)
    (tmp_path / "artifact" / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    with own_realm(tmp_path) as realm:
        realm.ask("POST", "/n/openads/b", json={"name": "names", "compartmentId": realm.compartment}).raise_for_status()
        found = replace(original, environment={**original.environment, **realm.variables}).do(
            "realm",
            configuration=str(realm.configuration),
            profile="DEFAULT",
            compartment=realm.compartment,
            project=realm.project,
            bucket="names@openads",
            folder=str(tmp_path / "artifact"),
        )
        note("their SDK -> our service", "by the names of a realm", "model and object")
        assert found["listed"]
        assert realm.ask("GET", "/n/openads/b/names/o/a.txt").content == b"by names"
        listed = realm.ask("GET", "/20190101/models", params={"compartmentId": realm.compartment})
        assert [model["id"] for model in listed.json()] == [found["id"]]
