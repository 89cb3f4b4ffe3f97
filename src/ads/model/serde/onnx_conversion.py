"""Models of tables in ONNX form: which input types fit, the conversion, and whether the result predicts the same.

The input types are found by trying, the documented ones first: one 32-bit float input for a table of numbers, one
input per column for a mixed one. A conversion counts when onnxruntime runs it and its predictions are the estimator's
own; how they are read from the outputs (labels, a column as plain values, the second of two probabilities) is recorded
in the model file.
"""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ads.errors import InputError
from ads.model.serde.onnx_types import InputTypes, candidates, input_types_given

__all__ = ["TRANSFORMER_FILE", "read_onnx", "write_lightgbm_onnx", "write_sklearn_onnx", "write_xgboost_onnx"]

_log = logging.getLogger(__name__)

TRANSFORMER_FILE = "onnx_data_transformer.json"
_MOST_ROWS = 1000
"""Rows of the sample that are predicted to compare a conversion with its estimator."""
_LEAST_AGREEMENT = 0.9
"""Below this share of equal predictions a conversion is wrong; above it 32-bit floats decide a close call otherwise."""
_OPSET = 21
_OPSET_OF_TREES = 3
"""The newest that scikit-learn's converters can write for trees, too."""
_READINGS = ("0", "0 flat", "0 truth", "1", "1 second")

Convert = Callable[[Any, InputTypes, dict[str, Any]], Any]


