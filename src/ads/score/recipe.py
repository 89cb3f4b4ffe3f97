"""What a score.py is made of: the framework, the format of the model file, its name."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from ads.errors import InputError

__all__ = ["OUTPUTS", "PAYLOAD_FILE", "RECIPE_FILE", "SCORE_FILE", "Blocks", "Recipe", "blocks_of", "supported"]

SCORE_FILE = "score.py"
PAYLOAD_FILE = "score_payload.py"
RECIPE_FILE = "score_recipe.json"
OUTPUTS = ("predict", "predict_proba")
"""The methods whose results an answer may hold."""


@dataclass(frozen=True)
class Blocks:
    """The blocks that one kind of model needs, each as ``module.function`` of :mod:`ads.score.blocks`.

    An empty one is a function that this kind of script doesn't have.
    """

    load_model: str
    predict: str = "inference.predict_with_estimator"
    deserialize: str = "payload.deserialize"
    post_inference: str = "inference.post_inference"
    pre_inference: str = "inference.pre_inference"
    fetch_data_type_from_schema: str = "payload.fetch_data_type_from_schema"


_TABLE_WITH_ONNX = Blocks("onnx.load_onnx", "onnx.predict_table_with_onnx")
"""A model of a table that was converted to ONNX, whatever the framework."""

_XGBOOST = Blocks("boosting.load_xgboost", "boosting.predict_with_xgboost")
_LIGHTGBM = Blocks("boosting.load_lightgbm", "boosting.predict_with_lightgbm")

_BLOCKS: dict[tuple[str, str], Blocks] = {
    ("sklearn", "joblib"): Blocks("loading.load_joblib"),
    ("sklearn", "cloudpickle"): Blocks("loading.load_cloudpickle"),
    **{(name, f"{name}_onnx"): _TABLE_WITH_ONNX for name in ("sklearn", "xgboost", "lightgbm")},
    ("xgboost", "xgboost"): _XGBOOST,
    ("xgboost", "xgboost_ubj"): _XGBOOST,
    ("xgboost", "xgboost_txt"): _XGBOOST,
    ("xgboost", "joblib"): replace(_XGBOOST, load_model="loading.load_joblib"),
    ("xgboost", "cloudpickle"): replace(_XGBOOST, load_model="loading.load_cloudpickle"),
    ("lightgbm", "lightgbm"): _LIGHTGBM,
    ("lightgbm", "joblib"): replace(_LIGHTGBM, load_model="loading.load_joblib"),
    ("lightgbm", "cloudpickle"): replace(_LIGHTGBM, load_model="loading.load_cloudpickle"),
    ("generic", "cloudpickle"): Blocks("loading.load_cloudpickle", deserialize="payload.deserialize_for_any"),
    ("generic", "joblib"): Blocks("loading.load_joblib", deserialize="payload.deserialize_for_any"),
    ("generic", ""): Blocks("loading.load_by_hand", deserialize="payload.deserialize_for_any"),
    ("embedding_onnx", ""): Blocks(
        "embedding.load_embedding",
        "embedding.predict_embeddings",
        "",
        "embedding.post_inference",
        "embedding.pre_inference",
        fetch_data_type_from_schema="",
    ),
    ("huggingface", "huggingface"): Blocks(
        "huggingface.load_pipeline",
        "huggingface.predict_with_pipeline",
        "huggingface.deserialize",
        "huggingface.post_inference",
        "huggingface.pre_inference",
        fetch_data_type_from_schema="",
    ),
    ("spark", "spark"): Blocks(
        "spark.load_spark", "spark.predict_with_spark", "spark.deserialize", "spark.post_inference"
    ),
    ("tensorflow", "tf"): Blocks(
        "tensorflow.load_keras", "tensorflow.predict_with_keras", "tensorflow.deserialize", "tensorflow.post_inference"
    ),
    ("tensorflow", "tf_saved_model"): Blocks(
        "tensorflow.load_saved_model",
        "tensorflow.predict_with_saved_model",
        "tensorflow.deserialize",
        "tensorflow.post_inference",
    ),
    ("tensorflow", "tf_onnx"): Blocks("onnx.load_onnx", "onnx.predict_with_onnx", "tensorflow.deserialize"),
    ("pytorch", "torch"): Blocks(
        "pytorch.load_torch", "pytorch.predict_with_torch", "pytorch.deserialize", "pytorch.post_inference"
    ),
    ("pytorch", "torch_onnx"): Blocks(
        "onnx.load_onnx", "arrays.predict_with_network", "arrays.deserialize", "arrays.post_inference"
    ),
    ("pytorch", "torchscript"): Blocks(
        "pytorch.load_torchscript", "pytorch.predict_with_torch", "pytorch.deserialize", "pytorch.post_inference"
    ),
}
"""One row for each framework and serializer. A new framework is a row here and a file in ``blocks/``."""

_ASKS_FOR_OUTPUTS = frozenset(
    ["inference.predict_with_estimator", "boosting.predict_with_xgboost", "boosting.predict_with_lightgbm"]
)
"""The blocks that answer other methods than ``predict`` as well."""


@dataclass(frozen=True)
class Recipe:
    """What :func:`ads.score.compose` turns into source text.

    ``serializer`` is empty where the user saves and loads the model (``serialize=False``): ``load_model`` is then left
    to be filled in. ``texts`` says that the model was trained on a sequence of texts, not on a table
    (:func:`ads.schema.is_text_sequence` of the sample tells). ``outputs`` are the methods whose results are answered
    when a request asks for nothing else. ``estimator`` is the class that the model file of XGBoost is read into.
    ``task`` is what a pipeline of transformers is for.

    Raises :class:`~ads.errors.InputError` for a combination without a row in the table.
    """

    framework: str
    serializer: str
    model_file_name: str
    texts: bool = False
    outputs: tuple[str, ...] = ("predict",)
    estimator: str = ""
    task: str = ""

    def __post_init__(self) -> None:
        blocks_of(self)
        object.__setattr__(self, "outputs", tuple(self.outputs))  # a list where it comes from JSON
        unknown = set(self.outputs) - set(OUTPUTS)
        if unknown or not self.outputs or not (self.estimator or "Booster").isidentifier():
            raise InputError(f"A recipe can't have outputs {self.outputs!r} of {self.estimator!r}.")
        if self.outputs != ("predict",) and blocks_of(self).predict not in _ASKS_FOR_OUTPUTS:
            raise InputError(
                f"A {self.framework} model stored with {self.serializer!r} answers its prediction alone.",
                hint="Leave outputs out, or choose another model_save_serializer.",
            )
        name = self.model_file_name
        unsafe = name != name.strip() or name.startswith("/") or ".." in name.split("/") or set(name) & set('"\\\n\r')
        if not name or unsafe:
            raise InputError(
                f"{name!r} can't be the model's file name.", hint="Give a name in the artifact folder: model.joblib."
            )

    def constants(self) -> dict[str, str]:
        """Return the constants of :mod:`ads.score.blocks.script` that differ from model to model, as source text."""
        return {
            "model_name": f'"{self.model_file_name}"',
            "estimator_class": f'"{self.estimator or "Booster"}"',
            "outputs": json.dumps(self.outputs),
            "task": json.dumps(self.task),
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the recipe as JSON can carry it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Recipe:
        """Return the recipe that ``given`` describes; keys of newer versions are ignored."""
        known = {field.name for field in fields(cls)}
        try:
            return cls(**{key: value for key, value in given.items() if key in known})
        except TypeError as error:
            raise InputError(f"This is not a complete recipe: {error}") from error


def supported() -> list[tuple[str, str]]:
    """Return the combinations of framework and serializer that a score.py can be made for."""
    return sorted(_BLOCKS)


def blocks_of(recipe: Recipe) -> Blocks:
    """Return the blocks of a recipe; :class:`~ads.errors.InputError` names the nearest known ones."""
    found = _BLOCKS.get((recipe.framework, recipe.serializer))
    if found is None:
        from difflib import get_close_matches

        known = [f"{framework} with {serializer or 'no serializer'}" for framework, serializer in supported()]
        near = get_close_matches(f"{recipe.framework} with {recipe.serializer}", known, n=3, cutoff=0.4) or known
        raise InputError(
            f"No score.py is known for {recipe.framework!r} models saved with {recipe.serializer!r}.",
            hint=f"Known are {'; '.join(near)}. Or use GenericModel(serialize=False) and write load_model yourself.",
        )
    return found
