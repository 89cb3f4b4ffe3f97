"""What the pickles of an artifact would import, found without importing or calling any of it.

A label for people, never a gate: an artifact is code anyway. A pickle's program is carried out with stand-ins for
everything that it names, so names that are put together while it runs are found as well. NumPy arrays inside of joblib
files are skipped by their size, compressed files are read as well, and checkpoints of PyTorch, which are zip files.

``python -m ads.artifact.pickle_scan ARCHIVE…`` prints the findings, a line of JSON for each; it caps its own memory and
time.
"""

from __future__ import annotations

import json
import lzma
import pickle
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ads.artifact.pickle_reader import read_pickles
from ads.artifact.unpacked_stream import peek, unpacked

__all__ = ["Findings", "PickledFile", "Verdict", "main", "scan_archive", "scan_stream"]

Verdict = str
"""``none`` (no pickles), ``expected``, ``code`` (functions travel in the pickle), ``suspicious``, ``incomplete``."""

MOST_MEMORY = 1024**3
"""Bytes of address space that the scanning process may add to its own."""
MOST_SECONDS = 60
"""Seconds of processor time that the scanning process may use."""
_CHUNK = 1024 * 1024
_PICKLE_ENDINGS = (".pkl", ".pickle", ".joblib", ".p", ".dill", ".cloudpickle", ".sav")

_REACHES_OUT = frozenset(
    {
        *("asyncio", "bdb", "cgi", "code", "codeop", "commands", "ctypes", "dl", "ftplib", "http", "imaplib"),
        *("importlib", "multiprocessing", "nt", "os", "pdb", "pip", "pkgutil", "platform", "posix", "profile", "pty"),
        *("pydoc", "requests", "runpy", "shutil", "signal", "smtplib", "socket", "socketserver", "subprocess", "sys"),
        *("telnetlib", "tempfile", "test", "threading", "timeit", "trace", "urllib", "urllib3", "venv", "webbrowser"),
        *("winreg", "xmlrpc", "zipimport"),
    }
)
_BUILT_INS = frozenset({"builtins", "__builtin__"})
_HARMLESS_BUILT_INS = frozenset(
    {
        *("bool", "bytearray", "bytes", "complex", "dict", "enumerate", "float", "frozenset", "int", "list", "object"),
        *("print", "range", "reversed", "set", "slice", "str", "tuple", "type", "zip", "Ellipsis", "NotImplemented"),
    }
)
_CALLS_OTHERS = frozenset(
    {
        "operator.attrgetter",
        "operator.methodcaller",
        "operator.itemgetter",
        "functools.reduce",
        "pickle.loads",
        "pickle.load",
    }
)
_CARRIES_CODE = frozenset({"cloudpickle", "dill", "marshal", "types", "joblib.externals.cloudpickle"})


@dataclass(frozen=True)
class PickledFile:
    """One file with pickles: the names that they import, as ``module.name``, and why reading ended early if it did."""

    name: str
    imports: tuple[str, ...]
    stopped: str = ""


