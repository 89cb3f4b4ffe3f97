"""What stands before the code of docs/howto/mlflow.md: a downloaded folder with a model of scikit-learn."""

from pathlib import Path

import cloudpickle
import yaml
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

X, y = load_iris(return_X_y=True, as_frame=True)
folder = Path("downloaded")
folder.mkdir()
flavor = {"pickled_model": "model.pkl", "serialization_format": "cloudpickle"}
(folder / "MLmodel").write_text(yaml.safe_dump({"flavors": {"sklearn": flavor}}))
(folder / "model.pkl").write_bytes(cloudpickle.dumps(LogisticRegression(max_iter=500).fit(X, y)))
(folder / "input_example.json").write_text(X.head(3).to_json(orient="split", index=False))
