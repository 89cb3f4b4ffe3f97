"""``runtime.yaml`` from strangers and from ourselves."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ads.artifact import runtime_yaml
from ads.errors import ArtifactError

GOOD = """
MODEL_ARTIFACT_VERSION: '3.0'
MODEL_DEPLOYMENT:
  INFERENCE_CONDA_ENV:
    INFERENCE_ENV_PATH: oci://service-conda-packs@id19sfcrra6z/service_pack/cpu/x/1.0/generalml_p38_cpu_v1
    INFERENCE_ENV_SLUG: generalml_p38_cpu_v1
    INFERENCE_ENV_TYPE: data_science
    INFERENCE_PYTHON_VERSION: '3.8'
MODEL_PROVENANCE:
  PROJECT_OCID: ''
  TENANCY_OCID: null
  TRAINING_CODE:
    ARTIFACT_DIRECTORY: /home/x
  TRAINING_COMPARTMENT_OCID: ''
  TRAINING_CONDA_ENV:
    TRAINING_ENV_PATH: ''
    TRAINING_ENV_SLUG: ''
    TRAINING_ENV_TYPE: ''
    TRAINING_PYTHON_VERSION: ''
  TRAINING_REGION: ''
  TRAINING_RESOURCE_OCID: ''
  USER_OCID: ''
  VM_IMAGE_INTERNAL_ID: ''
