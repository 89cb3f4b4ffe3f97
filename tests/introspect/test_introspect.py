"""Introspection finds what would not deploy, and nothing else."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ads.artifact import runtime_yaml
from ads.introspect import introspect

KEYS = [
    "score_py",
    "runtime_yaml",
    "score_syntax",
    "score_load_model",
    "score_predict",
    "score_predict_data",
    "score_predict_arg",
    "runtime_version",
    "runtime_env_python",
    "runtime_env_path",
    "runtime_path_exist",
]
SCORE = "def load_model():\n    return 1\n\n\ndef predict(data, model=load_model()):\n    return {'prediction': data}\n"
SERVICE_PACK = "oci://service-conda-packs@id19sfcrra6z/service_pack/cpu/x/1.0/generalml_p38_cpu_v1"


def set_environment(folder: Path, **changes: str | None) -> None:
    environment: dict[str, str | None] = {
        "INFERENCE_ENV_PATH": SERVICE_PACK,
        "INFERENCE_ENV_SLUG": "generalml_p38_cpu_v1",
        "INFERENCE_ENV_TYPE": "data_science",
        "INFERENCE_PYTHON_VERSION": "3.8",
        **changes,
    }
    document = {
        "MODEL_ARTIFACT_VERSION": "3.0",
        "MODEL_DEPLOYMENT": {"INFERENCE_CONDA_ENV": environment},
        "MODEL_PROVENANCE": {},
    }
    runtime_yaml.write(folder, document)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "home"))
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "score.py").write_text(SCORE)
    set_environment(folder)
    return folder


def outcome(folder: Path) -> dict[str, str]:
    report = introspect(folder)
    assert [result.key for result in report.results] == KEYS
    return {result.key: result.result for result in report.results}


def message(folder: Path, key: str) -> str:
    return next(result.message for result in introspect(folder).results if result.key == key)


def test_good_artifact_passes(folder):
    report = introspect(folder)
    assert report.status == "Passed"
    assert report.failures == 0
    assert set(outcome(folder).values()) == {"Passed"}


def test_entries_have_the_known_shape(folder):
    entries = introspect(folder).to_dict()
    assert list(entries) == KEYS
    assert entries["runtime_env_path"] == {
        "category": "conda_env",
        "description": "Check that field MODEL_DEPLOYMENT.INFERENCE_ENV_PATH is set",
        "error_msg": "",
        "success": True,
        "value": SERVICE_PACK,
    }
    assert entries["score_py"]["key"] == "score_py"
    assert entries["score_py"]["category"] == "Mandatory Files Check"
    assert entries["runtime_env_python"]["value"] == "3.8"
    assert "value" not in entries["runtime_path_exist"]
    assert entries["runtime_version"]["category"] == "runtime.yaml"


@pytest.mark.parametrize("missing", ["score.py", "runtime.yaml"])
def test_missing_file_skips_the_rest(folder, missing):
    (folder / missing).unlink()
    report = introspect(folder)
    assert report.status == "Failed"
    assert report.failures == 1
    found = outcome(folder)
    assert found[missing.replace(".", "_")] == "Failed"
    assert {found[key] for key in KEYS[2:]} == {"Skipped"}
    assert "success" not in report.to_dict()["score_syntax"]
    assert message(folder, "score_syntax") == ""


def test_folder_called_score_py_is_not_the_script(folder):
    (folder / "score.py").unlink()
    (folder / "score.py").mkdir()
    assert outcome(folder)["score_py"] == "Failed"


@pytest.mark.parametrize(
    "text",
    [b"def load_model(:\n", b"\x00", b"\xff\xfe", "x = 1".encode("utf-16"), b"(" * 5000, b"-" * 100_000 + b"1"],
    ids=["syntax", "nul", "binary", "utf16", "deep", "very_deep"],
)
def test_script_that_does_not_parse(folder, text):
    (folder / "score.py").write_bytes(text)
    found = outcome(folder)
    assert found["score_syntax"] == "Failed"
    assert {found[key] for key in KEYS[3:]} == {"Skipped"}
    assert message(folder, "score_syntax").startswith("score.py has a syntax error: ")


def test_line_of_the_syntax_error_is_named(folder):
    (folder / "score.py").write_text("x = 1\ndef f(:\n")
    assert "line 2" in message(folder, "score_syntax")


def test_byte_order_mark_is_fine(folder):
    (folder / "score.py").write_bytes(b"\xef\xbb\xbf" + SCORE.encode())
    assert introspect(folder).status == "Passed"


def test_doubtful_escape_is_no_business_of_ours(folder):
    (folder / "score.py").write_text(SCORE + 'pattern = "\\d"\n')
    assert introspect(folder).status == "Passed"


@pytest.mark.parametrize(
    ("script", "failed"),
    [
        ("def predict(data): pass", {"score_load_model"}),
        ("def load_model(): pass", {"score_predict"}),
        ("load_model = lambda: 1\ndef predict(data): pass", {"score_load_model"}),
        ("def load_model(): pass\nasync def predict(data): pass", {"score_predict"}),
        ("def load_model(): pass\nclass predict: pass", {"score_predict"}),
        ("def load_model(): pass\nif 1:\n    def predict(data): pass", {"score_predict"}),
        ("def load_model(): pass\ndef predict(x): pass", {"score_predict_data"}),
        ("def load_model(): pass\ndef predict(): pass", {"score_predict_data"}),
        ("def load_model(): pass\ndef predict(data, model): pass", {"score_predict_arg"}),
        ("def load_model(): pass\ndef predict(x, model): pass", {"score_predict_data", "score_predict_arg"}),
        ("def load_model(): pass\ndef predict(data, *, model): pass", {"score_predict_arg"}),
        ("def load_model(): pass\ndef predict(data, /, model=1, *, k=2, **kw): pass", set()),
        ("def load_model(): pass\ndef predict(data=None, model=1): pass", set()),
    ],
)
def test_functions_of_the_script(folder, script, failed):
    (folder / "score.py").write_text(script)
    found = outcome(folder)
    assert {key for key, result in found.items() if result == "Failed"} == failed
    if failed:
        assert found["runtime_version"] == "Skipped"


def test_nothing_is_executed(folder, tmp_path):
    (folder / "score.py").write_text(f"open({str(tmp_path / 'marker')!r}, 'w')\n{SCORE}raise SystemExit\n")
    assert introspect(folder).status == "Passed"
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("version", ["3.6", "3.8", "3.10", "3.11.7", "3.14", "3.27", "4.0"])
def test_python_versions_that_will_do(folder, version):
    set_environment(folder, INFERENCE_PYTHON_VERSION=version)
    assert outcome(folder)["runtime_env_python"] == "Passed"


@pytest.mark.parametrize("version", ["", "2.7", "3.5", "3", "3.x", "latest", "3.10; rm -rf /", "33", None])
def test_python_versions_that_will_not_do(folder, version):
    set_environment(folder, INFERENCE_PYTHON_VERSION=version)
    assert outcome(folder)["runtime_env_python"] == "Failed"
    assert "3.6 or higher" in message(folder, "runtime_env_python")


def test_unquoted_version_is_taken_as_written(folder):
    text = (folder / "runtime.yaml").read_text()
    (folder / "runtime.yaml").write_text(text.replace("'3.8'", "3.10").replace("'3.0'", "3.0"))
    report = introspect(folder)
    assert report.status == "Passed"
    assert report.to_dict()["runtime_env_python"]["value"] == "3.10"


def test_wrong_artifact_version(folder):
    text = (folder / "runtime.yaml").read_text()
    (folder / "runtime.yaml").write_text(text.replace("'3.0'", "'2.0'"))
    assert outcome(folder)["runtime_version"] == "Failed"


@pytest.mark.parametrize("text", ["a: &x [*x]", "- a", "\xff", "a:\n\tb"])
def test_unusable_runtime_yaml_is_explained(folder, text):
    (folder / "runtime.yaml").write_text(text, encoding="latin-1")
    assert outcome(folder)["runtime_version"] == "Failed"
    assert "runtime.yaml" in message(folder, "runtime_version")


def test_captured_environment_needs_no_pack(folder):
    set_environment(folder, INFERENCE_ENV_PATH="", INFERENCE_ENV_SLUG="", INFERENCE_ENV_TYPE="")
    assert outcome(folder)["runtime_env_path"] == "Failed"
    (folder / "requirements.txt").write_text("numpy==2.0.0\n")
    assert introspect(folder).status == "Passed"


@pytest.mark.parametrize(
    "path",
    [
        "oci://mine@ns/conda_environments/cpu/mine/1.0/mine_p39_v1",
        "oci://service-conda-packs@id19sfcrra6z/service_pack/cpu/new/1.0/brand_new_v1",
    ],
)
def test_pack_that_cannot_be_looked_up_blocks_nothing(folder, path):
    set_environment(folder, INFERENCE_ENV_PATH=path, INFERENCE_ENV_TYPE="published")
    report = introspect(folder)
    assert report.status == "Passed"
    assert outcome(folder)["runtime_path_exist"] == "Skipped"
    assert message(folder, "runtime_path_exist").startswith("WARNING: ")


def test_broken_operator_catalog_blocks_nothing(folder, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home/conda-packs.json").write_text("{")
    assert outcome(folder)["runtime_path_exist"] == "Skipped"
    assert introspect(folder).status == "Passed"


@pytest.mark.parametrize(
    "path", ["file:///etc/passwd", "http://169.254.169.254/", "../../x", "oci://b@n/../x", "mlcpuv1"]
)
def test_path_that_is_no_pack_fails(folder, path):
    set_environment(folder, INFERENCE_ENV_PATH=path)
    assert outcome(folder)["runtime_path_exist"] == "Failed"


def test_table(folder):
    set_environment(folder, INFERENCE_PYTHON_VERSION="2.7")
    table = introspect(folder).to_dataframe()
    assert list(table.columns) == ["Test key", "Test name", "Result", "Message"]
    assert list(table.index) == list(range(11))
    assert list(table["Test key"]) == sorted(KEYS)
    failed = table[table["Result"] == "Failed"]
    assert list(failed["Test key"]) == ["runtime_env_python"]
    assert "2.7" in failed.iloc[0]["Message"]
    assert (table[table["Result"] == "Passed"]["Message"] == "").all()


def test_folder_that_does_not_exist(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        introspect(tmp_path / "nowhere")


def test_it_is_fast(folder):
    introspect(folder)
    best = 1.0
    for _ in range(5):
        started = time.perf_counter()
        introspect(folder)
        best = min(best, time.perf_counter() - started)
    assert best < 0.01
