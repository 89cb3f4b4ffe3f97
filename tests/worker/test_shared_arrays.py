"""Large arrays of joblib's files are mapped, are what they would be otherwise, and belong to their process."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from joblib.numpy_pickle import NumpyArrayWrapper

from ads.worker.shared_arrays import SharedArrays
from ads.worker.status import Failure

from .conftest import Replica
from .test_replica import sample

LARGE = np.arange(300_000, dtype="float64")
ARRAYS = {
    "rows": LARGE.reshape(1000, 300),
    "columns": np.asfortranarray(LARGE.reshape(300, 1000)),
    "records": np.zeros(200_000, dtype=[("left", "i4"), ("threshold", "f8")]),
    "whole": LARGE.astype("int64"),
    "bytes": np.frombuffer(b"ab" * 700_000, dtype="u1"),
    "cube": LARGE.reshape(10, 100, 300),
    "swapped": LARGE.astype(">f8"),
    "small": np.arange(10),
    "objects": np.array(["a", None, 3] * 100_000, dtype=object),
    "none": np.zeros((0, 5)),
}
MAPPED = 6


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[SharedArrays]:
    usual = NumpyArrayWrapper.read_array
    found = SharedArrays(str(tmp_path))
    yield found
    found.end()
    assert NumpyArrayWrapper.read_array is usual


def same(found: Any, wanted: Any) -> None:
    assert type(found) is np.ndarray
    assert (found.dtype.newbyteorder("="), found.shape) == (wanted.dtype.newbyteorder("="), wanted.shape)
    assert found.tolist() == wanted.tolist()


def test_mapped_arrays_are_what_they_are_otherwise(shared: SharedArrays, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump(ARRAYS, path)
    shared.begin()
    found = joblib.load(path)
    assert shared.count == MAPPED
    assert list(found) == list(ARRAYS)
    for name, wanted in ARRAYS.items():
        same(found[name], wanted)
        assert found[name].flags.f_contiguous == wanted.flags.f_contiguous
        assert found[name].flags.writeable
        assert found[name].flags.aligned
    assert isinstance(found["rows"].sum(), float)
    assert type(found["rows"] @ np.ones(300)) is np.ndarray


def test_what_is_written_to_an_array_is_not_in_the_file(shared: SharedArrays, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump(ARRAYS, path)
    before = hashlib.sha256(path.read_bytes()).digest()
    shared.begin()
    mine, other = joblib.load(path)["rows"], joblib.load(path)["rows"]
    mine[:] = -1
    same(other, ARRAYS["rows"])
    assert mine.max() == -1
    assert hashlib.sha256(path.read_bytes()).digest() == before


@pytest.mark.parametrize("compress", [1, ("gzip", 1), ("lzma", 1)])
def test_compressed_files_are_read(shared: SharedArrays, tmp_path: Path, compress: Any) -> None:
    joblib.dump(ARRAYS, tmp_path / "model.joblib", compress=compress)
    joblib.dump(ARRAYS, tmp_path / "other.joblib")
    shared.begin()
    same(joblib.load(tmp_path / "model.joblib")["rows"], ARRAYS["rows"])
    assert shared.count == 0


def test_files_of_others_and_open_files_without_a_place_are_read(
    shared: SharedArrays, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    joblib.dump(ARRAYS, tmp_path / "model.joblib")
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "model.joblib"
    joblib.dump(ARRAYS, elsewhere)
    (tmp_path / "link.joblib").symlink_to(elsewhere)
    shared.begin()
    for path in (elsewhere, tmp_path / "link.joblib"):
        same(joblib.load(path)["rows"], ARRAYS["rows"])
    with (tmp_path / "model.joblib").open("rb", buffering=0) as file:
        same(joblib.load(file)["rows"], ARRAYS["rows"])
    assert shared.count == 0


def test_a_file_that_ends_early_is_refused_as_always(shared: SharedArrays, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    joblib.dump(ARRAYS["rows"], path)
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises((ValueError, EOFError)) as usual:
        joblib.load(path)
    shared.begin()
    with pytest.raises((ValueError, EOFError)) as found:
        joblib.load(path)
    assert str(found.value) == str(usual.value)


def test_nothing_is_taken_over_without_a_large_file_or_when_told_not_to(
    shared: SharedArrays, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    joblib.dump(ARRAYS["small"], tmp_path / "model.joblib")
    shared.begin()
    joblib.dump(ARRAYS, tmp_path / "model.joblib")
    monkeypatch.setenv("SHARED_ARRAYS", "no")
    shared.begin()
    joblib.load(tmp_path / "model.joblib")
    assert shared.count == 0
    monkeypatch.setenv("SHARED_ARRAYS", "perhaps")
    with pytest.raises(Failure, match="SHARED_ARRAYS is 'perhaps'"):
        shared.begin()


SCORE = """
import os
import joblib

HERE = os.path.dirname(os.path.abspath(__file__))

def load_model():
    return joblib.load(os.path.join(HERE, "model.joblib"))

def predict(data, model=load_model()):
    {body}
    return {{"prediction": [float(model["rows"][row].sum()) for row in data]}}
"""
ANSWER = {"prediction": [float(ARRAYS["rows"][row].sum()) for row in (0, 999)]}


def started(folder: Path, body: str, **files: str) -> Replica:
    folder.mkdir()
    (folder / "score.py").write_text(SCORE.format(body=body))
    joblib.dump(ARRAYS, folder / "model.joblib")
    (folder / "sample.json").write_text(sample([0, 999], ANSWER))
    return Replica(folder)


def loaded(replica: Replica) -> Any:
    status = replica.wait("ready")
    names = [stage["name"] for stage in status["stages"]]
    assert names == ["start", "import", "load", "parity"]
    return status["stages"][2]["shared_arrays"]


def test_a_model_that_writes_to_its_arrays_may(tmp_path: Path) -> None:
    replica = started(tmp_path / "artifact", "model['rows'][1] += 1")
    try:
        assert loaded(replica) == MAPPED
        assert replica.predict([0, 999]) == (200, ANSWER)
    finally:
        replica.close()


def test_a_model_that_minds_gets_its_arrays_read(tmp_path: Path) -> None:
    replica = started(tmp_path / "artifact", "assert model['rows'].base.base is None or data != [0, 999], 'mapped'")
    try:
        assert loaded(replica) == 0
        assert replica.predict([0, 999]) == (200, ANSWER)
        assert "They are read instead." in replica.log
    finally:
        replica.close()


def test_the_reason_why_a_model_fails_is_that_of_the_usual_way(tmp_path: Path) -> None:
    replica = started(tmp_path / "artifact", "raise ValueError('never')")
    try:
        failed = replica.wait("failed")
        assert "could not be predicted" in json.dumps(failed)
        assert failed["stages"][-1]["shared_arrays"] == 0
    finally:
        replica.close()
