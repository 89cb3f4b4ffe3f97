"""Making a catalog entry together with what belongs to it, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ads.client.references import MODELS
from ads.errors import AdsError

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["register_model"]

Deliver = Callable[["Service", str], None]


def register_model(
    service: Service,
    body: Mapping[str, Any],
    *,
    provenance: Mapping[str, Any] | None = None,
    deliver: Deliver | None = None,
) -> str:
    """Create the model that ``body`` describes and return its OCID.

    ``deliver(service, model_id)`` uploads its artifact. When anything fails after the entry was made, Ctrl-C included,
    the entry is removed again: a model in the catalog always has what it was created with.
    """
    model_id = str(service.request("POST", MODELS, json=dict(body), retry_token=True).json()["id"])
    try:
        if provenance is not None:
            service.request("POST", f"{MODELS}/{model_id}/provenance", json=dict(provenance), retry_token=True)
        if deliver is not None:
            deliver(service, model_id)
    except BaseException:
        _remove_quietly(service, model_id)
        raise
    return model_id


def _remove_quietly(service: Service, model_id: str) -> None:
    """Remove an entry whose artifact didn't arrive; what went wrong first is what the caller must see."""
    import logging

    try:
        service.request("DELETE", f"{MODELS}/{model_id}")
    except AdsError as error:
        logging.getLogger(__name__).warning("The incomplete model %s could not be removed: %s", model_id, error)
