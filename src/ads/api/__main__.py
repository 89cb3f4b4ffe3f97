"""``python -m ads.api``: the control plane's process."""

import sys

from sqlalchemy.orm import configure_mappers

from ads.api.server import main

__all__ = ["LATER", "main", "warm"]

LATER = ("uvicorn.loops.auto", "uvicorn.protocols.http.auto", "uvicorn.lifespan.on", "anyio._backends._asyncio")
"""What is imported only when the server starts: a process that is to become it has that as well."""


def warm() -> None:
    """Do what every start does and needs no data directory for: a process that is to become the server has done it."""
    configure_mappers()


if __name__ == "__main__":
    sys.exit(main())
