"""``python -m ads.service``: the service in the foreground; ``--detached`` in the background; ``stop`` ends it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ads.errors import AdsError
from ads.home import Home
from ads.service.instance import AlreadyRunning, serve
from ads.service.shutdown import stop
from ads.service.start import ALREADY_RUNNING, start_detached
from ads.settings import load_settings


def main() -> int:
    """Return the exit status. A detached start prints nothing unless it fails."""
    parser = argparse.ArgumentParser(prog="python -m ads.service", description="The service on this machine.")
    parser.add_argument("action", nargs="?", choices=["serve", "stop"], default="serve")
    parser.add_argument("--detached", action="store_true", help="start in the background unless it is running")
    parser.add_argument("--background", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help="data directory")
    parser.add_argument("--host", help="address to listen on")
    parser.add_argument("--port", type=int, help="port to listen on, 0 for any free one")
    parser.add_argument("--role", help="what of a cluster runs here")
    parser.add_argument("--engine", help="what runs replicas")
    options = parser.parse_args()
    try:
        settings = load_settings(
            home=options.home, host=options.host, port=options.port, engine=options.engine, role=options.role
        )
        if options.action == "stop":
            stop(Home(settings.home))
        elif options.detached:
            start_detached(settings)
        elif options.background:
            serve(settings, any_port=True)
        else:
            serve(settings, on_ready=lambda found: print(f"The service answers at {found.url}", flush=True))
    except AlreadyRunning as error:
        if options.background:
            return ALREADY_RUNNING
        sys.stderr.write(f"{error}\n")
        return 1
    except AdsError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
