"""Pickles carried out with stand-ins: every name that they import is noted, nothing is imported, nothing is called."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import IO, Any, ClassVar

__all__ = ["read_pickles"]

_CHUNK = 1024 * 1024
_MOST_NAMES = 500
_MOST_PICKLES = 1000


def read_pickles(stream: IO[bytes]) -> tuple[tuple[str, ...], str]:
    """Return the names that the stream's pickles import, as ``module.name``, and why reading ended early, if it did.

    The stream must offer ``peek``. Data after a whole pickle that is no pickle itself ends the reading in order.
    """
    names: dict[str, None] = {}
    whole = 0
    try:
        while whole < _MOST_PICKLES:
            _Reader(stream, names).load()
            whole += 1
            if not stream.peek(1):  # type: ignore[attr-defined]
                break
    except _TooMany:
        return tuple(names), f"it imports more than {_MOST_NAMES} names"
    except MemoryError:
        return tuple(names), "it wants more memory than a scan may have"
    except RecursionError:
        return tuple(names), "it is nested too deeply"
    except Exception as error:  # noqa: BLE001 - whatever a hostile program does to the stand-ins ends here
        if not whole:
            return tuple(names), f"it can't be followed further ({type(error).__name__})"
    return tuple(names), ""


class _TooMany(Exception):
    """More names than any model imports."""


class _StandIn:
    """Takes the place of whatever a pickle names: it can be called, filled and asked for, and does nothing."""

    path = ""

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Any:
        return super().__new__(cls)

    def __init__(self, *args: Any, **_kwargs: Any) -> None:
        self.args = args
        self.state: Any = None

    def __call__(self, *args: Any, **_kwargs: Any) -> Any:
        return _StandIn(*args)

    def append(self, _item: Any) -> None:
        pass

    def extend(self, _items: Any) -> None:
        pass

    def add(self, _item: Any) -> None:
        pass

    def update(self, *_items: Any) -> None:
        pass

    def __setitem__(self, _key: Any, _value: Any) -> None:
        pass


class _Reader(pickle._Unpickler):  # noqa: SLF001 - the one that is written in Python: the other's steps can't be replaced
    """Carries out a pickle with stand-ins."""

    stack: list[Any]
    append: Any
    dispatch: ClassVar[dict[int, Any]] = dict(pickle._Unpickler.dispatch)  # noqa: SLF001

    def __init__(self, stream: IO[bytes], names: dict[str, None]) -> None:
        super().__init__(stream)
        self._stream = stream
        self._names = names

    def find_class(self, module: str, name: str) -> Any:
        """Note the name, give a stand-in."""
        path = f"{module}.{name}"[:300]
        self._names[path] = None
        if len(self._names) > _MOST_NAMES:
            raise _TooMany
        return type("_Named", (_StandIn,), {"path": path})

    def persistent_load(self, _pid: Any) -> Any:
        """Give a stand-in for what lies outside the pickle, as tensors do."""
        return _StandIn()

    def get_extension(self, code: int) -> None:
        """Note that a registered extension is used: what it names is up to the process that reads it."""
        self.append(self.find_class("copyreg", f"extension_{code}"))

    def load_build(self) -> None:
        """Set nothing; skip the data of an array that joblib wrote into the stream."""
        state = self.stack.pop()
        target = self.stack[-1]
        if not isinstance(target, _StandIn):
            return
        target.state = state
        if target.path.endswith(".NumpyArrayWrapper") and isinstance(state, Mapping):
            self._skip_array(state)

    dispatch[pickle.BUILD[0]] = load_build

    def _skip_array(self, state: Mapping[str, Any]) -> None:
        dtype = state["dtype"]
        if _holds_objects(dtype):
            _Reader(self._stream, self._names).load()
            return
        count = 1
        for length in state["shape"]:
            count *= int(length)
        if state.get("numpy_array_alignment_bytes") is not None:
            padding = self._stream.read(1)
            self._stream.read(padding[0])
        left = count * _item_size(dtype)
        while left > 0:
            chunk = self._stream.read(min(left, _CHUNK))
            if not chunk:
                raise EOFError("the array is cut off")
            left -= len(chunk)


def _holds_objects(dtype: _StandIn) -> bool:
    state = dtype.state
    flags = state[7] if isinstance(state, tuple) and len(state) > 7 else 0
    return str(dtype.args[0]).startswith("O") or bool(isinstance(flags, int) and flags & 1)


def _item_size(dtype: _StandIn) -> int:
    kind = str(dtype.args[0])
    digits = "".join(letter for letter in kind[1:] if letter.isdigit())
    size = int(digits) if digits else 1
    return size * 4 if kind.startswith("U") else size
