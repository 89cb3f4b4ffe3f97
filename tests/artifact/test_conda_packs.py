"""Slugs and paths of conda packs, without a network."""

from __future__ import annotations

import json

import pytest

from ads.artifact.conda_packs import catalog, resolve
from ads.errors import ArtifactError, CondaPackNotFound

SERVICE = "oci://service-conda-packs@ns/service_pack"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENADS_HOME", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("slug", "python"),
    [
        ("generalml_p38_cpu_v1", "3.8"),
        ("generalml_p37_cpu_v1", "3.7"),
        ("generalml_py37_cpu_v1", "3.7"),
        ("pytorch110_p38_gpu_v1", "3.8"),
        ("generalml_p311_cpu_x86_64_v1", "3.11"),
        ("tensorflow28_p38_cpu_v1", "3.8"),
        ("pytorch21_p39_gpu_v1", "3.9"),
        ("pyspark32_p38_cpu_v3", "3.8"),
        ("automlx234_p310_cpu_x86_64_v1", "3.10"),
        ("mlcpuv1", "3.6"),
    ],
)
def test_known_slugs(slug, python):
    pack = resolve(slug)
    assert pack.python == python
    assert pack.type == "data_science"
    assert pack.path.startswith("oci://service-conda-packs@id19sfcrra6z/service_pack/")
    assert pack.path.endswith(f"/{pack.slug}")


def test_path_of_the_original():
    assert resolve("generalml_p38_cpu_v1").path == (
        "oci://service-conda-packs@id19sfcrra6z/service_pack/cpu/"
        "General_Machine_Learning_for_CPUs_on_Python_3.8/1.0/generalml_p38_cpu_v1"
    )
    assert "/gpu/PyTorch_2.1_for_GPU_on_Python_3.9/1.0/" in resolve("pytorch21_p39_gpu_v1").path


def test_slug_of_the_tutorial_means_the_real_pack():
    assert resolve("generalml_py37_cpu_v1").slug == "generalml_p37_cpu_v1"


def test_unknown_slug_names_the_closest():
    with pytest.raises(ValueError, match="generalml_p39_cpu_v1") as caught:
        resolve("generalml_p39_cpu_v1")
    assert isinstance(caught.value, CondaPackNotFound)
    assert "generalml_p38_cpu_v1" in caught.value.hint


def test_namespace_and_bucket_take_their_place():
    assert resolve("generalml_p38_cpu_v1", namespace="ns", bucket="b").path.startswith("oci://b@ns/service_pack/")


@pytest.mark.parametrize(
    ("path", "kind", "slug", "python", "known"),
    [
        ("oci://b@ns/conda_environments/cpu/mine/1.0/mine_p39_v1", "published", "mine_p39_v1", "3.9", False),
        ("oci://b@ns/conda_environments/cpu/mine/1.0/minev1", "published", "minev1", "", False),
        (
            "oci://service-conda-packs@other/service_pack/cpu/x/1.0/newpack_p313_cpu_v1",
            "data_science",
            "newpack_p313_cpu_v1",
            "3.13",
            False,
        ),
        (
            "oci://service-conda-packs@ns/service_pack/cpu/With Blanks/1.0/generalml_p38_cpu_v1",
            "data_science",
            "generalml_p38_cpu_v1",
            "3.8",
            True,
        ),
        (
            "oci://service-conda-packs@ns/elsewhere/generalml_p38_cpu_v1",
            "published",
            "generalml_p38_cpu_v1",
            "3.8",
            False,
        ),
    ],
)
def test_full_paths(path, kind, slug, python, known):
    pack = resolve(path)
    assert (pack.path, pack.type, pack.slug, pack.python, pack.in_catalog) == (path, kind, slug, python, known)


@pytest.mark.parametrize(
    "path",
    [
        "file:///etc/passwd",
        "http://169.254.169.254/latest",
        "oci://nothing",
        "oci://b@ns/",
        "oci://b@ns/a/../b",
        "oci://b@ns/a\nb",
    ],
)
def test_unusable_paths(path):
    with pytest.raises(CondaPackNotFound):
        resolve(path)


def test_operator_extends_the_catalog(home):
    records = [
        {
            "slug": "team_p312_v1",
            "pack_path": "oci://team@ns/conda_environments/cpu/team/1.0/team_p312_v1",
            "python": "3.12",
        },
        {
            "slug": "generalml_p38_cpu_v1",
            "pack_path": "oci://service-conda-packs@mine/service_pack/x",
            "python": "3.8.13",
        },
    ]
    (home / "conda-packs.json").write_text(json.dumps({"service_packs": records}))
    assert resolve("team_p312_v1").type == "published"
    assert resolve("team_p312_v1", namespace="other").path == records[0]["pack_path"]
    assert resolve("generalml_p38_cpu_v1").path == records[1]["pack_path"]
    assert resolve("generalml_p37_cpu_v1").python == "3.7"
    assert resolve(records[0]["pack_path"]).in_catalog


@pytest.mark.parametrize("content", ["", "[]", '{"service_packs": [{}]}', '{"service_packs": 3}'])
def test_broken_operator_file_is_named(home, content):
    (home / "conda-packs.json").write_text(content)
    with pytest.raises(ArtifactError, match=r"conda-packs\.json"):
        resolve("generalml_p38_cpu_v1")


def test_catalog_is_complete_and_consistent():
    packs = catalog()
    assert len(packs) > 100
    for name, pack in packs.items():
        assert pack.python.startswith("3.")
        assert resolve(name) == pack
        assert resolve(pack.path).slug == pack.slug
