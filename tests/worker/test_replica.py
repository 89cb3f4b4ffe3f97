from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from ads.worker import frames

from .conftest import LAUNCH, receive

ECHO = """
    def load_model():
        return "model"

    def predict(data, model=load_model()):
        return {"prediction": data}
"""


def oldest_python() -> str:
    """Return a Python 3.8 that runs, where there is one, else this Python."""
    for found in (Path.home() / ".pyenv/versions/3.8.18/bin/python", shutil.which("python3.8")):
        if (
            found is not None
            and Path(found).exists()
            and subprocess.run([found, "-V"], capture_output=True, check=False).returncode == 0
        ):
            return str(found)
    return sys.executable


OLDEST = oldest_python()


def sample(body: Any, answer: Any) -> str:
    return json.dumps({"version": 1, "expected_from": "estimator", "cases": [{"body": body, "answer": answer}]})


def test_a_replica_loads_proves_itself_and_answers(replica: Any) -> None:
    running = replica(ECHO, sample__json=sample([[1.0], [2.0]], {"prediction": [[1.0], [2.000000001]]}))
    status = running.wait("ready")
    assert [stage["name"] for stage in status["stages"]] == ["start", "import", "load", "parity"]
    assert status["stages"][-1]["rows"] == 2
    assert status["pid"] == running.process.pid
    assert running.predict([1, 2, None, "ü"]) == (200, {"prediction": [1, 2, None, "ü"]})


def test_items_of_one_frame_are_answered_one_by_one(replica: Any) -> None:
    running = replica(ECHO)
    running.wait("ready")
    answers = running.ask(b"[1]", b"{", b'"x"')
    assert [status for status, _ in answers] == [200, 400, 200]
    assert answers[1][1]["code"] == "CannotParseRequest"


def test_raw_bodies_reach_predict_as_bytes(replica: Any) -> None:
    running = replica("def load_model(): return 1\ndef predict(data): return [type(data).__name__, len(data)]")
    running.wait("ready")
    assert running.ask(b"\x00\xff{", kind=frames.RAW) == [(200, ["bytes", 3])]


def test_a_ping_is_answered_and_several_connections_are_served(replica: Any) -> None:
    running = replica(ECHO)
    running.wait("ready")
    with running.connect() as one, running.connect() as two:
        for number, connection in enumerate((two, one, two)):
            connection.sendall(frames.encode_frame(frames.PING, number))
            assert receive(connection) == (frames.PONG, number, frames.encode_batch(1))


def test_rubbish_on_a_connection_closes_that_connection_only(replica: Any) -> None:
    running = replica(ECHO)
    running.wait("ready")
    with running.connect() as bad:
        bad.sendall(b"\xff" * 64)
        assert bad.recv(1) == b""
    assert running.predict(1) == (200, {"prediction": 1})


@pytest.mark.parametrize(
    ("score", "code", "said"),
    [
        (None, "score-missing", "no score.py"),
        ("x = 1\n  y = 2\n", "score-syntax-error", "line 2"),
        ("\0", "score-syntax-error", "score.py"),
        ("import nothing_like_this\n", "score-import-error", "'nothing_like_this'"),
        ("from json import nothing_like_this\n", "score-import-error", "cannot import name"),
        ("\n\nraise RuntimeError('no licence')\n", "score-raises", r"RuntimeError: no licence \(line 3\)"),
        ("open('/no/score_payload.py')\n", "score-payload-missing", "which is not in the artifact"),
        ("open('/no/such.csv')\n", "score-raises", "FileNotFoundError"),
        ("import sys\nsys.exit(0)\n", "score-exits", r"sys.exit\(0\)"),
        ("def predict(data): return 1\n", "load-model-missing", "load_model"),
        ("load_model = 3\ndef predict(data): return 1\n", "load-model-missing", "load_model"),
        ("def load_model(): return 1\n", "predict-missing", "predict"),
        ("def load_model(): return 1\npredict = 3\n", "predict-missing", "a int"),
        ("def load_model(): return 1\ndef predict(): return 1\n", "predict-signature", "predict()"),
        ("def load_model(): return 1\ndef predict(a, b): return 1\n", "predict-signature", "predict"),
        ("def load_model(): pass\ndef predict(data): return 1\n", "load-model-returned-none", "returned None"),
        ("def load_model(): pass\ndef predict(d, model=load_model()): pass\n", "load-model-returned-none", "None"),
        ("def load_model(): 1 / 0\ndef predict(data): return 1\n", "load-model-raises", "ZeroDivisionError"),
        ("def load_model(): exit(3)\ndef predict(data): return 1\n", "load-model-exits", r"sys.exit\(3\)"),
        ("def load_model(): return load_model()\ndef predict(d): pass\n", "load-model-raises", "RecursionError"),
    ],
)
def test_a_broken_script_fails_with_its_reason(replica: Any, score: str | None, code: str, said: str) -> None:
    running = replica(score)
    status = running.wait("failed", "ready")
    assert status["state"] == "failed"
    assert status["error"]["code"] == code
    assert status["error"]["hint"]
    assert re.search(said, status["error"]["message"]), status
    assert not running.socket_path.exists()
    os.kill(running.process.pid, signal.SIGTERM)
    assert running.process.wait(60) == 0


