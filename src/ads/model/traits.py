"""What a framework's class may say differently from the generic one: names, formats, how its estimators predict."""

from __future__ import annotations

from ads.errors import NotSupported
from ads.model.serde.names import ModelInputSerializerType, ModelSerializerType

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from typing import Any

__all__ = ["FrameworkTraits"]


class FrameworkTraits:
    """The answers of a framework to what the verbs ask; the generic ones stand here."""

    _PREFIX = "generic"
    _FRAMEWORK: str | None = None
    _SAVE_SERIALIZER = ModelSerializerType.CLOUDPICKLE
    _INPUT_SERIALIZER = ModelInputSerializerType.JSON
    _PREDICTS_WITH = "predict"
    score_framework = "generic"
    TOLERANCE: tuple[float, float] = (1e-5, 1e-8)
    """How far an answer may be from the estimator's own: relative, absolute."""

    FIXED_FILE_NAME: str | None = None
    """The model file's name where users have no choice."""
    repeats: Any = True
    """Whether the same input always gives the same answer."""
    needs: Any = ()
    """Packages that the model needs beside those of its own classes."""
    task: Any = ""
    """What a pipeline is for; empty for other models."""

    estimator: Any
    model_save_serializer: Any
    serialize: Any

    @property
    def predicts(self) -> bool:
        """Whether the estimator has the method that ``score.py`` calls."""
        return callable(getattr(self.estimator, self._PREDICTS_WITH, None))

    def own_prediction(self, data: Any) -> Any:
        """Return the estimator's own prediction for ``data``, which ``score.py`` has to reproduce."""
        return getattr(self.estimator, self._PREDICTS_WITH)(data)

    def own_answer(self, data: Any, outputs: Sequence[str] = ("predict",)) -> dict[str, Any]:
        """Return what the estimator itself gives for ``outputs``, under the keys that ``score.py`` answers with."""
        methods = {"predict": self.own_prediction, "predict_proba": self.own_probabilities}
        return {
            "prediction" if name == "predict" or len(outputs) == 1 else name: methods[name](data) for name in outputs
        }

    def own_probabilities(self, data: Any) -> Any:
        """Return the estimator's own probabilities for ``data``."""
        return self.estimator.predict_proba(data)

    def sample_of(self, data: Any) -> Any:
        """Return ``X_sample`` as the framework works with it; raises ``TypeError`` for one that it can't use."""
        return data

    @property
    def score_estimator(self) -> str:
        """The name of the class that score.py reads the model file into, where the file alone doesn't say it."""
        return ""

    def format_of(self, model_file_name: str) -> str:  # noqa: ARG002 - some frameworks tell formats by the name
        """Return the name of the format that a model file of this name has, as score.py has to load it."""
        return getattr(self.model_save_serializer, "name", "") if self.serialize else ""

    def format_label(self, model_file_name: str) -> str:
        """Return what the metadata says of the model file's format."""
        return model_file_name.rpartition(".")[2]

    def schema_sample(self, data: Any) -> Any:
        """Return the sample that the input schema is made from; None where its columns would mean nothing."""
        return data

    def write_beside(self, folder: Path) -> None:
        """Write what the framework's artifacts have beside the model file and the script; nothing by default."""

    def data_of_image(self, image: Any) -> Any:
        """Return what is sent for a PIL image; raises :class:`~ads.errors.NotSupported` where images mean nothing."""
        raise NotSupported(
            f"{type(self).__name__} has no form for images ({type(image).__name__}).", hint="Pass the pixels as data=."
        )
