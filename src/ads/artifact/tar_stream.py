"""Reading a tar file that may be forged: no more bytes or members than limits allow, one error for what is damaged."""

from __future__ import annotations

import contextlib
import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ads.artifact.limits import Limits
from ads.artifact.member_names import shown
from ads.errors import ArchiveError

__all__ = ["LARGEST_READ", "BoundedStream", "Refusals", "readable", "tar_members", "write_member"]

LARGEST_READ = 1024**2


@dataclass(frozen=True)
class Refusals:
    """What is said of a tar file that isn't taken. ``kind``: what it is called; the others are next steps."""

    kind: str
    pack_again: str
    leave_out: str

    def damaged(self, what: str) -> ArchiveError:
        """Return the error for bytes that break the format."""
        return ArchiveError(f"The {self.kind} is damaged or not a tar file: {what}.", hint=self.pack_again)

    def too_large(self, what: str) -> ArchiveError:
        """Return the error for more than the limits allow."""
        return ArchiveError(f"The {self.kind} is too large: {what}.", hint=self.leave_out)


class BoundedStream:
    """The expanded bytes of a tar file of ``packed`` bytes: what :mod:`tarfile` reads from, and never many at once."""

    def __init__(self, file: BinaryIO, packed: int, limits: Limits, refusals: Refusals) -> None:
        self._file = file
        self._refusals = refusals
        self._most = min(limits.max_bytes, max(limits.ratio_from, packed * limits.max_ratio))

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes; a header that asks for very many at once is forged."""
        if size < 0 or size > LARGEST_READ:
            raise self._refusals.damaged("it has a header of unusual length")
        content = self._file.read(size)
        self._check(self.tell())
        return content

    def seek(self, offset: int) -> int:
        """Go to ``offset``, which is never far behind."""
        self._check(offset)
        return self._file.seek(offset)

    def tell(self) -> int:
        """Return how many bytes lie before the next one."""
        return self._file.tell()

    def _check(self, position: int) -> None:
        if position > self._most:
            raise self._refusals.too_large(
                f"it expands to more than the {self._most:,} bytes that are allowed for its size"
            )


def tar_members(
    source: BoundedStream, limits: Limits, refusals: Refusals
) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
    """Yield the members in the order of the file, each with the open file that its content is read from."""
    count = 0
    with tarfile.open(fileobj=source, mode="r:", errorlevel=2) as tar:  # type: ignore[call-overload]  # read and seek are all it uses
        while (member := tar.next()) is not None:
            tar.members.clear()  # they would only fill the memory
            count += 1
            if count > limits.max_files:
                raise refusals.too_large(f"it has more than {limits.max_files:,} members")
            yield tar, member
    if not count:
        raise refusals.damaged("it has no members")


def write_member(tar: tarfile.TarFile, member: tarfile.TarInfo, path: Path, refusals: Refusals) -> None:
    """Write a regular member to a new file, of mode 755 where it may be run, else 644. Raises OSError as open does."""
    content = tar.extractfile(member)
    assert content is not None  # regular files have content
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    size = 0
    with os.fdopen(descriptor, "wb") as out:
        while chunk := content.read(LARGEST_READ):
            size += len(chunk)
            out.write(chunk)
        os.fchmod(out.fileno(), 0o755 if member.mode & 0o100 else 0o644)
    if size != member.size:
        raise refusals.damaged(f"{shown(member.name)} holds {size:,} bytes, it declares {member.size:,}")


@contextlib.contextmanager
def readable(refusals: Refusals) -> Iterator[None]:
    """Turn what the standard library raises for damaged bytes into the one error for them."""
    try:
        yield
    except ArchiveError:
        raise
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, RecursionError) as error:
        raise refusals.damaged(str(error) or type(error).__name__) from None
    except ValueError as error:  # also of names that no file system takes
        raise refusals.damaged(str(error)) from None
