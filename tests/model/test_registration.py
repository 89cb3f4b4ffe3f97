"""save(), update(), delete() and the artifact as a zip file; the catalog's client is replaced."""

import ast
import fcntl
import getpass
import json
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from ads.errors import IntrospectionNotPassed, RuntimeInfoInconsistencyError
from ads.model.datascience_model import DataScienceModel
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.generic_model import ArtifactsNotAvailableError, GenericModel

pytestmark = pytest.mark.usefixtures("no_service")

OCID = "ocid1.datasciencemodel.oc1..one"


@pytest.fixture
def catalog(monkeypatch):
    """What reached the catalog: pairs of verb and entry."""
    calls = []

    def create(self, **kwargs):
        calls.append(("create", self, kwargs))
        return self.set_spec(self.CONST_ID, OCID)

    monkeypatch.setattr(DataScienceModel, "create", create)
    monkeypatch.setattr(DataScienceModel, "update", lambda self, **kwargs: calls.append(("update", self, kwargs)))
    monkeypatch.setattr(DataScienceModel, "delete", lambda self, **kwargs: calls.append(("delete", self, kwargs)))
    monkeypatch.setattr(DataScienceModel, "from_id", classmethod(lambda cls, ocid: cls(spec={"id": ocid})))
    return calls


@pytest.fixture
def prepared(iris, classifier, tmp_path):
    return SklearnModel(classifier, artifact_dir=str(tmp_path / "a")).prepare(X_sample=iris[0], y_sample=iris[1])


def test_save_registers_everything_and_returns_the_ocid(prepared, catalog):
    prepared.metadata_custom.add("team", "risk")
    found = prepared.save(
        display_name="churn", description="d", freeform_tags={"a": "b"}, version_label="v1", project_id="ocid1.project"
    )
    assert found == prepared.model_id == OCID
    ((verb, entry, arguments),) = catalog
    assert verb == "create"
    assert arguments["model_by_reference"] is False
    assert (entry.display_name, entry.description, entry.version_label) == ("churn", "d", "v1")
    assert entry.freeform_tags == {"a": "b"}
    assert entry.project_id == "ocid1.project"
    assert entry.artifact == prepared.artifact_dir
    assert entry.custom_metadata_list["team"].value == "risk"
    assert entry.defined_metadata_list["Algorithm"].value == "LogisticRegression"
    assert entry.input_schema.keys == prepared.schema_input.keys
    summary = prepared.summary_status().reset_index().set_index("Details")["Status"]
    assert summary["Conducted Introspect Test"] == "Done"
    assert (Path(prepared.artifact_dir) / "test_json_output.json").is_file()
    assert summary["Uploaded artifact to model catalog"] == "Done"
    assert summary["Deployed the model"] == "Available"


def test_a_name_is_made_up(prepared, catalog):
    prepared.save()
    assert catalog[0][1].display_name.startswith("sklearn-")


def test_before_prepare(classifier, catalog):
    with pytest.raises(ArtifactsNotAvailableError):
        SklearnModel(classifier).save()
    assert not catalog


def test_a_failed_check_stops_it_and_can_be_ignored(prepared, catalog):
    (Path(prepared.artifact_dir) / "score.py").write_text("def load_model():\n    return 1\n")
    with pytest.raises(IntrospectionNotPassed, match="score_predict"):
        prepared.save(reload=False)
    assert not catalog
    row = prepared.summary_status().reset_index().set_index("Details").loc["Conducted Introspect Test"]
    assert row["Status"] == "Failed"
    assert prepared.save(reload=False, ignore_introspection=True) == OCID


def test_reload_runs_the_script(prepared, catalog):
    (Path(prepared.artifact_dir) / "score.py").write_text(
        "def load_model():\n    raise OSError('gone')\ndef predict(data, model=None):\n    return 1\n"
    )
    with pytest.raises(OSError, match="gone"):
        prepared.save()
    assert not catalog
    assert prepared.save(reload=False) == OCID
    assert not (Path(prepared.artifact_dir) / "sample.json").exists()


