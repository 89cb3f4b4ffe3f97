"""Models of PyTorch."""

from __future__ import annotations

from ads.errors import InputTypeError
from ads.model.defaults import DEPRECATE_AS_ONNX_WARNING
from ads.model.generic_model import FrameworkSpecificModel
from ads.model.metadata.keys import Framework
from ads.model.serde.names import PyTorchModelSerializerType

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

__all__ = [
    "DEPRECATE_AS_ONNX_WARNING",
    "DEPRECATE_USE_TORCH_SCRIPT_WARNING",
    "ONNX_MODEL_FILE_NAME",
    "PYTORCH_MODEL_FILE_NAME",
    "PyTorchModel",
]

PYTORCH_MODEL_FILE_NAME = "model.pt"
ONNX_MODEL_FILE_NAME = "model.onnx"
DEPRECATE_USE_TORCH_SCRIPT_WARNING = "use_torch_script is deprecated: pass model_save_serializer='torchscript'."


class PyTorchModel(FrameworkSpecificModel):
    """A trained ``torch.nn.Module``, scripted or not.

    By default its weights become ``model.pt``, with the structure of the module beside them; ``use_torch_script=True``
    of ``prepare()`` stores TorchScript instead, which runs without the module's Python code, and ``as_onnx=True`` ONNX.
    Whatever it was trained on, it is served on a GPU where there is one and on the CPU elsewhere.

    Raises ``TypeError`` for anything but a module, and ``ModuleNotFoundError`` without PyTorch.

    >>> model = PyTorchModel(net, artifact_dir="digits")        # doctest: +SKIP
    >>> model.prepare(X_sample=images[:5])                      # doctest: +SKIP
    >>> model.verify(images[:2])["prediction"]                  # doctest: +SKIP
    [[-1.2, 0.3], [0.1, 0.9]]
    """

    _PREFIX = "pytorch"
    _FRAMEWORK = Framework.PYTORCH
    _SAVE_SERIALIZER = PyTorchModelSerializerType.TORCH
    _PREDICTS_WITH = "__call__"
    TOLERANCE = (1e-3, 1e-4)
    """Single precision; convolutions differ that much between a CPU and a GPU."""
    score_framework = "pytorch"
    model_save_serializer_type = PyTorchModelSerializerType

    def __init__(
        self,
        estimator: Any,
        artifact_dir: str | None = None,
        properties: Any = None,
        auth: dict[str, Any] | None = None,
        model_save_serializer: Any = PyTorchModelSerializerType.TORCH,
        model_input_serializer: Any = None,
        **kwargs: Any,
    ) -> None:
        _require_module(estimator)
        if _is_compiled(estimator) and model_save_serializer == PyTorchModelSerializerType.TORCH:
            model_save_serializer = PyTorchModelSerializerType.TORCHSCRIPT  # it has no other form
        super().__init__(
            estimator=estimator,
            artifact_dir=artifact_dir,
            properties=properties,
            auth=auth,
            model_save_serializer=model_save_serializer,
            model_input_serializer=model_input_serializer,
            **kwargs,
        )
        self.algorithm = getattr(estimator, "original_name", self.algorithm)

    def serialize_model(  # type: ignore[override]  # as users know it, without initial_types
        self,
        as_onnx: bool = False,
        force_overwrite: bool = False,
        X_sample: Any = None,  # noqa: N803
        use_torch_script: bool | None = None,
        **kwargs: Any,
    ) -> None:
        """Write the model file into ``artifact_dir``; see :meth:`GenericModel.serialize_model`."""
        if use_torch_script and not as_onnx:
            self.set_model_save_serializer(PyTorchModelSerializerType.TORCHSCRIPT)
        super().serialize_model(as_onnx, force_overwrite=force_overwrite, X_sample=X_sample, **kwargs)

    def own_prediction(self, data: Any) -> Any:
        """Return what the module itself makes of ``data``, in evaluation mode."""
        from ads.model.serde.tensors import inputs_of
        from ads.model.serde.torch_formats import evaluating
        from ads.score.blocks.pytorch import infer

        names = self.schema_input.keys if self.schema_input else []
        inputs = inputs_of(data, self.estimator, names)
        if self._needs_batch(inputs):
            inputs = inputs[None]
        with evaluating(self.estimator):
            return infer(self.estimator, inputs)  # type: ignore[no-untyped-call]

    def _needs_batch(self, inputs: Any) -> bool:
        """Return whether this is a single image or the like, and the model in ONNX form takes a batch only."""
        if self.model_save_serializer.name != PyTorchModelSerializerType.ONNX or not self.schema_input:
            return False
        shape = next(iter(self.schema_input)).domain.stats.get("shape", [])
        return getattr(inputs, "ndim", 0) > 1 and inputs.ndim + 1 == len(shape)

    def data_of_image(self, image: Any) -> Any:
        """Return a PIL image as a tensor: channels first, numbers from 0 to 1, no batch dimension."""
        import numpy as np
        import torch

        if image.mode in {"P", "CMYK", "YCbCr", "HSV", "LAB", "PA"}:
            image = image.convert("RGB")
        pixels = np.asarray(image)
        if pixels.dtype == "bool":
            pixels = pixels.astype("float32")
        elif pixels.dtype == "uint8":
            pixels = pixels.astype("float32") / np.float32(255)
        pixels = pixels[None] if pixels.ndim == 2 else pixels.transpose(2, 0, 1)
        return torch.from_numpy(np.ascontiguousarray(pixels))


def _require_module(estimator: Any) -> None:
    try:
        import torch
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "PyTorchModel needs PyTorch, which is not installed. Install it: pip install torch", name="torch"
        ) from error
    if isinstance(estimator, torch.nn.Module):
        return
    if isinstance(estimator, str):
        raise InputTypeError(
            f"The estimator is the text {estimator!r}, not a model.",
            hint="Pass the module itself: PyTorchModel(model, artifact_dir=...).",
        )
    if isinstance(estimator, type):
        raise InputTypeError(f"{estimator.__qualname__} is a class, not a trained model.", hint="Pass an object of it.")
    raise InputTypeError(
        f"{type(estimator).__module__}.{type(estimator).__qualname__} is not a torch.nn.Module.",
        hint="Load weights into a module with load_state_dict() and pass that; GenericModel takes other objects.",
    )


def _is_compiled(estimator: Any) -> bool:
    """Return whether this is TorchScript."""
    import torch

    return isinstance(estimator, torch.jit.ScriptModule)
