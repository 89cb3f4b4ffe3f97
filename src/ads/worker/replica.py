"""The life of a replica: confine itself, import, load, prove itself on the sample, serve, end.

A replica that can't become ready says why in its status file and then waits to be stopped: were it to exit, it would be
restarted, and its words would be gone before anybody read them.
"""

import array
import contextlib
import fcntl
import gc
import os
import signal
import socket
import termios
import time
import traceback
from typing import Dict, List, Optional, Tuple

from .artifact_facts import facts_of
from .bare_array import bare_array
from .batching import plan
from .columnar import Columnar
from .confinement import bound_socket, confine, tie_to_supervisor
from .description import describe
from .listening import tcp_listener, unix_listener
from .parity import check_parity
from .predictor import Predictor
from .script import import_script, load_model, prediction_function
from .server import Server
from .shared_arrays import SharedArrays
from .status import Failure, Status
from .strangers import read_key

__all__ = ["main"]

_USUAL_THRESHOLD = gc.get_threshold()[0]
_THRESHOLD = 50_000
"""How many containers more than before make the collector look."""
_REQUIRED = (("artifact",), ("socket", "listen"), ("status",))
_USAGE = (
    "usage: launch.py --artifact DIR --status FILE (--socket PATH | --listen HOST:PORT --key FILE) "
    "[--memory-limit BYTES]"
)


def main(arguments: "List[str]") -> int:
    """Run a replica until SIGTERM. Options: ``--artifact DIR --socket PATH --status FILE [--memory-limit BYTES]``.

    With ``--listen HOST:PORT --key FILE`` in the place of ``--socket`` it listens on TCP, port 0 for any free one, to
    whoever knows the key (hexadecimal digits in a file that only its user reads); the status file says which port.
    """
    options = _options(arguments)
    tie_to_supervisor()
    bound = bound_socket()
    confine(int(options.get("memory-limit", "0")))
    process = os.getpid()
    status = Status(options["status"])
    try:
        server = _become_ready(os.path.abspath(options["artifact"]), options, status, bound)
    except Failure as failure:
        _end_copies(process)
        return _wait_after(failure, status)
    except Exception as error:  # noqa: BLE001 - the process boundary: what we did not foresee is told as well
        _end_copies(process)
        with contextlib.suppress(OSError, ValueError):
            traceback.print_exc()
        text = "The replica could not start: {}: {}.".format(type(error).__name__, error)
        return _wait_after(Failure("replica-error", text, "The traceback is in the predict log."), status)
    server.run()
    return 0


def _options(arguments: "List[str]") -> "Dict[str, str]":
    names, values = arguments[::2], arguments[1::2]
    options = {name[2:]: value for name, value in zip(names, values)}  # noqa: B905 - `strict` is not in Python 3.8
    missing = [among for among in _REQUIRED if not any(name in options for name in among)]
    if missing or len(names) != len(values) or ("listen" in options) != ("key" in options):
        raise SystemExit(_USAGE)
    return options


def _key_of(options: "Dict[str, str]") -> bytes:
    """Return the key that gateways must know, read before any code of the model runs; empty on a Unix socket."""
    try:
        return read_key(options["key"]) if "key" in options else b""
    except (OSError, ValueError) as error:
        raise Failure("replica-key", "The replica's key can't be read: {}.".format(error)) from error


def _listener(options: "Dict[str, str]", bound: "Optional[int]") -> socket.socket:
    if "listen" not in options:
        return unix_listener(options["socket"], bound)
    try:
        return tcp_listener(options["listen"], bound)
    except (OSError, ValueError, OverflowError) as error:
        text = "The replica can't listen on {}: {}.".format(options["listen"], error)
        hint = "It must be an address of the machine that the replica runs on."
        raise Failure("replica-address", text, hint) from error


def _become_ready(artifact: str, options: "Dict[str, str]", status: Status, bound: "Optional[int]") -> Server:
    key = _key_of(options)
    status.stage_done("start")
    arrays = SharedArrays(artifact)
    arrays.begin()
    try:
        predictor, batch = _prove(artifact, status, arrays)
    except Failure as failure:
        arrays.end()
        if not arrays.count:
            raise
        with contextlib.suppress(OSError, ValueError):  # the script may have closed the log
            print("With arrays that replicas share: {} They are read instead.".format(failure.message), flush=True)
        predictor = None
    if predictor is None:
        arrays.count = 0
        status.begin_again()
        predictor, batch = _prove(artifact, status, arrays)
    listener = _listener(options, bound)
    if key:
        status.port = listener.getsockname()[1]
    server = Server(listener, predictor, batch, status.description, key, options.get("socket"))
    _spare_the_collector()
    status.enter("ready")
    return server


def _prove(artifact: str, status: Status, arrays: SharedArrays) -> "Tuple[Predictor, int]":
    """Return what answers and how many items it takes at once: loaded, and compared with the artifact's sample."""
    status.enter("loading")
    process = os.getpid()
    module = import_script(artifact)
    _end_copies(process)
    status.stage_done("import")
    model = load_model(module)
    _end_copies(process)
    predict = prediction_function(module, model)
    facts = facts_of(artifact)
    predictor = Predictor(predict, facts)
    status.stage_done("load", shared_arrays=arrays.count)
    status.enter("checking")
    rows = check_parity(artifact, predictor.answer)
    quick = bare_array(artifact, model, predict)
    if quick is not None:
        predictor = Predictor(quick, facts)
        check_parity(artifact, predictor.answer)
    if facts.generated:
        facts.features = Columnar(artifact, module, predict).features
    batching = plan(artifact, module, predictor.answer)
    if batching.most > 1:
        predictor.merge(batching.schema)
    status.stage_done("parity", rows=rows, batch=batching.most, batching=batching.reason, array=quick is not None)
    status.describe(describe(artifact, facts, model))
    return predictor, batching.most


def _spare_the_collector() -> None:
    """Let it look neither at what stays, nor through the lists of every table of numbers that comes and goes.

    A script that has said itself how often it wants to be looked through has the last word.
    """
    gc.freeze()
    if gc.get_threshold()[0] == _USUAL_THRESHOLD:
        gc.set_threshold(_THRESHOLD, *gc.get_threshold()[1:])


def _end_copies(process: int) -> None:
    """End this process unless it is the replica itself: a script that forks may come back twice."""
    if os.getpid() != process:
        os._exit(1)


def _wait_until_read(descriptor: int) -> None:
    """Wait, for half a second at most, until nothing is left in the pipe: the log is read as soon as the status is."""
    waiting = array.array("i", [0])
    for _ in range(50):
        fcntl.ioctl(descriptor, termios.FIONREAD, waiting)
        time.sleep(0.01)
        if not waiting[0]:
            return


def _wait_after(failure: Failure, status: Status) -> int:
    # A pipe, because what a handler sets could be what the wait is just about to look at, and holds.
    ended, tell = os.pipe()
    os.set_blocking(tell, False)
    signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: None)
    with contextlib.suppress(OSError, ValueError):  # the script may have closed the log
        print("This replica failed: {} {}".format(failure.message, failure.hint), flush=True)
        _wait_until_read(1)
    status.fail(failure)
    while os.read(ended, 1) != bytes([signal.SIGTERM]):
        pass
    return 0
