"""What the scan of pickles finds, and that it calls nothing."""

from __future__ import annotations

import io
import json
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import cloudpickle
import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from ads.artifact.pickle_scan import scan_archive, scan_stream


class Payload:
    """Runs a command when it is unpickled."""

    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, (self.command,)


def archive_of(folder: Path, files: dict[str, bytes]) -> Path:
    target = folder / "artifact.zip"
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target


def estimator() -> Any:
    rows = np.random.default_rng(0).random((40, 3))
    labels = np.array(["no", "yes"])[(rows[:, 0] > 0.5).astype(int)]
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3), ("bz2", 3), ("lzma", 3), ("xz", 3)], ids=str)
def test_payload_after_an_array_is_found_in_every_compression_of_joblib(tmp_path: Path, compress: Any) -> None:
    marker = tmp_path / "called"
    held = [estimator(), np.arange(1000.0), np.array(["x", None], dtype=object), Payload(f"touch {marker}")]
    joblib.dump(held, tmp_path / "model.joblib", compress=compress)

    findings = scan_archive(archive_of(tmp_path, {"model.joblib": (tmp_path / "model.joblib").read_bytes()}))

    assert findings.verdict == "suspicious"
    assert findings.suspicious == ["posix.system"]
    assert "sklearn.pipeline.Pipeline" in findings.files[0].imports
    assert not marker.exists()


def test_ordinary_pipeline_is_what_is_expected(tmp_path: Path) -> None:
    joblib.dump(estimator(), tmp_path / "model.joblib")

    findings = scan_archive(archive_of(tmp_path, {"model.joblib": (tmp_path / "model.joblib").read_bytes()}))

    assert findings.verdict == "expected"
    assert findings.summary() == "imports joblib, numpy, sklearn"


def test_functions_that_travel_in_the_pickle_are_code() -> None:
    factor = 3
    found = scan_stream("model.pkl", io.BytesIO(cloudpickle.dumps(lambda value: value * factor)))

    assert found is not None
    assert "cloudpickle.cloudpickle._make_function" in found.imports


def test_checkpoints_inside_of_zip_files_are_read(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as checkpoint:
        checkpoint.writestr("archive/data.pkl", pickle.dumps(Payload("true"), protocol=2))

    findings = scan_archive(archive_of(tmp_path, {"model.pt": inner.getvalue(), "score.py": b"import os\n"}))

    assert [file.name for file in findings.files] == ["model.pt:archive/data.pkl"]
    assert findings.verdict == "suspicious"


def test_files_without_pickles_say_nothing(tmp_path: Path) -> None:
    import gzip

    findings = scan_archive(
        archive_of(tmp_path, {"score.py": b"print(1)", "rows.csv.gz": gzip.compress(b"a,b\n1,2\n"), "empty": b""})
    )

    assert findings.verdict == "none"


def test_pickle_that_is_cut_off_is_incomplete(tmp_path: Path) -> None:
    whole = pickle.dumps({"weights": list(range(1000))}, protocol=4)

    findings = scan_archive(archive_of(tmp_path, {"model.pkl": whole[:-40]}))

    assert findings.verdict == "incomplete"
    assert "model.pkl was read in part" in findings.summary()


def test_pickle_that_asks_for_terabytes_ends_in_its_own_process(tmp_path: Path) -> None:
    greedy = b"\x80\x04\x8e" + (2**44).to_bytes(8, "little") + b"x"  # BINBYTES8 that announces 16 TiB
    archive = archive_of(tmp_path, {"model.pkl": greedy})

    done = subprocess.run(
        [sys.executable, "-m", "ads.artifact.pickle_scan", str(archive)], capture_output=True, text=True, check=True
    )

    assert json.loads(done.stdout)["verdict"] == "incomplete"


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_after_the_header_of_a_pickle_are_survived(tail: bytes) -> None:
    found = scan_stream("model.pkl", io.BytesIO(b"\x80\x04" + tail))

    assert found is not None
