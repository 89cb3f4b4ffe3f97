"""OpenADS: a trained model from a Python session to a served endpoint.

Importing this package does nothing: no network, no logging set-up, no framework. Names are loaded when they are used.
"""

from __future__ import annotations

from ads._version import __version__

__all__ = ["__version__"]
