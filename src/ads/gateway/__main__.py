"""``python -m ads.gateway --fd N``: serve predictions on an inherited listening socket."""

from __future__ import annotations

import argparse
import ctypes
import gc
import logging
import sys
from contextlib import suppress

import uvloop

from ads.errors import AdsError
from ads.gateway.certificate import Certificate
from ads.gateway.controls import Controls
from ads.gateway.limits import Limits
from ads.gateway.listener import serve
from ads.home import Home
from ads.settings import load_settings

_SWITCH_SECONDS = 0.0005
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 4 * 1024 * 1024
_MAPPED_BYTES = 512 * 1024
_CONFIGURATION = 78
"""Exit status that tells the supervisor not to try again."""


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
        settings = load_settings()
        limits = Limits(
            rate_limit=settings.rate_limit,
            rate_limit_per_token=settings.rate_limit_per_token,
            log_bytes=settings.log_max_bytes,
            log_seconds=settings.log_max_age,
        )
        limits = limits.changed(options.limit)
        names = [name for name in (*settings.allowed_hosts.split(","), settings.host) if settings.allowed_hosts]
        certificate = Certificate(settings.tls_certificate, settings.tls_key) if settings.tls_certificate else None
        home = Home(settings.home)
        home.create()
        controls = Controls(home, settings.cluster_key, local=settings.role == "all")
    except AdsError as error:
        sys.stderr.write(f"{error}\n")
        return _CONFIGURATION
    # What is there now stays: the collector need not look at it again. The thread that writes logs gives way soon.
    gc.freeze()
    sys.setswitchinterval(_SWITCH_SECONDS)
    _keep_memory()
    uvloop.run(serve(options.fd, home, limits, names, certificate, controls))
    return 0


def _keep_memory() -> None:
    """Have the C library keep a few megabytes for the next bodies, instead of giving them back after each request."""
    with suppress(OSError, AttributeError):  # another C library
        library = ctypes.CDLL(None)
        library.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        library.mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)


if __name__ == "__main__":
    sys.exit(main())
