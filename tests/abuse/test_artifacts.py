"""Lines 46 to 51 of the catalogue of abuse: what deployments make of artifacts that aren't what they should be."""

from __future__ import annotations

import base64
import hashlib
import os
import pickle
import threading
import time
from pathlib import Path

import pytest

from .archives import RUNTIME, SCORE, Shop, artifact, zipped

UTF16 = SCORE.encode("utf-16")


@pytest.fixture
def marker(tmp_path: Path):
    """A file that hostile content makes when it is run where it must not be."""
    path = tmp_path / "marker"
    yield path
    assert not path.exists()


def test_3_1_46_missing_score_names_the_file(shop: Shop) -> None:
    shop.failed(zipped({"runtime.yaml": RUNTIME}), "score.py")


def test_3_1_46_missing_model_names_the_file(shop: Shop) -> None:
    loads = "from pathlib import Path\ndef load_model(): return (Path(__file__).parent / 'model.bin').read_bytes()\n"
    shop.failed(artifact(score__py=loads + "def predict(data, model=None): return 1\n"), "model.bin")


def test_3_1_46_missing_runtime_is_no_reason_not_to_serve(shop: Shop) -> None:
    found = shop.deployed(zipped({"score.py": SCORE}))
    assert found["predicted"] == (200, {"prediction": {"x": 1}})


@pytest.mark.parametrize("folder", ["model_artifact", "__MACOSX"])
def test_3_1_47_nested_root_and_macosx_only(shop: Shop, folder: str) -> None:
    shop.failed(zipped({f"{folder}/score.py": SCORE, f"{folder}/runtime.yaml": RUNTIME}), f"{folder}/score.py")


def test_3_1_48_score_is_dir(shop: Shop) -> None:
    shop.failed(zipped({"score.py/x.py": SCORE, "runtime.yaml": RUNTIME}), "score.py")


@pytest.mark.parametrize("score", [b"", bytes(range(256)), UTF16], ids=["empty", "binary", "utf16"])
def test_3_1_48_score_that_is_no_script(shop: Shop, score: bytes) -> None:
    shop.failed(artifact(score__py=score), "score.py")


def test_3_1_48_score_bom_works(shop: Shop) -> None:
    found = shop.deployed(artifact(score__py=b"\xef\xbb\xbf" + SCORE.encode()))
    assert found["predicted"] == (200, {"prediction": {"x": 1}})


def test_3_1_49_shadowing_files_are_seen_by_the_worker_only(shop: Shop, marker: Path) -> None:
    planted = f"import os\nif 'openads_replica' not in os.environ: open({str(marker)!r}, 'w')\n"
    names = ("json", "logging", "uvicorn", "fastapi", "pickle", "sqlalchemy", "sitecustomize", "usercustomize")
    files = {f"{name}.py": f"raise ImportError({name!r} ' of the artifact')\n" for name in names}
    files |= {
        "evil.pth": f"import os; open({str(marker)!r}, 'w')\n",
        ".bashrc": "touch x\n",
        "ads/__init__.py": planted,
    }
    shop.deployed(zipped({"score.py": SCORE, "runtime.yaml": RUNTIME, **files}))
    assert shop.service.admin.ask("GET", "/openads/v1/service").status == 200


class Trap:
    """A listener that nobody may connect to."""

    def __init__(self) -> None:
        import socket

        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.called = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        try:
            self.listening.accept()[0].close()
        except OSError:
            return
        self.called.set()


def wheel(marker: Path) -> bytes:
    """Return a package that says where it is when it is imported or installed."""
    code = f"open({str(marker)!r}, 'w')\n"
    about = "Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n"
    how = "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = {"planted.py": code, "planted-1.0.dist-info/METADATA": about, "planted-1.0.dist-info/WHEEL": how}
    lines = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},{len(text)}"
        for name, text in files.items()
    ]
    record = "planted-1.0.dist-info/RECORD"
    return zipped({**files, record: "\n".join([*lines, f"{record},,"]) + "\n"})


@pytest.mark.parametrize(
    "line",
    [
        "--index-url http://127.0.0.1:{port}/simple\nplanted==1.0",
        "--extra-index-url=http://127.0.0.1:{port}/simple\nplanted==1.0",
        "-e .",
        "-r http://127.0.0.1:{port}/more.txt",
        "planted @ http://127.0.0.1:{port}/planted-1.0-py3-none-any.whl",
        "planted @ file://{here}/planted-1.0-py3-none-any.whl",
        "git+http://127.0.0.1:{port}/repository.git",
        "./planted-1.0-py3-none-any.whl",
    ],
)
def test_3_1_50_wheel_inside_and_requirements_that_reach_out(shop: Shop, marker: Path, line: str) -> None:
    trap = Trap()
    inside = wheel(marker)
    text = line.format(port=trap.port, here=marker.parent)
    (marker.parent / "planted-1.0-py3-none-any.whl").write_bytes(inside)
    content = artifact(
        requirements__txt=text + "\n", **{"planted-1__0-py3-none-any__whl": inside, "setup__py": "raise SystemExit"}
    )
    shop.failed(content, "requirements.txt")
    trap.listening.close()
    assert not trap.called.is_set()


class Touches:
    """Whoever unpickles this has run a command."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return os.system, (f"touch {self.path}",)


def test_3_1_51_pickle_code_is_stored_and_never_run(shop: Shop, marker: Path) -> None:
    content = artifact(model__pkl=pickle.dumps(Touches(str(marker))), model__joblib=pickle.dumps(Touches(str(marker))))
    model_id = shop.stored(content)
    ask = shop.service.admin.ask
    place = f"compartmentId={shop.home['compartmentId']}"
    for path in (
        f"/20190101/models/{model_id}",
        f"/20190101/models?{place}",
        f"/openads/v1/models/search?{place}&query=model",
        f"/openads/v1/models/{model_id}/lineage",
        f"/20190101/models/{model_id}/artifact/content",
    ):
        assert ask("GET", path).status == 200, path
    labels: list[dict[str, str]] = []
    deadline = time.monotonic() + 60
    while not labels and time.monotonic() < deadline:
        labels = ask("GET", f"/openads/v1/models/{model_id}/labels").body["items"]
        time.sleep(0.05)
    assert [label["verdict"] for label in labels] == ["suspicious"]
    assert "system" in labels[0]["summary"]
