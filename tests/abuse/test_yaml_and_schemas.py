"""Section 3.2 of the catalogue of abuse: runtime.yaml and the schemas; each test is named after its line.

What a line says of an upload is checked with a running service. The SDK reads the same files by the same code when it
loads an artifact; that is checked with folders and archives beside it.
"""

from __future__ import annotations

import json
import threading
import time
import tracemalloc
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from typing_extensions import Self

from ads.artifact import runtime_yaml
from ads.errors import AdsError
from ads.schema.schema import Schema

from .archives import MODELS, Shop, artifact

RUNTIME = """
MODEL_ARTIFACT_VERSION: '3.0'
MODEL_DEPLOYMENT:
  INFERENCE_CONDA_ENV:
    INFERENCE_ENV_PATH: {path}
    INFERENCE_ENV_SLUG: {slug}
    INFERENCE_ENV_TYPE: published
    INFERENCE_PYTHON_VERSION: {version}
MODEL_PROVENANCE: {{}}
"""


@pytest.fixture(autouse=True)
def well(shop: Shop):
    """After every abuse a usual artifact is taken."""
    yield
    shop.stored(artifact(runtime__yaml=runtime()))


@pytest.fixture
def marker(tmp_path: Path):
    """A file that hostile content makes when it is run; it never is."""
    path = tmp_path / "marker"
    yield path
    assert not path.exists()


def runtime(path: str = "oci://b@n/p", slug: str = "mlcpu_v1", version: str = "'3.11'") -> str:
    return RUNTIME.format(path=path, slug=slug, version=version)


def refused(shop: Shop, text: str | bytes, said: str = "runtime.yaml") -> str:
    """Upload an artifact with this runtime.yaml, read it with the SDK: both refuse it within a second."""
    content = text if isinstance(text, bytes) else text.encode()
    started = time.monotonic()
    with pytest.raises(AdsError) as caught:
        runtime_yaml.check(runtime_yaml.parse(content))
    assert time.monotonic() - started < 30
    assert caught.value.hint
    return shop.refused(artifact(runtime__yaml=content), said=said)


def bomb() -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    return "\n".join(lines)


def test_3_2_57_yaml_bomb(shop: Shop) -> None:
    refused(shop, bomb(), said="anchor or alias in line 1, column 5")
    tracemalloc.start()
    with pytest.raises(AdsError):
        runtime_yaml.parse(bomb().encode())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1024**2


def test_3_2_58_yaml_recursive_alias(shop: Shop) -> None:
    refused(shop, "a: &a\n  b: *a\n", said="anchor or alias")
    refused(shop, "&a [*a]\n", said="anchor or alias")


TAGS = [
    "!!python/object/apply:os.system ['touch {marker}']",
    "!!python/object/apply:subprocess.check_output [['touch', '{marker}']]",
    "!!python/object/new:os.system ['touch {marker}']",
    "!!python/name:os.system",
    "!!python/module:os",
    "!!python/tuple [1, 2]",
    "!!binary aGVsbG8=",
    "!<tag:yaml.org,2002:python/name:os.system> x",
]


@pytest.mark.parametrize("tag", TAGS)
def test_3_2_59_yaml_tags(shop: Shop, marker: Path, tag: str) -> None:
    refused(shop, f"MODEL_ARTIFACT_VERSION: {tag.format(marker=marker)}\n", said="a tag in line 1")
    refused(shop, tag.format(marker=marker) + "\n")


ROOTS = {"root_list": "- a\n", "root_scalar": "text\n", "empty": "", "null": "null\n", "two_docs": "a: b\n---\nc: d\n"}


@pytest.mark.parametrize("name", ROOTS)
def test_3_2_60_yaml_roots(shop: Shop, name: str) -> None:
    message = refused(shop, ROOTS[name])
    assert "expected a mapping" in message or "second document" in message


@pytest.mark.parametrize("text", ["a: [1, 2\nb: c\n", "a:\n\tb: c\n", "a: 'x\n", "a: b: c\n"])
def test_3_2_61_yaml_bad_syntax_and_tab_indent(shop: Shop, text: str) -> None:
    message = refused(shop, text)
    assert "line" in message
    assert "column" in message


def test_3_2_62_yaml_dup_keys(shop: Shop) -> None:
    refused(shop, "MODEL_ARTIFACT_VERSION: '3.0'\nMODEL_ARTIFACT_VERSION: '4.0'\n", said="twice in line 2")
    refused(shop, "A:\n  B: 1\n  'B': 2\n", said="twice in line 3")


