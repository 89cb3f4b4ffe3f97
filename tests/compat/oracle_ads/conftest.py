"""The real oracle-ads beside ours: ``make compat``. Without its interpreter this folder is not part of the suite."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ORIGINAL = os.environ.get("OPENADS_COMPAT_ORIGINAL", "")
if not ORIGINAL:
    collect_ignore_glob = ["test_*.py"]

FRAMEWORKS = {
    "xgboost": "xgboost",
    "lightgbm": "lightgbm",
    "lightgbm booster": "lightgbm",
    "torchscript": "torch",
    "tensorflow": "tensorflow",
    "huggingface": "transformers",
    "spark": "pyspark",
    "sklearn onnx": "onnxruntime",
    "xgboost onnx": "xgboost",
    "lightgbm onnx": "lightgbm",
    "torch onnx": "torch",
    "tensorflow onnx": "tensorflow",
    "embedding onnx": "transformers",
}
"""Which module a kind of model needs beside scikit-learn."""

CONVERTERS = {
    "sklearn onnx": "onnxmltools",
    "xgboost onnx": "onnxmltools",
    "lightgbm onnx": "onnxmltools",
    "torch onnx": "onnxscript",
    "tensorflow onnx": "tf2onnx",
}
"""Which module writing it takes as well."""

_ROWS: list[tuple[str, ...]] = []


@dataclass
class Original:
    """The original's interpreter. ``path`` is put before its own packages, for an older version of it."""

    python: str
    configuration: Path
    scratch: Path
    path: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def do(self, what: str, *, timeout: float = 300, **order: Any) -> Any:
        """Return the answer to an order; fail with what the original printed."""
        answer = self.scratch / f"answer-{len(list(self.scratch.iterdir()))}.json"
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("OPENADS_", "OCI_", "PYTHON", "VIRTUAL_ENV"))}
        environment = {
            **kept,
            "OCI_CONFIG_LOCATION": str(self.configuration),
            "PYTHONPATH": self.path,
            # Compiling what it imports takes longer than importing it; no trace of that belongs beside an artifact.
            "PYTHONPYCACHEPREFIX": str(self.scratch.with_name("original-bytecode")),
            **self.environment,
        }
        done = subprocess.run(
            [self.python, str(Path(__file__).with_name("original.py")), str(answer)],
            input=json.dumps({"do": what, **order}),
            env=environment,
            cwd=self.scratch,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if not answer.is_file():
            pytest.fail(
                f"the original ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-6000:]}", False
            )
        return json.loads(answer.read_text())

    def require(self, kind: str, *, writes: bool = False) -> None:
        """Leave the test out when the original's environment lacks what ``kind`` takes."""
        look = "import importlib.util, sys; sys.exit(importlib.util.find_spec(sys.argv[1]) is None)"
        for module in [FRAMEWORKS.get(kind), CONVERTERS.get(kind) if writes else None]:
            if module and subprocess.run([self.python, "-c", look, module], check=False, timeout=60).returncode:
                pytest.skip(f"{module} is not in the original's environment")


@pytest.fixture(scope="session")
def throwaway_configuration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration whose key nobody knows: the original's constructors demand one even for local work."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    folder = tmp_path_factory.mktemp("oci")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    (folder / "key.pem").chmod(0o600)
    (folder / "config").write_text(
        "[DEFAULT]\nuser=ocid1.user.oc1..aaaa\ntenancy=ocid1.tenancy.oc1..aaaa\nregion=us-ashburn-1\n"
        f"fingerprint={':'.join(['ab'] * 16)}\nkey_file={folder / 'key.pem'}\n"
    )
    (folder / "config").chmod(0o600)
    return folder / "config"


@pytest.fixture(scope="session")
def original(throwaway_configuration: Path, tmp_path_factory: pytest.TempPathFactory) -> Original:
    return Original(ORIGINAL, throwaway_configuration, tmp_path_factory.mktemp("original"))


@pytest.fixture
def note(request: pytest.FixtureRequest) -> Iterator[Any]:
    """Call it with direction, subject, what was compared (and what came of it): a row of the table at the end."""
    rows: list[tuple[str, ...]] = []
    yield lambda *row: rows.append(row)
    outcome = "equal" if getattr(request.node, "passed", False) else "FAILED"
    _ROWS.extend((*row, outcome)[:4] for row in rows)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if report.when == "call":
        item.passed = report.passed  # type: ignore[attr-defined]
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if _ROWS:
        widths = [max(len(row[i]) for row in _ROWS) for i in range(3)]
        terminalreporter.section("oracle-ads and OpenADS")
        for row in _ROWS:
            terminalreporter.write_line("  ".join([*(row[i].ljust(widths[i]) for i in range(3)), row[3]]))
