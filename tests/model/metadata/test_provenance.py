"""Provenance metadata, through a real git work tree."""

import subprocess

import pytest

from ads.errors import ChangesNotCommitted
from ads.model.model_metadata import ModelProvenanceMetadata
from ads.model.provenance import find_repository


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


def test_uncommitted_changes_are_seen(work_tree):
    script = work_tree / "train.py"
    assert find_repository(str(script)).dirty is False
    (work_tree / "notes.txt").write_text("unknown to git")
    assert find_repository(str(script)).dirty is False
    script.write_text("x = 2\n")
    assert find_repository(str(script)).dirty is True


def test_a_detached_head_and_an_empty_repository_have_no_branch_or_commit(work_tree, tmp_path_factory):
    subprocess.run(["git", "-C", str(work_tree), "checkout", "-q", "--detach"], check=True, capture_output=True)
    found = find_repository(str(work_tree / "train.py"))
    assert found.branch is None
    assert len(found.commit) == 40
    empty = tmp_path_factory.mktemp("empty")
    subprocess.run(["git", "init", "-q", "-b", "trunk", str(empty)], check=True, capture_output=True)
    found = find_repository(str(empty / "train.py"))
    assert (found.branch, found.commit, found.url) == ("trunk", None, None)


def test_git_that_is_absent_or_fails_costs_only_what_it_knows(work_tree, monkeypatch, tmp_path):
    script = str(work_tree / "train.py")
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    found = ModelProvenanceMetadata.fetch_training_code_details(script, "run-1")
    assert (found.git_commit, found.training_script_path, found.training_id) == (None, "train.py", "run-1")
    (tmp_path / "git").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = ModelProvenanceMetadata.fetch_training_code_details(script, "run-1")
    assert (found.git_commit, found.git_branch, found.repo.dirty) == (None, None, None)


def test_paths_of_this_machine_stay_here(work_tree):
    subprocess.run(["git", "-C", str(work_tree), "remote", "remove", "origin"], check=True, capture_output=True)
    (work_tree / "code").mkdir()
    found = ModelProvenanceMetadata.fetch_training_code_details(str(work_tree / "code/train.py"))
    assert found.training_script_path == "code/train.py"
    assert str(work_tree) not in found.to_yaml() + found.to_json()
    subprocess.run(["git", "-C", str(work_tree), "remote", "add", "backup", "/srv/git/code.git"], check=True)
    assert find_repository(str(work_tree / "train.py")).url is None


def test_it_is_written_and_read_as_other_records_are(tmp_path):
    found = ModelProvenanceMetadata(git_branch="trunk", training_id="run-1")
    assert ModelProvenanceMetadata.from_yaml(found.to_yaml()) == found
    found.to_json(str(tmp_path / "provenance.json"))
    assert ModelProvenanceMetadata.from_json(uri=str(tmp_path / "provenance.json")) == found
    assert repr(found).startswith("\nartifact_dir: null\n")
    assert '"git_branch": "trunk"' in str(found)


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
    assert found.training_script_path == "train.py"
    assert found.training_id == "run-1"


def test_an_unknown_field_is_refused():
    with pytest.raises(ValueError, match="no field 'colour'"):
        ModelProvenanceMetadata.from_dict({"colour": "red"})
