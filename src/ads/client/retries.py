"""When a request is sent again, and after how long. Pure decisions: no clock, no I/O."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_RETRIES", "Attempt", "Retries", "parse_retry_after"]

_REPEATABLE_METHODS = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_BUSY = frozenset({429, 502, 503})


@dataclass(frozen=True)
class Attempt:
    """What became of one try. ``status`` is None when no answer came; ``sent`` whether the request may have arrived."""

    method: str
    number: int
    status: int | None = None
    sent: bool = True
    repeatable: bool = False
    retry_after: float | None = None


@dataclass(frozen=True)
class Retries:
    """How often and how long to try. Times in seconds.

    A service that says 503 and when to come back is starting again: it is waited for longer than for one that is gone.
    """

    attempts: int = 5
    attempts_while_starting: int = 20
    first_delay: float = 0.1
    longest_delay: float = 5.0
    longest_retry_after: float = 30.0

    def delay(self, attempt: Attempt, jitter: float) -> float | None:
        """Return the seconds to wait before the next try, or None when the outcome stands.

        ``jitter`` is a random number from 0 to 1: clients that failed together don't come back together. A server's
        Retry-After is the shortest wait; one longer than ``longest_retry_after`` is left to the caller.
        """
        starting = attempt.status == 503 and attempt.retry_after is not None
        if attempt.number >= (self.attempts_while_starting if starting else self.attempts):
            return None
        if attempt.status is not None and attempt.status not in _BUSY:
            return None
        may_have_been_done = attempt.status == 502 or (attempt.status is None and attempt.sent)
        if may_have_been_done and not (attempt.repeatable or attempt.method in _REPEATABLE_METHODS):
            return None
        backoff = min(self.longest_delay, self.first_delay * 2.0 ** (attempt.number - 1)) * (0.5 + jitter / 2)
        if attempt.retry_after is None:
            return backoff
        if attempt.retry_after > self.longest_retry_after:
            return None
        return attempt.retry_after + backoff * 0.1


DEFAULT_RETRIES = Retries()


def parse_retry_after(value: str | None) -> float | None:
    """Return the seconds of a ``Retry-After`` header; None without one, or for the date form."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None
