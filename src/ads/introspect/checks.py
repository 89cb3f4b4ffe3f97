"""The checks: plain functions from an artifact to a result, in groups.

A group is only begun when the one before passed, and a check is only made when the one that it needs passed.
"""

from __future__ import annotations

import ast
import re
from typing import Final

from ads.artifact import layout
from ads.artifact.conda_packs import resolve_path
from ads.artifact.runtime_yaml import MODEL_ARTIFACT_VERSION
from ads.errors import ArtifactError, CondaPackNotFound
from ads.introspect.report import Check, Finding
from ads.introspect.view import ArtifactView

__all__ = ["CONDA", "FILES", "GROUPS", "REHEARSAL", "RUNTIME", "SCORE"]

FILES: Final = "Mandatory Files Check"
SCORE: Final = "score.py"
RUNTIME: Final = "runtime.yaml"
CONDA: Final = "conda_env"

_PYTHON_VERSION = re.compile(r"(?P<major>[1-9]\d?)\.(?P<minor>\d{1,3})(?:\.\d{1,3})?")
_OLDEST_PYTHON = (3, 6)


def score_py(view: ArtifactView) -> Finding:
    """``score.py`` is at the top."""
    return Finding(
        view.has_file(layout.SCORE_PY),
        "score.py is missing. Write one with load_model() and predict(data), or call prepare().",
    )


def runtime_yaml(view: ArtifactView) -> Finding:
    """``runtime.yaml`` is at the top."""
    return Finding(view.has_file(layout.RUNTIME_YAML), "runtime.yaml is missing. Call prepare() to write it.")


def score_syntax(view: ArtifactView) -> Finding:
    """``score.py`` parses."""
    problem = view.script if isinstance(view.script, str) else ""
    return Finding(not problem, f"score.py has a syntax error: {problem}.")


def score_load_model(view: ArtifactView) -> Finding:
    """``load_model`` is defined."""
    return Finding(
        view.function("load_model") is not None,
        "score.py has no function load_model at its top level. Add one that returns the model.",
    )


def score_predict(view: ArtifactView) -> Finding:
    """``predict`` is defined."""
    return Finding(
        view.function("predict") is not None,
        "score.py has no function predict at its top level. Add predict(data, model=load_model()).",
    )


def score_predict_data(view: ArtifactView) -> Finding:
    """The first parameter of ``predict`` is ``data``."""
    names = [parameter.arg for parameter in _positional(view)]
    return Finding(
        names[:1] == ["data"],
        f"The first parameter of predict() is {names[0]!r}, it must be called 'data'."
        if names
        else "predict() takes no parameter, its first must be called 'data'.",
    )


def score_predict_arg(view: ArtifactView) -> Finding:
    """All other parameters of ``predict`` have defaults."""
    function = view.function("predict")
    without: list[str] = []
    if function is not None:
        names = [parameter.arg for parameter in _positional(view)]
        without = names[1 : len(names) - len(function.args.defaults)]
        keywords = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
        without += [parameter.arg for parameter, default in keywords if default is None]
    return Finding(
        function is not None and not without,
        f"These parameters of predict() need a default value: {', '.join(without)}.",
    )


def runtime_version(view: ArtifactView) -> Finding:
    """The artifact version is the known one."""
    if isinstance(view.runtime, str):
        error = view.runtime
    else:
        error = f"MODEL_ARTIFACT_VERSION in runtime.yaml must be '{MODEL_ARTIFACT_VERSION}'."
    return Finding(view.runtime_value("MODEL_ARTIFACT_VERSION") == MODEL_ARTIFACT_VERSION, error)


def runtime_env_python(view: ArtifactView) -> Finding:
    """The Python version is one that models can run on."""
    version = view.python_version
    match = _PYTHON_VERSION.fullmatch(version)
    return Finding(
        match is not None and (int(match["major"]), int(match["minor"])) >= _OLDEST_PYTHON,
        f"INFERENCE_PYTHON_VERSION in runtime.yaml is {version[:60]!r}, it must be 3.6 or higher, such as '3.11'.",
        version,
    )


def runtime_env_path(view: ArtifactView) -> Finding:
    """The environment is named, or captured."""
    return Finding(
        bool(view.environment_path) or view.has_file(layout.REQUIREMENTS),
        "INFERENCE_ENV_PATH in runtime.yaml has no value, and there is no requirements.txt. "
        "Pass inference_conda_env to prepare(), or let it capture the packages of this Python.",
        view.environment_path,
    )


