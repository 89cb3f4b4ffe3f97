from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ads.artifact.requirements import Requirements
from ads.deploy.environment_supplies import Supplies
from ads.deploy.environments import Plan, find_python, plan, resolve
from ads.errors import ArtifactError, EnvironmentBuildError
from ads.home import Home
from tests.wheels import write_wheel

OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "h")
    home.create()
    return home


def artifact(folder: Path, requirements: str | None) -> Path:
    folder.mkdir(exist_ok=True)
    if requirements is not None:
        (folder / "requirements.txt").write_text(requirements)
    (folder / "runtime.yaml").write_text(
        "MODEL_DEPLOYMENT:\n  INFERENCE_CONDA_ENV:\n    INFERENCE_ENV_SLUG: generalml_p38_cpu_v1\n"
        "    INFERENCE_PYTHON_VERSION: '3.8'\n"
    )
    return folder


@pytest.mark.parametrize("requirements", [None, "", "pytest\n", f"# python: {OWN}.99\npytest>=1\n"])
def test_the_services_own_environment_is_used_when_it_has_everything(
    home: Home, tmp_path: Path, requirements: str | None
) -> None:
    found = resolve(home, artifact(tmp_path / "a", requirements), Supplies(60), pytest.fail)
    assert found.own
    assert found.python == Path(sys.executable)
    assert list(home.environments.iterdir()) == []


def nowhere(version: str) -> Path | None:
    return None


def somewhere(version: str) -> Path | None:
    return Path("/usr/bin/python") if version == "3.9" else None


@pytest.mark.parametrize(
    ("wanted", "lacking", "python_of", "decided"),
    [
        (Requirements(("a==1",), OWN), [], nowhere, Plan(False, OWN, ("a==1",))),
        (Requirements(("a==1",), OWN), ["a"], nowhere, Plan(True, OWN, ("a==1",))),
        (Requirements(("a==1",)), ["a"], nowhere, Plan(True, OWN, ("a==1",))),
        (Requirements(("a==1",), "3.9.7"), [], somewhere, Plan(True, "3.9", ("a==1",))),
    ],
)
def test_the_packages_decide(wanted: Requirements, lacking: list[str], python_of: object, decided: Plan) -> None:
    assert plan(wanted, lacking, python_of) == decided  # type: ignore[arg-type]


@pytest.mark.parametrize("pinned", ["3.9", "3.6.1"])
def test_a_python_that_is_not_here_is_replaced_by_the_own_one_with_a_note(pinned: str) -> None:
    decided = plan(Requirements(("a==1",), pinned), [], nowhere)
    assert (decided.build, decided.python) == (False, OWN)
    assert pinned[:3] in decided.note


def test_what_is_missing_is_built_once_and_shared(home: Home, tmp_path: Path) -> None:
    folder = artifact(tmp_path / "a", "six==1.16.0\n")
    told: list[str] = []
    built = resolve(home, folder, Supplies(300), told.append)
    assert told[0] == f"environment: building Python {OWN} with six==1.16.0"
    assert told[1].startswith("environment: Resolved 1 package")
    assert told[-1].startswith("environment: Installed 1 package")
    assert not built.own
    version = subprocess.run(
        [built.python, "-c", "import six; print(six.__version__)"], capture_output=True, text=True, check=True
    )
    assert version.stdout == "1.16.0\n"
    again = resolve(home, folder, Supplies(300), pytest.fail)
    assert again.python == built.python
    assert "cache" in again.description


def test_another_python_version_is_used_where_there_is_one(home: Home, tmp_path: Path) -> None:
    here = [version for version in ("3.12", "3.10", "3.9", "3.8") if version != OWN and find_python(version)]
    wanted = here[0] if here else OWN
    built = resolve(
        home, artifact(tmp_path / "a", f"# python: {wanted}.1\nsix==1.16.0\n"), Supplies(300), lambda _line: None
    )
    code = "import sys, six; print('.'.join(map(str, sys.version_info[:2])))"
    version = subprocess.run([built.python, "-c", code], capture_output=True, text=True, check=True)
    assert version.stdout.strip() == wanted


def test_pyenvs_versions_are_found_without_its_shims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    for version in ("3.99.9", "3.99.10", "3.9.1"):
        (tmp_path / "versions" / version / "bin").mkdir(parents=True)
        (tmp_path / "versions" / version / "bin" / "python").touch()
    assert find_python("3.99") == tmp_path / "versions/3.99.10/bin/python"
    assert find_python("3.98") is None


def test_a_failed_build_tells_the_resolvers_own_words_and_leaves_nothing(home: Home, tmp_path: Path) -> None:
    folder = artifact(tmp_path / "a", "six==999.0.0\n")
    with pytest.raises(EnvironmentBuildError, match=r"six==999\.0\.0") as caught:
        resolve(home, folder, Supplies(300), lambda _line: None)
    assert caught.value.hint
    assert [entry for entry in home.environments.iterdir() if entry.is_dir()] == []


def test_requirements_that_reach_elsewhere_are_refused(home: Home, tmp_path: Path) -> None:
    with pytest.raises(ArtifactError, match="Line 1"):
        resolve(home, artifact(tmp_path / "a", "--index-url http://evil\n"), Supplies(60), pytest.fail)


def test_a_folder_of_wheels_takes_the_place_of_the_index(home: Home, tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", "only_in_the_folder")
    model = artifact(tmp_path / "a", "only_in_the_folder==1.0\n")
    found = resolve(home, model, Supplies(120, str(tmp_path / "wheels")), lambda _: None)
    done = subprocess.run(
        [found.python, "-c", "import only_in_the_folder as o; print(o.ANSWER)"], capture_output=True, check=True
    )
    assert done.stdout == b"42\n"
    for root, folders, files in os.walk(found.python.parent.parent):
        for name in (*folders, *files):
            assert Path(root, name).lstat().st_mode & 0o004, "replicas with users of their own can't read it"
    with pytest.raises(EnvironmentBuildError, match=r"not.in.the.folder"):
        resolve(
            home,
            artifact(tmp_path / "b", "not_in_the_folder==1.0\n"),
            Supplies(120, str(tmp_path / "wheels")),
            lambda _: None,
        )
    assert [path.name for path in home.environments.iterdir() if path.is_dir()] == [found.python.parent.parent.name]
