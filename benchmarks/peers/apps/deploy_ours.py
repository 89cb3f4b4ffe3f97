"""Deploy the model with OpenADS, as its users do, and end the service; the benchmark starts it again in each round."""

import json
import os
import sys
from pathlib import Path

from ads.home import Home
from ads.service import stop


def model_of(source: Path, artifact: Path):
    """Return the prepared model."""
    import pandas as pd

    about = json.loads((source / "model.json").read_text())
    frame, labels = pd.DataFrame(about["rows"], columns=about["columns"]), pd.Series(about["labels"])
    if about["kind"] == "torch":
        import torch

        from ads.model.framework.pytorch_model import PyTorchModel

        network = torch.load(source / "model.pt", weights_only=False)
        found = PyTorchModel(network, artifact_dir=str(artifact))
        found.prepare(X_sample=frame.astype("float32").astype("float64"), force_overwrite=True)
        return found
    import joblib

    from ads.model.framework.lightgbm_model import LightGBMModel
    from ads.model.framework.sklearn_model import SklearnModel

    estimator = joblib.load(source / "model.joblib")
    found = (LightGBMModel if about["kind"] == "lightgbm" else SklearnModel)(estimator, artifact_dir=str(artifact))
    found.prepare(X_sample=frame, y_sample=labels, force_overwrite=True)
    return found


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    home = Home(Path(os.environ["OPENADS_HOME"]))
    try:
        model = model_of(Path(os.environ["BENCHMARK_MODEL"]), folder / "artifact")
        model.save(display_name="serving")
        model.deploy(display_name="serving", deployment_instance_count=int(sys.argv[2]))
        where = {"id": model.model_deployment.model_deployment_id, "token": home.token_file.read_text().strip()}
        (folder / "deployed.json").write_text(json.dumps(where))
    finally:
        stop(home)
