"""Finding the distribution of a module without scanning all of them."""

from __future__ import annotations

import sys
from importlib.metadata import version

import pytest

from ads.artifact.distributions import distribution_of


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("sklearn", "scikit-learn"),
        ("numpy", "numpy"),
        ("yaml", "PyYAML"),
        ("dateutil", "python-dateutil"),
        ("_pytest", "pytest"),  # its name tells nothing: found through the list of files
        ("typing_extensions", "typing_extensions"),
    ],
)
def test_found_by_its_module(module, name):
    found = distribution_of(module)
    assert found is not None
    assert found.name == name
    assert found.version == version(name)


@pytest.mark.parametrize("module", ["", "os", "sys", "json", "__main__", "no_such_module", "builtins"])
def test_modules_without_one(module):
    assert distribution_of(module) is None


def test_users_own_module_has_none(tmp_path, monkeypatch):
    (tmp_path / "my_features.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    import my_features

    assert distribution_of("my_features") is None
    assert my_features.__name__ in sys.modules


def test_dependencies_are_those_loaded():
    import sklearn  # noqa: F401

    found = distribution_of("sklearn")
    assert found is not None
    assert {"numpy", "scipy", "joblib"} <= set(found.dependencies)
    assert {"numpy", "scipy", "joblib"} <= {dependency.name for dependency in found.loaded_dependencies()}
    assert "pytest" not in found.dependencies


def test_metadata_of_old_and_broken_kinds(tmp_path, monkeypatch):
    for name in ("oldstyle", "broken"):
        (tmp_path / f"{name}_mod").mkdir()
        (tmp_path / f"{name}_mod/__init__.py").write_text("")
    old = tmp_path / "Old_Style-1.5-py3.11.egg-info"
    old.mkdir()
    (old / "PKG-INFO").write_text("Name: Old.Style\nVersion: 1.5\nRequires-Dist: six>=1; extra == 'x'\n\nVersion: 9\n")
    (old / "top_level.txt").write_text("oldstyle_mod\n")
    broken = tmp_path / "broken-1.0.dist-info"
    broken.mkdir()
    (broken / "RECORD").write_text("broken_mod/__init__.py,,\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "nowhere")])
    found = distribution_of("oldstyle_mod")
    assert found is not None
    assert (found.name, found.version, found.dependencies) == ("Old.Style", "1.5", ())
    assert distribution_of("broken_mod") is None
