"""A service that ends: what is under way is answered, and nobody else is let in to wait for nothing."""

from __future__ import annotations

import os
import signal
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from ads.model.generic_model import GenericModel
from tests.own_service import OwnService, eventually
from tests.runtime_yaml import RUNTIME

SCORE = """\
import pathlib
import time

def load_model():
    return 7

def predict(data, model=load_model()):
    print("begun", flush=True)
    time.sleep(4)
    return {"prediction": data}
"""


@pytest.mark.timeout(180)
def test_who_comes_while_the_service_ends_is_not_kept_waiting(own_service: OwnService, tmp_path: Path) -> None:
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "score.py").write_text(SCORE)
    (folder / "runtime.yaml").write_text(RUNTIME)
    model = GenericModel.from_model_artifact(str(folder), artifact_dir=str(folder), force_overwrite=True)
    model.save(display_name="slow", ignore_introspection=True, reload=False)
    url = model.deploy(display_name="slow").url
    answers: list[requests.Response] = []

    def ask() -> None:
        headers = {"Authorization": f"Bearer {token}"}
        answers.append(requests.post(f"{url}/predict", json=[1], headers=headers, timeout=60))

    def refused() -> bool:
        try:
            with socket.create_connection((where.hostname, where.port), timeout=1):
                return False
        except ConnectionRefusedError:
            return True

    token, where = own_service.token, urlsplit(url)
    slow = threading.Thread(target=ask)
    slow.start()
    eventually(
        lambda: any("begun" in log.read_text() for log in own_service.home.root.glob("deployments/*/predict.log")),
        what="the prediction's begin",
    )
    os.kill(own_service.supervisor, signal.SIGTERM)
    eventually(refused, within=20, what="a closed door")
    assert slow.is_alive()  # the service is still there, for the request that it has
    slow.join(60)
    assert answers[0].status_code == 200
    assert answers[0].json() == {"prediction": [1]}
