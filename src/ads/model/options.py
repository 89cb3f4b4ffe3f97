"""What a caller of ``prepare()`` asked for, in one object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ads.errors import InputError, InputTypeError
from ads.model.defaults import CONDA_BUCKET_NS, DATA_SCHEMA_MAX_COL_NUM

__all__ = ["DEFAULT_SAMPLE_ROWS", "PrepareOptions", "check_outputs", "refuse_unknown"]

DEFAULT_SAMPLE_ROWS = 5
"""Most rows of ``X_sample`` that are kept in the artifact with the estimator's predictions."""


_OF_ONNX = (
    "impute_values",
    "target_opset",
    "options",
    "opset_version",
    "input_signature",
    "input_names",
    "output_names",
    "dynamic_axes",
)
"""What the converters to ONNX may be told, each by its own names."""


@dataclass(frozen=True)
class PrepareOptions:
    """The arguments of ``prepare()``, checked one by one; ``preparation`` checks them against the model."""

    inference_conda_env: str | None = None
    inference_python_version: str | None = None
    training_conda_env: str | None = None
    training_python_version: str | None = None
    model_file_name: str | None = None
    as_onnx: bool = False
    initial_types: Any = None
    force_overwrite: bool = False
    namespace: str = CONDA_BUCKET_NS
    use_case_type: str | None = None
    X_sample: Any = None
    y_sample: Any = None
    training_script_path: str | None = None
    training_id: str | None = None
    ignore_pending_changes: bool = True
    max_col_num: int = DATA_SCHEMA_MAX_COL_NUM
    ignore_conda_error: bool = False
    score_py_uri: str | None = None
    outputs: str | Sequence[str] | None = None
    sample_rows: int = DEFAULT_SAMPLE_ROWS
    model_save: Mapping[str, Any] | None = None
    misc_imports: Sequence[str] = ()
    onnx_args: Any = None
    input_names: Sequence[str] | None = None
    output_names: Sequence[str] | None = None
    dynamic_axes: Mapping[str, Any] | None = None
    opset_version: int | None = None
    input_signature: Any = None
    impute_values: Mapping[Any, Any] | None = None
    target_opset: Any = None
    options: Any = None
    use_torch_script: bool | None = None

    def __post_init__(self) -> None:
        rows: Any = self.sample_rows  # callers pass anything
        if isinstance(rows, bool) or not isinstance(rows, int) or rows < 0:
            raise InputError(
                f"sample_rows is {self.sample_rows!r}, not a number of rows.",
                hint="Pass 0 to keep no rows of X_sample in the artifact, or a small number such as 5.",
            )
        check_outputs(self.outputs)
        for name in ("inference_python_version", "training_python_version"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                raise InputTypeError(
                    f"{name} is {value!r}, not a text.", hint="Write it in quotes: 3.10 without them is 3.1."
                )

    def for_format(self) -> dict[str, Any]:
        """Return what the writer of the model file is told; each format takes what it needs."""
        names = ("X_sample", "initial_types", "model_save", "onnx_args", *_OF_ONNX)
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}

    @classmethod
    def of(cls, arguments: Mapping[str, Any], extra: Mapping[str, Any]) -> PrepareOptions:
        """Return the options of a call with named ``arguments`` and ``extra`` keywords; unknown ones are refused."""
        names = [field.name for field in fields(cls)]
        refuse_unknown("prepare", extra, names)
        return cls(**{name: arguments[name] for name in names if name in arguments}, **extra)


def check_outputs(outputs: Any) -> tuple[str, ...]:
    """Return the names of the results that are to be answered; ``None`` is ``predict`` alone.

    Raises ``ValueError`` for a name that no answer can hold.
    """
    names = (outputs,) if isinstance(outputs, str) else tuple(outputs) if outputs is not None else ("predict",)
    known = ("predict", "predict_proba")
    if not names or any(name not in known for name in names):
        raise InputError(
            f"outputs={outputs!r} is not what a model can be asked for.",
            hint=f"Pass {known[0]!r}, {known[1]!r}, or a list of both.",
        )
    return tuple(dict.fromkeys(names))


def refuse_unknown(verb: str, extra: Mapping[str, Any], known: list[str]) -> None:
    """Raise ``TypeError`` for a keyword that ``verb`` doesn't know, with the closest one it knows."""
    for name in extra:
        if name in known:
            continue
        from difflib import get_close_matches

        near = get_close_matches(name, known, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"It knows: {', '.join(known)}."
        raise InputTypeError(f"{verb}() has no argument {name!r}.", hint=hint)
