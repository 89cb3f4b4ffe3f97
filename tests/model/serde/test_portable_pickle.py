"""The code of a session travels with its model, the session's folders do not."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys

import pytest

from ads.model.serde.portable_pickle import dump

SCRIPT = """
import sys
from ads.model import GenericModel

FACTOR = 3


def scale(x):
    return FACTOR * x


class Model:
    offset = staticmethod(lambda x: x + 1)

    def predict(self, rows):
        def one(row):
            return scale(self.offset(row[0]))

        return [one(row) for row in rows]


GenericModel(Model(), artifact_dir=sys.argv[1]).prepare(X_sample=[[1], [2]])
"""


def test_a_script_s_own_class_is_stored_without_its_folder(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT)
    folder = tmp_path / "artifact"
    subprocess.run([sys.executable, "train.py", str(folder)], cwd=tmp_path, check=True, timeout=120)
    for path in folder.iterdir():
        assert str(tmp_path).encode() not in path.read_bytes(), path.name
    answer = subprocess.run(
        [sys.executable, "-c", "import score; print(score.predict([[1], [4]]))"],
        cwd=folder,
        check=True,
        timeout=120,
        capture_output=True,
        text=True,
    )
    assert answer.stdout.strip().endswith("{'prediction': [6, 15]}")


def test_a_function_that_asks_for_its_file_still_has_one():
    space = {"__name__": "__main__", "__file__": "/a/b/session.py"}
    exec("def where(): return __file__", space)
    stream = io.BytesIO()
    dump(space["where"], stream)
    assert pickle.loads(stream.getvalue())() == "/a/b/session.py"


@pytest.mark.parametrize("options", [{}, {"protocol": 4}])
def test_what_it_writes_is_an_ordinary_pickle(options):
    stream = io.BytesIO()
    dump({"a": [1, lambda x: x + 1]}, stream, **options)
    assert pickle.loads(stream.getvalue())["a"][1](2) == 3
