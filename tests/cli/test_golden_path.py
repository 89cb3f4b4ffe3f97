"""From an artifact to an endpoint on the command line, against a real service; and trials without one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from tests.cli.conftest import Run
from tests.own_service import eventually

ROWS = pd.DataFrame({"age": [17, 25, 42, 60], "zip": ["01", "02", "03", "04"]})
LEFT = [0, 0, 1, 1]
FAILING = """
def load_model():
    print("looking")
    raise RuntimeError("no licence")

def predict(data):
    return data
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact of a pipeline that takes a number and a text."""
    from sklearn.compose import ColumnTransformer
    from sklearn.pipeline import make_pipeline

    from ads.model.framework.sklearn_model import SklearnModel

    folder = tmp_path_factory.mktemp("artifact") / "churn"
    numbers = ColumnTransformer([("age", "passthrough", ["age"])])
    estimator = make_pipeline(numbers, LogisticRegression()).fit(ROWS, LEFT)
    model = SklearnModel(estimator, artifact_dir=str(folder))
    model.prepare(X_sample=ROWS, y_sample=pd.Series(LEFT, name="left"), force_overwrite=True)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return Path(shutil.copytree(made, tmp_path / "churn"))


def test_verify_needs_no_service_and_leaves_nothing(command: Run, real_home, folder, tmp_path):
    before = sorted(path.name for path in folder.rglob("*"))
    facts = json.loads(command("verify", f"{folder}/", "--format", "json").stdout)
    assert facts["environment"].startswith("the service's own")
    assert facts["sampleRows"] == 4
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    assert command("verify", f"{folder}/", "--input", str(tmp_path / "rows.csv"), "-q").stdout == "0\n0\n1\n1\n"
    archive = shutil.make_archive(str(tmp_path / "zipped"), "zip", folder)
    said = command("verify", archive)
    assert "4 rows reproduced" in said.stderr
    assert sorted(path.name for path in folder.rglob("*")) == before
    assert not real_home.service_file.exists()


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("raise RuntimeError('not today')", "not today"),
        ("import nothing_of_that_name", "nothing_of_that_name"),
        ("def predict(data): return {'prediction': [7]}", "predicts differently"),
    ],
)
def test_verify_says_why_a_deployment_would_fail(command: Run, folder, change, expected):
    script = folder / "score.py"
    script.write_text(f"{script.read_text()}\n{change}\n")
    said = command("verify", f"{folder}/", code=1).stderr
    assert expected in said


def test_verify_tells_of_a_request_that_fails(command: Run, folder, tmp_path):
    (tmp_path / "rows.json").write_text('[{"zip": "01"}]')
    assert "'age'" in command("verify", f"{folder}/", "--input", str(tmp_path / "rows.json"), code=1).stderr


def test_a_dry_run_checks_and_changes_nothing(command: Run, running, folder):
    before = command("models", "ls", "-q").stdout + command("deployments", "ls", "-q").stdout
    plan = json.loads(
        command(
            "deploy",
            f"{folder}/",
            "--set",
            "plan",
            "--replicas",
            "2",
            "--env",
            "A=b=c",
            "--dry-run",
            "--format",
            "json",
        ).stdout
    )
    assert plan["model"] == "plan"
    details = plan["deployment"]["modelDeploymentConfigurationDetails"]
    assert details["modelConfigurationDetails"]["scalingPolicy"]["instanceCount"] == 2
    assert details["environmentConfigurationDetails"]["environmentVariables"] == {"A": "b=c"}
    (folder / "runtime.yaml").unlink()
    assert "runtime_yaml" in command("deploy", f"{folder}/", "--dry-run", code=1).stderr
    assert command("models", "ls", "-q").stdout + command("deployments", "ls", "-q").stdout == before
    assert "plan" not in command("version-sets", "ls").stdout


def test_from_a_folder_to_predictions(command: Run, running, folder, tmp_path):
    deployed = command("deploy", f"{folder}/", "--set", "golden", "--name", "golden-api")
    assert deployed.stdout.startswith(f"{running}/ocid1.datasciencemodeldeployment.")
    assert deployed.stdout.endswith("/predict\n")
    assert "ads predict golden-api" in deployed.stderr
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    ROWS.to_parquet(tmp_path / "rows.parquet")
    ROWS.to_json(tmp_path / "rows.jsonl", orient="records", lines=True)
    for name in ("rows.csv", "rows.parquet", "rows.jsonl"):
        said = command("predict", "golden-api", "--input", str(tmp_path / name), "-q")
        assert said.stdout == "0\n0\n1\n1\n", name
    (tmp_path / "bad.csv").write_text("age,zip\nold,01\n")
    refused = command("predict", "golden-api", "--input", str(tmp_path / "bad.csv"), code=2)
    assert "row 2 has 'old' in the column 'age', where the model takes int64" in refused.stderr
    target = tmp_path / "out.csv"
    command("predict", "golden:1", "--input", str(tmp_path / "rows.csv"), "--output", str(target))
    assert pd.read_csv(target)["prediction"].tolist() == LEFT

    def logged() -> int:
        return len(json.loads(command("logs", "golden-api", "--type", "access", "--format", "json").stdout))

    eventually(lambda: logged() == 4, what="the last line of the access log")

    command("aliases", "set", "golden", "champion", "1")
    second = json.loads(command("deploy", "golden@champion", "--no-wait", "--format", "json").stdout)
    assert second["displayName"] == "golden"
    assert second["lifecycleState"] == "CREATING"
    assert "2 deployments serve" in command("predict", "golden@champion", "--data", "[]", code=2).stderr


def test_a_deployment_that_fails_says_why(command: Run, running, folder):
    (folder / "score.py").write_text(FAILING)
    failed = command("deploy", f"{folder}/", "--name", "failing", code=1)
    assert "no licence" in failed.stderr
    assert "looking" in failed.stderr
    assert "ads logs failing" in failed.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (["nobody"], 3, "No model is named 'nobody'"),
        (["nobody:3", "--set", "x"], 2, "are for a path"),
        (["nowhere/"], 2, "There is no artifact at nowhere"),
        (["x/", "--env", "A"], 2, "NAME=VALUE"),
    ],
)
def test_what_can_not_be_deployed(command: Run, running, arguments, code, expected):
    assert expected in command("deploy", *arguments, code=code).stderr


def test_a_folder_typed_like_a_name_is_pointed_at(command: Run, running, folder):
    folder.rename(folder.parent / "typed-so")
    said = command("deploy", "typed-so", code=3, cwd=folder.parent)
    assert "ads deploy typed-so/" in said.stderr


def test_init_replaces_nothing(command: Run, tmp_path):
    files = command("init", str(tmp_path / "project")).stdout.split()
    assert [Path(file).name for file in files] == ["train.py", "requirements.txt", "README.md", ".gitignore"]
    assert "exists" in command("init", str(tmp_path / "project"), code=2).stderr
    (tmp_path / "README.md").write_text("mine")
    assert "README.md exists" in command("init", cwd=tmp_path, code=2).stderr
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["README.md"]