@pytest.mark.parametrize(
    "hostility", ["os.closerange(3, 200)", "sys.stdout.close(); sys.stderr.close()", "os.close(1)"]
)
def test_a_script_that_closes_files_is_served_or_fails_with_its_reason(replica: Any, hostility: str) -> None:
    running = replica(
        f"import os, sys\n{hostility}\ndef load_model(): return 1\n"
        "def predict(data):\n    if data:\n        raise RuntimeError('no')\n    return data\n"
    )
    running.wait("ready")
    assert running.predict(0) == (200, 0)
    assert running.predict(1)[0] == 500
    failing = replica(f"import os, sys\n{hostility}\nraise OSError('broken on purpose')\n")
    assert "broken on purpose" in failing.wait("failed")["error"]["message"]


def test_the_traceback_of_a_failed_import_is_in_the_log(replica: Any) -> None:
    running = replica("raise RuntimeError('no licence')")
    running.wait("failed")
    assert "Traceback" in running.log
    assert "score.py" in running.log


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"prediction": [1, 2.1]}, r"at prediction[1] of sample 0 expected 2.1, got 2.0"),
        ({"prediction": [1]}, 'expected "1 items", got "2 items"'),
        ({"prediction": [1, "2.0"]}, 'expected "2.0", got 2.0'),
        ({"prediction": [True, 2.0]}, "expected true, got 1"),
        ({"answer": [1, 2.0]}, '["answer"]'),
    ],
)
def test_a_model_that_predicts_differently_never_becomes_ready(replica: Any, answer: Any, said: str) -> None:
    running = replica(ECHO, sample__json=sample([1, 2.0], answer))
    error = running.wait("failed", "ready")["error"]
    assert error["code"] == "parity-mismatch"
    assert said in error["message"]


def test_a_sample_that_cannot_be_predicted_is_a_failure(replica: Any) -> None:
    running = replica("def load_model(): return 1\ndef predict(d): return d['x']\n", sample__json=sample([1], [1]))
    error = running.wait("failed")["error"]
    assert error["code"] == "parity-error"
    assert "TypeError" in error["message"]


def test_errors_of_predict_are_told_without_a_traceback_and_the_worker_lives(replica: Any) -> None:
    running = replica(
        """
        import sys

        class BadInput(ValueError):
            http_status = 400

        def load_model():
            return 1

        def predict(data):
            if data == "bad":
                raise BadInput("column x is missing")
            if data == "exit":
                sys.exit(3)
            if data == "base":
                raise KeyboardInterrupt
            if data == "set":
                return {1}
            if data == "nan":
                return {"prediction": [float("nan")]}
            raise RuntimeError("secret")
        """
    )
    running.wait("ready")
    assert running.predict("bad") == (400, {"code": "InvalidParameter", "message": "column x is missing"})
    for name, said in (
        ("exit", "SystemExit"),
        ("base", "KeyboardInterrupt"),
        ("set", "set"),
        ("nan", "NaN at prediction[0]"),
        ("x", "RuntimeError"),
    ):
        status, body = running.predict(name)
        assert (status, body["code"]) == (500, "InternalServerError")
        assert said in body["message"]
        assert "secret" not in body["message"]
    assert "[request r-1] RuntimeError: secret" in running.log
    running.ask(b'"x"', meta=b'{"request_id": "r-2", "traceparent": "00-abc-def-01"}')
    assert "[request r-2 trace abc def] RuntimeError: secret" in running.log


def test_a_predict_that_forks_and_returns_twice_answers_once(replica: Any) -> None:
    running = replica("import os\ndef load_model(): return 1\ndef predict(d):\n    os.fork()\n    return d\n")
    running.wait("ready")
    for number in range(5):
        assert running.predict(number) == (200, number)


def test_a_script_that_takes_the_model_as_an_argument_gets_it(replica: Any) -> None:
    running = replica("def load_model(): return 'm'\ndef predict(data, model): return [data, model]\n")
    running.wait("ready")
    assert running.predict(1) == (200, [1, "m"])


def test_a_default_argument_loads_the_model_once(replica: Any) -> None:
    running = replica(
        """
        loads = []

        def load_model():
            loads.append(1)
            return loads

        def predict(data, model=load_model()):
            return len(model)
        """
    )
    running.wait("ready")
    assert running.predict(0) == (200, 1)


