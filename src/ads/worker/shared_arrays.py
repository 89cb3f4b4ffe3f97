"""Large arrays of a model that joblib wrote: mapped from the artifact's file instead of read into memory.

What is mapped lies in the system's page cache once, however many replicas there are. A page that a model writes to
becomes its own (copy on write), so nothing is read-only and nothing that one replica does is seen by another one; the
file never changes. Only joblib's own reading of arrays is taken over, for files of the artifact that are not
compressed. What a model copies while it is loaded (the nodes of scikit-learn's trees), and what other formats hold
(cloudpickle, compressed files), stays each replica's own.
"""

import io
import json
import mmap
import os
import sys
from importlib import import_module
from typing import Any, Callable, List, Optional

from .variables import said

__all__ = ["SharedArrays"]

_LEAST = 1 << 20
"""Bytes of the smallest array that is mapped: what is smaller would cost more than it saves."""
_MOST = 1024
"""How many arrays are mapped: each holds a descriptor of its file."""
_PICKLE = b"\x80"
"""How a file begins that is not compressed."""

Read = Callable[..., Any]


class SharedArrays:
    """Maps arrays from the files in ``folder`` from :meth:`begin` on, until :meth:`end`. ``count`` says how many."""

    def __init__(self, folder: str) -> None:
        self._folder = os.path.realpath(folder)
        self._kind: Any = None
        self._usual: "Optional[Read]" = None
        self.count = 0

    def begin(self) -> None:
        """Take over where the artifact has a file that this is for. Raises Failure for an unclear SHARED_ARRAYS."""
        if said("SHARED_ARRAYS") is False or not _is_for(self._folder):
            return
        try:
            self._kind = import_module("joblib.numpy_pickle").NumpyArrayWrapper
            usual: Read = self._kind.read_array
        except (ImportError, AttributeError):
            return  # joblib is not there, or is another one than is known
        self._usual = usual

        def read_array(wrapper: Any, unpickler: Any, *more: Any, **named: Any) -> Any:
            found = self._mapped(wrapper, unpickler)
            return usual(wrapper, unpickler, *more, **named) if found is None else found

        self._kind.read_array = read_array

    def end(self) -> None:
        """Have joblib read as it does."""
        if self._usual is not None:
            self._kind.read_array = self._usual
            self._usual = None

    def _mapped(self, wrapper: Any, unpickler: Any) -> Any:
        """Return the array that comes next in the file, mapped; None, with nothing read, where that can't be."""
        file = getattr(unpickler, "file_handle", None)
        if type(file) is not io.BufferedReader or type(file.raw) is not io.FileIO or self.count >= _MOST:
            return None
        start = file.tell()
        try:
            array = self._map(wrapper, unpickler.np, file)
        except (AttributeError, IndexError, TypeError, ValueError, OSError):
            array = None
        if array is None:
            file.seek(start)
        else:
            self.count += 1
        return array

    def _map(self, wrapper: Any, np: Any, file: io.BufferedReader) -> Any:
        dtype, shape = wrapper.dtype, tuple(map(int, wrapper.shape))
        items = 1
        for length in shape:
            items *= length
        size = items * dtype.itemsize
        inside = os.path.realpath(os.fsdecode(file.name)).startswith(self._folder + os.sep)
        if size < _LEAST or dtype.hasobject or not dtype.isnative or not inside:
            return None
        if getattr(wrapper, "numpy_array_alignment_bytes", None) is not None:
            file.seek(file.read(1)[0], os.SEEK_CUR)
        begin = file.tell()
        if begin % dtype.alignment or begin + size > os.fstat(file.fileno()).st_size:
            return None
        before = begin % mmap.ALLOCATIONGRANULARITY
        pages = mmap.mmap(file.fileno(), before + size, access=mmap.ACCESS_COPY, offset=begin - before)
        # A view of bytes: who looks for a file below the array, to have other processes map it, finds none.
        array = np.frombuffer(memoryview(pages)[before:], dtype, items)
        file.seek(begin + size)
        return array.reshape(shape[::-1]).transpose() if wrapper.order == "F" else array.reshape(shape)


def _is_for(folder: str) -> bool:
    """Tell whether there is a large file that joblib wrote, or may have written where it is imported anyway."""
    large = [name for name in os.listdir(folder) if _is_large_pickle(os.path.join(folder, name))]
    return any("joblib" in sys.modules or name.endswith(".joblib") or name in _by_recipe(folder) for name in large)


def _is_large_pickle(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return os.fstat(file.fileno()).st_size >= _LEAST and file.read(1) == _PICKLE
    except OSError:
        return False


def _by_recipe(folder: str) -> "List[str]":
    """Return the file that score_recipe.json says was written by joblib."""
    try:
        with open(os.path.join(folder, "score_recipe.json"), "rb") as file:
            recipe = json.loads(file.read().decode("utf-8"))["recipe"]
        return [str(recipe["model_file_name"])] if recipe["serializer"] == "joblib" else []
    except (OSError, ValueError, KeyError, TypeError):
        return []
