"""What a score.py is made of: the framework, the format of the model file, its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from ads.errors import InputError

__all__ = ["PAYLOAD_FILE", "RECIPE_FILE", "SCORE_FILE", "Blocks", "Recipe", "blocks_of", "supported"]

SCORE_FILE = "score.py"
PAYLOAD_FILE = "score_payload.py"
RECIPE_FILE = "score_recipe.json"


@dataclass(frozen=True)
class Blocks:
    """The blocks that one kind of model needs, each as ``module.function`` of :mod:`ads.score.blocks`."""

    load_model: str
    predict: str = "inference.predict_with_estimator"
    deserialize: str = "payload.deserialize"
    post_inference: str = "inference.post_inference"
    pre_inference: str = "inference.pre_inference"


_BLOCKS: dict[tuple[str, str], Blocks] = {
    ("sklearn", "joblib"): Blocks("loading.load_joblib"),
    ("sklearn", "cloudpickle"): Blocks("loading.load_cloudpickle"),
    ("generic", "cloudpickle"): Blocks("loading.load_cloudpickle", deserialize="payload.deserialize_for_any"),
    ("generic", "joblib"): Blocks("loading.load_joblib", deserialize="payload.deserialize_for_any"),
    ("generic", ""): Blocks("loading.load_by_hand", deserialize="payload.deserialize_for_any"),
    ("tensorflow", "tf"): Blocks(
        "tensorflow.load_keras", "tensorflow.predict_with_keras", "tensorflow.deserialize", "tensorflow.post_inference"
    ),
    ("tensorflow", "tf_saved_model"): Blocks(
        "tensorflow.load_saved_model",
        "tensorflow.predict_with_saved_model",
        "tensorflow.deserialize",
        "tensorflow.post_inference",
    ),
}
"""One row for each framework and serializer. A new framework is a row here and a file in ``blocks/``."""


@dataclass(frozen=True)
class Recipe:
    """What :func:`ads.score.compose` turns into source text.

    ``serializer`` is empty where the user saves and loads the model (``serialize=False``): ``load_model`` is then left
    to be filled in. ``texts`` says that the model was trained on a sequence of texts, not on a table
    (:func:`ads.schema.is_text_sequence` of the sample tells).

    Raises :class:`~ads.errors.InputError` for a combination without a row in the table.
    """

    framework: str
    serializer: str
    model_file_name: str
    texts: bool = False

    def __post_init__(self) -> None:
        blocks_of(self)
        name = self.model_file_name
        unsafe = name != name.strip() or name.startswith("/") or ".." in name.split("/") or set(name) & set('"\\\n\r')
        if not name or unsafe:
            raise InputError(
                f"{name!r} can't be the model's file name.", hint="Give a name in the artifact folder: model.joblib."
            )

    def constants(self) -> dict[str, str]:
        """Return the constants of :mod:`ads.score.blocks.script` that differ from model to model, as source text."""
        return {"model_name": f'"{self.model_file_name}"'}

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
