"""Who takes part: what each needs, how it is started, and how it is asked."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["CONTESTANTS", "OURS", "YARDSTICK", "Contestant", "Place"]

APPS = Path(__file__).parent / "apps"
OURS, YARDSTICK = "openads", "httptools"


@dataclass(frozen=True)
class Place:
    """Where a contestant runs: its interpreter, its own folder, the saved model's folder, its port, two more ports."""

    python: Path
    folder: Path
    model: Path
    port: int
    others: tuple[int, int]
    replicas: int = 1

    def program(self, name: str) -> str:
        """Return the path of a program of the environment."""
        return str(self.python.parent / name)


def _rows(rows: list[Any], _: str) -> Any:
    return {"rows": rows}


def _prediction(answer: Any) -> Any:
    return answer["prediction"]


@dataclass(frozen=True)
class Contestant:
    """How somebody serves the model. ``start`` gives the command that serves until it is ended by SIGTERM."""

    title: str
    start: Callable[[Place], list[str]]
    packages: tuple[str, ...] = ()
    """What is installed beside the models' own libraries; nothing: it runs in this process' environment."""
    prepare: Callable[[Place], list[str]] | None = None
    """A command that is run once for each model."""
    path: str = "/"
    body: Callable[[list[Any], str], Any] = _rows
    """From rows and the kind of the model to what is sent as JSON."""
    read: Callable[[Any], Any] = _prediction
    """From the decoded answer to the predictions."""
    variables: dict[str, str] = field(default_factory=dict)


def _own(place: Place) -> list[str]:
    return [sys.executable, "-m", "ads.service", "--home", str(place.folder / "home"), "--port", str(place.port)]


def _app(name: str, *more: str) -> Callable[[Place], list[str]]:
    return lambda place: [str(place.python), str(APPS / name), str(place.port), *more]


def _ray(place: Place) -> list[str]:
    return [str(place.python), str(APPS / "on_ray.py"), str(place.port), str(place.folder / "r")]


def _bentoml(place: Place) -> list[str]:
    address = ["--host", "127.0.0.1", "--port", str(place.port)]
    return [place.program("bentoml"), "serve", "on_bentoml:Model", "--working-dir", str(APPS), *address]


def _mlserver(place: Place) -> list[str]:
    settings = {
        "host": "127.0.0.1",
        "http_port": place.port,
        "grpc_port": place.others[0],
        "metrics_port": place.others[1],
        "parallel_workers": 0,
        "debug": False,
    }
    model = {
        "name": "model",
        "implementation": "on_mlserver.Model",
        "max_batch_size": 64,
        "max_batch_time": 0.001,
        "parameters": {"uri": str(place.model)},
    }
    (place.folder / "settings.json").write_text(json.dumps(settings))
    (place.folder / "model-settings.json").write_text(json.dumps(model))
    return [place.program("mlserver"), "start", str(place.folder)]


def _mlflow(place: Place) -> list[str]:
    model = ["-m", str(place.folder / "saved"), "--env-manager", "local"]
    return [place.program("mlflow"), "models", "serve", *model, "-h", "127.0.0.1", "-p", str(place.port), "-w", "2"]


def _gunicorn(place: Place) -> list[str]:
    options = ["--workers", "2", "--threads", "1", "--worker-class", "gthread", "--keep-alive", "75"]
    return [place.program("gunicorn"), *options, "--bind", f"127.0.0.1:{place.port}", "on_gunicorn:application"]


def _tensor(rows: list[Any], _: str) -> Any:
    shape = [len(rows), len(rows[0])]
    return {"inputs": [{"name": "rows", "shape": shape, "datatype": "FP64", "data": rows}]}


def _tensor_out(answer: Any) -> Any:
    output = answer["outputs"][0]
    width = output["shape"][-1] if len(output["shape"]) > 1 else 1
    data = output["data"]
    if width == 1 or isinstance(data[0], list):
        return data
    return [data[place : place + width] for place in range(0, len(data), width)]


def _original(rows: list[Any], kind: str) -> Any:
    if kind != "torch":
        return {"data": rows, "data_type": "<class 'list'>"}
    shape = [len(rows), len(rows[0])]
    tensor = {"__ads_torch_tensor__": 1, "data": rows, "dtype": "torch.float32", "shape": shape, "device": "cpu"}
    return {"data": tensor, "data_type": "<class 'torch.Tensor'>"}


CONTESTANTS = {
    OURS: Contestant(
        "OpenADS",
        _own,
        prepare=lambda place: [sys.executable, str(APPS / "deploy_ours.py"), str(place.folder), str(place.replicas)],
        body=lambda rows, _: {"data": rows},
    ),
    YARDSTICK: Contestant("httptools, natural batching", _app("on_httptools.py"), ("httptools", "uvloop", "orjson")),
    "ray": Contestant(
        "Ray Serve, HAProxy, batching",
        _ray,
        ("ray[serve]",),
        variables={
            "RAY_SERVE_ENABLE_HA_PROXY": "1",
            "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_raylet_start_wait_time_s": "120",  # a busy machine takes longer than it waits for by itself
            "RAY_SERVE_PROXY_READY_CHECK_TIMEOUT_S": "60",
            "RAY_SERVE_PROXY_HEALTH_CHECK_TIMEOUT_S": "60",
        },
    ),
    "litserve": Contestant(
        "LitServe, batching, 2 HTTP workers", _app("on_litserve.py"), ("litserve",), path="/predict"
    ),
    "mlserver": Contestant(
        "MLServer, adaptive batching",
        _mlserver,
        ("mlserver",),
        path="/v2/models/model/infer",
        body=_tensor,
        read=_tensor_out,
    ),
    "bentoml": Contestant(
        "BentoML, adaptive batching",
        _bentoml,
        ("bentoml",),
        path="/predict",
        read=lambda answer: answer,
        variables={"BENTOML_DO_NOT_TRACK": "True"},
    ),
    "mlflow": Contestant(
        "MLflow, 2 workers",
        _mlflow,
        ("mlflow",),
        prepare=lambda place: [str(place.python), str(APPS / "save_for_mlflow.py"), str(place.folder / "saved")],
        path="/invocations",
        body=lambda rows, _: {"inputs": rows},
        read=lambda answer: answer["predictions"],
    ),
    "original": Contestant(
        "oracle-ads 2.16.1, gunicorn, 2 workers",
        _gunicorn,
        ("oracle-ads==2.16.1", "gunicorn"),
        prepare=lambda place: [str(place.python), str(APPS / "save_with_original.py"), str(place.folder / "artifact")],
        body=_original,
    ),
}
