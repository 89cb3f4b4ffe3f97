"""What stands before the code of docs/serving.md: a deployment named iris, and a token."""

import os
from pathlib import Path

import numpy  # noqa: ICN001 - as the page calls it
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from ads.model.framework.sklearn_model import SklearnModel

X, y = load_iris(return_X_y=True)
model = SklearnModel(LogisticRegression(max_iter=500).fit(X, y), artifact_dir="served")
model.prepare(X_sample=X, y_sample=y, force_overwrite=True)
model.save(display_name="iris")
model.deploy(display_name="iris")
token = Path(os.environ["OPENADS_HOME"], "admin-token").read_text().strip()
assert numpy
