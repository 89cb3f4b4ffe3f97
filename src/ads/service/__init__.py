"""The service on this machine as processes: a tiny supervisor that owns the socket and every child.

``python -m ads.service`` serves in the foreground, ``--detached`` starts it in the background unless it is running,
``stop`` ends it. The command line uses :func:`ads.service.serve.serve`, :func:`ads.service.start.start_detached` and
:func:`ads.service.stop.stop`.
"""
