"""The model file: its name, and writing it so that a failure leaves an older one whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import AdsError, InputError, NotSupported, SerializeModelNotImplementedError
from ads.model.serde.model_input import class_path
from ads.model.serde.names import ModelSerializerType
from ads.model.summary import PREPARE_STATUS_SERIALIZE_MODEL_DETAIL, ModelState

if TYPE_CHECKING:
    from ads.model.generic_model import GenericModel

__all__ = ["file_name_for", "format_for", "has_estimator", "remove_replaced", "serialize_model", "write_model_file"]


def file_name_for(model: GenericModel, wanted: str | None) -> str:
    """Return the model file's name: the wanted one, that of an earlier ``prepare()``, else ``model.<suffix>``.

    Raises ``ValueError`` for a name that leaves the folder, and ``NotImplementedError`` when the user writes the file
    and doesn't say its name.
    """
    suffix = getattr(model.model_save_serializer, "model_file_suffix", None)
    if model.FIXED_FILE_NAME:
        return model.FIXED_FILE_NAME
    if wanted:
        if suffix == "onnx" and model.serialize and not wanted.endswith(".onnx"):
            raise InputError(
                f"model_file_name is {wanted!r}, and the model is written as ONNX.",
                hint="Let the name end in .onnx, for example model.onnx.",
            )
        if Path(wanted).name != wanted or wanted in {".", ".."}:
            raise InputError(
                f"model_file_name is {wanted!r}, which is not a plain file name.",
                hint="The model file lies at the top of the artifact folder.",
            )
        return wanted
    if not model.serialize:
        found = model.model_file_name or _only_model_file(model.artifact_dir)
        if found:
            return found
        raise SerializeModelNotImplementedError(
            "With serialize=False the model file is yours, and its name isn't known.",
            hint='Pass model_file_name, for example prepare(model_file_name="model.joblib").',
        )
    if not has_estimator(model) and model.model_file_name:
        return model.model_file_name
    if suffix is None:
        raise InputError(
            f"{type(model.model_save_serializer).__name__} doesn't say what its files are called.",
            hint="Give it an attribute model_file_suffix, or pass model_file_name.",
        )
    return f"model.{suffix}" if suffix else "model"


def has_estimator(model: GenericModel) -> bool:
    """Return whether there is an object to write; a session that was loaded from a model file is none."""
    return model.estimator is not None and class_path(model.estimator, ("onnxruntime.InferenceSession",)) is None


@contextmanager
def format_for(model: GenericModel, as_onnx: bool, use_torch_script: bool | None = None) -> Iterator[None]:
    """Let the model be written as ONNX or TorchScript if that is asked for; after an error its format is as it was.

    Raises NotSupported for a class whose models no converter is known for, InputError for two wishes at once.
    """
    before = model.model_save_serializer
    if use_torch_script:
        if as_onnx or not hasattr(model.model_save_serializer_type, "TORCHSCRIPT"):
            raise InputError(
                f"use_torch_script can't be combined with {'as_onnx' if as_onnx else type(model).__name__}.",
                hint="It stores a PyTorchModel as TorchScript; leave one of them out.",
            )
        model.set_model_save_serializer(model.model_save_serializer_type.TORCHSCRIPT)
    if as_onnx:
        wanted = getattr(model.model_save_serializer_type, "ONNX", ModelSerializerType.ONNX)
        if wanted == ModelSerializerType.ONNX:
            raise NotSupported(
                f"{type(model).__name__} has no ONNX form: no converter is known for its models.",
                hint="Use the class of the model's framework (SklearnModel, ...), or convert it yourself: "
                "GenericModel(serialize=False) serves any file with a score.py of yours.",
            )
        model.set_model_save_serializer(wanted)
    try:
        yield
    except BaseException:
        model.model_save_serializer = before
        raise


def serialize_model(model: GenericModel, *, as_onnx: bool, force_overwrite: bool, options: Mapping[str, Any]) -> None:
    """Write the model file into the model's folder, which is made if need be; ``options`` are for its format."""
    from ads.model.preparation import folder_of

    if model.estimator is None:
        raise InputError("There is no estimator to write.", hint="Pass it to the constructor.")
    with format_for(model, as_onnx):
        name = file_name_for(model, None if as_onnx else model.model_file_name)
        folder = folder_of(model)
        if (folder / name).exists() and not force_overwrite:
            raise InputError(f"{name} exists in {folder}.", hint="Pass force_overwrite=True to replace it.")
        write_model_file(model, folder / name, options)
    model.model_file_name = name
    model.summary.set(ModelState.DONE, PREPARE_STATUS_SERIALIZE_MODEL_DETAIL)


