"""The model file: its name, and writing it so that a failure leaves an older one whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import AdsError, InputError, NotSupported, SerializeModelNotImplementedError
from ads.model.summary import PREPARE_STATUS_SERIALIZE_MODEL_DETAIL, ModelState

if TYPE_CHECKING:
    from ads.model.generic_model import GenericModel

__all__ = ["file_name_for", "refuse_onnx", "serialize_model", "write_model_file"]


def file_name_for(model: GenericModel, wanted: str | None) -> str:
    """Return the model file's name: the wanted one, that of an earlier ``prepare()``, else ``model.<suffix>``.

    Raises ``ValueError`` for a name that leaves the folder, and ``NotImplementedError`` when the user writes the file
    and doesn't say its name.
    """
    if wanted:
        if Path(wanted).name != wanted or wanted in {".", ".."}:
            raise InputError(
                f"model_file_name is {wanted!r}, which is not a plain file name.",
                hint="The model file lies at the top of the artifact folder.",
            )
        return wanted
    if not model.serialize:
        found = _only_model_file(model.artifact_dir)
        if found:
            return found
        raise SerializeModelNotImplementedError(
            "With serialize=False the model file is yours, and its name isn't known.",
            hint='Pass model_file_name, for example prepare(model_file_name="model.joblib").',
        )
    if model.estimator is None and model.model_file_name:
        return model.model_file_name
    suffix = getattr(model.model_save_serializer, "model_file_suffix", None)
    if not suffix:
        raise InputError(
            f"{type(model.model_save_serializer).__name__} doesn't say what its files are called.",
            hint="Give it an attribute model_file_suffix, or pass model_file_name.",
        )
    return f"model.{suffix}"


def refuse_onnx(as_onnx: bool) -> None:
    """Raise when ONNX is asked for."""
    if as_onnx:
        raise NotSupported(
            "Writing models as ONNX is not available in this version.",
            hint="Leave as_onnx out: the model is stored in its framework's own format.",
        )


def serialize_model(
    model: GenericModel, *, as_onnx: bool, force_overwrite: bool, model_save: Mapping[str, Any] | None
) -> None:
    """Write the model file into the model's folder, which is made if need be."""
    from ads.model.preparation import folder_of

    refuse_onnx(as_onnx)
    if model.estimator is None:
        raise InputError("There is no estimator to write.", hint="Pass it to the constructor.")
    name = model.model_file_name or file_name_for(model, None)
    folder = folder_of(model)
    if (folder / name).exists() and not force_overwrite:
        raise InputError(f"{name} exists in {folder}.", hint="Pass force_overwrite=True to replace it.")
    write_model_file(model, folder / name, model_save)
    model.model_file_name = name
    model.summary.set(ModelState.DONE, PREPARE_STATUS_SERIALIZE_MODEL_DETAIL)


def write_model_file(model: GenericModel, path: Path, model_save: Mapping[str, Any] | None) -> None:
    """Write the estimator to ``path``, first under another name, so that an error changes nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        model.model_save_serializer.serialize(
            estimator=model.estimator, model_path=str(temporary), model_save=dict(model_save or {})
        )
        temporary.replace(path)
    except AdsError:
        raise
    except Exception as error:
        name = getattr(model.model_save_serializer, "name", "") or type(model.model_save_serializer).__name__
        raise InputError(
            f"The {model.algorithm} can't be stored with {name}: {error}.",
            hint='Try model_save_serializer="cloudpickle", which also stores functions and classes of this session.',
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _only_model_file(folder: str | None) -> str | None:
    """Return the one file in the user's folder that looks like a model, None if there are several or none."""
    if folder is None or not Path(folder).is_dir():
        return None
    suffixes = {".joblib", ".pkl", ".pickle", ".onnx", ".pt", ".h5", ".keras"}
    found = [path.name for path in Path(folder).iterdir() if path.suffix in suffixes and path.is_file()]
    return found[0] if len(found) == 1 else None