def test_3_2_63_yaml_version_float_is_taken_as_written(shop: Shop) -> None:
    text = runtime(version="3.10")
    assert runtime_yaml.python_version(runtime_yaml.parse(text.encode())) == "3.10"
    shop.stored(artifact(runtime__yaml=text))


@pytest.mark.parametrize("version", ["['3.11']", "3", "'3.11; touch {marker}'", "'$(touch {marker})'", "99.1", "{{}}"])
def test_3_2_64_yaml_versions_that_are_none(shop: Shop, marker: Path, version: str) -> None:
    content = runtime(version=version.format(marker=marker))
    shop.refused(artifact(runtime__yaml=content), said="INFERENCE_PYTHON_VERSION")


def test_3_2_64_a_version_that_is_not_here_decides_nothing(shop: Shop) -> None:
    found = shop.deployed(artifact(runtime__yaml=runtime(version="'3.99'")))
    assert found["predicted"] == (200, {"prediction": {"x": 1}})


@pytest.mark.parametrize(
    "text",
    [
        "MODEL_DEPLOYMENT:\n  INFERENCE_CONDA_ENV: null\n",
        "MODEL_DEPLOYMENT: deployment\n",
        "MODEL_DEPLOYMENT: [a]\n",
        "MODEL_DEPLOYMENT:\n  INFERENCE_CONDA_ENV: text\n",
    ],
)
def test_3_2_65_yaml_env_null_and_deployment_string(shop: Shop, text: str) -> None:
    refused(shop, "MODEL_ARTIFACT_VERSION: '3.0'\n" + text)


@pytest.mark.parametrize(
    "path",
    [
        "../../../etc",
        "oci://b@n/../../x",
        "file:///etc/passwd",
        "http://169.254.169.254/opc/v2/",
        "'..\\..\\x'",
        "'-x'",
    ],
)
def test_3_2_66_yaml_path_traversal_file_uri_and_metadata_ip(shop: Shop, path: str) -> None:
    shop.refused(artifact(runtime__yaml=runtime(path=path)), said="INFERENCE_ENV_PATH")


def test_3_2_66_nothing_is_fetched_from_a_path(shop: Shop) -> None:
    with Ear() as ear:
        for path in (f"https://127.0.0.1:{ear.port}/pack", f"oci://127.0.0.1:{ear.port}@n/pack", "/etc/passwd"):
            found = shop.deployed(artifact(runtime__yaml=runtime(path=path)))
            assert found["predicted"][0] == 200
        assert ear.heard == []


@pytest.mark.parametrize("slug", ["--index-url=http://x", "-e", "'x; touch {marker}'", "'$(touch {marker})'", "'`id`'"])
def test_3_2_67_yaml_slug_option_and_slug_shell(shop: Shop, marker: Path, slug: str) -> None:
    text = runtime(slug=slug.format(marker=marker))
    shop.refused(artifact(runtime__yaml=text), said="INFERENCE_ENV_SLUG")


def test_3_2_68_yaml_merge_key_deep_and_big(shop: Shop) -> None:
    refused(shop, "a: &a {x: 1}\nb:\n  <<: *a\n", said="anchor or alias")
    refused(shop, "".join(f"{'  ' * n}a{n}:\n" for n in range(150)), said="levels")
    refused(shop, "a: " + "[" * 3000 + "]" * 3000, said="levels")
    refused(shop, "a: '" + "x" * 3 * 1024**2 + "'\n", said="65,536 are allowed")


@pytest.mark.parametrize("content", [b"a: gr\xfc\xdfe\n", b"a: \xff\xfe\n", b"a: b\0c\n", "a: b\n".encode("utf-16")])
def test_3_2_69_yaml_not_utf8_and_nul(shop: Shop, content: bytes) -> None:
    refused(shop, content)


@pytest.mark.parametrize(
    "value", ["9" * 60_000, "1:" * 20_000 + "1", "0x" + "f" * 60_000, "9999-99-99T99:99:99Z", "1e9999"]
)
def test_3_2_69_yaml_int_bomb_and_timestamp_bad_are_just_text(shop: Shop, value: str) -> None:
    started = time.monotonic()
    assert runtime_yaml.parse(f"A: {value}\n".encode()) == {"A": value}
    assert time.monotonic() - started < 30
    shop.stored(artifact(runtime__yaml=f"A: {value}\n"))


