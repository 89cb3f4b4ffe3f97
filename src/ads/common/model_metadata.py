"""The older address of :mod:`ads.model.model_metadata`; the same objects."""

from __future__ import annotations

from ads.model.model_metadata import *  # noqa: F403 - the list of names is kept in one place
from ads.model.model_metadata import __all__  # noqa: F401 - the star import leaves it out
