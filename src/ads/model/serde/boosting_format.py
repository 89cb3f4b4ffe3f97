"""The model files of XGBoost and LightGBM, as the libraries write them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ads.errors import InputError

__all__ = ["read_lightgbm", "read_xgboost", "write_lightgbm", "write_xgboost"]


def write_xgboost(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    """Write an XGBoost estimator or Booster: binary JSON for ``.ubj``, and JSON, which is text, for other suffixes."""
    if not callable(getattr(estimator, "save_model", None)):
        raise InputError(
            f"A {type(estimator).__name__} has no model file of XGBoost.",
            hint='Pass model_save_serializer="joblib" or "cloudpickle".',
        )
    if path.suffix in {".json", ".ubj"}:
        estimator.save_model(str(path), **options)
        return
    with_suffix = path.with_name(f"{path.name}.json")  # XGBoost goes by the suffix
    try:
        estimator.save_model(str(with_suffix), **options)
        with_suffix.replace(path)
    finally:
        with_suffix.unlink(missing_ok=True)


def read_xgboost(path: Path) -> Any:
    """Return the Booster in a model file of XGBoost, whatever its suffix."""
    import xgboost

    booster = xgboost.Booster()
    booster.load_model(bytearray(path.read_bytes()))
    return booster


def write_lightgbm(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    """Write a Booster as LightGBM's text; the estimators around one have more to keep than that text does."""
    if not callable(getattr(estimator, "save_model", None)):
        raise InputError(
            f"A {type(estimator).__name__} can't be stored in LightGBM's own format, which loses its labels.",
            hint='Pass model_save_serializer="joblib", or the estimator\'s booster_ as the model.',
        )
    estimator.save_model(str(path), **options)


def read_lightgbm(path: Path) -> Any:
    """Return the Booster in a model file of LightGBM."""
    import lightgbm

    return lightgbm.Booster(model_file=str(path))