SCHEMAS = {
    "invalid_json": "{'schema': []}",
    "cut off": '{"schema": [',
    "empty": "",
    "root_list": "[]",
    "root_text": '"x"',
    "schema_string": '{"schema": "x"}',
    "not UTF-8": b'{"schema": ["\xff"]}',
    "deep": '{"schema": ' + "[" * 20_000 + "]" * 20_000 + "}",
    "100 deep": '{"schema": ' + "[" * 100 + "]" * 100 + "}",
    "huge_int": '{"schema": [], "version": ' + "9" * 5000 + "}",
    "dup_names": '{"schema": [{"name": "a", "dtype": "int64"}, {"name": "a", "dtype": "int64"}]}',
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_3_2_70_schemas_that_are_none(shop: Shop, tmp_path: Path, name: str) -> None:
    content = SCHEMAS[name]
    shop.refused(artifact(input_schema__json=content), said="input_schema.json")
    shop.refused(artifact(output_schema__json=content), said="output_schema.json")
    (tmp_path / "input_schema.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises((AdsError, UnicodeDecodeError)):
        Schema.from_file(str(tmp_path / "input_schema.json"))
    if isinstance(content, str) and name not in {"empty", "dup_names"}:
        body = {**shop.home, "inputSchema": content}
        assert shop.service.admin.ask("POST", MODELS, body).status == 400


def test_3_2_70_schema_nan(shop: Shop) -> None:
    # The original writes NaN where a column has one value: such files are taken, and never become NaN in an answer.
    column = '{"name": "a", "dtype": "float64", "domain": {"stats": {"standard deviation": NaN}}}'
    model_id = shop.stored(artifact(input_schema__json=f'{{"schema": [{column}]}}'))
    assert shop.service.admin.ask("GET", f"{MODELS}/{model_id}").status == 200
    assert shop.service.admin.ask("POST", MODELS, {**shop.home, "inputSchema": '{"schema": NaN}'}).status == 400


class Ear:
    """A listener on a loopback port that remembers who came."""

    def __enter__(self) -> Self:
        self.heard: list[str] = []
        heard = self.heard

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                heard.append(self.path)
                self.send_error(404)

            def log_message(self, *_: object) -> None: ...

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


def column(name: str, **more: object) -> dict[str, object]:
    domain = {"values": "Integer", "stats": {}, "constraints": []}
    usual = {"dtype": "int64", "feature_type": "Integer", "required": True, "description": "", "order": 0}
    return {"name": name, **usual, "domain": domain, **more}


def inert(shop: Shop, columns: list[dict[str, object]], **more: object) -> None:
    """Deploy an artifact whose schema says this: it serves at once, as if the schema said nothing."""
    started = time.monotonic()
    found = shop.deployed(artifact(input_schema__json=json.dumps({"schema": columns, "version": "1.1", **more})))
    assert found["predicted"] == (200, {"prediction": {"x": 1}})
    assert time.monotonic() - started < 60


def test_3_2_71_schema_unknown_dtype_and_many_columns(shop: Shop) -> None:
    inert(shop, [column("a", dtype="__import__('os').system('id')"), column("b", dtype="float1024")])
    inert(shop, [column(f"c{number}") for number in range(10_000)])


def test_3_2_71_schema_xss_names_come_back_as_text(shop: Shop) -> None:
    text = json.dumps({"schema": [column("<script>alert(1)</script>")], "version": "1.1"})
    made = shop.service.admin.ask("POST", MODELS, {**shop.home, "inputSchema": text})
    assert made.status == 200
    again = shop.service.admin.ask("GET", f"{MODELS}/{made.body['id']}")
    assert again.body["inputSchema"] == text
    assert again.headers["content-type"] == "application/json"
    assert again.headers["x-content-type-options"] == "nosniff"


def test_3_2_71_schema_remote_ref_and_regex_bomb(shop: Shop) -> None:
    with Ear() as ear:
        address = f"http://127.0.0.1:{ear.port}/schema.json"
        pattern = {"expression": "re.match('(a+)+$', '" + "a" * 40 + "!')", "language": "python"}
        hostile = column("a", domain={"values": "String", "stats": {}, "constraints": [pattern]}, pattern="(a+)+$")
        inert(shop, [hostile, {"$ref": address, "name": "b"}], **{"$ref": address, "$schema": address})
        assert ear.heard == []
