"""score.py in the artifact folder, and what happens to the user's edits."""

import json

import pytest

from ads.errors import ArtifactError
from ads.score import PAYLOAD_FILE, RECIPE_FILE, Recipe, compose, compose_payload, is_edited, read_recipe, write

RECIPE = Recipe("sklearn", "joblib", "model.joblib")
OTHER = Recipe("sklearn", "cloudpickle", "model.pkl")


def test_a_new_script_is_written_with_its_recipe(tmp_path):
    result = write(RECIPE, tmp_path)
    assert (result.outcome, result.diff) == ("written", "")
    assert result.path.read_text() == compose(RECIPE)
    assert read_recipe(tmp_path) == RECIPE
    assert not is_edited(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["score.py", PAYLOAD_FILE, RECIPE_FILE]


def test_writing_again_changes_nothing(tmp_path):
    write(RECIPE, tmp_path)
    before = (tmp_path / RECIPE_FILE).read_bytes()
    assert write(RECIPE, tmp_path).outcome == "unchanged"
    assert (tmp_path / RECIPE_FILE).read_bytes() == before


def test_a_script_that_nobody_edited_is_renewed(tmp_path):
    write(RECIPE, tmp_path)
    result = write(OTHER, tmp_path)
    assert (result.outcome, result.diff) == ("written", "")
    assert result.path.read_text() == compose(OTHER)


def test_an_edited_script_is_left_alone_and_the_error_shows_what_would_change(tmp_path):
    path = write(RECIPE, tmp_path).path
    path.write_text(path.read_text() + "# mine\n")
    assert is_edited(tmp_path)
    with pytest.raises(ArtifactError, match="force_overwrite=True") as raised:
        write(RECIPE, tmp_path)
    assert "-# mine" in str(raised.value)
    assert path.read_text().endswith("# mine\n")


def test_force_overwrite_replaces_an_edited_script_and_says_so(tmp_path):
    path = write(RECIPE, tmp_path).path
    path.write_text(path.read_text() + "# mine\n")
    result = write(RECIPE, tmp_path, force_overwrite=True)
    assert result.outcome == "replaced"
    assert "-# mine" in result.diff
    assert "replaced" in str(result)
    assert not is_edited(tmp_path)


def test_a_script_that_was_not_made_here_counts_as_edited(tmp_path):
    (tmp_path / "score.py").write_text("def predict(data): ...\n")
    assert is_edited(tmp_path)
    assert read_recipe(tmp_path) is None
    with pytest.raises(ArtifactError, match="not made here"):
        write(RECIPE, tmp_path)


@pytest.mark.parametrize("content", ["", "not json", "[]", "{}", '{"recipe": 7}'])
def test_a_damaged_recipe_file_protects_the_script(tmp_path, content):
    write(RECIPE, tmp_path)
    (tmp_path / RECIPE_FILE).write_text(content)
    assert is_edited(tmp_path)
    assert read_recipe(tmp_path) is None


def test_a_folder_without_a_script_has_no_edit(tmp_path):
    assert not is_edited(tmp_path)
    write(RECIPE, tmp_path)
    (tmp_path / "score.py").unlink()
    assert not is_edited(tmp_path)
    assert write(RECIPE, tmp_path).outcome == "written"


def test_an_edit_that_equals_the_new_script_is_no_conflict(tmp_path):
    (tmp_path / "score.py").write_text(compose(RECIPE))
    (tmp_path / PAYLOAD_FILE).write_text(compose_payload(RECIPE))
    assert write(RECIPE, tmp_path).outcome == "unchanged"
    assert not is_edited(tmp_path)


def test_the_recipe_file_is_readable_json(tmp_path):
    write(RECIPE, tmp_path)
    record = json.loads((tmp_path / RECIPE_FILE).read_text())
    assert record["version"] == 1
    assert record["recipe"]["serializer"] == "joblib"
    assert len(record["score_py_sha256"]) == 64
    assert len(record["score_payload_py_sha256"]) == 64


def test_an_edit_of_the_file_beside_it_counts_and_is_protected(tmp_path):
    write(RECIPE, tmp_path)
    path = tmp_path / PAYLOAD_FILE
    path.write_text(path.read_text() + "# mine\n")
    assert is_edited(tmp_path)
    with pytest.raises(ArtifactError, match=r"score_payload\.py was edited"):
        write(OTHER, tmp_path)
    assert path.read_text().endswith("# mine\n")
    assert (tmp_path / "score.py").read_text() == compose(RECIPE)
    result = write(RECIPE, tmp_path, force_overwrite=True)
    assert "-# mine" in result.diff
    assert not is_edited(tmp_path)


def test_a_users_own_file_of_that_name_is_not_overwritten(tmp_path):
    (tmp_path / PAYLOAD_FILE).write_text("mine = 1\n")
    with pytest.raises(ArtifactError, match="not made here"):
        write(RECIPE, tmp_path)
    assert (tmp_path / PAYLOAD_FILE).read_text() == "mine = 1\n"
    assert not (tmp_path / "score.py").exists()


def test_a_deleted_file_beside_it_is_written_again(tmp_path):
    write(RECIPE, tmp_path)
    (tmp_path / PAYLOAD_FILE).unlink()
    assert not is_edited(tmp_path)
    write(RECIPE, tmp_path)
    assert (tmp_path / PAYLOAD_FILE).read_text() == compose_payload(RECIPE)
