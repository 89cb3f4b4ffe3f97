"""A network of pictures behind a gateway: arrays as npy and in the Open Inference Protocol, no table anywhere."""

import io
import json
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest

from ads.home import Home

from .conftest import DEPLOYMENT, TOKEN, Gateway
from .served_model import ServedModel
from .test_tables import ask

pytestmark = pytest.mark.needs("torch")

PREDICT = f"/{DEPLOYMENT}/predict"
INFER = "/v2/models/pictures/infer"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A gateway with one replica of the network, two pictures, and what the network itself makes of them."""
    import torch

    from ads.model.framework.pytorch_model import PyTorchModel
    from tests.networks import Pictures

    network = Pictures().eval()
    given = torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    folder = tmp_path_factory.mktemp("pictures")
    model = PyTorchModel(estimator=network, artifact_dir=str(folder))
    python = f"{sys.version_info[0]}.{sys.version_info[1]}"
    model.prepare(inference_python_version=python, X_sample=given, force_overwrite=True)
    gateway = Gateway(Home(Path(tempfile.mkdtemp(prefix="oag"))), {})
    gateway.pictures, gateway.wanted = given.numpy(), network(given).detach().numpy()
    served = None
    try:
        gateway.start()
        served = ServedModel(gateway, folder, DEPLOYMENT, name="pictures")
        yield gateway
    finally:
        if served is not None:
            served.close()
        gateway.stop()
        shutil.rmtree(gateway.home.root, ignore_errors=True)


def test_npy_there_and_back(pictures):
    file = io.BytesIO()
    np.save(file, pictures.pictures)
    status, kind, answer = ask(pictures, file.getvalue(), "application/x-npy", "application/x-npy")
    assert (status, kind) == (200, "application/x-npy")
    assert np.allclose(np.load(io.BytesIO(answer)), pictures.wanted, rtol=1e-6)


def test_infer(pictures):
    from tritonclient import http

    status, _, metadata = pictures.request("GET", "/v2/models/pictures")
    assert status == 200
    assert [(entry["datatype"], entry["shape"]) for entry in metadata["inputs"]] == [("FP32", [-1, 3, 8, 8])]
    assert [(entry["datatype"], entry["shape"]) for entry in metadata["outputs"]] == [("FP64", [-1, 2])]
    client = http.InferenceServerClient(f"{pictures.address[0]}:{pictures.address[1]}")
    for binary in (True, False):
        given = http.InferInput("pictures", [2, 3, 8, 8], "FP32")
        given.set_data_from_numpy(pictures.pictures, binary_data=binary)
        found = client.infer("pictures", [given], headers={"Authorization": f"Bearer {TOKEN}"})
        assert np.allclose(found.as_numpy("predict"), pictures.wanted, rtol=1e-6)
    client.close()


def test_bytes_are_refused(pictures):
    status, _, answer = ask(pictures, b"\x89PNG", "image/png")
    assert status == 415
    assert "arrays" in json.loads(answer)["message"]