def write_model_file(model: GenericModel, path: Path, options: Mapping[str, Any]) -> None:
    """Write the estimator to ``path``, and what its format puts beside it; an error changes nothing.

    It is written into a folder of its own first. ``options`` (``X_sample``, ``model_save`` and more) go to the format.
    """
    is_new = not path.parent.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _write_model_file(model, path, options)
    except BaseException:
        if is_new:
            with suppress(OSError):  # somebody else put something into it
                path.parent.rmdir()
        raise


def _write_model_file(model: GenericModel, path: Path, options: Mapping[str, Any]) -> None:
    with tempfile.TemporaryDirectory(prefix=".openads-", dir=path.parent) as scratch:
        try:
            model.model_save_serializer.serialize(
                estimator=model.estimator, model_path=str(Path(scratch, path.name)), **options
            )
        except AdsError:
            raise
        except Exception as error:
            name = getattr(model.model_save_serializer, "name", "") or type(model.model_save_serializer).__name__
            raise InputError(
                f"The {model.algorithm} can't be stored with {name}: {error}.", hint=_hint(model, name)
            ) from error
        _structure_beside(path).unlink(missing_ok=True)  # of PyTorch weights that were here before
        for written in Path(scratch).iterdir():
            target = path.with_name(written.name)
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            written.replace(target)


def remove_replaced(folder: Path, old: str, new: str) -> None:
    """Remove the model file or folder ``old`` that was generated here, now that ``new`` takes its place.

    Only one at the top of ``folder`` is removed, and neither what ``new`` is nor what every artifact has.
    """
    from ads.artifact import layout

    path, successor = folder / old, folder / new
    if Path(old).name != old or old in {"", ".", "..", new, *layout.ARTIFACT_FILES}:
        return
    if not successor.exists() or (path.exists() and path.samefile(successor)):  # one file where case means nothing
        return
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    if path.suffix == ".pt" and path.stem != successor.stem:  # else it is the new one's, or went when that was written
        _structure_beside(path).unlink(missing_ok=True)


def _structure_beside(path: Path) -> Path:
    """Return where PyTorch weights have their network."""
    return path.with_name(f"{path.stem}_structure.pkl")


def _hint(model: GenericModel, name: str) -> str:
    if "cloudpickle" in _names_of_formats(model) and name != "cloudpickle":
        return 'Try model_save_serializer="cloudpickle", which also stores functions and classes of this session.'
    return "Try another model_save_serializer, or GenericModel(serialize=False) with a model file of your own."


def _names_of_formats(model: GenericModel) -> list[str]:
    return [value for name, value in vars(model.model_save_serializer_type).items() if name.isupper()]


def _only_model_file(folder: str | None) -> str | None:
    """Return the one file in the user's folder that looks like a model, None if there are several or none."""
    if folder is None or not Path(folder).is_dir():
        return None
    suffixes = {".joblib", ".pkl", ".pickle", ".onnx", ".pt", ".h5", ".keras"}
    found = [path.name for path in Path(folder).iterdir() if path.suffix in suffixes and path.is_file()]
    return found[0] if len(found) == 1 else None
