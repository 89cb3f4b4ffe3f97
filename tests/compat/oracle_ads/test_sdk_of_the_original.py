"""The SDK of oracle-ads, unmodified, against a running service of ours."""

from __future__ import annotations

import configparser
import subprocess
import sys
from pathlib import Path
from typing import Any

from ads.client import Service

from .conftest import Original


def test_a_whole_session(original: Original, note: Any, local_service: Path, tmp_path: Path) -> None:
    service = Service.find()
    file = tmp_path / "oci-config"
    subprocess.run([sys.executable, "-m", "ads.cli", "config", "oci", "--file", str(file)], check=True, timeout=60)
    parser = configparser.ConfigParser()
    parser.read(file)
    answer = original.do(
        "service",
        timeout=280,
        base=service.url,
        configuration=str(file),
        profile=parser.sections()[0] if parser.sections() else "DEFAULT",
        compartment=service.compartment_id,
        project=service.project_id,
        folder=str(tmp_path / "artifact"),
    )
    failed = []
    for name, problems, seconds in answer["steps"]:
        note("their SDK -> our service", name, f"{seconds} s", "; ".join(problems) or "equal")
        failed += [f"{name}: {problem}" for problem in problems]
    assert not failed, "\n".join(failed)
