# mypy: disable-error-code="no-untyped-def,no-untyped-call"
"""Loading the model: one function for each format; the chosen one becomes ``load_model``."""

import hashlib
import json
import os
import sys
from functools import lru_cache

from ads.score.blocks.script import HERE, model_name


@lru_cache(maxsize=10)
def load_joblib(model_file_name=model_name):
    """Return the model, loaded once."""
    import joblib

    return joblib.load(checked_path(model_file_name))


@lru_cache(maxsize=10)
def load_cloudpickle(model_file_name=model_name):
    """Return the model, loaded once."""
    import cloudpickle

    with open(checked_path(model_file_name), "rb") as model_file:
        return cloudpickle.load(model_file)


@lru_cache(maxsize=10)
def load_by_hand(model_file_name=model_name):
    """Return the model, loaded once. Fill this in; it must not return None."""
    path = checked_path(model_file_name)
    raise NotImplementedError("load_model in score.py has to be filled in: it must load and return %s." % path)


def checked_path(model_file_name):
    """Return the model's path, after comparing its files with the artifact's manifest where there is one."""
    path = os.path.join(HERE, model_file_name)
    if HERE not in sys.path:
        sys.path.insert(0, HERE)  # modules that the model was made with may lie here
    manifest = os.path.join(HERE, "model_artifact_manifest.json")
    if os.path.isfile(manifest):
        with open(manifest, encoding="utf-8") as listing:
            listed = json.load(listing).get("files", {})
        for name in [name for name in listed if (name + "/").startswith(model_file_name + "/")]:
            sha256 = hashlib.sha256()
            with open(os.path.join(HERE, name), "rb") as model_file:
                for part in iter(lambda: model_file.read(1 << 20), b""):
                    sha256.update(part)
            if listed[name]["sha256"] != sha256.hexdigest():
                raise RuntimeError("%s differs from %s. Remove the manifest if that was you." % (name, manifest))
    return path
