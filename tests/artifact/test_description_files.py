"""What an archive says of itself, as a service checks it; the whole catalogue of traps is in ``tests/abuse``."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ads.artifact.description_files import check_description_files, check_runtime, check_schema
from ads.errors import ArtifactError


def environment(**values: object) -> dict[str, object]:
    return {"MODEL_DEPLOYMENT": {"INFERENCE_CONDA_ENV": {f"INFERENCE_{key}": value for key, value in values.items()}}}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"MODEL_DEPLOYMENT": {}},
        environment(ENV_PATH="", ENV_SLUG=None, PYTHON_VERSION="3.10"),
        environment(
            ENV_PATH="oci://conda@ns/service_pack/cpu/1.0/generalml_p38_cpu_v1", ENV_SLUG="generalml_p38_cpu_v1"
        ),
        environment(ENV_PATH="/home/datascience/conda/my env", PYTHON_VERSION="3.11.4"),
        environment(ENV_PATH="https://example.com/pack.tar.gz"),
    ],
)
def test_what_says_little_or_something_usable_is_fine(document):
    check_runtime(document)


@pytest.mark.parametrize(
    ("document", "named"),
    [
        ({"MODEL_DEPLOYMENT": None}, "MODEL_DEPLOYMENT"),
        (environment(PYTHON_VERSION="2.7"), "INFERENCE_PYTHON_VERSION"),
        (environment(PYTHON_VERSION=["3.11"]), "INFERENCE_PYTHON_VERSION"),
        (environment(ENV_SLUG="-r x"), "INFERENCE_ENV_SLUG"),
        (environment(ENV_PATH="a/../../b"), "INFERENCE_ENV_PATH"),
        (environment(ENV_PATH="FILE:///etc/passwd"), "INFERENCE_ENV_PATH"),
    ],
)
def test_what_can_not_be_used_is_named(document, named):
    with pytest.raises(ArtifactError, match=named):
        check_runtime(document)


def test_schemas_with_nan_and_columns_without_names_are_fine():
    check_schema(b'{"schema": [{"name": "a", "domain": {"stats": {"skew": NaN}}}, {}, {}], "version": "1.1"}', "s")
    check_schema(b"\xef\xbb\xbf{}", "s")
    with pytest.raises(ArtifactError, match="line 1, column 2"):
        check_schema(b"{'a': 1}", "s")
    with pytest.raises(ArtifactError, match='"a" 2 times'):
        check_schema(b'{"schema": [{"name": "a"}, {"name": "a"}]}', "s")


def test_only_files_at_the_top_are_read(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("deep/runtime.yaml", "- a")
        archive.writestr("runtime.yaml", "A: b\n")
        archive.writestr("output_schema.json", "{}")
    check_description_files(tmp_path / "a.zip", archive.namelist())
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("input_schema.json", b" " * (4 * 1024**2 + 1))
    with pytest.raises(ArtifactError, match="4,194,304 are allowed"):
        check_description_files(tmp_path / "b.zip", archive.namelist())
