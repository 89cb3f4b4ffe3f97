"""The model files of PyTorch: weights with the structure beside them, TorchScript."""

from __future__ import annotations

import copyreg
import functools
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ads.errors import InputError

if TYPE_CHECKING:
    import torch

__all__ = [
    "evaluating",
    "plain_module",
    "read_torch",
    "read_torchscript",
    "structure_path",
    "write_torch",
    "write_torchscript",
]

_CODE = b"cloudpickle.cloudpickle"
"""Stands in a pickle that holds code, not just names of it."""


def structure_path(path: Path) -> Path:
    """Return where the structure of the model lies whose weights are at ``path``."""
    return path.with_name(f"{path.stem}_structure.pkl")


def write_torch(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    """Write the weights to ``path``, and beside them the module without its weights.

    Classes of installed packages are stored by name. The code of classes and functions that are the user's own, from a
    notebook or from files that are on no other machine, is stored itself.
    """
    import torch

    module = plain_module(estimator)
    state = module.state_dict(keep_vars=True)
    structure = _pickled_structure(module, state.values())
    torch.save(module.state_dict(), path, **options)
    structure_path(path).write_bytes(structure)


def read_torch(path: Path) -> Any:
    """Return the module whose weights are at ``path``, on the CPU. It runs the code that is stored beside them."""
    from ads.score.blocks.structure import rebuilt

    return rebuilt(str(structure_path(path)), str(path))  # type: ignore[no-untyped-call]


def write_torchscript(estimator: Any, path: Path, options: dict[str, Any]) -> None:
    """Write the module as TorchScript, which is compiled unless it is already."""
    import warnings

    import torch

    module = plain_module(estimator)
    if not isinstance(module, torch.jit.ScriptModule):
        with evaluating(module), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # torch's advice on its own roadmap
            try:
                module = torch.jit.script(module)
            except Exception as error:
                raise InputError(
                    f"{type(module).__name__} can't be compiled to TorchScript: {first_lines(error)}",
                    hint="Pass a traced module, torch.jit.trace(module, example), or leave use_torch_script out.",
                ) from error
    module.save(str(path), **options)


def read_torchscript(path: Path) -> Any:
    """Return the compiled module, on the CPU."""
    import torch

    load: Any = torch.jit.load
    return load(str(path), map_location="cpu").eval()


def plain_module(estimator: Any) -> Any:
    """Return the module itself where ``estimator`` wraps it for compilation or for several devices."""
    import torch

    while True:
        inner = getattr(estimator, "_orig_mod", None)
        if isinstance(estimator, torch.nn.DataParallel | torch.nn.parallel.DistributedDataParallel):
            inner = estimator.module
        if not isinstance(inner, torch.nn.Module):
            return estimator
        estimator = inner


@contextmanager
def evaluating(module: Any) -> Iterator[None]:
    """Let the module and all its parts predict, not train; afterwards each is as it was."""
    parts = [(part, part.training) for part in module.modules() if hasattr(part, "training")]
    module.eval()
    try:
        yield
    finally:
        for part, training in parts:
            part.training = training


def _pickled_structure(module: Any, weights: Any) -> bytes:
    """Return a pickle of what is to be known first, and one of the module with placeholders for its weights."""
    import io
    import pickle

    import cloudpickle

    placeholders = {id(value) for value in weights}
    stream = io.BytesIO()

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
        def reducer_override(self, value: Any) -> Any:
            reduced = _reduced(value, id(value) in placeholders) or _reduced_parametrized(value)
            return super().reducer_override(value) if reduced is None else reduced

    with _code_of_own_modules(), evaluating(module):
        try:
            Pickler(stream).dump(module)
        except Exception as error:
            raise InputError(
                f"The structure of {type(module).__name__} can't be stored: {first_lines(error)}",
                hint="use_torch_script=True stores the model without its Python code.",
            ) from error
    content = stream.getvalue()
    about = {"python": "{}.{}".format(*sys.version_info[:2]), "holds_code": _CODE in content}
    return pickle.dumps(about, protocol=4) + content


class _Weight:
    """Stands for the values of a tensor; the pickle holds a call that makes an empty one."""

    def __init__(self, tensor: torch.Tensor) -> None:
        import torch

        self.reduced = (functools.partial(torch.empty, tuple(tensor.shape), dtype=tensor.dtype), ())


def _reduced(value: Any, is_weight: bool) -> Any:
    """Return how a tensor is pickled: a weight as an empty one, any other on the CPU; None for everything else."""
    import torch

    kind = type(value)
    if kind is _Weight:
        return value.reduced
    if kind is torch.nn.Parameter:
        return torch.nn.Parameter, (_Weight(value) if is_weight else value.detach().cpu(), value.requires_grad)
    if kind is not torch.Tensor:
        return None
    if is_weight:
        return _Weight(value).reduced
    return None if value.device.type == "cpu" and not value.requires_grad else (torch.clone, (value.detach().cpu(),))


def _reduced_parametrized(value: Any) -> Any:
    """Return how a module with parametrizations is pickled, whose class torch made; None for everything else.

    It refuses to be pickled because a weight could be meant that isn't stored. Here the weights come separately.
    """
    import torch

    if not isinstance(value, torch.nn.Module) or not torch.nn.utils.parametrize.is_parametrized(value):
        return None
    return copyreg.__newobj__, (type(value),), dict(vars(value))  # type: ignore[attr-defined]


@contextmanager
def _code_of_own_modules() -> Iterator[None]:
    """Let cloudpickle store the code of the user's own modules, which it would only name."""
    import cloudpickle

    registered: list[ModuleType] = []
    try:
        for module in _own_modules():
            cloudpickle.register_pickle_by_value(module)
            registered.append(module)
        yield
    finally:
        for module in registered:
            cloudpickle.unregister_pickle_by_value(module)


def _own_modules() -> list[ModuleType]:
    """Return the loaded modules that were not installed: the user's own files."""
    from cloudpickle import list_registry_pickle_by_value

    known = {"ads", "__main__", "__mp_main__", *sys.stdlib_module_names, *list_registry_pickle_by_value()}
    found: dict[str, ModuleType] = {}
    for name in list(sys.modules):
        top = name.partition(".")[0]
        name = top if isinstance(sys.modules.get(top), ModuleType) else name  # noqa: PLW2901
        module = sys.modules.get(name)
        if top not in known and name not in found and isinstance(module, ModuleType) and _is_own(module):
            found[name] = module
    return list(found.values())


def _is_own(module: ModuleType) -> bool:
    """Return whether a module comes from a file that no installer put where it is."""
    import sysconfig

    places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
    path = next((place for place in places if place), "")
    if not Path(path).is_absolute() or {"site-packages", "dist-packages"} & set(Path(path).parts):
        return False
    return not path.startswith(sysconfig.get_paths()["stdlib"] + os.sep)


def first_lines(error: BaseException | None) -> str:
    """Return the beginning of a message; those of torch can be pages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines[:3])[:400] or type(error).__name__