def test_runtime_yaml_edited_behind_the_object(prepared, catalog):
    assert prepared.runtime_info is not None
    path = Path(prepared.artifact_dir) / "runtime.yaml"
    path.write_text(path.read_text().replace("'3.11'", "'3.10'"))
    with pytest.raises(RuntimeInfoInconsistencyError, match="reload_runtime_info"):
        prepared.save()
    prepared.reload_runtime_info()
    assert prepared.save() == OCID


def test_an_edited_script_answers_for_the_sample(prepared, catalog):
    import json

    folder = Path(prepared.artifact_dir)
    path = folder / "score.py"
    path.write_text(path.read_text().replace("def predict(", "def raw_predict(", 1) + EDIT)
    prepared.save()
    sample = json.loads((folder / "sample.json").read_text())
    assert sample["expected_from"] == "score.py"
    assert sample["cases"][0]["answer"]["edited"] is True


EDIT = """

def predict(data, model=load_model()):
    return {**raw_predict(data, model), "edited": True}
"""


def test_a_sample_that_the_edited_script_refuses_is_dropped_with_a_word(prepared, catalog, caplog):
    folder = Path(prepared.artifact_dir)
    (folder / "score.py").write_text(
        "def load_model():\n    return 1\ndef predict(data, model=None):\n    return data['words']\n"
    )
    prepared.save()
    assert not (folder / "sample.json").exists()
    assert "verify(data)" in caplog.text


def test_update_sends_the_metadata_along(prepared, catalog):
    with pytest.raises(ValueError, match="save"):
        prepared.update(description="x")
    prepared.save()
    prepared.metadata_custom.add("later", 1)
    assert prepared.update(description="x") is prepared
    verb, entry, arguments = catalog[-1]
    assert (verb, arguments) == ("update", {"description": "x"})
    assert entry.custom_metadata_list["later"].value == 1


def test_delete_on_the_model_and_on_the_class(prepared, catalog):
    with pytest.raises(ValueError, match="model_id"):
        SklearnModel.delete()
    SklearnModel.delete(model_id="ocid1.datasciencemodel.x")
    assert catalog[-1][1].id == "ocid1.datasciencemodel.x"
    prepared.save()
    prepared.delete_model(delete_associated_model_deployment=True, delete_model_artifact=True)
    assert catalog[-1][0] == "delete"
    assert catalog[-1][1].id == OCID
    assert catalog[-1][2] == {"delete_associated_model_deployment": True}
    assert not Path(prepared.artifact_dir).exists()


def test_the_artifact_as_a_zip_file(prepared, tmp_path):
    target = tmp_path / "out" / "model.zip"
    prepared.upload_artifact(str(target))
    with zipfile.ZipFile(target) as archive:
        assert "score.py" in archive.namelist()
    with pytest.raises(ValueError, match="force_overwrite"):
        prepared.upload_artifact(str(target))
    prepared.upload_artifact(str(target), force_overwrite=True)
    prepared.upload_artifact(f"file://{tmp_path}/other.zip")
    assert (tmp_path / "other.zip").read_bytes() == target.read_bytes()


@pytest.fixture
def terminal(monkeypatch):
    """A function that makes stderr a pseudo-terminal or a pipe, and one that says what was written there."""
    reader = writer = None

    def open_stderr(kind):
        nonlocal reader, writer
        reader, end = pty.openpty() if kind == "terminal" else os.pipe()
        if kind == "terminal":
            fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        writer = os.fdopen(end, "w")
        monkeypatch.setattr(sys, "stderr", writer)

    def shown():
        writer.close()
        content = b""
        with suppress(OSError):  # how Linux says that nobody writes to a terminal any more
            while piece := os.read(reader, 65536):
                content += piece
        os.close(reader)
        return content.decode()

    return open_stderr, shown


@pytest.mark.parametrize("uri", ["{}/out/model.zip", "file://{}/model.zip", "memory://artifacts/model.zip"])
def test_a_bar_in_bytes_is_shown_while_an_artifact_is_written(prepared, tmp_path, terminal, uri, monkeypatch):
    monkeypatch.setattr("ads.client.progress._QUICK", 0)
    open_stderr, shown = terminal
    open_stderr("terminal")
    prepared.upload_artifact(uri.format(tmp_path), force_overwrite=True)
    text = shown()
    assert "Packing model.zip" in text or "Packing a.zip" in text
    assert re.search(r"\d[\d.]*k?/\d[\d.]*k .*B/s\]", text)
    assert ("Uploading" in text) == uri.startswith("memory")


