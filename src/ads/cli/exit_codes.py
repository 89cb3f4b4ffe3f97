"""What the exit status of ``ads`` says to a script."""

from __future__ import annotations

from ads import errors

__all__ = ["CONFLICT", "FAILED", "INTERRUPTED", "NOT_FOUND", "NOT_PERMITTED", "OK", "TIMED_OUT", "UNREACHABLE", "USAGE"]

OK = 0
FAILED = 1
USAGE = 2
NOT_FOUND = 3
NOT_PERMITTED = 4
CONFLICT = 5
UNREACHABLE = 6
TIMED_OUT = 7
INTERRUPTED = 130

# The first row whose classes fit decides.
_BY_ERROR: tuple[tuple[int, tuple[type[BaseException], ...]], ...] = (
    (NOT_FOUND, (errors.NotFound, errors.CondaPackNotFound)),
    (NOT_PERMITTED, (errors.NotAuthenticated, errors.NotPermitted)),
    (CONFLICT, (errors.Conflict, errors.PreconditionFailed, errors.NotActiveDeploymentError)),
    (UNREACHABLE, (errors.ServiceUnreachable, errors.ServiceUnavailable)),
    (TIMED_OUT, (errors.ServiceTimeout,)),
    (
        FAILED,
        (errors.IntrospectionNotPassed, errors.VerificationFailed, errors.SignatureMissing, errors.SignatureWrong),
    ),
    (USAGE, (errors.InputError,)),
    (FAILED, (errors.AdsError,)),
    (NOT_PERMITTED, (PermissionError,)),
)


def exit_code_of(error: BaseException) -> int:
    """Return the exit status that reports ``error``; 1 for everything without a status of its own."""
    return next((code for code, classes in _BY_ERROR if isinstance(error, classes)), FAILED)