def test_the_script_sees_its_folder_and_nothing_of_ours(replica: Any) -> None:
    running = replica(
        """
        import os, sys
        import neighbour

        def load_model():
            return 1

        def predict(data):
            try:
                import frames
                ours = True
            except ImportError:
                ours = False
            return [neighbour.VALUE, ours, sys.path[0] == os.path.dirname(os.path.realpath(__file__)),
                    sorted(os.environ), sys.stdin.read(), any("worker" in entry for entry in sys.path)]
        """,
        neighbour__py="VALUE = 5",
    )
    running.wait("ready")
    status, found = running.predict(0)
    assert status == 200
    assert found[:3] == [5, False, True]
    assert set(found[3]) <= {"PATH", "LC_CTYPE"}
    assert found[4:] == ["", False]


def test_prints_go_to_the_log_line_by_line(replica: Any) -> None:
    running = replica("def load_model(): return 1\ndef predict(data):\n    print('seen', data)\n    return 1\n")
    running.wait("ready")
    running.predict("\ud83d\ude00")
    assert "seen" in running.log


def test_sigterm_lets_the_frame_in_flight_finish(replica: Any) -> None:
    running = replica(
        """
        import os, time

        def load_model():
            return 1

        def predict(data):
            open(data, "w").close()
            while os.path.exists(data):
                time.sleep(0.01)
            return "done"
        """
    )
    running.wait("ready")
    mark = Path(running._run.name) / "in-flight"
    answers: list[Any] = []
    asking = threading.Thread(target=lambda: answers.append(running.predict(str(mark))))
    asking.start()
    wait_until(mark.exists)
    os.kill(running.process.pid, signal.SIGTERM)
    mark.unlink()
    asking.join(20)
    assert answers == [(200, "done")]
    assert running.process.wait(60) == 0


def test_an_idle_replica_ends_at_sigterm(replica: Any) -> None:
    running = replica(ECHO)
    running.wait("ready")
    os.kill(running.process.pid, signal.SIGTERM)
    assert running.process.wait(60) == 0


@pytest.mark.parametrize("where", ["import", "ready"])
def test_no_replica_outlives_its_supervisor(replica: Any, where: str) -> None:
    running = replica("while True: pass" if where == "import" else ECHO)
    running.wait("loading" if where == "import" else "ready")
    os.close(running.lifeline_end)
    running.lifeline_end = -1
    running.process.wait(60)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux chooses by oom_score_adj")
def test_a_replica_goes_before_the_service_where_memory_runs_out(replica: Any) -> None:
    running = replica(ECHO)
    running.wait("ready")
    own = int(Path("/proc/self/oom_score_adj").read_text())
    assert int(Path(f"/proc/{running.process.pid}/oom_score_adj").read_text()) > own


def test_memory_is_limited(replica: Any) -> None:
    running = replica(
        "def load_model(): return 1\ndef predict(data): return len(bytearray(data))\n", memory_limit=512 << 20
    )
    running.wait("ready")
    status, body = running.predict(1 << 30)
    assert status == 500
    assert "MemoryError" in body["message"]
    assert running.predict(10) == (200, 10)


def test_a_stale_socket_file_is_replaced(replica: Any) -> None:
    running = replica(
        "import time, os\nwhile not os.path.exists('go'): time.sleep(0.01)\n"
        "def load_model(): return 1\ndef predict(data): return data\n"
    )
    running.wait("loading")
    running.socket_path.write_text("stale")
    (running.folder / "go").touch()
    running.wait("ready")
    assert running.predict(3) == (200, 3)


def test_a_sklearn_model_is_served(replica: Any, tmp_path: Path) -> None:
    joblib = pytest.importorskip("joblib")
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    x, y = load_iris(return_X_y=True)
    estimator = LogisticRegression(max_iter=500).fit(x, y)
    joblib.dump(estimator, tmp_path / "model.joblib")
    wanted = estimator.predict(x[:5]).tolist()
    running = replica(
        f"""
        import joblib

        def load_model():
            return joblib.load({str(tmp_path / "model.joblib")!r})

        def predict(data, model=load_model()):
            return {{"prediction": model.predict(data)}}
        """,
        sample__json=sample(x[:5].tolist(), {"prediction": wanted}),
    )
    stage = running.wait("ready")["stages"][-1]
    assert (stage["name"], stage["seconds"], stage["rows"]) == ("parity", pytest.approx(0, abs=5), 5)
    assert running.predict(x.tolist()) == (200, {"prediction": estimator.predict(x).tolist()})


@pytest.mark.parametrize("file", sorted(LAUNCH.parent.glob("*.py")), ids=lambda file: file.name)
def test_the_worker_is_python_3_8_and_needs_the_standard_library_alone(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"), feature_version=(3, 8))
    imported = [name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names]
    imported += [str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level == 0]
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_the_worker_runs_under_the_oldest_python_here(replica: Any) -> None:
    running = replica(ECHO, python=OLDEST, sample__json=sample([1], {"prediction": [1]}))
    running.wait("ready")
    assert running.predict([1.5]) == (200, {"prediction": [1.5]})
    status, body = running.ask(b"[" * 100_000)[0]
    assert (status, body["code"]) == (400, "CannotParseRequest")
    os.kill(running.process.pid, signal.SIGTERM)
    assert running.process.wait(60) == 0


def wait_until(condition: Any, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
