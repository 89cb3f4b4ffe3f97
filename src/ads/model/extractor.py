"""What an estimator says of itself: framework, version, algorithm, hyperparameters. Judged by class path alone."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

__all__ = ["ModelInfo", "ModelInfoExtractorFactory", "extract_info", "framework_of"]

_FRAMEWORKS: tuple[tuple[str, str], ...] = (
    ("lightgbm", "lightgbm"),
    ("xgboost", "xgboost"),
    ("sklearn", "scikit-learn"),
    ("tensorflow", "tensorflow"),
    ("keras", "tensorflow"),
    ("transformers", "transformers"),
    ("torch", "pytorch"),
    ("pyspark", "pyspark"),
)
"""Package of a base class, and the framework's name in the metadata; the first that fits wins."""


@dataclass(frozen=True)
class ModelInfo:
    """What is known of an estimator; None where it can't be known."""

    framework: str | None = None
    version: str | None = None
    algorithm: str | None = None
    hyperparameter: dict[str, Any] | None = None


def packages_of(estimator: Any) -> set[str]:
    """Return the top-level packages of the estimator's class and its bases."""
    return {base.__module__.split(".", 1)[0] for base in type(estimator).__mro__}


def framework_of(estimator: Any) -> tuple[str, str] | None:
    """Return package and framework name of the estimator, or None for a class of no known framework."""
    packages = packages_of(estimator)
    return next((pair for pair in _FRAMEWORKS if pair[0] in packages), None)


def extract_info(estimator: Any, framework: str | None = None) -> ModelInfo:
    """Return what the estimator says of itself. ``framework`` overrules what its class path says."""
    if estimator is None:
        return ModelInfo()
    found = framework_of(estimator)
    if framework is not None:
        found = next((pair for pair in _FRAMEWORKS if pair[1] == framework), found)
    algorithm = type(estimator).__name__
    if found is None:
        return ModelInfo(algorithm=algorithm)
    package, name = found
    version = getattr(sys.modules.get(package), "__version__", None)
    return ModelInfo(framework=name, version=version, algorithm=algorithm, hyperparameter=_hyperparameters(estimator))


class ModelInfoExtractorFactory:
    """The address that users know for :func:`extract_info`."""

    @staticmethod
    def extract_info(model: Any) -> dict[str, Any]:
        """Return framework, version, algorithm and hyperparameters of a model."""
        info = extract_info(model)
        return {
            "Framework": info.framework,
            "FrameworkVersion": info.version,
            "Algorithm": info.algorithm,
            "Hyperparameters": info.hyperparameter,
        }


def _hyperparameters(estimator: Any) -> dict[str, Any] | None:
    if "transformers" in packages_of(estimator):
        return _of_pipeline(estimator)
    if "pyspark" in packages_of(estimator) and hasattr(estimator, "stages"):
        return {stage.uid: stage.explainParams() for stage in estimator.stages}
    parameters = getattr(estimator, "get_params", None)
    if not callable(parameters) or isinstance(estimator, type):
        return _of_booster(estimator)
    return {str(name): _as_text(value) for name, value in parameters().items()}


def _of_booster(estimator: Any) -> dict[str, Any] | None:
    """Return the settings of a Booster of XGBoost or LightGBM; None for everything else."""
    module = type(estimator).__module__
    if module == "lightgbm.basic":
        return {str(name): _as_text(value) for name, value in estimator.params.items()}
    if module == "xgboost.core" and callable(getattr(estimator, "save_config", None)):
        import json

        settings: dict[str, Any] = json.loads(estimator.save_config())
        return settings
    return None


def _of_pipeline(pipeline: Any) -> dict[str, Any] | None:
    """Return the configuration of a pipeline's model as texts, without the path that it was loaded from."""
    config = getattr(getattr(pipeline, "model", None), "config", None)
    if config is None or not callable(getattr(config, "to_dict", None)):
        return None
    return {str(name): str(value) for name, value in config.to_dict().items() if name != "_name_or_path"}


def _as_text(value: Any) -> Any:
    """Return texts at the leaves of dicts and of lists that hold named steps; everything else as one text.

    The steps of a pipeline become ``{index: {name: text}}``; grids of search objects keep their keys.
    """
    if isinstance(value, dict):
        return {str(key): _as_text(item) for key, item in value.items()}
    if _is_steps(value):
        return {str(index): {str(step[0]): str(step[1])} for index, step in enumerate(value)}
    if isinstance(value, (list, tuple)):
        return [_as_text(item) for item in value]
    return str(value)


def _is_steps(value: Any) -> bool:
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(step, tuple) and len(step) >= 2 and isinstance(step[0], str) for step in value)
    )
