"""What runs in the service's own image: the service in the foreground, with the logs of its processes at its output.

``python -m ads.export.service``; all settings are environment variables. A member of a cluster ends when it has to: the
cluster starts it again.
"""

from __future__ import annotations

import sys
import time

from ads.errors import AdsError
from ads.export.told_logs import LOOK_EVERY, tell_logs
from ads.home import Home
from ads.service.instance import serve
from ads.settings import load_settings

__all__ = ["main"]

_CONFIGURATION = 78


def main() -> int:
    """Serve until SIGTERM; return the exit status, 78 for settings that can't be used."""
    try:
        settings = load_settings()
        home = Home(settings.home)
        tell_logs(lambda: sorted(home.logs.glob("*.log")))
        status = serve(settings, on_ready=lambda found: print(f"Ready: {found.url or settings.role}", flush=True))
    except AdsError as error:
        time.sleep(2 * LOOK_EVERY)  # the last lines of the logs
        sys.stderr.write(f"{error}\n")
        return _CONFIGURATION
    time.sleep(2 * LOOK_EVERY)
    return status


if __name__ == "__main__":
    sys.exit(main())