@dataclass(frozen=True)
class Findings:
    """All pickles of an artifact."""

    files: tuple[PickledFile, ...] = ()

    @property
    def suspicious(self) -> list[str]:
        """Names that have no place in a model: they reach the system, the network or the import machinery."""
        return sorted({name for file in self.files for name in file.imports if _is_suspicious(name)})

    @property
    def code(self) -> list[str]:
        """Names that rebuild functions and classes from their code, as cloudpickle does."""
        return sorted({name for file in self.files for name in file.imports if _brings_code(name)})

    @property
    def verdict(self) -> Verdict:
        """The findings in one word."""
        if not self.files:
            return "none"
        if self.suspicious:
            return "suspicious"
        if any(file.stopped for file in self.files):
            return "incomplete"
        return "code" if self.code else "expected"

    def summary(self) -> str:
        """Return one sentence for people."""
        verdict = self.verdict
        if verdict == "none":
            return "no pickles"
        modules = sorted({name.partition(".")[0] for file in self.files for name in file.imports})
        shown = ", ".join(modules[:8]) + (", …" if len(modules) > 8 else "")
        if verdict == "suspicious":
            return f"imports {', '.join(self.suspicious[:8])}, which models have no need of"
        if verdict == "incomplete":
            stopped = next(file for file in self.files if file.stopped)
            return f"imports {shown or 'nothing known'}; {stopped.name} was read in part: {stopped.stopped}"
        return f"imports {shown}" + (" and brings functions of its own" if verdict == "code" else "")

    def to_dict(self) -> dict[str, Any]:
        """Return the findings as JSON values."""
        return {
            "verdict": self.verdict,
            "summary": self.summary(),
            "suspicious": self.suspicious,
            "files": [{"name": f.name, "imports": list(f.imports), "stopped": f.stopped} for f in self.files],
        }


def scan_archive(archive: Path | str) -> Findings:
    """Return what the pickles in a checked zip archive import. Raises OSError, zipfile.BadZipFile."""
    with zipfile.ZipFile(archive) as members:
        return Findings(tuple(_scan_members(members, "")))


def scan_stream(name: str, stream: IO[bytes]) -> PickledFile | None:
    """Return what the pickles in a stream import, None when it holds none. ``name`` is only shown."""
    head, source = peek(stream)
    content = unpacked(head, source)
    if content is None:
        return PickledFile(name, (), "it is compressed with LZ4") if name.endswith(_PICKLE_ENDINGS) else None
    try:
        head, content = peek(content)
    except (OSError, EOFError, zlib.error, lzma.LZMAError):
        return None
    return PickledFile(name, *read_pickles(content)) if _begins_pickle(head, name) else None


def _scan_members(members: zipfile.ZipFile, prefix: str) -> Iterator[PickledFile]:
    for member in members.infolist():
        if member.is_dir():
            continue
        shown = prefix + member.filename
        with members.open(member) as stream:
            head, whole = peek(stream)
            if head[:4] == b"PK\x03\x04" and not prefix:
                yield from _scan_checkpoint(shown, whole)
                continue
            found = scan_stream(shown, whole)
        if found is not None:
            yield found


def _scan_checkpoint(shown: str, stream: IO[bytes]) -> Iterator[PickledFile]:
    """Scan a zip file in the archive, such as a checkpoint of PyTorch."""
    import tempfile

    with tempfile.TemporaryFile() as copy:
        while chunk := stream.read(_CHUNK):
            copy.write(chunk)
        copy.seek(0)
        try:
            with zipfile.ZipFile(copy) as members:
                yield from _scan_members(members, f"{shown}:")
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
            return


def _begins_pickle(head: bytes, name: str) -> bool:
    if len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= pickle.HIGHEST_PROTOCOL:
        return True
    return bool(head) and name.endswith(_PICKLE_ENDINGS)


def _is_suspicious(path: str) -> bool:
    module, _, name = path.rpartition(".")
    top = path.partition(".")[0]
    if module in _BUILT_INS:
        return name not in _HARMLESS_BUILT_INS and not _is_exception(name)
    return top in _REACHES_OUT or path in _CALLS_OTHERS


def _is_exception(name: str) -> bool:
    return name.endswith(("Error", "Exception", "Warning"))


def _brings_code(path: str) -> bool:
    return any(path.startswith(f"{module}.") for module in _CARRIES_CODE)


def main(arguments: list[str]) -> int:
    """Print the findings for each archive that is named. Memory and processor time are capped for all of them."""
    import resource

    try:
        present = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        present = 512 * 1024**2
    resource.setrlimit(resource.RLIMIT_AS, (present + MOST_MEMORY, present + MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS + 5))
    for archive in arguments:
        sys.stdout.write(json.dumps(scan_archive(archive).to_dict()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
