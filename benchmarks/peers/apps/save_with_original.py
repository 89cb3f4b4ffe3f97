"""Prepare an artifact with the original library: its own score.py, as its users have it."""

import json
import os
import sys
from pathlib import Path

import pandas as pd


def configure(folder):
    """Give the library a configuration whose key nobody knows; it demands one even for local work."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key, config = folder / "key.pem", folder / "config"
    text = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    key.write_bytes(text)
    who = "user=ocid1.user.oc1..aaaa\ntenancy=ocid1.tenancy.oc1..aaaa\nregion=us-ashburn-1"
    config.write_text(f"[DEFAULT]\n{who}\nfingerprint={':'.join(['ab'] * 16)}\nkey_file={key}\n")
    for each in (key, config):
        each.chmod(0o600)
    os.environ["OCI_CONFIG_LOCATION"] = str(config)


source, target = Path(os.environ["BENCHMARK_MODEL"]), sys.argv[1]
configure(Path(target).parent)
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
