"""A model as prepare() writes it, behind a real gateway: a replica of the product's own worker, no fake."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import ads.worker
from ads.home import write_private

LAUNCH = Path(ads.worker.__file__).parent / "launch.py"


def prepare_iris(folder):
    """Write the artifact of a LogisticRegression of the iris DataFrame; return (folder, estimator, frame)."""
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    from ads.model.framework.sklearn_model import SklearnModel

    features, target = load_iris(return_X_y=True, as_frame=True)
    estimator = LogisticRegression(max_iter=500).fit(features, target)
    model = SklearnModel(estimator=estimator, artifact_dir=str(folder))
    model.prepare(
        inference_python_version=f"{sys.version_info[0]}.{sys.version_info[1]}",
        X_sample=features.head(5),
        y_sample=target.head(5),
        force_overwrite=True,
        model_file_name="model.joblib",
    )
    return folder, estimator, features


class ServedModel:
    """One replica of the artifact in ``folder``, known to a gateway as its only deployment's.

    With ``key``, hexadecimal digits, it is on a TCP port.
    """

    def __init__(self, gateway, folder, deployment, name="iris", key="", **settings):
        self.gateway = gateway
        run = gateway.home.deployment(deployment) / "real"
        run.mkdir(parents=True, exist_ok=True)
        self.status_path = run / "status.json"
        socket_path = gateway.home.replica_socket(f"real{len(gateway.deployments)}")
        argv = [sys.executable, str(LAUNCH), "--artifact", str(folder), "--status", str(self.status_path)]
        if key:
            write_private(run / "key", key.encode())
            argv += ["--listen", "127.0.0.1:0", "--key", str(run / "key")]
        else:
            argv += ["--socket", str(socket_path)]
        with (run / "predict.log").open("ab") as log:
            self.process = subprocess.Popen(
                argv, stdout=log, stderr=log, cwd=folder, env={"PATH": os.environ["PATH"]}, start_new_session=True
            )
        status = self.wait()
        self.place = {"id": "real", "socket": str(socket_path)}
        if key:
            self.place = {"id": "remote", "socket": f"tcp://127.0.0.1:{status['port']}", "key": key}
        gateway.deploy((), deployment, name=name, replicas=[self.place], **settings)

    def wait(self, seconds=60):
        deadline = time.monotonic() + seconds
        while True:
            try:
                status = json.loads(self.status_path.read_text())
            except FileNotFoundError:
                status = {"state": "absent"}
            assert status["state"] != "failed", status
            if status["state"] == "ready":
                return status
            assert time.monotonic() < deadline, status
            time.sleep(0.02)

    def close(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)
