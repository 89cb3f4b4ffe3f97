"""The file that an interpreter runs to become a replica, or (``--report``) to rehearse being one.

It loads its neighbours as the package ``_openads_worker`` by their path, and takes its own folder off ``sys.path``: the
user's ``import frames`` must never find ours.
"""

import atexit
import contextlib
import importlib.util
import os
import sys

_PACKAGE = "_openads_worker"


def _load_package() -> None:
    folder = os.path.dirname(os.path.realpath(__file__))
    if sys.path and os.path.realpath(sys.path[0]) == folder:
        del sys.path[0]
    spec = importlib.util.spec_from_file_location(
        _PACKAGE, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    if spec is None or spec.loader is None:
        raise SystemExit("The worker's own files at {} can't be read.".format(folder))
    package = importlib.util.module_from_spec(spec)
    sys.modules[_PACKAGE] = package
    spec.loader.exec_module(package)


if __name__ == "__main__":
    _load_package()
    part = ".rehearsal" if "--report" in sys.argv else ".template" if "--template" in sys.argv else ".replica"
    code = importlib.import_module(_PACKAGE + part).main(sys.argv[1:])
    # Taking the interpreter and its libraries apart can take half a second; what the user registered still runs.
    atexit._run_exitfuncs()  # noqa: SLF001 - the one way to run them without the rest
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
