"""A model's ``score.py``: found, compiled, run, its two functions checked. Everything wrong is a precise Failure."""

import ast
import contextlib
import os
import sys
import traceback
import types
from typing import Any, Callable, Tuple

from . import table_texts
from .status import Failure
from .tracebacks import users_frames

__all__ = ["import_script", "load_model", "prediction_function"]

_LOG_HINT = "The traceback is in the deployment's predict log."


def import_script(folder: str) -> types.ModuleType:
    """Run ``score.py`` in ``folder`` as the module ``score``, with that folder first on ``sys.path``."""
    path = os.path.join(folder, "score.py")
    try:
        with open(path, "rb") as file:
            source = file.read()
    except FileNotFoundError:
        raise _missing(folder) from None
    except IsADirectoryError:
        raise Failure("score-missing", "score.py is a folder, not a script.", "Put the script there.") from None
    code = _compile(source, path)
    sys.path.insert(0, folder)
    module = types.ModuleType("score")
    module.__file__ = path
    sys.modules["score"] = module
    try:
        exec(code, module.__dict__)  # noqa: S102 - running the user's script is what a replica is for
    except ImportError as error:
        raise _import_failure(error) from error
    except FileNotFoundError as error:
        if os.path.basename(str(error.filename)) != "score_payload.py":
            raise _raised("score-raises", "While it was imported, score.py raised {}", error) from error
        raise Failure(
            "score-payload-missing",
            "score.py loads score_payload.py, which is not in the artifact.",
            "Run prepare(force_overwrite=True) to write both again, or remove its use from score.py.",
        ) from error
    except SystemExit as error:
        raise Failure(
            "score-exits",
            "score.py called sys.exit({!r}) while it was imported.".format(error.code),
            "Remove the call: score.py must only define load_model() and predict().",
        ) from error
    except BaseException as error:  # the user's code may raise anything
        raise _raised("score-raises", "While it was imported, score.py raised {}", error) from error
    table_texts.guard(module, source)
    module.__dict__["__openads_loaded_by_default__"] = _default_calls_load_model(source)
    return module


def _missing(folder: str) -> Failure:
    inside = sorted(name for name in os.listdir(folder) if os.path.isfile(os.path.join(folder, name, "score.py")))
    if inside:
        return Failure(
            "score-missing",
            "score.py is at {}/score.py, expected at the top.".format(inside[0]),
            "Pack what is in that folder, not the folder itself.",
        )
    return Failure(
        "score-missing",
        "The artifact has no score.py at its top.",
        "Put score.py next to the model file; prepare() writes one.",
    )


def _compile(source: bytes, path: str) -> types.CodeType:
    try:
        return compile(source, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        traceback.print_exception(type(error), error, None)
        raise Failure(
            "score-syntax-error",
            "score.py has a syntax error in line {}: {}.".format(error.lineno, error.msg),
            "Correct the line. This replica runs Python {}.{}.".format(*sys.version_info[:2]),
        ) from None
    except ValueError as error:
        raise Failure("score-syntax-error", "score.py is not Python text: {}.".format(error), "Correct it.") from None


def _import_failure(error: ImportError) -> Failure:
    _print(error)
    if isinstance(error, ModuleNotFoundError) and error.name:
        return Failure(
            "score-import-error",
            "score.py needs the module {!r}, which the model's environment doesn't have.".format(error.name),
            "Add the package to the artifact's requirements.txt, or the module's file to the artifact.",
        )
    return Failure(
        "score-import-error",
        "score.py could not import what it needs: {}.".format(_short(error)),
        "Compare requirements.txt with the versions that the model was made with. " + _LOG_HINT,
    )


def _raised(code: str, what: str, error: BaseException) -> Failure:
    _print(error)
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if os.path.basename(frame.filename) == "score.py"]
    place = " (line {})".format(lines[-1]) if lines else ""
    name = "{}: {}".format(type(error).__name__, _short(error))
    return Failure(code, "{}{}.".format(what.format(name), place), _LOG_HINT)


def _short(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 500 else text[:500] + " …"


def _print(error: BaseException) -> None:
    with contextlib.suppress(OSError, ValueError):  # the script may have closed the log
        traceback.print_exception(type(error), error, users_frames(error))


def _default_calls_load_model(source: bytes) -> bool:
    """Tell whether ``predict`` has a default ``…=load_model()``: then importing the script has loaded the model."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef) and node.name == "predict":
            defaults = [*node.args.defaults, *node.args.kw_defaults]
            return any(
                isinstance(default, ast.Call) and isinstance(default.func, ast.Name) and default.func.id == "load_model"
                for default in defaults
            )
    return False


def load_model(module: types.ModuleType) -> Any:
    """Return the model. A script that loaded it as a default argument of ``predict`` isn't made to load it twice."""
    function = getattr(module, "load_model", None)
    if not callable(function):
        raise Failure(
            "load-model-missing",
            "score.py defines no function load_model().",
            "Define load_model(): it takes no argument and returns the model.",
        )
    model = _default_model(module) if module.__dict__.pop("__openads_loaded_by_default__") else None
    if model is None:
        try:
            model = function()
        except SystemExit as error:
            raise Failure(
                "load-model-exits",
                "load_model() called sys.exit({!r}).".format(error.code),
                "Remove the call: load_model() must return the model.",
            ) from error
        except BaseException as error:  # the user's code may raise anything
            raise _raised("load-model-raises", "load_model() raised {}", error) from error
    if model is None:
        raise Failure(
            "load-model-returned-none",
            "load_model() in score.py returned None.",
            "Let load_model() end with `return model`.",
        )
    return model


def _default_model(module: types.ModuleType) -> Any:
    import inspect

    try:
        parameter = inspect.signature(module.__dict__["predict"]).parameters.get("model")
    except (KeyError, TypeError, ValueError):
        return None
    return None if parameter is None or parameter.default is inspect.Parameter.empty else parameter.default


def prediction_function(module: types.ModuleType, model: Any) -> "Callable[[Any], Any]":
    """Return ``predict`` as a function of the data alone; a required second parameter ``model`` gets the model."""
    import inspect

    function = getattr(module, "predict", None)
    if not callable(function):
        raise Failure(
            "predict-missing",
            "score.py defines no function predict()."
            if function is None
            else "predict in score.py is not a function but a {}.".format(type(function).__name__),
            "Define predict(data, model=load_model()): it returns the answer.",
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return function  # type: ignore[no-any-return]
    if _accepts(signature, (None,)):
        return function  # type: ignore[no-any-return]
    if list(signature.parameters)[1:2] == ["model"] and _accepts(signature, (None, None)):
        return lambda data: function(data, model)
    raise Failure(
        "predict-signature",
        "predict{} in score.py can't be called with the data alone.".format(signature),
        "Let it take the data first and give every other parameter a default: predict(data, model=load_model()).",
    )


def _accepts(signature: Any, arguments: "Tuple[Any, ...]") -> bool:
    try:
        signature.bind(*arguments)
    except TypeError:
        return False
    return True
