"""Trained models and a clean environment for the tests of the model room."""

import os

import pytest


@pytest.fixture(autouse=True)
def _own_home(tmp_path, monkeypatch):
    """No test of this room reads or starts the user's own service, nor properties from the environment."""
    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "home"))
    for name in os.environ:
        if name.endswith("_OCID"):
            monkeypatch.delenv(name)


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
