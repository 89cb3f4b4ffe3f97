"""What a data scientist types: the models, their catalog entries and deployments. Names are loaded when used."""

from __future__ import annotations

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

_ADDRESSES = {
    "DataScienceModel": "ads.model.datascience_model",
    "GenericModel": "ads.model.generic_model",
    "ModelDeployer": "ads.model.deployment",
    "ModelDeployment": "ads.model.deployment",
    "ModelDeploymentProperties": "ads.model.deployment",
    "ModelInputSerializer": "ads.model.serde.model_input",
    "ModelProperties": "ads.model.model_properties",
    "ModelState": "ads.model.generic_model",
    "SERDE": "ads.model.serde.common",
    "SklearnModel": "ads.model.framework.sklearn_model",
}

__all__ = sorted(_ADDRESSES)  # noqa: PLE0605 - one table says both what there is and where


def __getattr__(name: str) -> Any:
    if name not in _ADDRESSES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_ADDRESSES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
