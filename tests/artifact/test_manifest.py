"""The manifest of a folder that another tool unpacked."""

from __future__ import annotations

import pytest

from ads.artifact import manifest
from ads.artifact.layout import MANIFEST
from ads.errors import ManifestError


@pytest.fixture
def listed(artifact):
    files = {path.relative_to(artifact).as_posix(): path for path in artifact.rglob("*") if path.is_file()}
    entries = {name: manifest.entry_of(path) for name, path in files.items()}
    (artifact / MANIFEST).write_bytes(manifest.text(entries))
    return artifact


def test_folder_as_it_was_unpacked(listed):
    assert manifest.verify(listed) is True
    (listed / "test_json_output.json").write_text("{}")
    assert manifest.verify(listed) is True


def test_folder_without_manifest(artifact):
    assert manifest.verify(artifact) is False


def test_changed_file_is_named(listed):
    (listed / "model.joblib").write_bytes(b"other")
    with pytest.raises(ManifestError, match=r"model\.joblib"):
        manifest.verify(listed)


def test_missing_file_is_named(listed):
    (listed / "score.py").unlink()
    with pytest.raises(ManifestError, match=r"'score\.py', which is missing"):
        manifest.verify(listed)


def test_same_files_same_text(listed):
    entries = manifest.parse((listed / MANIFEST).read_bytes())
    assert manifest.text(dict(reversed(entries.items()))) == (listed / MANIFEST).read_bytes()
