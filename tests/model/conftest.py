"""Trained models and a clean environment for the tests of the model room."""

import os

import pytest


@pytest.fixture(autouse=True)
def _no_notebook_session(monkeypatch):
    """No test of this room takes properties from the environment of a notebook session or a job."""
    for name in os.environ:
        if name.endswith("_OCID"):
            monkeypatch.delenv(name)


@pytest.fixture
def no_service(tmp_path, monkeypatch):
    """Nothing answers here and nothing is started: a test that asks a service fails."""
    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENADS_URL", "http://127.0.0.1:9")


@pytest.fixture(scope="session")
def iris():
    """The iris data as a frame and a series."""
    from sklearn.datasets import load_iris

    data = load_iris(as_frame=True)
    return data.data, data.target


@pytest.fixture(scope="session")
def classifier(iris):
    """A classifier trained on the frame."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(max_iter=1000).fit(*iris)