def runtime_path_exist(view: ArtifactView) -> Finding:
    """The environment exists, as far as it can be known here: the shipped catalog answers, no network is used."""
    success: bool | None = True
    error = ""
    path = view.environment_path
    if path:
        try:
            success = True if resolve_path(path).in_catalog else None
            error = f"WARNING: {path} is not in the catalog of conda packs, so whether it exists was not checked."
        except CondaPackNotFound as problem:
            success, error = False, f"INFERENCE_ENV_PATH in runtime.yaml: {problem.message}"
        except ArtifactError as problem:
            success, error = None, f"WARNING: {problem.message}"
    return Finding(success, error)


def score_loads(view: ArtifactView) -> Finding:
    """``score.py`` gives a model in a process that knows nothing of this session."""
    if view.rehearsal.skipped:
        return Finding(None, f"WARNING: {view.rehearsal.skipped}")
    return Finding(not view.rehearsal.load, view.rehearsal.load)


def score_sample(view: ArtifactView) -> Finding:
    """``predict`` reproduces the answers that the artifact was stored with."""
    if view.rehearsal.rows is None and not view.rehearsal.parity:
        return Finding(None, "WARNING: there is no sample.json to compare with. Call verify(data) to record one.")
    return Finding(not view.rehearsal.parity, view.rehearsal.parity)


def score_answer(view: ArtifactView) -> Finding:
    """What ``predict`` answers can be sent."""
    if not view.rehearsal.answers:
        return Finding(None, "There was no answer to look at.")
    return Finding(not view.rehearsal.encoding, view.rehearsal.encoding)


def _positional(view: ArtifactView) -> list[ast.arg]:
    function = view.function("predict")
    return [*function.args.posonlyargs, *function.args.args] if function is not None else []


GROUPS: Final[tuple[tuple[Check, ...], ...]] = (
    (
        Check("score_py", FILES, "Check that the file score.py is at the top of the artifact", score_py),
        Check("runtime_yaml", FILES, "Check that the file runtime.yaml is at the top of the artifact", runtime_yaml),
    ),
    (
        Check("score_syntax", SCORE, "Check that score.py is valid Python", score_syntax),
        Check(
            "score_load_model",
            SCORE,
            "Check that score.py defines load_model()",
            score_load_model,
            needs="score_syntax",
        ),
        Check("score_predict", SCORE, "Check that score.py defines predict()", score_predict, needs="score_syntax"),
        Check(
            "score_predict_data",
            SCORE,
            "Check that the first parameter of predict() is called data",
            score_predict_data,
            needs="score_predict",
        ),
        Check(
            "score_predict_arg",
            SCORE,
            "Check that all other parameters of predict() have default values",
            score_predict_arg,
            needs="score_predict",
        ),
    ),
    (
        Check(
            "runtime_version",
            RUNTIME,
            f"Check that field MODEL_ARTIFACT_VERSION is set to {MODEL_ARTIFACT_VERSION}",
            runtime_version,
        ),
        Check(
            "runtime_env_python",
            CONDA,
            "Check that field MODEL_DEPLOYMENT.INFERENCE_PYTHON_VERSION is set to a value of 3.6 or higher",
            runtime_env_python,
        ),
        Check(
            "runtime_env_path", CONDA, "Check that field MODEL_DEPLOYMENT.INFERENCE_ENV_PATH is set", runtime_env_path
        ),
        Check(
            "runtime_path_exist",
            CONDA,
            "Check that the environment at MODEL_DEPLOYMENT.INFERENCE_ENV_PATH exists",
            runtime_path_exist,
        ),
    ),
)

REHEARSAL: Final[tuple[Check, ...]] = (
    Check("score_loads", SCORE, "Check that load_model() returns a model in a process of its own", score_loads),
    Check(
        "score_sample",
        SCORE,
        "Check that predict() reproduces the answers in sample.json",
        score_sample,
        needs="score_loads",
    ),
    Check("score_answer", SCORE, "Check that JSON can carry what predict() answers", score_answer, needs="score_loads"),
)
"""The checks that run the script. They take as long as the model takes to load."""
