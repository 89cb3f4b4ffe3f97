"""Completion in bash itself, which splits words where ours go on."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

_SCRIPT = """
ads() { "$PYTHON" -m ads.cli "$@"; }
compopt() { echo "$2"; }
source <(ads completion bash)
COMP_LINE=$1 COMP_POINT=$2
_ads_completion ads
printf '%s\\n' "${COMPREPLY[@]}"
"""

pytestmark = pytest.mark.needs("bash")


def completed(line: str, cursor: int | None = None) -> list[str]:
    """Return what bash is told to put in place of its own word; without names, of what kind of file one is wanted."""
    done = subprocess.run(
        ["bash", "--norc", "-c", _SCRIPT, "bash", line, str(len(line) if cursor is None else cursor)],
        env={**os.environ, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split("\n")[:-1]


def test_what_follows_a_colon_or_an_at_is_completed_alone(home, service):
    service.models[0].update(modelVersionSetName="churn", versionId="3")
    service.version_sets.append({"id": "set1", "name": "churn", "lifecycleState": "ACTIVE"})
    service.aliases.append({"setId": "set1", "name": "champion"})
    assert completed("ads models info ch") == ["churn"]
    assert completed("ads models info churn@c") == ["champion"]
    assert completed("ads deploy churn:") == ["3"]


def test_a_name_with_a_space_is_quoted(home, service):
    service.models[0]["displayName"] = "breast cancer"
    assert completed("ads models info br") == ["'breast cancer'"]


def test_values_of_options_complete_with_and_without_an_equals_sign(home):
    assert completed("ads deployments ls --state in") == ["INACTIVE"]
    assert completed("ads deployments ls --state=in") == ["INACTIVE"]
    assert completed("ads models ls --form") == ["--format"]


@pytest.mark.parametrize("line", ["ads deploy ./", "ads predict churn --input ", "ads push ch"])
def test_files_complete_where_a_file_is_wanted(home, line):
    assert completed(line) == ["default", ""]


def test_of_half_a_line_only_what_is_before_the_cursor_counts(home):
    assert completed("ads deployments rest") == ["restart"]
    assert completed("ads deployments stxy churn", 18) == ["stop", "start"]