def test_no_bar_goes_to_a_pipe(prepared, tmp_path, terminal):
    open_stderr, shown = terminal
    open_stderr("pipe")
    prepared.upload_artifact(str(tmp_path / "model.zip"))
    prepared.upload_artifact(f"file://{tmp_path}/other.zip")
    assert shown() == ""


def test_the_bar_of_an_upload_counts_what_went(prepared, monkeypatch):
    bars = []

    class Bar:
        def __init__(self, label, total, **_):
            self.label, self.total, self.count = label, total, 0
            bars.append(self)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def update(self, count):
            self.count += count

    monkeypatch.setattr("ads.client.progress.byte_bar", Bar)
    prepared.upload_artifact("memory://artifacts/counted.zip", force_overwrite=True)
    assert [bar.label.split()[0] for bar in bars] == ["Packing", "Uploading"]
    assert all(bar.count == bar.total > 0 for bar in bars)


def test_introspect_prints_the_files_and_runs_the_script(tmp_path, classifier, iris, capsys):
    model = SklearnModel(classifier, artifact_dir=str(tmp_path))
    model.prepare(X_sample=iris[0].head(), y_sample=iris[1].head())
    assert "score_loads" not in model.metadata_taxonomy["ArtifactTestResults"].value
    capsys.readouterr()
    table = model.introspect()
    printed = ast.literal_eval(capsys.readouterr().out)
    assert {"score.py", "runtime.yaml", "model.joblib", "input_schema.json", "output_schema.json"} <= set(printed)
    assert list(table.columns) == ["Test key", "Test name", "Result", "Message"]
    assert list(table["Test key"]) == sorted(table["Test key"])
    assert set(table["Result"]) == {"Passed"}
    stored = json.loads((tmp_path / "test_json_output.json").read_text())
    assert model.metadata_taxonomy["ArtifactTestResults"].value == stored
    assert list(stored)[-3:] == ["score_loads", "score_sample", "score_answer"]


def test_a_model_that_only_this_session_can_load_is_not_saved(tmp_path, monkeypatch, catalog):
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules/session_model.py").write_text("class Model:\n    def predict(self, x):\n        return [1]\n")
    monkeypatch.syspath_prepend(str(tmp_path / "modules"))
    import session_model

    model = GenericModel(session_model.Model(), artifact_dir=str(tmp_path / "artifact"))
    model.prepare(X_sample=[[1.0]])
    assert model.verify([[1.0]])["prediction"] == [1]
    with pytest.raises(IntrospectionNotPassed, match="session_model"):
        model.save()
    assert catalog == []


def test_nothing_in_artifact_and_metadata_tells_of_this_machine(tmp_path, classifier, iris, catalog):
    (tmp_path / "train.py").write_text("")
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "first"]):
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", "-C", str(tmp_path), *identity, *arguments], check=True, capture_output=True)
    for kind in (SklearnModel, GenericModel):
        model = kind(classifier, artifact_dir=str(tmp_path / kind.__name__))
        model.prepare(X_sample=iris[0].head(), y_sample=iris[1].head(), training_script_path=str(tmp_path / "train.py"))
        model.verify(iris[0].head(2), auto_serialize_data=True)
        model.introspect()
        model.save()
        entry = catalog[-1][1]
        registered = [
            entry.custom_metadata_list.to_json(),
            entry.defined_metadata_list.to_json(),
            entry.provenance_metadata.to_json(),
            json.dumps(entry.input_schema.to_dict()),
        ]
        private = [str(tmp_path), str(Path.home()), str(Path.cwd()), tempfile.gettempdir(), getpass.getuser()]
        files = {path.name: path.read_bytes() for path in Path(model.artifact_dir).rglob("*") if path.is_file()}
        assert {"score.py", "runtime.yaml", "test_json_output.json", "sample.json"} <= set(files)
        for word in private:
            assert [name for name, content in files.items() if word.encode() in content] == [], word
            assert not any(word in text for text in registered), word
