"""prepare(): check every input, then write the artifact."""

from __future__ import annotations

import logging
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import InputError, InputTypeError
from ads.model import dependencies, description, parity, runtime_record, serialization
from ads.model.artifact import ModelArtifact
from ads.model.legacy_script import todays_input
from ads.model.options import check_outputs
from ads.model.summary import (
    PREPARE_STATUS_GEN_RUNTIME_DETAIL,
    PREPARE_STATUS_GEN_SCORE_DETAIL,
    PREPARE_STATUS_SERIALIZE_MODEL_DETAIL,
    SAVE_DETAILS,
    VERIFY_STATUS_LOCAL_TEST_DETAIL,
    ModelState,
)

if TYPE_CHECKING:
    from ads.model.generic_model import GenericModel
    from ads.model.metadata.provenance import ModelProvenanceMetadata
    from ads.model.options import PrepareOptions
    from ads.score import Recipe

__all__ = ["folder_of", "local_folder", "prepare"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Plan:
    """Everything that ``prepare()`` found out before it writes the first file."""

    options: PrepareOptions
    model_file_name: str
    writes_model: bool
    recipe: Recipe | None
    runtime: dict[str, Any]
    schemas: description.Schemas
    provenance: ModelProvenanceMetadata
    sample: Any


def prepare(model: GenericModel, options: PrepareOptions) -> None:
    """Write the artifact of ``model``. An error in what was passed is raised before anything is written."""
    options = replace(options, X_sample=model.sample_of(options.X_sample))
    replaces = model.serialize and not options.score_py_uri
    chosen_format = serialization.format_for(model, options.as_onnx, options.use_torch_script)
    with chosen_format, todays_input(model, replaces_script=replaces):
        plan = _check(model, options)
        _remember(model, options)
        _write(model, plan)


def local_folder(artifact_dir: str | None) -> str | None:
    """Return the absolute path of an artifact folder; raises ``ValueError`` for an address or a file."""
    if artifact_dir is None:
        return None
    if not isinstance(artifact_dir, (str, Path)):
        raise InputTypeError(f"artifact_dir must be a path, not {type(artifact_dir).__name__}.")
    text = str(artifact_dir)
    if "://" in text:
        raise InputError(
            f"artifact_dir is {text!r}; a model is prepared in a folder of this machine.",
            hint="Prepare locally, then copy the artifact with upload_artifact(uri).",
        )
    folder = Path(text).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise InputError(f"artifact_dir {folder} is a file.", hint="Name a folder; it is made if need be.")
    return str(folder)


def folder_of(model: GenericModel) -> Path:
    """Return the model's folder; a model without one gets a new temporary folder. It is not created yet otherwise."""
    if model.artifact_dir is None:
        model.artifact_dir = tempfile.mkdtemp(prefix="openads-artifact-")
    return Path(model.artifact_dir)


def _check(model: GenericModel, options: PrepareOptions) -> _Plan:
    local_folder(model.artifact_dir)
    folder = Path(model.artifact_dir) if model.artifact_dir else None
    name = serialization.file_name_for(model, options.model_file_name)
    writes_model = model.serialize and serialization.has_estimator(model)
    _check_estimator(model, options, folder, name)
    if folder is not None and not options.force_overwrite:
        _check_existing(folder, name if writes_model else None, model.serialize)
    if options.score_py_uri:
        _require_file(options.score_py_uri)
    description.check_use_case(options.use_case_type)
    inference, training = runtime_record.resolve_packs(_with_properties(model, options))
    return _Plan(
        options=options,
        model_file_name=name,
        writes_model=writes_model,
        recipe=_recipe(model, options, folder, name),
        runtime=runtime_record.runtime_document(_with_properties(model, options), inference, training),
        schemas=description.make_schemas(model.schema_sample(options.X_sample), options.y_sample, options.max_col_num),
        provenance=description.fetch_provenance(model, options),
        sample=_sample(model, options),
    )


def _check_estimator(model: GenericModel, options: PrepareOptions, folder: Path | None, name: str) -> None:
    if not model.serialize:
        return
    if not serialization.has_estimator(model):
        if folder is None or not (folder / name).exists():
            raise InputError(
                "There is no estimator to prepare.",
                hint="Pass it to the constructor, or serialize=False if the model file is yours.",
            )
    elif not model.predicts and not options.score_py_uri:
        raise InputTypeError(
            f"{type(model.estimator).__name__} has no predict method, which score.py calls.",
            hint="Pass an object with predict(), or a score.py of your own with score_py_uri.",
        )
    elif not options.score_py_uri:
        for output in check_outputs(options.outputs):
            if output != "predict" and getattr(model.estimator, output, None) is None:
                raise InputError(
                    f"outputs asks for {output}, which a {type(model.estimator).__name__} doesn't have.",
                    hint="Leave outputs out, or train an estimator that has it.",
                )


def _check_existing(folder: Path, model_file: str | None, serialize: bool) -> None:
    names = ["runtime.yaml", *([model_file] if model_file else []), *(["score.py"] if serialize else [])]
    found = [name for name in names if (folder / name).exists()]
    if found:
        raise InputError(
            f"{folder} already holds {', '.join(found)}.",
            hint="Pass force_overwrite=True to replace them, or name another artifact_dir.",
        )


def _require_file(uri: str) -> None:
    if "://" not in uri and not Path(uri).expanduser().is_file():
        raise InputError(f"score_py_uri {uri!r} is no file.", hint="Name the script that is to become score.py.")


def _with_properties(model: GenericModel, options: PrepareOptions) -> PrepareOptions:
    """Return the options with what the properties remember where a call says nothing."""
    names = ("inference_conda_env", "inference_python_version", "training_conda_env", "training_python_version")
    remembered = {name: getattr(options, name) or getattr(model.properties, name) for name in names}
    return replace(options, **remembered)


def _remember(model: GenericModel, options: PrepareOptions) -> None:
    model.properties.with_dict(
        {name: value for name, value in vars(options).items() if isinstance(value, str) and value}
    )
    model.ignore_conda_error = options.ignore_conda_error


def _sample(model: GenericModel, options: PrepareOptions) -> Any:
    if not model.serialize or options.score_py_uri:
        return None
    sample_options = parity.SampleOptions.of(model, options.sample_rows, check_outputs(options.outputs))
    return parity.sample_from_estimator(model, options.X_sample, sample_options)


def _write(model: GenericModel, plan: _Plan) -> None:
    from ads.artifact import ignore, layout, runtime_yaml
    from ads.model.registration import introspect

    folder = folder_of(model)
    if plan.writes_model:  # first: it is the step that can fail, and it leaves nothing behind when it does
        serialization.write_model_file(model, folder / plan.model_file_name, plan.options.for_format())
    folder.mkdir(parents=True, exist_ok=True)
    for name in (layout.MANIFEST, layout.SIGNATURE, layout.TEST_RESULTS):  # they describe what was here before
        (folder / name).unlink(missing_ok=True)
    model.model_file_name = plan.model_file_name
    model.model_artifact = ModelArtifact(str(folder), plan.model_file_name)
    model.score = None
    outputs = check_outputs(plan.options.outputs)
    model.sample_options = parity.SampleOptions.of(model, plan.options.sample_rows, outputs)
    ignore.write_default(folder / layout.MODEL_IGNORE)
    runtime_yaml.write(folder, plan.runtime)
    model.forget_runtime_info()
    model.write_beside(folder)
    _write_score(plan, folder)
    dependencies.write(model, folder, plan.options.misc_imports)
    if model.serialize:
        for name in (layout.INPUT_SCHEMA, layout.OUTPUT_SCHEMA, layout.SAMPLE):
            (folder / name).unlink(missing_ok=True)
    description.write_schemas(model, plan.schemas, folder)
    if plan.sample is not None:
        plan.sample.write(folder)
    description.fill_metadata(model, plan.options, plan.provenance, folder)
    _summarize(model, plan, folder)
    introspect(model)


def _recipe(model: GenericModel, options: PrepareOptions, folder: Path | None, name: str) -> Recipe | None:
    """Return what score.py is to be composed of; None where the user's own file is used."""
    from ads.model.verification import is_generated
    from ads.schema import is_text_sequence
    from ads.score import Recipe, read_recipe, supported

    own = not model.serialize and folder is not None and (folder / "score.py").is_file() and not is_generated(folder)
    if options.score_py_uri or own:
        return None
    serializer = model.format_of(name)
    framework = model.score_framework
    if (framework, serializer) not in supported():  # the user's own serializer needs the user's own load_model()
        framework, serializer = "generic", ""
    one_dimensional = options.X_sample is not None and is_text_sequence(options.X_sample)
    outputs = check_outputs(options.outputs)
    known = read_recipe(folder) if folder is not None and model.estimator is None else None
    estimator, task = (model.score_estimator, model.task) if known is None else (known.estimator, known.task)
    return Recipe(framework, serializer, name, one_dimensional, outputs, estimator, task)


def _write_score(plan: _Plan, folder: Path) -> None:
    """Write score.py: the user's file, or the composed one. A user's own one in the folder stays as it is.

    A model file that an earlier ``prepare()`` generated under another name goes, once nothing loads it any more.
    """
    from ads.score import generated_model, write

    if plan.options.score_py_uri:
        _use_own_score(plan.options.score_py_uri, folder)
    if plan.recipe is not None:
        replaced = generated_model(folder) if plan.writes_model and plan.options.force_overwrite else None
        result = write(
            plan.recipe,
            folder,
            force_overwrite=plan.options.force_overwrite,
            model_generated=plan.writes_model,
        )
        if result.diff:
            _log.warning("%s", result)
        if replaced:
            serialization.remove_replaced(folder, replaced, plan.model_file_name)


def _use_own_score(uri: str, folder: Path) -> None:
    """Copy the user's script, with the score_payload.py beside it if it is an edited one of ours."""
    from ads.artifact.layout import RECIPE, SCORE_PAYLOAD_PY, SCORE_PY
    from ads.score import remove_generated

    _copy(uri, folder / SCORE_PY)
    if SCORE_PAYLOAD_PY.encode() not in (folder / SCORE_PY).read_bytes():
        remove_generated(folder)
        return
    beside = Path(uri).expanduser().with_name(SCORE_PAYLOAD_PY)
    if "://" not in uri and beside.is_file():
        _copy(str(beside), folder / SCORE_PAYLOAD_PY)
    (folder / RECIPE).unlink(missing_ok=True)


def _copy(uri: str, target: Path) -> None:
    if "://" not in uri:
        source = Path(uri).expanduser().absolute()
        if source != target:
            shutil.copyfile(source, target)
        return
    import fsspec

    with fsspec.open(uri, "rb") as source_file, target.open("wb") as target_file:
        shutil.copyfileobj(source_file, target_file)


def _summarize(model: GenericModel, plan: _Plan, folder: Path) -> None:
    summary = model.summary
    summary.set(ModelState.DONE, PREPARE_STATUS_GEN_RUNTIME_DETAIL, PREPARE_STATUS_GEN_SCORE_DETAIL)
    summary.set(ModelState.AVAILABLE, VERIFY_STATUS_LOCAL_TEST_DETAIL, *SAVE_DETAILS)
    if (folder / plan.model_file_name).exists():
        summary.set(ModelState.DONE, PREPARE_STATUS_SERIALIZE_MODEL_DETAIL)
        return
    summary.set(ModelState.NEEDSACTION, PREPARE_STATUS_SERIALIZE_MODEL_DETAIL)
    summary.update_action(
        PREPARE_STATUS_SERIALIZE_MODEL_DETAIL, f"Write the model file {plan.model_file_name} into {folder}."
    )
    summary.update_action(
        PREPARE_STATUS_GEN_SCORE_DETAIL, f"Fill load_model() in {folder / 'score.py'} so that it returns the model."
    )
