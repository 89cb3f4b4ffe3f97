"""Capturing what a model needs."""

from __future__ import annotations

import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from ads.artifact.environment import capture, capture_requirements, loaded_modules
from ads.artifact.requirements import parse, text, unsatisfied


@pytest.fixture(scope="module")
def estimator():
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression()).fit([[0.0], [1.0]], [0, 1])


def pins(lines: list[str]) -> dict[str, str]:
    return dict(line.split("==") for line in lines)


def test_exact_versions_of_what_the_model_needs(estimator):
    found = pins(capture(estimator))
    for name in ("scikit-learn", "numpy", "scipy", "joblib", "threadpoolctl", "pandas"):
        assert found[name] == version(name)
    assert not {"pytest", "hypothesis", "openads", "ruff", "fastapi"} & set(found)
    assert list(found) == sorted(found, key=str.lower)


def test_captured_requirements_are_satisfied_here(estimator):
    captured = capture_requirements(estimator, extra=["joblib"])
    assert captured.python == ".".join(map(str, sys.version_info[:3]))
    assert parse(text(captured).encode()) == captured
    assert unsatisfied(captured.lines, captured.python) == []


def test_users_own_class_needs_what_it_refers_to():
    script = """
import sys
import scipy.special as sp
from ads.artifact.environment import capture
class Toy:
    def predict(self, x):
        return sp.expit(x)
print(capture(Toy()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    for name in ("cloudpickle", "numpy", "scipy"):
        assert f"'{name}=={version(name)}'" in done.stdout
    assert "scikit-learn" not in done.stdout


def test_names_of_modules(estimator):
    assert "scikit-learn" in pins(capture(["sklearn"]))
    assert "cloudpickle" in pins(capture(None, extra=["cloudpickle"]))
    assert "scikit-learn" not in pins(capture(None))


def test_objects_are_only_looked_at():
    class Trap:
        def __getattr__(self, name):
            raise AssertionError(name)

        def __iter__(self):
            raise AssertionError

        def get_params(self):
            raise AssertionError

    holder = Trap()
    holder.__dict__["self"] = holder
    holder.__dict__["data"] = [np.zeros(3)]
    assert "numpy" in loaded_modules(holder)


def test_capture_is_fast(estimator):
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(200).fit(np.random.default_rng(1).random((50, 3)), [0, 1] * 25)
    capture(estimator)
    best = 1.0
    for _ in range(5):
        started = time.perf_counter()
        capture(forest)
        best = min(best, time.perf_counter() - started)
    assert best < 0.02


def test_a_build_for_one_kind_of_machine_is_not_pinned(monkeypatch):
    """``torch==2.0+cpu`` is on no public index, and a machine with a GPU wants its own build of 2.0."""
    from ads.artifact import environment
    from ads.artifact.distributions import Distribution

    here = Distribution("torch", "2.0.1+cpu", Path("torch-2.0.1.dist-info"), ())
    monkeypatch.setattr(environment, "distribution_of", lambda name: here if name == "torch" else None)
    assert capture(["torch"]) == ["torch==2.0.1"]
