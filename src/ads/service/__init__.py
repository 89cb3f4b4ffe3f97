"""The service on this machine as processes: a tiny supervisor that owns the socket and every child.

``python -m ads.service`` serves in the foreground, ``--detached`` starts it in the background unless it is running,
``stop`` ends it.
"""

from ads.service.instance import AlreadyRunning, serve
from ads.service.shutdown import stop
from ads.service.start import find_running, start_detached

__all__ = ["AlreadyRunning", "find_running", "serve", "start_detached", "stop"]
