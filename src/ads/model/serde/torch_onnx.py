"""PyTorch modules in ONNX form."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ads.errors import InputError
from ads.model.serde.torch_formats import evaluating, first_lines, plain_module

__all__ = ["write_torch_onnx"]

_LARGEST_FILE = 2 * 1024**3 - 64 * 1024**2
"""Bytes of weights above which a file of their own holds them: a file of ONNX can't be larger than 2 GiB."""
_TOLERANCE = {"rtol": 1e-3, "atol": 1e-4}


def write_torch_onnx(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    """Write the module as torch's exporter converts it, and check that onnxruntime computes the same.

    ``options`` hold ``onnx_args`` (the inputs of one call, as ``torch.onnx.export`` takes them) or ``X_sample``. The
    number of rows stays free, and for whole numbers (tokens of a text, say) the length of a row, too; ``dynamic_axes``
    (by ``input_names``) frees others. A module that returns a dictionary names its outputs itself.
    """
    _require("onnx", "onnxruntime", "onnxscript")
    import torch

    module = plain_module(estimator)
    if isinstance(module, torch.jit.ScriptModule):
        raise InputError(
            "TorchScript can't be converted to ONNX.", hint="Pass the module that it was made of, or leave as_onnx out."
        )
    with evaluating(module), torch.no_grad():
        example = _example(module, options)
        outputs = _called(module, example)
        names, kind = _output_names(outputs)
        try:
            with _quietly():
                _export(module, example, names or options.get("output_names"), path, options)
        except Exception as error:
            raise InputError(
                f"{type(module).__name__} can't be converted to ONNX: {first_lines(error)}",
                hint="Leave as_onnx out, or pass onnx_args that fit forward().",
            ) from error
    _record_outputs(path, kind)
    _check(path, example, outputs)


def _require(*packages: str) -> None:
    from importlib.util import find_spec

    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise InputError(f"ONNX needs {' and '.join(missing)}.", hint=f"pip install {' '.join(missing)}")


def _example(module: Any, options: dict[str, Any]) -> Any:
    """Return the inputs of one call: a tuple in order or a dictionary by name."""
    from ads.model.payload import first_rows
    from ads.model.serde.tensors import inputs_of
    from ads.score.blocks.pytorch import call, conversions, converted

    given, sample = options.get("onnx_args"), options.get("X_sample")
    if given is None and sample is None:
        raise InputError(
            "The exporter has to call the model once, and there is nothing to call it with.",
            hint="Pass X_sample, a few rows of the input, or onnx_args.",
        )
    if given is not None:
        inputs = given if isinstance(given, (tuple, dict)) else (given,)
    else:
        rows = first_rows(sample, 2)
        inputs = inputs_of(sample if rows is None else rows, module)
    problem: Exception | None = None
    for convert in conversions(module, inputs):  # type: ignore[no-untyped-call]
        try:
            found = converted(inputs, module, convert)  # type: ignore[no-untyped-call]
            call(module, found)  # type: ignore[no-untyped-call]
        except Exception as error:  # noqa: BLE001, PERF203 - the module is the user's code, it may raise anything
            problem = problem or error
        else:
            return found if isinstance(found, (tuple, dict)) else (found,)
    raise InputError(
        f"The model doesn't take {'onnx_args' if given is not None else 'X_sample'}: {first_lines(problem)}",
        hint="Pass onnx_args, the inputs of one call of the model.",
    ) from problem


def _called(module: Any, example: Any) -> Any:
    return module(**example) if isinstance(example, dict) else module(*example)


def _output_names(outputs: Any) -> tuple[list[str] | None, str]:
    """Return names for the outputs, and what the module returns: one ``tensor``, a ``list`` or a ``dict``."""
    from ads.model.serde.tensors import is_tensor

    parts = list(outputs.values()) if isinstance(outputs, dict) else outputs
    if is_tensor(parts):
        return None, "tensor"
    if not isinstance(parts, (list, tuple)) or not all(is_tensor(part) for part in parts):
        raise InputError(
            "The model returns tensors inside others, or something that is none, which ONNX has no form for.",
            hint="Leave as_onnx out, or let forward() return tensors, a tuple or a dictionary of them.",
        )
    return ([str(name) for name in outputs], "dict") if isinstance(outputs, dict) else (None, "list")


def _export(module: Any, example: Any, names: Any, path: Path, options: dict[str, Any]) -> None:
    import torch

    weights = sum(weight.nbytes for weight in module.state_dict().values() if hasattr(weight, "nbytes"))
    by_name = isinstance(example, dict)
    inputs = list(example) if by_name else list(options.get("input_names") or [])
    values = list(example.values()) if by_name else list(example)
    axes = options.get("dynamic_axes") or {}
    wanted = [axes.get(name, ()) for name in inputs] + [()] * (len(values) - len(inputs))
    shapes = [_free(value, more) for value, more in zip(values, wanted, strict=False)]
    torch.onnx.export(
        module,
        args=() if by_name else example,
        kwargs=example if by_name else None,
        f=str(path),
        input_names=None if by_name else options.get("input_names"),
        output_names=names,
        dynamic_shapes=dict(zip(inputs, shapes, strict=True)) if by_name else tuple(shapes),
        external_data=weights > _LARGEST_FILE,
        verbose=False,
        dynamo=True,
    )


def _free(value: Any, wanted: Iterable[int]) -> Any:
    """Return which dimensions of an input stay free: the rows, and those that are ``wanted`` besides."""
    import torch

    if not hasattr(value, "ndim") or value.ndim == 0:
        return None
    count = 1 if value.is_floating_point() or value.ndim == 1 else 2
    return dict.fromkeys([*range(count), *wanted], torch.export.Dim.AUTO)


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep the exporter's remarks on packages that it would use, and on its own future, to itself."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _record_outputs(path: Path, kind: str) -> None:
    import onnx

    converted = onnx.load(str(path), load_external_data=False)
    onnx.helper.set_model_props(converted, {"outputs": kind})
    onnx.save(converted, str(path))


def _check(path: Path, example: Any, outputs: Any) -> None:
    """Raise when onnxruntime computes something else than the module."""
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    given = list(example.values()) if isinstance(example, dict) else list(example)
    wanted = session.get_inputs()
    if len(wanted) != len(given):
        raise InputError(f"The converted model takes {len(wanted)} of the {len(given)} inputs only.")
    values = [value.detach().cpu().numpy() for value in given]
    found = session.run(None, {each.name: value for each, value in zip(wanted, values, strict=True)})
    parts = list(outputs.values()) if isinstance(outputs, dict) else outputs
    parts = list(parts) if isinstance(parts, (list, tuple)) else [parts]
    for expected, computed in zip(parts, found, strict=True):
        if not np.allclose(expected.detach().cpu().float().numpy(), computed, equal_nan=True, **_TOLERANCE):
            raise InputError("The converted model computes something else than the module.", hint="Leave as_onnx out.")
