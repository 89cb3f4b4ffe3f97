"""What an artifact must hold."""

from __future__ import annotations

import pytest

from ads.artifact import layout
from ads.errors import ArtifactNestedFolderError, ArtifactRequiredFilesError


def test_files_are_sorted_and_relative(artifact):
    assert layout.list_files(str(artifact)) == ["lib/größe.txt", "model.joblib", "runtime.yaml", "score.py"]


def test_required_files():
    layout.require_files(["score.py", "runtime.yaml", "x"])
    with pytest.raises(ArtifactRequiredFilesError, match=r"no runtime\.yaml"):
        layout.require_files(["score.py"])


def test_nested_root_is_named():
    with pytest.raises(ArtifactNestedFolderError, match=r"is at model_artifact/score\.py, expected at the top"):
        layout.require_files(["model_artifact/score.py", "model_artifact/runtime.yaml"])


@pytest.mark.parametrize("content", ["", "[]", '{"model_file_name": 3}', "[" * 50_000])
def test_unreadable_recipe_names_no_model(tmp_path, content):
    (tmp_path / layout.RECIPE).write_text(content)
    assert layout.model_file_name(tmp_path) == ""