"""


def parse(text: str) -> dict:
    return runtime_yaml.parse(text.encode())


def test_document_of_the_original_is_fine():
    document = parse(GOOD)
    assert runtime_yaml.problems(document) == []
    assert document["MODEL_PROVENANCE"]["TENANCY_OCID"] is None
    assert runtime_yaml.python_version(document) == "3.8"


def test_unquoted_version_is_taken_as_written():
    document = parse(GOOD.replace("'3.8'", "3.10").replace("'3.0'", "3.0"))
    assert runtime_yaml.python_version(document) == "3.10"
    assert document["MODEL_ARTIFACT_VERSION"] == "3.0"


def bomb() -> str:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join(f'*a{n - 1}' for _ in range(9))}]" for n in range(1, 9)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(bomb(), "anchor or alias in line 1", id="yaml_bomb"),
        pytest.param("a: &x\n  b: *x\n", "anchor or alias", id="yaml_recursive_alias"),
        pytest.param("a: !!python/object/apply:os.system ['touch x']", "a tag in line 1", id="yaml_tag_system"),
        pytest.param("a: !!python/name:os.system", "a tag", id="yaml_tag_name"),
        pytest.param("a: !!python/tuple [1]", "a tag", id="yaml_tag_tuple"),
        pytest.param("a: !!binary aGk=", "a tag", id="yaml_tag_binary"),
        pytest.param("- a\n- b\n", "a list, expected a mapping", id="yaml_root_list"),
        pytest.param("just text", "a single value, expected a mapping", id="yaml_root_scalar"),
        pytest.param("", "nothing, expected a mapping", id="yaml_empty"),
        pytest.param("null\n", "nothing, expected a mapping", id="yaml_null"),
        pytest.param("a: b\n---\nc: d\n", "a second document", id="yaml_two_docs"),
        pytest.param("a: [b\n", "line", id="yaml_bad_syntax"),
        pytest.param("a:\n\tb: c\n", "line 2, column 1", id="yaml_tab_indent"),
        pytest.param("a: b\na: c\n", "the key 'a' twice in line 2", id="yaml_dup_keys"),
        pytest.param("[a, b]: c\n", "a key that is not plain text", id="yaml_list_key"),
        pytest.param("a: " + "[" * 3000, "more than 20 levels", id="yaml_deep"),
        pytest.param("a: b\n" * 100_000, "bytes", id="yaml_big"),
        pytest.param("a: b\0c", "line|character|special", id="yaml_nul"),
    ],
)
def test_yaml_refused(text, said):
    started = time.monotonic()
    with pytest.raises(ArtifactError, match=r"runtime\.yaml") as caught:
        parse(text)
    assert any(word in str(caught.value) for word in said.split("|"))
    assert time.monotonic() - started < 30


def test_yaml_not_utf8_refused():
    with pytest.raises(ArtifactError, match="UTF-8"):
        runtime_yaml.parse(b"a: \xff\xfe")


@pytest.mark.parametrize("text", ["a: 0x" + "f" * 50_000, "a: 2026-99-99", "a: .inf", "a: 1e999", "<<: b"])
def test_odd_scalars_are_just_text(text):
    assert all(isinstance(value, str) for value in parse(text).values())


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("MODEL_ARTIFACT_VERSION: '3.0'", "", "MODEL_ARTIFACT_VERSION"),
        ("MODEL_DEPLOYMENT", "OTHER", "INFERENCE_CONDA_ENV"),
        ("INFERENCE_PYTHON_VERSION: '3.8'", "INFERENCE_PYTHON_VERSION: [3, 8]", "INFERENCE_PYTHON_VERSION"),
        ("INFERENCE_PYTHON_VERSION: '3.8'", "INFERENCE_PYTHON_VERSION:", "INFERENCE_PYTHON_VERSION"),
        ("data_science", "elsewhere", "INFERENCE_ENV_TYPE"),
        ("INFERENCE_ENV_SLUG: generalml_p38_cpu_v1", "INFERENCE_ENV_SLUG: {}", "INFERENCE_ENV_SLUG"),
        ("    INFERENCE_ENV_SLUG", "    SURPRISE: x\n    INFERENCE_ENV_SLUG", "SURPRISE"),
        ("PROJECT_OCID: ''", "PROJECT_OCID: null", "PROJECT_OCID"),
        ("  USER_OCID: ''\n", "", "USER_OCID"),
        ("    TRAINING_ENV_TYPE: ''\n", "", "TRAINING_ENV_TYPE"),
        ("    ARTIFACT_DIRECTORY: /home/x", "    X: y", "ARTIFACT_DIRECTORY"),
        ("MODEL_PROVENANCE:", "MODEL_PROVENANCE_X:", "MODEL_PROVENANCE"),
    ],
)
def test_what_is_wrong_is_named(old, new, named):
    document = parse(GOOD.replace(old, new))
    assert any(named in problem for problem in runtime_yaml.problems(document))
    with pytest.raises(ArtifactError, match=r"runtime\.yaml"):
        runtime_yaml.check(document)


@pytest.mark.parametrize("provenance", ["MODEL_PROVENANCE: {}", "MODEL_PROVENANCE:"])
def test_provenance_may_be_empty(provenance):
    text = GOOD[: GOOD.index("MODEL_PROVENANCE")] + provenance
    assert runtime_yaml.problems(parse(text)) == []


def test_python_version_of_nonsense_is_empty():
    assert runtime_yaml.python_version({"MODEL_DEPLOYMENT": ["x"]}) == ""


def test_text_has_the_known_form(tmp_path):
    document = {"model_deployment": {"b": "oci://a@b/c", "A": None, "e": {}}, "MODEL_ARTIFACT_VERSION": "3.0"}
    runtime_yaml.write(tmp_path, document)
    assert (tmp_path / "runtime.yaml").read_text() == (
        "\nMODEL_ARTIFACT_VERSION: '3.0'\nMODEL_DEPLOYMENT:\n  A: null\n  B: oci://a@b/c\n  E: {}\n"
    )
    assert runtime_yaml.read(tmp_path)["MODEL_DEPLOYMENT"]["B"] == "oci://a@b/c"


@given(st.dictionaries(st.from_regex(r"[A-Z_]{1,10}", fullmatch=True), st.text(max_size=30), max_size=5))
@example({"NO": "", "ON": "x", "NULL": "y"})
def test_text_reads_back_as_written(values):
    text = runtime_yaml.text({"SECTION": values} if values else {})
    if values:
        assert yaml.safe_load(text) == {"SECTION": values}
        assert runtime_yaml.parse(text.encode("utf-8", "surrogatepass")) == {"SECTION": values}
