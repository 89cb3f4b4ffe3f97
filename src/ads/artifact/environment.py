"""What a model needs to run, read from the interpreter that it lives in.

Scanning every installed distribution takes seconds in a large environment. So nothing is scanned: the classes that the
estimator is made of name the modules, a module's folder names its distribution, and a distribution's own metadata names
what it depends on. Of those, what is loaded is needed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import FunctionType, ModuleType
from typing import Any

from ads.artifact.distributions import Distribution, distribution_of
from ads.artifact.requirements import Requirements

__all__ = ["capture", "capture_requirements", "loaded_modules"]

_MAX_OBJECTS = 500
_MAX_DEPTH = 6
_SERVING = ("numpy", "pandas")
"""Generated scoring code makes arrays and frames of its input."""


def capture(estimator: object, extra: Iterable[str] = ()) -> list[str]:
    """Return exact pins (``name==version``), sorted, of what ``estimator`` needs to be loaded and to predict.

    That is: the distributions of the classes it consists of (steps of a pipeline, base estimators, modules that
    its own code in a script refers to), of what the generated ``score.py`` imports, and of the modules in ``extra``
    (for example the serializer's), with everything they depend on that is loaded now. ``estimator`` may be a list of
    module names as well. Modules without a distribution (the user's own files) are left out.
    """
    names = _names(estimator) or sorted(loaded_modules(estimator))
    wanted = dict.fromkeys(name.partition(".")[0] for name in (*names, *_SERVING, *extra))
    if "__main__" in wanted or (estimator is not None and not names):
        wanted["cloudpickle"] = None  # what lives in a script travels by value
    found: dict[str, Distribution] = {}
    queue = [distribution for name in wanted if (distribution := distribution_of(name)) is not None]
    while queue:
        distribution = queue.pop()
        if distribution.name in found:
            continue
        found[distribution.name] = distribution
        queue.extend(distribution.loaded_dependencies())
    # A local version (1.0+cpu) is a build for one kind of machine: another one has the same version for its own.
    return sorted((f"{d.name}=={d.version.partition('+')[0]}" for d in found.values()), key=str.lower)


def capture_requirements(estimator: object, extra: Iterable[str] = ()) -> Requirements:
    """Return what :func:`capture` finds, with the version of the running Python."""
    return Requirements(tuple(capture(estimator, extra)), ".".join(map(str, sys.version_info[:3])))


def _names(value: object) -> list[str]:
    """Return the module names when ``value`` is a list of such."""
    items = list(value) if isinstance(value, list | tuple | set | frozenset) else []
    return [item for item in items if isinstance(item, str)]


def loaded_modules(estimator: object) -> set[str]:
    """Return the top-level modules that define the classes ``estimator`` consists of.

    Objects are only looked at, never called. ``__main__`` is among them when a class or function lives in a script or
    notebook.
    """
    modules: set[str] = set()
    kinds: set[type] = set()
    seen: set[int] = set()
    level: list[Any] = [estimator]
    for _ in range(_MAX_DEPTH):
        following: list[Any] = []
        for value in level:
            if id(value) in seen or len(seen) >= _MAX_OBJECTS:
                continue
            seen.add(id(value))
            if type(value) not in kinds or isinstance(value, type | FunctionType | ModuleType):
                kinds.add(type(value))
                modules.update(_modules_of(value))
            following.extend(_parts(value))
        level = following
    return modules


_PLAIN = (str, bytes, int, float, complex, bool, type(None), range)


def _parts(value: Any) -> Iterator[Any]:
    """Yield what ``value`` holds that may be made of other classes. Arrays and frames are leaves."""
    if isinstance(value, dict):
        parts: Iterable[Any] = value.values()
    elif isinstance(value, list | tuple | set | frozenset):
        parts = value
    elif isinstance(value, type | FunctionType | ModuleType):
        return
    else:
        parts = getattr(value, "__dict__", {}).values()
    for count, part in enumerate(parts):
        if count >= _MAX_OBJECTS:
            return
        if not isinstance(part, _PLAIN):
            yield part


def _modules_of(value: Any) -> Iterator[str]:
    if isinstance(value, ModuleType):
        yield _top(value.__name__)
        return
    if isinstance(value, FunctionType):
        yield _top(value.__module__)
        yield from _referenced(value)
        return
    kind = value if isinstance(value, type) else type(value)
    for base in kind.__mro__:
        top = _top(base.__module__)
        if top in _STANDARD:
            continue
        yield top
        if distribution_of(top) is None:  # the user's own code: what it refers to is needed too
            for function in vars(base).values():
                if isinstance(function, FunctionType):
                    yield from _referenced(function)


def _referenced(function: FunctionType) -> Iterator[str]:
    """Yield the modules of the globals that ``function`` names, when it's the user's own code."""
    if distribution_of(_top(function.__module__)) is not None:
        return
    for name in function.__code__.co_names:
        value = function.__globals__.get(name)
        module = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(module, str) and _top(module) not in _STANDARD:
            yield _top(module)


_STANDARD = frozenset(sys.stdlib_module_names) - {"__main__"}


def _top(module: str | None) -> str:
    return (module or "").partition(".")[0]
