# mypy: disable-error-code="no-untyped-call"
"""Pipelines of Hugging Face transformers."""

from __future__ import annotations

from ads.errors import InputError, InputTypeError, NotSupported
from ads.model.generic_model import FrameworkSpecificModel
from ads.model.metadata.keys import Framework
from ads.model.serde.names import HuggingFaceSerializerType, ModelInputSerializerType

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

__all__ = ["HuggingFacePipelineModel"]


class HuggingFacePipelineModel(FrameworkSpecificModel):
    """A pipeline of transformers, of any task: model, tokenizer and whatever else it consists of.

    Its files are written directly into the artifact folder, under the names that transformers gives them. A dictionary
    is a call's arguments, anything else its first argument: ``verify("a text")``,
    ``verify({"inputs": "a text", "top_k": 2})``, ``verify(image=picture)``.

    Raises ``TypeError`` for an object of another kind.

    >>> model = HuggingFacePipelineModel(pipeline("text-classification"), artifact_dir="mood")   # doctest: +SKIP
    >>> model.prepare()                                                                          # doctest: +SKIP
    >>> model.verify("a fine day")["prediction"]                                                 # doctest: +SKIP
    [{'label': 'POSITIVE', 'score': 0.99}]
    """

    _PREFIX = "huggingface"
    _FRAMEWORK = Framework.TRANSFORMERS
    _SAVE_SERIALIZER = HuggingFaceSerializerType.HUGGINGFACE
    _INPUT_SERIALIZER = ModelInputSerializerType.HUGGINGFACE
    score_framework = "huggingface"
    TOLERANCE = (1e-3, 1e-5)
    """Single precision; another number of texts or another processor changes the last digits."""
    model_save_serializer_type = HuggingFaceSerializerType
    FIXED_FILE_NAME = "config.json"
    """The file that every pipeline has; the names of the others are up to transformers."""

    def __init__(
        self,
        estimator: Any,
        artifact_dir: str | None = None,
        properties: Any = None,
        auth: dict[str, Any] | None = None,
        model_save_serializer: Any = HuggingFaceSerializerType.HUGGINGFACE,
        model_input_serializer: Any = ModelInputSerializerType.HUGGINGFACE,
        **kwargs: Any,
    ) -> None:
        _require_pipeline(estimator)
        super().__init__(
            estimator=estimator,
            artifact_dir=artifact_dir,
            properties=properties,
            auth=auth,
            model_save_serializer=model_save_serializer,
            model_input_serializer=model_input_serializer,
            **kwargs,
        )

    def serialize_model(  # type: ignore[override]  # as users know it, without initial_types
        self,
        as_onnx: bool = False,
        force_overwrite: bool = False,
        X_sample: Any = None,  # noqa: N803
        **kwargs: Any,
    ) -> None:
        """Write the model into ``artifact_dir``; see :meth:`GenericModel.serialize_model`."""
        super().serialize_model(as_onnx, force_overwrite=force_overwrite, X_sample=X_sample, **kwargs)

    @property
    def task(self) -> str:
        """What the pipeline is for, as transformers calls it: ``text-classification``, ..."""
        return getattr(self.estimator, "task", None) or ""

    @property
    def needs(self) -> tuple[str, ...]:
        """The packages that transformers loaded for this pipeline and doesn't depend on by itself."""
        import sys

        wanted = ["sentencepiece", "tiktoken", "timm", "accelerate"]
        wanted += ["PIL", "torchvision"] if getattr(self.estimator, "image_processor", None) else []
        wanted += ["torchaudio", "librosa", "soundfile"] if getattr(self.estimator, "feature_extractor", None) else []
        return tuple(name for name in wanted if name in sys.modules)

    @property
    def predicts(self) -> bool:
        """Whether the pipeline can be called."""
        return callable(self.estimator)

    @property
    def repeats(self) -> bool:
        """Whether the same input always gives the same answer: not where the next word is drawn by lot."""
        settings = getattr(self.estimator, "generation_config", None)
        return not getattr(settings, "do_sample", False)

    def own_prediction(self, data: Any) -> Any:
        """Return what the pipeline says of ``data``, as JSON can carry it."""
        from ads.score.blocks.huggingface import plain

        if not self.repeats:
            raise InputError("The pipeline draws its words by lot, so no answer can be foretold.")
        return plain(self.estimator(**data) if isinstance(data, dict) else self.estimator(data))

    def schema_sample(self, data: Any) -> Any:
        """Return the sample if it is a sequence of texts; images and arguments of a call have no columns."""
        from ads.schema import is_text_sequence

        return data if is_text_sequence(data) else None

    def data_of_image(self, image: Any) -> Any:
        """Return the image itself: pipelines take images of PIL."""
        return image

    def format_label(self, model_file_name: str) -> str:  # noqa: ARG002 - the same for every file
        """Return what the metadata says of the format."""
        return "huggingface"


def _require_pipeline(estimator: Any) -> None:
    kind = estimator if isinstance(estimator, type) else type(estimator)
    name = f"{kind.__module__}.{kind.__qualname__}"
    bases = {(base.__module__.partition(".")[0], base.__name__) for base in kind.__mro__}
    if isinstance(estimator, type) or ("transformers", "Pipeline") not in bases:
        raise InputTypeError(
            f"{name} is not a pipeline of transformers.",
            hint='Pass transformers.pipeline("text-classification", model=model, tokenizer=tokenizer).',
        )
    if getattr(estimator, "task", None) == "conversational":
        raise NotSupported(
            "A conversational pipeline keeps a state, which a deployment doesn't.", hint="Use text-generation."
        )
