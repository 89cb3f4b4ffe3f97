"""Embedding models in ONNX form, served as OpenAI's embeddings endpoint."""

from __future__ import annotations

from ads.errors import InputError
from ads.model.generic_model import FrameworkSpecificModel
from ads.model.metadata.keys import Framework

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from typing_extensions import Self

__all__ = ["CONFIG", "TOKENIZERS", "EmbeddingONNXModel"]

CONFIG = "config.json"
TOKENIZERS = [
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "sentencepiece.bpe.model",
    "spiece.model",
    "vocab.txt",
    "vocab.json",
]
"""The files that a tokenizer may consist of; one of them has to be there."""


class EmbeddingONNXModel(FrameworkSpecificModel):
    """A model that turns texts into vectors, as an ONNX file with its tokenizer in ``artifact_dir``.

    ``model_file_name``: which ``.onnx`` file, if there are several. ``config_json`` and ``tokenizer_dir``: where these
    files are, if not in ``artifact_dir``; ``prepare()`` copies them there. The files are the user's own, so nothing is
    serialized.

    A request is ``{"input": "a text" or a list of them}``, with ``model`` and ``encoding_format`` as OpenAI has them.
    One vector answers each text: the model's ``sentence_embedding`` where it has that output, else its first one. Where
    that has a vector for each token, their mean is taken, or the first one if ``1_Pooling/config.json`` says so.

    Raises ``ValueError`` when the folder or an ``.onnx`` file in it is missing.

    >>> model = EmbeddingONNXModel(artifact_dir="minilm")                     # doctest: +SKIP
    >>> model.prepare()                                                       # doctest: +SKIP
    >>> model.verify({"input": "a text"})["data"][0]["embedding"]             # doctest: +SKIP
    [0.012, -0.034, ...]
    """

    _PREFIX = "embedding_onnx"
    _FRAMEWORK = Framework.EMBEDDING_ONNX
    score_framework = "embedding_onnx"
    TOLERANCE = (1e-3, 1e-5)
    """Single precision; another number of texts or another processor changes the last digits."""

    def __init__(
        self,
        artifact_dir: str | None = None,
        model_file_name: str | None = None,
        config_json: str | None = None,
        tokenizer_dir: str | None = None,
        auth: dict[str, Any] | None = None,
        serialize: bool = False,  # noqa: ARG002 - known to callers; the files are always theirs
        **kwargs: Any,
    ) -> None:
        super().__init__(estimator=None, artifact_dir=artifact_dir, auth=auth, serialize=False, **kwargs)
        self._describe()
        self.config_json = config_json
        self.tokenizer_dir = tokenizer_dir
        folder = _existing(self.artifact_dir)
        self.model_file_name = _onnx_file(folder, model_file_name)
        _warn_of_missing(folder, config_json, tokenizer_dir)

    @classmethod
    def without_estimator(cls, **arguments: Any) -> Self:
        """Return a model of this class whose files aren't known yet, as loading needs it."""
        model = super().without_estimator(serialize=False, **arguments)
        model.config_json = model.tokenizer_dir = None
        model._describe()  # noqa: SLF001 - an object of this class
        return model

    def _describe(self) -> None:
        from ads.artifact.distributions import distribution_of

        found = distribution_of("onnxruntime")
        self.framework = self._FRAMEWORK
        self.algorithm = "Embedding_ONNX"
        self.version = found.version if found is not None else None

    def verify(
        self, data: Any = None, reload_artifacts: bool = True, auto_serialize_data: bool = False, **kwargs: Any
    ) -> Any:
        """Return what ``score.py`` answers for ``data``; see :meth:`GenericModel.verify`."""
        return super().verify(data, reload_artifacts, auto_serialize_data, **kwargs)

    def predict(self, data: Any = None, auto_serialize_data: bool = False, **kwargs: Any) -> Any:  # type: ignore[override]  # as users know it
        """Return the deployment's answer for ``data``; see :meth:`GenericModel.predict`."""
        return super().predict(data, auto_serialize_data, **kwargs)

    def write_beside(self, folder: Path) -> None:
        """Write openapi.json, and copy the configuration and the tokenizer if they lie elsewhere."""
        import shutil
        from pathlib import Path

        shutil.copyfile(Path(__file__).with_name("embedding_openapi.json"), folder / "openapi.json")
        sources: dict[str, Path] = {}
        if self.tokenizer_dir:
            files = Path(self.tokenizer_dir).expanduser().iterdir()
            sources.update({path.name: path for path in files if path.is_file() and path.suffix != ".onnx"})
        if self.config_json:
            sources[CONFIG] = Path(self.config_json).expanduser()
        for name, source in sources.items():
            if source.absolute() != (folder / name).absolute():
                shutil.copyfile(source, folder / name)


def _existing(artifact_dir: str | None) -> Path:
    from pathlib import Path

    if artifact_dir is None:
        raise InputError(
            "artifact_dir is not given.", hint="Name the folder with the .onnx file, config.json and the tokenizer."
        )
    folder = Path(artifact_dir)
    if not folder.is_dir() or not any(folder.iterdir()):
        raise InputError(
            f"The folder {folder} is empty or doesn't exist.",
            hint="Put the .onnx file, config.json and the tokenizer's files into it first.",
        )
    return folder


def _onnx_file(folder: Path, wanted: str | None) -> str:
    found = sorted(path.name for path in folder.glob("*.onnx"))
    if wanted and wanted not in found:
        raise InputError(f"There is no {wanted} in {folder}.", hint=f"There is: {', '.join(found) or 'no .onnx file'}.")
    if not found:
        raise InputError(f"There is no .onnx file in {folder}.", hint="It has to lie at the top of the folder.")
    if not wanted and len(found) > 1 and "model.onnx" not in found:
        raise InputError(f"There are several .onnx files: {', '.join(found)}.", hint="Say which with model_file_name.")
    return wanted or ("model.onnx" if "model.onnx" in found else found[0])


def _warn_of_missing(folder: Path, config_json: str | None, tokenizer_dir: str | None) -> None:
    """Refuse names of files that aren't there; say in the log what the tokenizer may miss."""
    import logging
    from pathlib import Path

    log = logging.getLogger(__name__)
    if config_json and not Path(config_json).expanduser().is_file():
        raise InputError(f"config_json {config_json!r} is no file.")
    if tokenizer_dir and not Path(tokenizer_dir).expanduser().is_dir():
        raise InputError(f"tokenizer_dir {tokenizer_dir!r} is no folder.")
    if not config_json and not (folder / CONFIG).is_file():
        log.warning("There is no %s in %s; the tokenizer may need it.", CONFIG, folder)
    place = Path(tokenizer_dir).expanduser() if tokenizer_dir else folder
    if not any((place / name).is_file() for name in TOKENIZERS):
        log.warning("There is no tokenizer in %s: none of %s.", place, ", ".join(TOKENIZERS))
