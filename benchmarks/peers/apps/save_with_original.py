"""Prepare an artifact with the original library: its own score.py, as its users have it."""

import json
import os
import sys
from pathlib import Path

import pandas as pd

source, target = Path(os.environ["BENCHMARK_MODEL"]), sys.argv[1]
about = json.loads((source / "model.json").read_text())
frame = pd.DataFrame(about["rows"], columns=about["columns"])
options = {
    "inference_conda_env": "oci://conda@namespace/generalml_p311_cpu_x86_64_v1",
    "inference_python_version": "3.11",
    "force_overwrite": True,
    "ignore_conda_error": True,
}
if about["kind"] == "torch":
    import torch

    from ads.model.framework.pytorch_model import PyTorchModel

    network = torch.load(source / "model.pt", weights_only=False)
    PyTorchModel(network, artifact_dir=target).prepare(use_torch_script=True, **options)
else:
    import joblib

    from ads.model.framework.lightgbm_model import LightGBMModel
    from ads.model.framework.sklearn_model import SklearnModel

    kind = LightGBMModel if about["kind"] == "lightgbm" else SklearnModel
    model = kind(joblib.load(source / "model.joblib"), artifact_dir=target)
    model.prepare(X_sample=frame, y_sample=pd.Series(about["labels"]), **options)
