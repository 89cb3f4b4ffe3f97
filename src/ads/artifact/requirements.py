"""``requirements.txt``: exact versions, and nothing that makes an installer reach elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ads.artifact.layout import REQUIREMENTS
from ads.errors import ArtifactError

__all__ = ["Requirements", "parse", "read", "text", "unsatisfied", "write"]

_MAX_BYTES = 256 * 1024
_PYTHON_LINE = re.compile(r"#\s*python:\s*(3\.\d{1,2}(?:\.\d{1,3})?)\s*", re.IGNORECASE)
_COMMENT = re.compile(r"(^|\s)#.*$")


@dataclass(frozen=True)
class Requirements:
    """What a model's environment holds: requirement lines, and the Python they were captured on (``""``: unknown)."""

    lines: tuple[str, ...]
    python: str = ""


def text(requirements: Requirements) -> str:
    """Return the content of the file."""
    head = [f"# python: {requirements.python}"] if requirements.python else []
    return "".join(f"{line}\n" for line in (*head, *requirements.lines))


def write(folder: Path | str, requirements: Requirements) -> None:
    """Write ``requirements.txt`` into ``folder``."""
    (Path(folder) / REQUIREMENTS).write_text(text(requirements), encoding="utf-8")


def read(folder: Path | str) -> Requirements | None:
    """Return the requirements in ``folder``, ``None`` when it has none. Raises like :func:`parse`."""
    try:
        with (Path(folder) / REQUIREMENTS).open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return None
    return parse(content)


def parse(content: bytes) -> Requirements:
    """Return the requirements in ``content``.

    Raises :class:`~ads.errors.ArtifactError` with the line for everything but ``name[extra]==version; marker``: options
    (``--index-url``, ``-e``, ``-r``), direct URLs and paths would let an artifact choose where code comes from.
    """
    if len(content) > _MAX_BYTES:
        raise ArtifactError(f"{REQUIREMENTS} is larger than {_MAX_BYTES:,} bytes.", hint="Shorten it.")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ArtifactError(f"{REQUIREMENTS} is not UTF-8 text.", hint="Save it as UTF-8.") from None
    python = ""
    found: list[str] = []
    for number, line in enumerate(lines, 1):
        match = _PYTHON_LINE.fullmatch(line.strip())
        if match:
            python = match[1]
        requirement = _COMMENT.sub("", line).strip()
        if requirement:
            _check_line(requirement, number)
            found.append(requirement)
    return Requirements(tuple(found), python)


def _check_line(line: str, number: int) -> None:
    problem = ""
    if line.startswith("-") or " --" in line:
        problem = "an installer option"
    elif "://" in line or "@" in line.split(";", maxsplit=1)[0]:
        problem = "a direct address"
    elif line.endswith("\\") or not line.isprintable():
        problem = "a continued line or a control character"
    else:
        from packaging.requirements import InvalidRequirement, Requirement

        try:
            Requirement(line)
        except InvalidRequirement:
            problem = "something that is not a requirement"
    if problem:
        raise ArtifactError(
            f"Line {number} of {REQUIREMENTS} has {problem}: {line[:100]!r}.",
            hint="Write one 'name==version' per line; packages come from the index that the service is set up with.",
        )


def unsatisfied(requirements: Iterable[str], python_version: str = "", python: Path | str | None = None) -> list[str]:
    """Return a sentence for everything that an interpreter lacks; none when it satisfies all.

    ``python_version`` (``3.11`` or ``3.11.7``; ``""`` for any) is compared in its first two parts. ``python`` is the
    interpreter's path, by default the running one. Requirements whose marker doesn't apply are passed over.
    """
    from packaging.requirements import Requirement

    parsed = [Requirement(line) for line in requirements]
    running, versions = _installed([requirement.name for requirement in parsed], python)
    environment = {"python_full_version": running, "python_version": ".".join(running.split(".")[:2])}
    found: list[str] = []
    if python_version and python_version.split(".")[:2] != running.split(".")[:2]:
        found.append(f"Python {python_version} is required, this is {running}.")
    for requirement in parsed:
        if requirement.marker is not None and not requirement.marker.evaluate(environment):
            continue
        version = versions[requirement.name]
        if version is None:
            found.append(f"{requirement} is not installed.")
        elif not requirement.specifier.contains(version, prereleases=True):
            found.append(f"{requirement} is required, {version} is installed.")
    return found


_LIST_VERSIONS = """\
import json, sys
from importlib.metadata import distributions
versions = {name: next((d.version for d in distributions(name=name)), None) for name in sys.argv[1:]}
print(json.dumps([".".join(map(str, sys.version_info[:3])), versions]))
"""


def _installed(names: list[str], python: Path | str | None) -> tuple[str, dict[str, str | None]]:
    """Return the Python version, and the installed version or ``None`` for each of ``names``."""
    import sys

    if python is not None and str(python) != sys.executable:
        return _installed_elsewhere(names, python)
    from importlib.metadata import distributions

    versions = {name: next((d.version for d in distributions(name=name)), None) for name in names}
    return ".".join(map(str, sys.version_info[:3])), versions


def _installed_elsewhere(names: list[str], python: Path | str) -> tuple[str, dict[str, str | None]]:
    import json
    import subprocess

    command = [str(python), "-I", "-c", _LIST_VERSIONS, *names]
    try:
        done = subprocess.run(command, capture_output=True, check=True, timeout=60)
        running, versions = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise ArtifactError(
            f"The interpreter {python} can't tell which packages it has: {error}.",
            hint="Give the path of a Python 3.8 or newer.",
        ) from None
    return running, versions
