"""What the checks see of an artifact: names, the parsed script, the parsed ``runtime.yaml``."""

from __future__ import annotations

import ast
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ads.artifact import layout, runtime_yaml
from ads.errors import ArtifactError
from ads.introspect.rehearsal import Rehearsal, rehearse

__all__ = ["ArtifactView"]

_MAX_SCRIPT_BYTES = 4 * 1024**2


@dataclass(frozen=True)
class ArtifactView:
    """An artifact folder, read when asked and at most once. Only :attr:`rehearsal` executes what is in it."""

    folder: Path

    def has_file(self, name: str) -> bool:
        """Say whether there is a regular file of this name at the top of the folder."""
        return (self.folder / name).is_file()

    @functools.cached_property
    def script(self) -> ast.Module | str:
        """The syntax tree of ``score.py``, or the reason why there is none."""
        import warnings

        try:
            with (self.folder / layout.SCORE_PY).open("rb") as file:
                content = file.read(_MAX_SCRIPT_BYTES + 1)
        except OSError as error:
            return f"the file can't be read ({error.strerror})"
        if len(content) > _MAX_SCRIPT_BYTES:
            return f"the file is larger than {_MAX_SCRIPT_BYTES:,} bytes"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a dubious escape in the user's script is no business of this check
                return ast.parse(content, filename=layout.SCORE_PY)
        except SyntaxError as error:
            where = f"line {error.lineno}: " if error.lineno else ""
            return f"{where}{error.msg}"
        except (ValueError, RecursionError, MemoryError) as error:
            return str(error) or type(error).__name__

    @functools.cached_property
    def rehearsal(self) -> Rehearsal:
        """How the script did in a process of its own. The one look at an artifact that runs what is in it."""
        return rehearse(self.folder, self.python_version)

    def function(self, name: str) -> ast.FunctionDef | None:
        """Return the last top-level ``def`` of this name in ``score.py``."""
        if isinstance(self.script, str):
            return None
        found = [node for node in self.script.body if isinstance(node, ast.FunctionDef) and node.name == name]
        return found[-1] if found else None

    @functools.cached_property
    def runtime(self) -> dict[str, Any] | str:
        """The content of ``runtime.yaml``, or the reason why there is none."""
        try:
            return runtime_yaml.read(self.folder)
        except ArtifactError as error:
            return error.message
        except OSError as error:
            return f"{layout.RUNTIME_YAML} can't be read ({error.strerror})."

    def runtime_value(self, *keys: str) -> str:
        """Return the text under ``keys`` in ``runtime.yaml``, ``""`` when there is none."""
        place: Any = self.runtime
        for key in keys:
            place = place.get(key) if isinstance(place, dict) else None
        return place if isinstance(place, str) else ""

    @property
    def environment_path(self) -> str:
        """``INFERENCE_ENV_PATH``, without surrounding blanks."""
        return self.runtime_value("MODEL_DEPLOYMENT", "INFERENCE_CONDA_ENV", "INFERENCE_ENV_PATH").strip()

    @property
    def environment_type(self) -> str:
        """``INFERENCE_ENV_TYPE``."""
        return self.runtime_value("MODEL_DEPLOYMENT", "INFERENCE_CONDA_ENV", "INFERENCE_ENV_TYPE").strip()

    @property
    def python_version(self) -> str:
        """``INFERENCE_PYTHON_VERSION``."""
        return self.runtime_value("MODEL_DEPLOYMENT", "INFERENCE_CONDA_ENV", "INFERENCE_PYTHON_VERSION").strip()
