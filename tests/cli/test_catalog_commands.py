"""Registering, finding, comparing and naming models from the command line, against a real service."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from sklearn.linear_model import LogisticRegression

from tests.cli.conftest import Run

AGES = [[17.0], [25.0], [42.0], [60.0]]

pytestmark = pytest.mark.usefixtures("running")


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact as ``prepare()`` writes it; tests work on copies."""
    import pandas as pd

    from ads.model.framework.sklearn_model import SklearnModel

    folder = tmp_path_factory.mktemp("artifact") / "churn"
    rows = pd.DataFrame(AGES, columns=["age"])
    model = SklearnModel(LogisticRegression().fit(rows, [0, 0, 1, 1]), artifact_dir=str(folder))
    model.prepare(X_sample=rows, y_sample=pd.Series([0, 0, 1, 1], name="left"), force_overwrite=True)
    return folder


@pytest.fixture
def folder(artifact: Path, tmp_path: Path) -> Path:
    """A copy of the artifact that a test may change."""
    return Path(shutil.copytree(artifact, tmp_path / "churn"))


@pytest.fixture(scope="module")
def versions(artifact: Path, command: Run, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A version set with two versions, the second with another score.py, metric and requirement."""
    second = tmp_path_factory.mktemp("second") / "churn"
    shutil.copytree(artifact, second)
    (second / "score.py").write_text((second / "score.py").read_text() + "\n# changed\n")
    (second / "requirements.txt").write_text((second / "requirements.txt").read_text() + "packaging>=1\n")
    command(
        "push", f"{artifact}/", "--set", "compared", "--label", "first", "--metric", "auc=0.8", "--tag", "team=risk"
    )
    command("push", f"{second}/", "--set", "compared", "--label", "second", "--metric", "auc=0.9")
    return "compared"


def registered(command: Run, reference: str) -> dict:
    return json.loads(command("models", "info", reference, "--format", "json").stdout)


def test_create_reads_the_artifact_and_takes_what_the_options_say(command, folder):
    made = command(
        *("models", "create", f"{folder}/", "--set", "told", "--label", "one", "--tag", "team=risk"),
        *("--description", "who leaves", "--metric", "auc=0.91"),
    )
    assert "The version set 'told' is new." in made.stderr
    assert "is registered as told:1" in made.stderr
    assert "ads deploy told:1" in made.stderr
    model = registered(command, "told:1")
    assert model["id"] == made.stdout.strip()
    assert (model["displayName"], model["description"], model["versionLabel"]) == ("told", "who leaves", "one")
    assert model["freeformTags"] == {"team": "risk"}
    defined = {item["key"]: item["value"] for item in model["definedMetadataList"]}
    assert defined["Framework"] == "scikit-learn"
    assert defined["FrameworkVersion"]
    assert [column["name"] for column in json.loads(model["inputSchema"])["schema"]] == ["age"]
    assert [(i["key"], i["value"], i["category"]) for i in model["customMetadataList"]] == [
        ("auc", "0.91", "Performance")
    ]


def test_a_zip_file_is_called_as_its_file(command, folder, tmp_path):
    archive = shutil.make_archive(str(tmp_path / "zipped"), "zip", folder)
    identifier = command("push", archive, "-q").stdout.strip()
    assert registered(command, "zipped")["id"] == identifier


@pytest.mark.parametrize(
    ("broken", "expected"),
    [("score.py", "score_py"), ("runtime.yaml", "runtime_yaml")],
)
def test_what_fails_its_checks_is_not_registered(command, folder, broken, expected):
    before = command("models", "ls", "-q").stdout
    (folder / broken).unlink()
    refused = command("models", "create", f"{folder}/", "--set", "never", code=1)
    assert expected in refused.stderr
    assert "ads introspect" in refused.stderr
    assert command("models", "ls", "-q").stdout == before
    assert "never" not in command("version-sets", "ls").stdout
    assert expected in command("introspect", f"{folder}/", "-q", code=1).stdout.split()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--metric", "auc=high"], "must be a number"),
        (["--metric", "auc"], "NAME=VALUE"),
        (["--tag", "=x"], "NAME=VALUE"),
        (["--label", "x"], "give --set too"),
    ],
)
def test_options_that_can_not_be_meant(command, folder, arguments, expected):
    assert expected in command("models", "create", f"{folder}/", *arguments, code=2).stderr


def test_a_path_that_is_no_artifact(command, tmp_path):
    (tmp_path / "notes.txt").write_text("x")
    assert "There is no artifact at" in command("push", f"{tmp_path}/nowhere/", code=2).stderr
    assert "neither a folder nor a zip file" in command("push", str(tmp_path / "notes.txt"), code=2).stderr


def test_update_changes_what_is_named_alone(command, folder):
    command("push", f"{folder}/", "--set", "changing", "--tag", "a=1", "--tag", "b=2", "--metric", "auc=0.5")
    command(
        *("models", "update", "changing", "--name", "changed", "--label", "better", "--tag", "a=3", "--untag", "b"),
        *("--metric", "f1=0.7"),
    )
    model = registered(command, "changing:1")
    assert (model["displayName"], model["versionLabel"], model["freeformTags"]) == ("changed", "better", {"a": "3"})
    assert {item["key"]: item["value"] for item in model["customMetadataList"]} == {"auc": "0.5", "f1": "0.7"}
    assert "nothing to change" in command("models", "update", "changing", code=2).stderr


def test_download_gives_back_what_was_registered(command, folder, tmp_path):
    command("push", f"{folder}/", "--name", "roundtrip")
    shown = command("models", "download", "roundtrip", cwd=tmp_path)
    target = tmp_path / "roundtrip"
    assert shown.stdout.strip() == str(target)
    assert {p.name: p.read_bytes() for p in target.iterdir()} == {p.name: p.read_bytes() for p in folder.iterdir()}
    assert "is not empty" in command("models", "download", "roundtrip", cwd=tmp_path, code=2).stderr
    command("models", "download", "roundtrip", "--force", cwd=tmp_path)
    command("models", "download", "roundtrip", "one.zip", cwd=tmp_path)
    assert "score.py" in zipfile.ZipFile(tmp_path / "one.zip").namelist()
    assert "exists" in command("models", "download", "roundtrip", "one.zip", cwd=tmp_path, code=2).stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["churn", "one.zip", "roundtrip"]


def test_diff_says_what_changed(command, versions):
    found = json.loads(command("models", "diff", f"{versions}:1", f"{versions}:2", "--format", "json").stdout)
    assert found["metrics"] == [{"key": "auc", "a": 0.8, "b": 0.9}]
    assert found["requirements"] == [{"key": "packaging", "a": None, "b": ">=1"}]
    assert {(change["key"], change["a"], change["b"]) for change in found["metadata"]} == {
        ("label", "first", "second"),
        ("tag team", "risk", None),
    }
    assert found["inputSchema"] == []
    assert "+# changed" in found["scorePy"].splitlines()
    parts = command("models", "diff", f"{versions}:1", f"{versions}:2", "-q").stdout.splitlines()
    assert parts == ["metadata", "metrics", "requirements", "score.py"]


def test_diff_of_a_model_with_a_folder(command, versions, artifact):
    assert command("models", "diff", f"{versions}:1", f"{artifact}/", "-q").stdout.splitlines() == [
        "metadata",
        "metrics",
    ]
    same = command("models", "diff", f"{versions}:1", f"{versions}:1")
    assert same.stdout == ""
    assert "are the same" in same.stderr


def test_search_by_words_fields_and_metrics(command, versions):
    found = command("models", "search", f"set:{versions}", "auc>0.85").stdout.splitlines()
    assert [line.split("\t")[1] for line in found[1:]] == [f"{versions}:2"]
    assert "auc=0.9" in found[1]
    assert len(command("models", "search", "tag.team:risk", "-q").stdout.split()) >= 1
    nothing = command("models", "search", f"set:{versions}", "auc>0.99")
    assert nothing.stdout == ""
    assert "No model fits" in nothing.stderr
    assert command("models", "search", "auc>", code=1).stderr


def test_ls_shows_version_alias_and_framework(command, versions):
    command("aliases", "set", versions, "shown", "1")
    rows = [line.split("\t") for line in command("models", "ls").stdout.splitlines()]
    assert rows[0][:5] == ["NAME", "VERSION", "ALIASES", "FRAMEWORK", "STATE"]
    assert [versions, f"{versions}:1", "shown", "scikit-learn", "ACTIVE"] in [row[:5] for row in rows]


def test_aliases_move_and_remember(command, versions):
    first = command("aliases", "set", versions, "champion", "1", "--reason", "the first")
    assert f"{versions}@champion is {versions}:1" in first.stderr
    assert command("aliases", "set", versions, "champion", f"{versions}:2", "-q").stdout == f"{versions}@champion\n"
    assert registered(command, f"{versions}@champion")["versionId"] == registered(command, f"{versions}:2")["versionId"]
    assert f"{versions}@champion" in command("aliases", "ls", versions, "-q").stdout.split()
    history = command("aliases", "history", f"{versions}@champion").stdout.splitlines()
    assert [line.split("\t")[1:3] for line in history[1:]] == [["1", "2"], ["", "1"]]
    assert "the first" in history[2]
    assert "--yes" in command("aliases", "remove", versions, "champion", code=2).stderr
    command("aliases", "remove", versions, "champion", "--yes")
    assert "champion" not in command("aliases", "ls", versions).stdout
    assert command("models", "info", f"{versions}@champion", code=3).stderr
    command("aliases", "remove", versions, "champion", "--yes", code=3)


def test_version_sets_from_creation_to_deletion(command, folder):
    identifier = command("version-sets", "create", "cycle", "--description", "d", "--tag", "a=1").stdout.strip()
    command("version-sets", "create", "cycle", code=5)
    command("push", f"{folder}/", "--set", "cycle", "--label", "x")
    command("version-sets", "update", "cycle", "--description", "better", "--tag", "b=2", "--untag", "a")
    shown = json.loads(command("version-sets", "info", "cycle", "--format", "json").stdout)
    assert (shown["id"], shown["description"], shown["freeformTags"]) == (identifier, "better", {"b": "2"})
    assert [version["versionLabel"] for version in shown["versions"]] == ["x"]
    assert identifier in command("version-sets", "ls", "-q").stdout.split()
    assert command("version-sets", "delete", "cycle", "--yes", code=5).stderr
    plan = command("version-sets", "delete", "cycle", "--with-models", "--dry-run").stdout.splitlines()
    assert [line.split("\t")[0] for line in plan[1:]] == ["version set", "model"]
    assert registered(command, "cycle:1")
    command("version-sets", "delete", "cycle", "--with-models", "--yes")
    assert identifier not in command("version-sets", "ls", "-q").stdout.split()


def test_a_dry_run_of_delete_deletes_nothing(command, folder):
    command("push", f"{folder}/", "--name", "kept")
    assert "kept" in command("models", "delete", "kept", "--dry-run").stdout
    assert registered(command, "kept")["lifecycleState"] == "ACTIVE"


def test_references_that_mean_nothing(command, versions):
    assert "Version 99" in command("models", "info", f"{versions}:99", code=3).stderr
    command("models", "info", f"{versions}@nobody", code=3)
    command("models", "info", "comparde", code=3)
    assert "is a path" in command("models", "info", "some/folder/", code=3).stderr


def test_lineage_is_told_and_shown(command, versions, folder):
    command("push", f"{folder}/", "--set", "traced")
    empty = command("lineage", "traced:1")
    assert empty.stdout == ""
    assert "Nothing is known" in empty.stderr
    command("lineage", "traced:1", "--trained-from", "s3://data/january.parquet")
    said = command("lineage", "traced:1", "--derived-from", f"{versions}:1", "--derived-from", f"{versions}:2")
    rows = [line.split("\t")[:3] for line in said.stdout.splitlines()[1:]]
    assert ["traced", "trained from", "s3://data/january.parquet"] in rows
    assert rows.count(["traced", "derived from", versions]) == 2
    graph = json.loads(command("lineage", f"{versions}:1", "--format", "json").stdout)
    origin = registered(command, "traced:1")["id"]
    assert any(edge["from"] == origin and edge["kind"] == "derived-from" for edge in graph["edges"])
    assert command("lineage", f"{versions}:1", "--derived-from", "traced:1", code=5).stderr
