"""How long a store that fsspec reaches is waited for, and by how many, when it doesn't answer.

Without bounds a store whose packets get lost holds each caller for a quarter of an hour: every layer below tries again.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ads.errors import AdsError, ServiceUnavailable

__all__ = ["Reach", "open_bounded"]

_S3 = frozenset({"s3", "s3a"})
_CONNECT, _READ, _ATTEMPTS = 5.0, 10.0, 3
_IN_ALL = 30.0
_IN_VAIN = 5.0
"""Seconds of waiting after which a failure means that the store is away."""
_PAUSE = 5.0


def open_bounded(address: str, **options: Any) -> tuple[Any, str]:
    """Return the file system of an address, and the path there. Calls to S3 and OCI end after about half a minute.

    What the operator configured for fsspec, or by ``AWS_MAX_ATTEMPTS``, counts more. Raises ImportError, ValueError.
    """
    import fsspec

    scheme = address.partition("://")[0].lower()
    chosen = fsspec.config.conf.get(scheme, {}).get("config_kwargs", {})
    bounds = _of_s3() if scheme in _S3 else _of_oci() if scheme == "oci" else {}
    if bounds:
        options["config_kwargs"] = {**bounds, **chosen}
    system, path = fsspec.core.url_to_fs(address, **options)
    if scheme in _S3:
        system.retries = 1  # of s3fs, around those of botocore, around those of another s3fs: 125 in all
    return system, path


def _of_s3() -> dict[str, Any]:
    bounds: dict[str, Any] = {"connect_timeout": _CONNECT, "read_timeout": _READ}
    if "AWS_MAX_ATTEMPTS" not in os.environ:
        bounds["retries"] = {"mode": "standard", "total_max_attempts": _ATTEMPTS}
    return bounds


def _of_oci() -> dict[str, Any]:
    from oci.retry import RetryStrategyBuilder

    again = RetryStrategyBuilder(max_attempts=_ATTEMPTS, total_elapsed_time_seconds=_IN_ALL)
    return {"timeout": (_CONNECT, _READ), "retry_strategy": again.get_retry_strategy()}


class Reach:
    """Whether a store answers. While it doesn't, one caller at a time finds out; the others are told at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._away = False
        self._next = 0.0

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Ask the store in the block. Raises ServiceUnavailable when it is away and somebody else is finding out."""
        began = self._clock()
        with self._lock:
            if self._away and began < self._next:
                raise ServiceUnavailable(
                    "The artifact store doesn't answer; it is asked again every few seconds.",
                    hint="Try again; if it stays so, check artifact_store and the network to it.",
                    retry_after=_PAUSE,
                )
            self._next = began + 2 * _IN_ALL
        try:
            yield
        except (AdsError, FileNotFoundError, PermissionError):  # it did answer
            self._heard(away=False)
            raise
        except Exception:
            self._heard(away=self._clock() - began >= _IN_VAIN)
            raise
        self._heard(away=False)

    def _heard(self, *, away: bool) -> None:
        with self._lock:
            self._away = away
            self._next = self._clock() + _PAUSE
