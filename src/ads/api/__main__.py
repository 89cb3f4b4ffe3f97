"""``python -m ads.api``: the control plane's process."""

import sys

from ads.api.server import main

__all__ = ["LATER", "main"]

LATER = ("uvicorn.loops.auto", "uvicorn.protocols.http.auto", "uvicorn.lifespan.on", "anyio._backends._asyncio")
"""What is imported only when the server starts: a process that is to become it has that as well."""

if __name__ == "__main__":
    sys.exit(main())
