"""Pickles that hold the code of a session's own functions and classes, without the folders that it lies in."""

from __future__ import annotations

import os
import types
from collections import ChainMap
from typing import Any, BinaryIO, ClassVar

import cloudpickle

__all__ = ["dump"]


def _reduce_code(code: types.CodeType) -> Any:
    """Write code with the name of its file alone, as tracebacks show it."""
    return cloudpickle.CloudPickler.dispatch_table[types.CodeType](
        code.replace(co_filename=os.path.basename(code.co_filename))  # noqa: PTH119 - names such as <stdin> are no paths
    )


class _PortablePickler(cloudpickle.CloudPickler):  # type: ignore[misc]  # cloudpickle has no types
    dispatch_table: ClassVar[Any] = ChainMap({types.CodeType: _reduce_code}, cloudpickle.CloudPickler.dispatch_table)

    def _function_getnewargs(self, func: Any) -> Any:
        # A function's globals begin with those of its module, the path of its file among them. Code that uses
        # __file__ still gets it: what a function refers to is stored beside these.
        found = super()._function_getnewargs(func)
        found[1].pop("__file__", None)
        return found


def dump(value: Any, file: BinaryIO, **options: Any) -> None:
    """Write ``value`` to ``file``; options as for ``cloudpickle.dump``."""
    _PortablePickler(file, **options).dump(value)
