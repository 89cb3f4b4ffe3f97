"""OpenADS: a trained model from a Python session to a served endpoint.

Importing this package does nothing: no network, no logging set-up, no framework. Names are loaded when they are used.
"""

from __future__ import annotations

from ads._version import __version__

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

    from ads.session import getLogger, hello, set_debug_mode, set_documentation_mode, set_expert_mode

    auth: Any  # named without an import: the server must not reach the SDK through this file
    set_auth: Any

__all__ = [
    "__version__",
    "auth",
    "getLogger",
    "hello",
    "set_auth",
    "set_debug_mode",
    "set_documentation_mode",
    "set_expert_mode",
]


def __getattr__(name: str) -> Any:
    if name in ("auth", "set_auth"):
        from importlib import import_module

        module = import_module("ads.common.auth")
        return module if name == "auth" else module.set_auth
    if name in __all__:
        from ads import session

        return getattr(session, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
