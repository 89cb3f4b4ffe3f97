"""A replica's start without a service: load the model, predict the stored sample, write down how it went, end.

The report has ``load`` (why the model didn't load, empty when it did), ``rows`` (how many sample rows there were, null
without a sample), ``answers`` (how many there were), ``parity`` (why they differ from the stored ones) and ``encoding``
(why one can't be sent).
"""

import json
import os
import traceback
from typing import Any, Dict, List

from .encode import CannotEncode, encode_json
from .parity import check_parity
from .predictor import Predictor
from .script import import_script, load_model, prediction_function
from .status import Failure

__all__ = ["main"]


def main(arguments: "List[str]") -> int:
    """Rehearse the start of a replica. Options: ``--artifact DIR --report FILE``."""
    options = dict(zip(arguments[::2], arguments[1::2]))  # noqa: B905 - `strict` is not in Python 3.8
    report: "Dict[str, Any]" = {"load": "", "rows": None, "answers": 0, "parity": "", "encoding": ""}
    try:
        _rehearse(os.path.abspath(options["--artifact"]), report)
    except Failure as failure:
        report["parity" if "loaded" in report else "load"] = "{} {}".format(failure.message, failure.hint).strip()
    except Exception as error:  # noqa: BLE001 - the process boundary: what we did not foresee is told as well
        traceback.print_exc()
        report["load"] = "The script could not be tried: {}: {}.".format(type(error).__name__, error)
    report.pop("loaded", None)
    with open(options["--report"], "w", encoding="utf-8", errors="backslashreplace") as file:
        json.dump(report, file)
    return 0


def _rehearse(folder: str, report: "Dict[str, Any]") -> None:
    module = import_script(folder)
    predict = prediction_function(module, load_model(module))
    report["loaded"] = True

    def watched(data: Any) -> Any:
        result = predict(data)
        report["answers"] += 1
        if hasattr(type(result), "__next__"):
            result = list(result)
        try:
            encode_json(result)
        except CannotEncode as error:
            report["encoding"] = str(error)
        return result

    report["rows"] = check_parity(folder, Predictor(watched).answer)
