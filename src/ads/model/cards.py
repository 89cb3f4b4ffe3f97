"""What a notebook shows of models, deployments and version sets: as of the last look, without asking anybody."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.display import Card

if TYPE_CHECKING:
    from ads.model.datascience_model import DataScienceModel
    from ads.model.deployment.model_deployment import ModelDeployment
    from ads.model.generic_model import GenericModel
    from ads.model.metadata.container import ModelMetadata
    from ads.model.model_introspect import ModelIntrospect
    from ads.model.model_version_set import ModelVersionSet
    from ads.schema import Schema

__all__ = [
    "catalog_card",
    "deployment_card",
    "introspection_card",
    "metadata_card",
    "model_card",
    "version_set_card",
]

_COLUMNS = 10
_FILES = 12


def model_card(model: GenericModel) -> str:
    """Return the card of a model: what it is, its input, its files with sizes, its checks, and what to do next."""
    card = Card(type(model).__name__, " · ".join(_known(model.framework, model.version, model.algorithm)))
    card.facts(
        [
            ("artifact", model.artifact_dir),
            ("model", model.model_id),
            ("deployment", model.model_deployment_id),
        ]
    )
    if model.schema_input is not None:
        _columns(card, "Input", model.schema_input)
    if model.model_artifact is not None:
        _files(card, Path(model.model_artifact.artifact_dir), model.model_artifact.files())
    _checks(card, _test_results(model))
    return card.code(_next_step(model)).html()


def deployment_card(deployment: ModelDeployment) -> str:
    """Return the card of a deployment: its state when it was last asked for, its address, and how to call it."""
    name = deployment.display_name or "deployment"
    card = Card(name, "deployment", deployment.lifecycle_state or "NOT CREATED")
    url = deployment.url if deployment.id else None
    card.facts(
        [
            ("endpoint", f"{url}/predict" if url else None),
            ("id", deployment.id),
            ("model", getattr(deployment.runtime, "model_uri", None)),
            ("details", deployment.lifecycle_details),
            ("created", deployment.time_created),
        ]
    )
    card.shares((_revision(share), share.get("weight") or 0) for share in deployment._shares)  # noqa: SLF001 - its card
    usage = deployment._usage  # noqa: SLF001 - its card
    if usage:
        counts = [item["requests"] for item in usage["items"]]
        # the last two minutes are not over, and would look like a fall
        card.spark(counts[:-1] if any(counts[:-1]) else counts, _usage_text(usage["total"]))
    if url:
        card.code(f'curl {url}/predict -H "Authorization: Bearer $OPENADS_TOKEN" --json \'{{"data": […]}}\'')
        card.note(f"As of {_moment(deployment._looked_at)}; .state asks again.")  # noqa: SLF001 - its card
    else:
        card.code("deployment.deploy()")
    return card.html()


def _usage_text(total: Mapping[str, Any]) -> str:
    """Return the last hour in a few words."""
    count = total["requests"]
    said = [f"{count:,} request{'' if count == 1 else 's'} in the last hour"]
    if count:
        said.append(f"{total['errors'] / count:.1%} failed")
    if total["p95"] is not None:
        said.append(f"p95 {total['p95'] * 1000:.1f} ms")
    return ", ".join(said)


def catalog_card(entry: DataScienceModel) -> str:
    """Return the card of a model in the catalog."""
    card = Card(entry.display_name or "model", "model", entry.lifecycle_state)
    card.facts(
        [
            ("id", entry.id),
            ("description", entry.description),
            ("version", _version(entry)),
            ("tags", _tags(entry.freeform_tags)),
        ]
    )
    if entry.input_schema is not None:
        _columns(card, "Input", entry.input_schema)
    if entry.id:
        card.code(f'GenericModel.from_id("{entry.id}")')
    return card.html()


def version_set_card(version_set: ModelVersionSet) -> str:
    """Return the card of a version set."""
    card = Card(version_set.name or "version set", "model version set")
    card.facts(
        [
            ("id", version_set.id),
            ("description", version_set.description),
            ("tags", _tags(version_set.freeform_tags)),
        ]
    )
    return card.code("version_set.models()    # its versions").html()


def metadata_card(metadata: ModelMetadata[Any]) -> str:
    """Return the card of metadata: the entries that have a value."""
    items = [item for item in metadata if item.value is not None]
    card = Card(type(metadata).__name__, f"{len(items)} entries")
    rows = [(item.key, item.value, getattr(item, "category", None)) for item in items]
    return card.table("Entries", ("Key", "Value", "Category"), rows, most=40).html()


def introspection_card(introspection: ModelIntrospect) -> str:
    """Return the card of the checks that were made."""
    card = Card("Introspection", f"{introspection.failures} failed", introspection.status)
    _checks(card, introspection.results, every=True)
    if not introspection.results:
        card.code("model.introspect()")
    return card.html()


def _known(*texts: str | None) -> Iterable[str]:
    return (text for text in texts if text)


def _revision(share: Mapping[str, Any]) -> str:
    return str(share.get("reference") or f"revision {share.get('revision')}")


def _moment(unix_time: float | None) -> str:
    if unix_time is None:
        return "its description"
    return time.strftime("%H:%M:%S", time.localtime(unix_time))


def _tags(tags: Mapping[str, str] | None) -> str:
    return ", ".join(f"{key}: {value}" for key, value in (tags or {}).items())


def _version(entry: DataScienceModel) -> str | None:
    label = entry.version_label
    name = entry.model_version_set_name
    if name is None:
        return label
    return f"{name}:{entry.version_id}" + (f" ({label})" if label else "")


def _columns(card: Card, caption: str, schema: Schema, most: int = _COLUMNS) -> None:
    rows = [
        (attribute.name, attribute.dtype, attribute.feature_type, "" if attribute.required else "optional")
        for attribute in schema
    ]
    card.table(caption, ("Column", "Type", "Kind", ""), rows, most=most)


def _files(card: Card, folder: Path, names: Iterable[str]) -> None:
    rows = []
    for name in names:
        path = folder / name
        rows.append((name, _bytes(path.stat().st_size) if path.is_file() else ""))
    card.table("Files", ("Name", "Size"), rows, most=_FILES)


def _bytes(size: int) -> str:
    number = float(size)
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.0f} {unit}" if unit == "B" or number >= 100 else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} GB"


def _test_results(model: GenericModel) -> Mapping[str, Any]:
    item = next((item for item in model.metadata_taxonomy if item.key == "ArtifactTestResults"), None)
    return item.value if item is not None and isinstance(item.value, Mapping) else {}


def _checks(card: Card, results: Mapping[str, Any], *, every: bool = False) -> None:
    shown = [
        (entry.get("success"), str(entry.get("description")), entry.get("error_msg"))
        for entry in results.values()
        if every or entry.get("success") is False
    ]
    card.checks((outcome, text, message if outcome is False else None) for outcome, text, message in shown)
    if results and not shown:
        passed = sum(entry.get("success") is True for entry in results.values())
        card.note(f"{passed} of {len(results)} checks passed, none failed.")


def _next_step(model: GenericModel) -> str:
    if model.model_deployment_id:
        return "model.predict(data)"
    if model.model_id:
        return 'model.deploy(display_name="…")'
    if model.model_artifact is not None:
        return 'model.verify(data)\nmodel.save(display_name="…")'
    return "model.prepare(X_sample=X, y_sample=y)"
