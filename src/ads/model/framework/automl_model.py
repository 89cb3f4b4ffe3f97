"""``AutoMLModel``: a name that old programs import. Its framework is no longer to be had."""

from __future__ import annotations

from ads.errors import NotSupported

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

__all__ = ["AutoMLModel"]


class AutoMLModel:
    """A model of Oracle AutoML: its constructor always raises."""

    def __init__(self, *_: Any, **__: Any) -> None:
        raise NotSupported(
            "AutoMLModel is deprecated and can't be used any more: Oracle AutoML is no longer published.",
            hint="Prepare the trained pipeline with SklearnModel, or any object with predict() with GenericModel.",
        )
