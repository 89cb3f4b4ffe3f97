"""``requirements.txt`` of strangers, and whether an interpreter has what it says."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from ads.artifact import requirements
from ads.artifact.requirements import Requirements, unsatisfied
from ads.errors import ArtifactError

HERE = ".".join(map(str, sys.version_info[:2]))


def test_written_and_read_again(tmp_path):
    wanted = Requirements(("numpy==2.0.0", "pandas==2.2.0"), "3.11.7")
    requirements.write(tmp_path, wanted)
    assert (tmp_path / "requirements.txt").read_text() == "# python: 3.11.7\nnumpy==2.0.0\npandas==2.2.0\n"
    assert requirements.read(tmp_path) == wanted


def test_none_without_a_file(tmp_path):
    assert requirements.read(tmp_path) is None


def test_lines_of_people():
    text = b"\xef\xbb\xbf# mine\r\n\r\nnumpy == 1.26.4  # pinned\r\npandas[parquet]>=2,<3; python_version >= '3.9'\r\n"
    assert requirements.parse(text).lines == (
        "numpy == 1.26.4",
        "pandas[parquet]>=2,<3; python_version >= '3.9'",
    )


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://evil.example/simple",
        "-i https://evil.example/simple",
        "--extra-index-url https://evil.example",
        "--find-links /tmp",
        "--trusted-host evil.example",
        "-e .",
        "--editable git+https://evil.example/x",
        "-r other.txt",
        "-c constraints.txt",
        "numpy @ https://evil.example/numpy.whl",
        "numpy@https://evil.example/numpy.whl",
        "https://evil.example/numpy.whl",
        "git+ssh://evil.example/x",
        "./local.whl",
        "/tmp/local.whl",
        "numpy==1 --hash=sha256:00",
        "numpy==1 --config-settings=x=y",
        "numpy==1 \\",
        "numpy==1; import os",
        "$(touch x)",
    ],
)
def test_wheel_inside_is_refused(line):
    with pytest.raises(ArtifactError, match="Line 2"):
        requirements.parse(f"scipy==1.0\n{line}\n".encode())


def test_too_large_or_not_text():
    with pytest.raises(ArtifactError, match="larger"):
        requirements.parse(b"a==1\n" * 100_000)
    with pytest.raises(ArtifactError, match="UTF-8"):
        requirements.parse(b"\xff\xfea==1")


def test_this_interpreter_has_what_it_has():
    assert unsatisfied([f"numpy=={np.__version__}", "Scikit_Learn>=1"], HERE) == []
    assert unsatisfied([], f"{HERE}.99") == []


def test_what_lacks_is_named():
    assert unsatisfied(["numpy==0.1", "no-such-thing==1"], "3.6") == [
        f"Python 3.6 is required, this is {'.'.join(map(str, sys.version_info[:3]))}.",
        f"numpy==0.1 is required, {np.__version__} is installed.",
        "no-such-thing==1 is not installed.",
    ]


def test_marker_that_does_not_apply():
    assert unsatisfied(["no-such-thing==1; python_version < '3'"]) == []


def test_another_interpreter(tmp_path):
    other = tmp_path / "python"
    other.symlink_to(sys.executable)
    found = unsatisfied(["no-such-thing==1"], HERE, other)
    assert found == ["no-such-thing==1 is not installed."]
    with pytest.raises(ArtifactError, match="nowhere"):
        unsatisfied([], "", tmp_path / "nowhere")