def write_sklearn_onnx(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    """Write an estimator or pipeline of scikit-learn; steps of LightGBM and XGBoost in it are converted as well."""
    _write(estimator, path, options, _convert_sklearn)


def write_xgboost_onnx(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    """Write a model of XGBoost."""
    _write(estimator, path, options, _convert_xgboost)


def write_lightgbm_onnx(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    """Write a model of LightGBM."""
    _write(estimator, path, options, _convert_lightgbm)


def read_onnx(path: Path) -> Any:
    """Return the model file as a session of onnxruntime."""
    return _session(path.read_bytes())


def _write(estimator: Any, path: Path, options: dict[str, Any], convert: Convert) -> None:
    """Write the first conversion that predicts what the estimator predicts, and the transformer file beside it.

    Raises InputError with the converter's own words when none does.
    """
    _require("onnx", "onnxruntime", *(["skl2onnx"] if convert is _convert_sklearn else ["onnxmltools"]))
    sample = options.get("X_sample")
    given = options.get("initial_types")
    best: tuple[float, Any] = (-1.0, None)
    problems: list[str] = []
    for types in input_types_given(given) if given is not None else candidates(estimator, sample):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of libraries that use each other's old names
                converted = convert(estimator, types, options)
                agreement = _check(estimator, converted, sample)
        except Exception as error:  # noqa: BLE001 - converters and the runtime raise anything for what they can't do
            problems.append(" ".join(str(error).split())[:500] or type(error).__name__)
            continue
        if agreement > best[0]:
            best = (agreement, converted)
        if agreement == 1.0:
            break
    agreement, converted = best
    if converted is None or agreement < _LEAST_AGREEMENT:
        reason = problems[0] if converted is None else f"only {agreement:.0%} of the predictions are the same"
        raise InputError(
            f"The {type(estimator).__name__} can't be converted to ONNX: {reason}.",
            hint="Leave as_onnx out: the model's own format takes every estimator. Or pass initial_types "
            "that fit its input.",
        )
    if agreement < 1.0:
        _log.warning("In ONNX form, with 32-bit floats, %.1f %% of the predictions are the same.", 100 * agreement)
    path.write_bytes(converted.SerializeToString())
    _write_transformer(path.with_name(TRANSFORMER_FILE), sample, options.get("impute_values") or {})


def _require(*packages: str) -> None:
    from importlib.util import find_spec

    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise InputError(f"ONNX needs {' and '.join(missing)}.", hint=f"pip install {' '.join(missing)}")


def _convert_sklearn(estimator: Any, types: InputTypes, options: dict[str, Any]) -> Any:
    from skl2onnx import convert_sklearn

    from ads.model.serde.onnx_types import of_skl2onnx

    _register_boosters()
    arguments = {
        "initial_types": of_skl2onnx(types),
        "target_opset": options.get("target_opset") or {"": _OPSET, "ai.onnx.ml": _OPSET_OF_TREES},
    }
    if options.get("options") is not None:
        return convert_sklearn(estimator, options=options["options"], **arguments)
    texts = _options_of_texts()
    if hasattr(estimator, "classes_"):
        try:  # probabilities as an array, not as a list of dictionaries
            return convert_sklearn(estimator, options={**texts, id(estimator): {"zipmap": False}}, **arguments)
        except NameError:  # how the converter says that this kind of classifier has no such option
            pass
    return convert_sklearn(estimator, options=texts, **arguments)


def _options_of_texts() -> dict[Any, dict[str, str]]:
    """Return the locale that texts are put in lower case with: one that exists on machines without languages, too."""
    from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

    return {kind: {"locale": "C.UTF-8"} for kind in (CountVectorizer, TfidfVectorizer)}


def _convert_xgboost(estimator: Any, types: InputTypes, options: dict[str, Any]) -> Any:
    from onnxmltools import convert_xgboost

    from ads.model.serde.onnx_types import of_onnxmltools

    arguments = {"initial_types": of_onnxmltools(types), "target_opset": options.get("target_opset")}
    return convert_xgboost(_without_names(estimator), **arguments)


def _without_names(estimator: Any) -> Any:
    """Return a copy whose features have no names: the converter knows none but f0, f1, ..."""
    import copy

    duplicate = copy.deepcopy(estimator)
    booster = duplicate.get_booster() if hasattr(duplicate, "get_booster") else duplicate
    booster.feature_names = None
    return duplicate


def _convert_lightgbm(estimator: Any, types: InputTypes, options: dict[str, Any]) -> Any:
    from onnxmltools import convert_lightgbm

    from ads.model.serde.onnx_types import of_onnxmltools

    arguments = {"initial_types": of_onnxmltools(types), "target_opset": options.get("target_opset")}
    converted = convert_lightgbm(estimator, zipmap=False, **arguments)
    for output in converted.graph.output:  # the converter declares one label, whatever the number of rows
        output.type.tensor_type.shape.dim[0].dim_param = "rows"
    return converted


def _register_boosters() -> None:
    """Let scikit-learn's converter find LightGBM and XGBoost models in pipelines, if such are loaded."""
    import sys

    if "lightgbm" in sys.modules:
        _register("lightgbm", ("LGBMClassifier", "LGBMRegressor"))
    if "xgboost" in sys.modules:
        _register("xgboost", ("XGBClassifier", "XGBRegressor"))


def _register(package: str, classes: tuple[str, ...]) -> None:
    from importlib import import_module

    from onnxmltools.convert import lightgbm as _  # noqa: F401 - makes the submodules importable
    from skl2onnx import update_registered_converter
    from skl2onnx.common.shape_calculator import (
        calculate_linear_classifier_output_shapes,
        calculate_linear_regressor_output_shapes,
    )

    names = {"lightgbm": ("LightGbm", "convert_lightgbm"), "xgboost": ("XGBoost", "convert_xgboost")}
    converters = import_module(
        f"onnxmltools.convert.{package}.operator_converters.{'LightGbm' if package == 'lightgbm' else 'XGBoost'}"
    )
    for name in classes:
        is_classifier = name.endswith("Classifier")
        update_registered_converter(
            getattr(import_module(package), name),
            f"{names[package][0]}{name}",
            calculate_linear_classifier_output_shapes if is_classifier else calculate_linear_regressor_output_shapes,
            getattr(converters, names[package][1]),
            options={"nocl": [True, False], "zipmap": [True, False, "columns"]} if is_classifier else None,
        )


def _session(content: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # what it warns of is looked at below
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def _check(estimator: Any, converted: Any, sample: Any) -> float:
    """Record in the model how its outputs are read; return the share of rows where it predicts what the estimator does.

    Without a sample numbers are made up to find out how the outputs are read; whether they agree then says nothing.
    """
    from onnx import helper

    session = _session(converted.SerializeToString())
    if sample is None:
        helper.set_model_props(converted, _readings_without_sample(estimator, session))
        return 1.0
    rows = sample.iloc[:_MOST_ROWS] if hasattr(sample, "iloc") else sample[:_MOST_ROWS]
    readings, agreement = _compare(estimator, session, rows)
    helper.set_model_props(converted, readings)
    return agreement


def _compare(estimator: Any, session: Any, rows: Any) -> tuple[dict[str, str], float]:
    """Return how the results of the estimator's methods are read, and the share of rows with equal predictions."""
    readings: dict[str, str] = {}
    agreement = 0.0
    for method in ("predict", "predict_proba"):
        if callable(getattr(estimator, method, None)):
            expected = _own_prediction(estimator, method, rows)
            shares = {reading: _share(expected, found) for reading, found in _predictions(session, rows, expected)}
            best = max(shares, key=lambda reading: shares[reading])
            agreement = shares[best] if method == "predict" else agreement
            if method == "predict" or shares[best] >= _LEAST_AGREEMENT:
                readings[method] = best
    return readings, agreement


def _readings_without_sample(estimator: Any, session: Any) -> dict[str, str]:
    import numpy as np

    inputs = session.get_inputs()
    if len(inputs) == 1 and len(inputs[0].shape) == 2 and inputs[0].type in ("tensor(float)", "tensor(double)"):
        rows = np.random.default_rng(0).random((20, inputs[0].shape[1]))
        try:
            readings, agreement = _compare(estimator, session, rows)
        except Exception as error:  # noqa: BLE001 - an estimator raises anything for numbers that mean nothing to it
            _log.debug("Numbers that were made up can't be predicted: %s", error)
        else:
            if agreement >= _LEAST_AGREEMENT:
                return readings
    return {"predict": "0 flat" if len(session.get_outputs()) == 1 and not _has_several_targets(estimator) else "0"}


def _own_prediction(estimator: Any, method: str, rows: Any) -> Any:
    import numpy as np

    if type(estimator).__module__.startswith("xgboost.core"):
        import xgboost

        rows = xgboost.DMatrix(rows, feature_names=estimator.feature_names)
    return np.asarray(getattr(estimator, method)(rows))


def _predictions(session: Any, rows: Any, expected: Any) -> Iterator[tuple[str, Any]]:
    import numpy as np

    from ads.score.blocks import onnx

    block: Any = onnx  # blocks are not typed: they are copied into scripts
    outputs = session.run(None, block.onnx_inputs(session, rows if hasattr(rows, "iloc") else np.asarray(rows)))
    for reading in _READINGS:
        index, _, part = reading.partition(" ")
        if int(index) >= len(outputs) or not hasattr(outputs[int(index)], "shape"):
            continue
        values = outputs[int(index)]
        if (part == "truth") != (expected.dtype.kind == "b"):
            continue
        if (part == "flat" and values.size != len(values)) or (part == "second" and values.shape[1:] != (2,)):
            continue
        yield reading, block.read_output(outputs, reading)


def _share(expected: Any, found: Any) -> float:
    """Return the share of rows that are equal, numbers within what 32-bit floats can tell; 0 for another shape."""
    import numpy as np

    if expected.shape != found.shape:
        return 0.0
    if expected.dtype.kind in "fc" or found.dtype.kind in "fc":
        if found.dtype.kind not in "fiub" or expected.dtype.kind not in "fiub":
            return 0.0
        equal = np.isclose(found, expected, rtol=1e-4, atol=1e-5)
    else:
        equal = np.asarray(
            found == expected if expected.dtype.kind in "iub" else found.astype(str) == expected.astype(str)
        )
    return float(equal.reshape(len(expected), -1).all(axis=1).mean())


def _has_several_targets(estimator: Any) -> bool:
    return getattr(estimator, "n_outputs_", 1) > 1 or getattr(getattr(estimator, "coef_", None), "ndim", 1) > 1


def _write_transformer(path: Path, sample: Any, impute_values: dict[Any, Any]) -> None:
    """Write the dtypes of the model's input and the values for missing ones. Keys are texts, as JSON has them."""
    import numpy as np

    if sample is None and not impute_values:
        return
    if hasattr(sample, "columns"):
        names = [str(name) for name in sample.columns]
        kinds = ["float32" if dtype.kind in "fiub" else "object" for dtype in sample.dtypes]
        dtypes: dict[str, Any] = {
            "dtype": "<class 'pandas.core.series.Series'>",
            "value": {"index": names, "values": kinds},
        }
    else:
        kind = np.asarray(sample).dtype.kind if sample is not None else "f"
        dtypes = {"dtype": "<class 'str'>", "value": "float32" if kind in "fiub" else "object"}
    values = {str(key): value.item() if hasattr(value, "item") else value for key, value in impute_values.items()}
    document = {
        "_fitted": {"dtype": "<class 'bool'>", "value": True},
        "dtypes": dtypes,
        "impute_values": {"dtype": "<class 'dict'>", "value": values},
    }
    path.write_text(json.dumps(document), encoding="utf-8")
