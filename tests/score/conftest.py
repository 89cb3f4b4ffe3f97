import importlib.util
import itertools
from pathlib import Path

import pytest

from ads.schema import generate_schema
from ads.score import Recipe, write

_numbers = itertools.count()


class Echo:
    """A model whose prediction is what it was given."""

    def predict(self, features):
        return features


def _import_script(folder: Path):
    """Import a folder's score.py afresh, as a model server does."""
    spec = importlib.util.spec_from_file_location(f"score_under_test_{next(_numbers)}", folder / "score.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def import_script():
    """Return the function that imports a folder's score.py."""
    return _import_script


@pytest.fixture
def script(tmp_path):
    """Return a function that makes an artifact for a model and a sample, and imports its score.py."""

    def make(model=None, sample=None, recipe=None):
        import joblib

        folder = tmp_path / f"artifact{next(_numbers)}"
        folder.mkdir()
        recipe = recipe or Recipe("sklearn", "joblib", "model.joblib")
        if recipe.serializer == "joblib":
            joblib.dump(model or Echo(), folder / recipe.model_file_name)
        else:
            import cloudpickle

            (folder / recipe.model_file_name).write_bytes(cloudpickle.dumps(model or Echo()))
        if sample is not None:
            generate_schema(sample).to_json_file(folder / "input_schema.json")
        write(recipe, folder)
        return _import_script(folder)

    return make
