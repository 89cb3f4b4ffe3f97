"""Provenance metadata, through a real git work tree."""

import subprocess

import pytest

from ads.errors import ChangesNotCommitted
from ads.model.model_metadata import ModelProvenanceMetadata


@pytest.fixture
def work_tree(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)

    git("init", "-q", "-b", "trunk")
    (tmp_path / "train.py").write_text("x = 1\n")
    git("add", "train.py")
    git("commit", "-q", "-m", "first")
    git("remote", "add", "origin", "https://user:secret@example.com/team/code.git")
    return tmp_path


def test_branch_commit_and_address_come_from_git(work_tree):
    found = ModelProvenanceMetadata.fetch_training_code_details(str(work_tree / "train.py"), "run-1", "artifact")
    assert found.git_branch == "trunk"
    assert len(found.git_commit) == 40
    assert found.repository_url == "https://example.com/team/code.git"
    assert found.training_id == "run-1"
    assert "repo" not in found.to_dict()
    assert ModelProvenanceMetadata.from_wire(found.to_wire()).to_dict() == found.to_dict()


def test_uncommitted_changes_are_refused_when_asked(work_tree):
    script = work_tree / "train.py"
    found = ModelProvenanceMetadata.fetch_training_code_details(str(script))
    found.assert_path_not_dirty(str(script), ignore=False)
    script.write_text("x = 2\n")
    found.assert_path_not_dirty(str(script), ignore=True)
    with pytest.raises(ChangesNotCommitted, match=r"train\.py"):
        found.assert_path_not_dirty(str(script), ignore=False)


def test_outside_of_git_script_and_run_are_kept(tmp_path):
    found = ModelProvenanceMetadata.fetch_training_code_details(str(tmp_path / "train.py"), "run-1")
    assert found.git_commit is None
    assert found.training_script_path == str(tmp_path / "train.py")
    assert found.training_id == "run-1"


def test_an_unknown_field_is_refused():
    with pytest.raises(ValueError, match="no field 'colour'"):
        ModelProvenanceMetadata.from_dict({"colour": "red"})
