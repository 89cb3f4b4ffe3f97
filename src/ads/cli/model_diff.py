"""``ads models diff``: what changed from one model to another."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from ads.cli import references
from ads.cli.artifact_files import ArtifactFiles, local, registered
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.model_body import described_by, metrics_of
from ads.cli.output import Output, plain
from ads.cli.references import MODEL

__all__ = ["Change", "Difference", "diff", "difference", "requirement_changes"]

_DETAILS = {"description": "description", "versionLabel": "label"}


@dataclass(frozen=True)
class Change:
    """A value that is not the same on both sides; None where one side has none."""

    key: str
    a: Any
    b: Any


@dataclass(frozen=True)
class Difference:
    """Everything that differs. ``score_py`` is a unified diff."""

    metadata: tuple[Change, ...]
    metrics: tuple[Change, ...]
    input_schema: tuple[Change, ...]
    output_schema: tuple[Change, ...]
    requirements: tuple[Change, ...]
    score_py: str

    def sections(self) -> dict[str, tuple[Change, ...]]:
        """Return the lists of changes under the names that people read."""
        return {
            "metadata": self.metadata,
            "metrics": self.metrics,
            "input schema": self.input_schema,
            "output schema": self.output_schema,
            "requirements": self.requirements,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the whole as JSON has it."""
        listed = {_camel(name): [vars(change) for change in changes] for name, changes in self.sections().items()}
        return {**listed, "scorePy": self.score_py}


@dataclass(frozen=True)
class Side:
    """One of the two: what the catalog (or the artifact itself) says, and the artifact's files."""

    label: str
    model: Mapping[str, Any]
    files: ArtifactFiles


@command(
    "diff",
    example="""
        ads models diff churn:1 churn:2
        ads models diff churn@champion ./churn/
        ads models diff churn:1 churn:2 --format json | jq .metrics
    """,
)
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@pass_invocation
def diff(invocation: Invocation, a: str, b: str) -> None:
    """Show what differs from A to B: metadata, metrics, schemas, requirements, score.py.

    A and B are models, or artifacts on this machine (a folder, a zip file). Only the small files of an artifact are
    fetched. -q prints the names of the parts that differ.
    """
    with _side(invocation, a) as left, _side(invocation, b) as right:
        found = difference(left, right)
    output = invocation.output
    if output.format == "json":
        output.json({"a": left.label, "b": right.label, **found.to_dict()})
        return
    names = [name for name, changes in found.sections().items() if changes]
    names += ["score.py"] if found.score_py else []
    if output.format == "quiet":
        for name in names:
            output.text(name)
        return
    _write(output, found, left.label, right.label)
    if not names:
        output.talk(f"{a} and {b} are the same in everything that is compared.")


@contextmanager
def _side(invocation: Invocation, text: str) -> Iterator[Side]:
    from ads.client.references import is_path

    if is_path(text):
        files = local(Path(text))
        yield Side(text, described_by(files), files)
        return
    model = references.find(invocation.service, MODEL, text)
    with registered(invocation.service, model) as files:
        yield Side(text, model, files)


def difference(a: Side, b: Side) -> Difference:
    """Compare two sides."""
    return Difference(
        metadata=_changes(_metadata(a.model), _metadata(b.model)),
        metrics=_changes(metrics_of(a.model), metrics_of(b.model)),
        input_schema=_changes(_columns(a, "input"), _columns(b, "input")),
        output_schema=_changes(_columns(a, "output"), _columns(b, "output")),
        requirements=requirement_changes(a.files.read("requirements.txt"), b.files.read("requirements.txt")),
        score_py=_text_diff(a, b),
    )


def requirement_changes(a: str | None, b: str | None) -> tuple[Change, ...]:
    """Return the packages whose versions differ between two ``requirements.txt``."""
    return _changes(_packages(a), _packages(b))


def _packages(text: str | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in (text or "").splitlines():
        parts = re.fullmatch(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(.*?)\s*", line.split(" #")[0])
        if parts:
            found[re.sub(r"[-_.]+", "-", parts[1]).lower()] = parts[2].removeprefix("==") or "any version"
    return found


def _changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[Change, ...]:
    keys = [*a, *(key for key in b if key not in a)]
    return tuple(Change(key, a.get(key), b.get(key)) for key in keys if a.get(key) != b.get(key))


def _metadata(model: Mapping[str, Any]) -> dict[str, Any]:
    """Return what people wrote about a model, except its metrics and what differs from save to save."""
    found: dict[str, Any] = {name: model[key] for key, name in _DETAILS.items() if model.get(key) not in (None, "")}
    for item in model.get("definedMetadataList") or []:
        if item.get("key") != "ArtifactTestResults" and item.get("value") not in (None, "", "NA"):
            found[str(item["key"])] = _value(item["value"])
    metrics = metrics_of(model)
    for item in model.get("customMetadataList") or []:
        if item.get("key") not in metrics and item.get("value") not in (None, "", "NA"):
            found[str(item["key"])] = _value(item["value"])
    tags = model.get("freeformTags") or {}
    return {**found, **{f"tag {key}": value for key, value in tags.items()}}


def _value(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) and text[:1] in "{[" else text
    except ValueError:
        return text


def _columns(side: Side, kind: str) -> dict[str, str]:
    """Return each column of a schema with what counts of it: its dtype, and whether it may be missing."""
    text = side.model.get(f"{kind}Schema") or side.files.read(f"{kind}_schema.json") or "{}"
    try:
        attributes = json.loads(text).get("schema") or []
    except (ValueError, AttributeError):
        return {}
    return {
        str(attribute.get("name")): f"{attribute.get('dtype')}{'' if attribute.get('required') else ', may be missing'}"
        for attribute in attributes
    }


def _text_diff(a: Side, b: Side) -> str:
    import difflib

    before, after = a.files.read("score.py") or "", b.files.read("score.py") or ""
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"{a.label}/score.py", f"{b.label}/score.py", lineterm=""
    )
    return "\n".join(lines)


def _camel(name: str) -> str:
    first, *rest = name.split()
    return first + "".join(word.capitalize() for word in rest)


_SHOWN = 60


def _short(value: Any) -> str:
    text = plain(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _write(output: Output, found: Difference, a: str, b: str) -> None:
    if not output.for_people:
        for name, changes in found.sections().items():
            for change in changes:
                output.text("\t".join((name, change.key, plain(change.a), plain(change.b))))
        if found.score_py:
            output.text(found.score_py)
        return
    output.talk(f"from {a} to {b}")
    for name, changes in found.sections().items():
        if not changes:
            continue
        output.text(output.styled(name.capitalize(), "bold", output.stdout))
        width = max(len(change.key) for change in changes)
        for change in changes:
            output.text(f"  {change.key:<{width}}  {_arrow(output, name, change)}")
    if found.score_py:
        output.text(output.styled("Score.py", "bold", output.stdout))
        for line in found.score_py.splitlines():
            style = {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "")
            shown = "".join(c if c.isprintable() or c == "\t" else " " for c in line)
            output.text(f"  {output.styled(shown, style, output.stdout) if style else shown}")


def _arrow(output: Output, section: str, change: Change) -> str:
    if change.a is None:
        return output.styled(f"+ {_short(change.b)}", "green", output.stdout)
    if change.b is None:
        return output.styled(f"- {_short(change.a)}", "red", output.stdout)
    gain = ""
    if section == "metrics":
        gain = f"  ({change.b - change.a:+.4g})"
    return f"{_short(change.a)} → {_short(change.b)}{gain}"
