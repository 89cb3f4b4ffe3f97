"""The short way of reading gives exactly what the real reader gives, or nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ads.artifact import plain_yaml
from ads.artifact.yaml_reader import parse_mapping
from ads.errors import ArtifactError

KEYS = st.text("ABCXYZ_", min_size=1, max_size=4)
SCALARS = st.none() | st.sampled_from(["3.0", "", "null", "yes", "oci://a@b/c", ".", "..."]) | st.text(max_size=8)
DOCUMENTS = st.dictionaries(
    KEYS,
    st.recursive(SCALARS, lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=6),
    min_size=1,
    max_size=4,
)


@given(DOCUMENTS)
def test_what_is_written_is_read_the_same_both_ways(document):
    content = plain_yaml.text(document).encode()
    assert parse_mapping(content, "it") == document
    assert plain_yaml.parse(content) in (None, document)


LINES = st.lists(
    st.tuples(
        st.sampled_from(["", "  ", "    ", " "]),
        st.sampled_from(["A", "B", "C_D", "a", "'A'", "- A", "#", "..."]),
        st.sampled_from([":", ": ", ":  ", " :", ""]),
        st.sampled_from(
            [
                "",
                "x",
                "'x'",
                "''",
                "'it''s'",
                "null",
                "~",
                "{}",
                "a:b",
                "a: b",
                "3.10",
                "x #c",
                '"x"',
                "'",
                "&x",
                "*x",
                "|",
            ]
        ),
    ).map("".join),
    max_size=6,
)


@given(LINES, st.sampled_from(["\n", "\n\n", "\r\n"]))
@example(["A: x", "  B: y"], "\n")
@example(["A:", "B: y"], "\n")
@example(["A:", "  B: y", "    C_D: z"], "\n")
def test_anything_is_read_as_the_real_reader_reads_it(lines, end):
    content = end.join(lines).encode()
    found = plain_yaml.parse(content)
    if found is None:
        return
    try:
        wanted = parse_mapping(content, "it")
    except ArtifactError:
        pytest.fail(f"accepted {content!r}, which is no YAML")
    assert found == wanted


def test_usual_file_needs_no_yaml_library():
    script = (
        "import sys\nfrom ads.artifact import runtime_yaml\n"
        "d = {'A': '3.0', 'B': {'C': '', 'D': 'oci://a@b/c', 'E': None}}\n"
        "assert runtime_yaml.parse(runtime_yaml.text(d).encode()) == d\nprint('yaml' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
