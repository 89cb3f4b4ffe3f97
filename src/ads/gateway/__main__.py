"""``python -m ads.gateway --fd N``: serve predictions on an inherited listening socket."""

from __future__ import annotations

import argparse
import gc
import logging
import sys

import uvloop

from ads.errors import AdsError
from ads.gateway.limits import Limits
from ads.gateway.listener import serve
from ads.home import Home
from ads.settings import load_settings

_SWITCH_SECONDS = 0.0005


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m ads.gateway", description="The service's door.")
    parser.add_argument("--fd", type=int, required=True, help="descriptor of the listening socket")
    parser.add_argument(
        "--limit", action="append", default=[], metavar="NAME=VALUE", help="change one limit of ads.gateway.limits"
    )
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s gateway %(levelname)s %(message)s")
    try:
        limits = Limits().changed(options.limit)
        home = Home(load_settings().home)
        home.create()
    except AdsError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    # What is there now stays: the collector need not look at it again. The thread that writes logs gives way soon.
    gc.freeze()
    sys.setswitchinterval(_SWITCH_SECONDS)
    uvloop.run(serve(options.fd, home, limits))
    return 0


if __name__ == "__main__":
    sys.exit(main())
