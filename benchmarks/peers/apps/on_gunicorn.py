"""A WSGI application that calls ``predict`` of a score.py, as the image of the original's deployments does."""

import importlib.util
import json
import os
import warnings
from pathlib import Path

warnings.filterwarnings("ignore", message="X does not have valid feature names")
_spec = importlib.util.spec_from_file_location("score", Path(os.environ["BENCHMARK_ARTIFACT"]) / "score.py")
score = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(score)
score.load_model()


def application(environ, start_response):
    data = json.loads(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
    body = json.dumps(score.predict(data)).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
