"""What the gateway takes, and for how long it waits. Times in seconds, sizes in bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace

from ads.errors import SettingError

__all__ = ["Limits"]


@dataclass(frozen=True)
class Limits:
    """Every bound of the listener, the queues and the way to control."""

    target_bytes: int = 8 * 1024
    """Longest path with its query; beyond it 414."""
    head_bytes: int = 32 * 1024
    """Longest request line and headers together; beyond it 431."""
    headers: int = 100
    """Most header lines; beyond it 431."""
    header_seconds: float = 10.0
    """From the first byte of a request to the end of its headers."""
    body_seconds: float = 60.0
    """From the headers of a prediction to the end of its body."""
    idle_seconds: float = 75.0
    """How long a connection may stay open between two requests."""
    stall_seconds: float = 60.0
    """How long a client may leave an answer unread, or an upload may stay below ``stall_bytes``."""
    stall_bytes: int = 16 * 1024
    """What an upload must deliver in every ``stall_seconds``."""
    control_seconds: float = 3.0
    """How long a request waits for a control plane that is being started; then 503."""
    linger_seconds: float = 2.0
    """How long the gateway reads on, and drops what it reads, after it refused a request early."""
    connections: int = 4096
    """Most client connections at a time; the next one gets 503."""
    queue_items: int = 1024
    """Most predictions that wait for a replica of one deployment; the next one gets 503."""
    queue_bytes: int = 256 * 1024 * 1024
    """Most bytes of bodies that wait for one deployment; the next one gets 503."""
    queue_seconds: float = 10.0
    """Longest wait for a replica; then 503."""
    batch_bytes: int = 256 * 1024
    """Most bytes of bodies that are merged into one frame; a larger one travels alone."""
    held_bytes: int = 1024 * 1024 * 1024
    """Most bytes of bodies that all connections hold together, beyond those that arrive at once; then 503."""
    answer_bytes: int = 256 * 1024 * 1024
    """Largest frame that a replica may send."""
    wrong_credentials: int = 60
    """How many wrong credentials one address may send at once; the next one gets 429. Good ones always pass."""
    wrong_credentials_per_second: float = 1.0
    """How many it may send a second after that."""
    rate_limit: float = 0.0
    """Predictions per second that one deployment gets, 0 for any number; beyond it 429."""
    rate_limit_per_token: float = 0.0
    """Predictions per second from one caller, 0 for any number; beyond it 429."""
    tries: int = 2
    """On how many replicas one prediction is tried when they die under it."""
    silent_seconds: float = 1.0
    """A replica that doesn't answer for so long, and ten times the usual, is passed over where others are free."""
    drain_seconds: float = 60.0
    """After SIGTERM: how long to wait for requests in flight."""
    log_bytes: int = 64 * 1024 * 1024
    """Size at which an access log is set aside."""
    capture_seconds: float = 30.0
    """How long captured requests wait for others before they are written."""
    log_seconds: float = 7 * 86400.0
    """Age at which an access log is set aside."""

    def changed(self, assignments: Iterable[str]) -> Limits:
        """Return these limits with ``name=value`` texts applied. Raises SettingError for what it can't read."""
        kinds = {field.name: type(getattr(self, field.name)) for field in fields(self)}
        changes: dict[str, int | float] = {}
        for text in assignments:
            name, _, value = text.partition("=")
            if name not in kinds:
                raise SettingError(f"{name!r} is not a limit of the gateway.", hint=f"Known: {', '.join(kinds)}.")
            try:
                changes[name] = kinds[name](value)
            except ValueError as error:
                raise SettingError(f"The limit {name} is {value!r}, not a number.") from error
        return replace(self, **changes)  # type: ignore[arg-type]  # the kinds above are those of the fields
