"""``score.py`` of an artifact, imported in this process for a local test, without leaving traces in it."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from ads.errors import ArtifactRequiredFilesError, VerificationFailed
from ads.model.legacy_script import guard_tables

__all__ = ["ScoreModule"]

_NAME = "ads_artifact_score"


class ScoreModule:
    """An import of ``score.py`` with its model loaded, as a replica does it.

    While its code runs, the artifact folder is importable and its modules win over others of the same name; in between,
    ``sys.path`` and ``sys.modules`` are as they were. Whatever the script raises goes to the caller.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        self._own: dict[str, ModuleType] = {}
        if not (self.folder / "score.py").is_file():
            raise ArtifactRequiredFilesError(
                ["score.py"], hint="Call prepare(), or put your own score.py into the folder."
            )
        self._require_payload()
        with self._surroundings():
            self._module = self._import()
            self.model = self._loaded_model()

    def predict(self, data: Any) -> Any:
        """Return what ``predict(data)`` of the script returns."""
        with self._surroundings():
            return self._module.predict(data)

    def _require_payload(self) -> None:
        """Raise for a composed script that was left without the file that it loads from its folder."""
        name = "score_payload.py"
        if not (self.folder / name).is_file() and f'"{name}"'.encode() in (self.folder / "score.py").read_bytes():
            raise ArtifactRequiredFilesError(
                [name], hint="score.py loads it: call prepare(force_overwrite=True), which writes both again."
            )

    def _import(self) -> ModuleType:
        spec = importlib.util.spec_from_file_location(_NAME, self.folder / "score.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[_NAME] = module
        spec.loader.exec_module(module)
        guard_tables(module, self.folder)
        for name in ("load_model", "predict"):
            if not callable(getattr(module, name, None)):
                raise VerificationFailed(
                    f"score.py has no function {name}().", hint="A deployment calls load_model() and predict(data)."
                )
        return module

    def _loaded_model(self) -> Any:
        """Return the model that ``predict`` has as a default, else what ``load_model()`` returns; never load twice."""
        parameters = inspect.signature(self._module.predict).parameters
        default = parameters["model"].default if "model" in parameters else None
        model = default if default is not None and default is not inspect.Parameter.empty else self._module.load_model()
        if model is None:
            raise VerificationFailed(
                "load_model() in score.py returned None.", hint="Return the model: a deployment starts only with one."
            )
        return model

    @contextmanager
    def _surroundings(self) -> Iterator[None]:
        """Make the folder importable and its modules fresh; put everything back afterwards."""
        path, bytecode = list(sys.path), sys.dont_write_bytecode
        names = {_NAME, *_module_names(self.folder)}
        hidden = {name: sys.modules.pop(name) for name in list(sys.modules) if name.split(".", 1)[0] in names}
        sys.modules.update(self._own)
        sys.path.insert(0, str(self.folder))
        sys.dont_write_bytecode = True
        importlib.invalidate_caches()
        try:
            yield
        finally:
            sys.path[:] = path
            sys.dont_write_bytecode = bytecode
            self._own = {name: module for name, module in sys.modules.items() if name.split(".", 1)[0] in names}
            for name in self._own:
                del sys.modules[name]
            sys.modules.update(hidden)


def _module_names(folder: Path) -> set[str]:
    """Return the names under which ``import`` finds something in ``folder`` itself."""
    files = {path.stem for path in folder.glob("*.py")}
    return files | {path.parent.name for path in folder.glob("*/__init__.py")}
