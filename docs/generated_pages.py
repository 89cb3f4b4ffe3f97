"""The reference pages that are made of the program itself when the documentation is built."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parent))  # mkdocs loads this file alone

from example_pages import EXAMPLES, page_of

__all__ = ["PAGES", "commands_page", "errors_page", "metrics_page", "on_files", "python_page", "rest_page"]

_CLASSES: Mapping[str, tuple[str, ...]] = {
    "Models": (
        "ads.model.generic_model.GenericModel",
        "ads.model.framework.sklearn_model.SklearnModel",
        "ads.model.framework.xgboost_model.XGBoostModel",
        "ads.model.framework.lightgbm_model.LightGBMModel",
        "ads.model.framework.pytorch_model.PyTorchModel",
        "ads.model.framework.tensorflow_model.TensorFlowModel",
        "ads.model.framework.spark_model.SparkPipelineModel",
        "ads.model.framework.huggingface_model.HuggingFacePipelineModel",
        "ads.model.framework.embedding_onnx_model.EmbeddingONNXModel",
    ),
    "Catalog": (
        "ads.model.datascience_model.DataScienceModel",
        "ads.model.model_version_set.ModelVersionSet",
    ),
    "Deployments": (
        "ads.model.deployment.model_deployment.ModelDeployment",
        "ads.model.deployment.model_deployment_infrastructure.ModelDeploymentInfrastructure",
        "ads.model.deployment.model_deployment_runtime.ModelDeploymentCondaRuntime",
    ),
    "Schemas": ("ads.schema.Schema",),
}


_INHERITED = "    options:\n      inherited_members: true\n"


def python_page() -> str:
    """Return the page of the public classes; mkdocstrings fills it from their docstrings."""
    parts = ["# Python\n"]
    for heading, classes in _CLASSES.items():
        parts.append(f"\n## {heading}\n")
        # a framework's class has the verbs of GenericModel, which are told there
        parts += [f"\n::: {name}\n{'' if '.framework.' in name else _INHERITED}" for name in classes]
    return "".join(parts)


def commands_page() -> str:
    """Return the page with the help of every command."""
    from ads.cli.main import cli

    parts = ["# Commands\n\nWhat `ads … --help` says. The ideas behind it: [the command line](../cli.md).\n"]
    for command, context in _commands(cli, click.Context(cli, info_name="ads", max_content_width=100)):
        depth = min(context.command_path.count(" ") + 2, 4)
        # click's names of arguments and paragraphs are laid out for a terminal, so they stay as they are
        parts.append(f"\n{'#' * depth} {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n")
    return "".join(parts)


def _commands(command: click.Command, context: click.Context) -> Iterator[tuple[click.Command, click.Context]]:
    yield command, context
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from _commands(inner, click.Context(inner, info_name=name, parent=context))


def errors_page() -> str:
    """Return the page of all errors: their codes, their families and what they mean."""
    from ads import errors

    lines = [
        "# Errors",
        "",
        "Every error that Python code gets is an `ads.errors.AdsError` with a `code` that stays, a message that",
        "says what happened to which thing and why, and a `hint`: what to do next. What the service refused has a",
        "`request_id`, too, under which its log tells more.",
        "",
        "| error | code | is a | what happened |",
        "|---|---|---|---|",
    ]
    found = [kind for kind in vars(errors).values() if inspect.isclass(kind) and issubclass(kind, errors.AdsError)]
    for kind in found:
        bases = ", ".join(f"`{base.__name__}`" for base in kind.__bases__)
        meaning = " ".join((kind.__doc__ or "").split("\n\n")[0].split()).replace("|", "\\|")
        lines.append(f"| `{kind.__name__}` | `{kind.code}` | {bases} | {meaning} |")
    tree = (errors.__doc__ or "").partition("::\n\n")[2].rstrip()
    lines += ["", "The tree:", "", "```text", tree, "```", ""]
    return "\n".join(lines)


def metrics_page() -> str:
    """Return the page of what ``GET /metrics`` tells."""
    watch = "Which of them to watch: [monitoring](../monitoring.md)."
    if not (Path(__file__).parent / "monitoring.md").is_file():
        watch = ""
    from ads.gateway.metrics import Gauges, Metrics, render

    counted = Metrics()
    counted.of("ocid1.datasciencemodeldeployment.…").codes[200] = 1
    counted.refused[401] = 1
    gauges = {"ocid1.datasciencemodeldeployment.…": Gauges(0, 0, {"ready": 1, "absent": 0}, 0.1)}
    told: dict[str, dict[str, Any]] = {}
    for line in (render(counted, gauges) + _of_control()).decode().splitlines():
        if line.startswith("# "):
            _, what, name, text = line.split(" ", 3)
            told.setdefault(name, {"labels": set()})[what] = text
            last = name
        elif "{" in line:
            pairs = line[line.index("{") + 1 : line.index("}")].split(",")
            told[last]["labels"] |= {pair.partition("=")[0] for pair in pairs}
    lines = [
        "# Metrics",
        "",
        "`GET /metrics` at the service's address, with a credential, in Prometheus' text form. Times are in seconds,",
        f"sizes in bytes, and a label never has what a caller sent. {watch}",
        "",
        "| metric | kind | labels | meaning |",
        "|---|---|---|---|",
    ]
    for name, about in told.items():
        labels = ", ".join(f"`{label}`" for label in sorted(about["labels"]))
        lines.append(f"| `{name}` | {about['TYPE']} | {labels} | {about['HELP']} |")
    return "\n".join([*lines, ""])


def _of_control() -> bytes:
    """Return what the control plane adds, of an empty catalog, with a sample for each label."""
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    from ads.deploy.control_metrics import render_control
    from ads.registry.tables import Base

    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        told = render_control(session)
    for name, label in (("rollout_step", "deployment"), ("deployments", "state")):
        kind = f"# TYPE openads_{name} gauge\n".encode()
        told = told.replace(kind, kind + f'openads_{name}{{{label}="…"}} 0\n'.encode())
    return told


def rest_page() -> str:
    """Return the page of all endpoints, from the description that the service itself gives."""
    document = json.loads((Path(__file__).parent / "openapi.json").read_text())
    groups: dict[str, list[str]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method in {"get", "put", "post", "delete", "head", "patch"}:
                row = f"| `{method.upper()} {path}` | {operation['summary']} | `{operation['operationId']}` |"
                groups.setdefault(operation["tags"][0], []).append(row)
    common = "[The API](../api.md) says what they have in common"
    parts = [f"# REST\n\nEvery endpoint. {common}, [openapi.json](../openapi.json) describes bodies and answers.\n"]
    for tag, rows in groups.items():
        parts.append(f"\n## {tag.capitalize()}\n\n| endpoint | | operation |\n|---|---|---|\n" + "\n".join(rows) + "\n")
    return "".join(parts)


def _examples() -> Mapping[str, Callable[[], str]]:
    return {
        f"howto/{script.stem.removesuffix('_model')}.md": partial(page_of, script)
        for script in sorted(EXAMPLES.glob("*_model.py"))
    }


PAGES: Mapping[str, Callable[[], str]] = {
    "reference/python.md": python_page,
    "reference/commands.md": commands_page,
    "reference/errors.md": errors_page,
    "reference/metrics.md": metrics_page,
    "reference/rest.md": rest_page,
    **_examples(),
}


def on_files(files: Any, config: Any) -> Any:
    """Add the pages to those that mkdocs found."""
    from mkdocs.structure.files import File

    for name, page in PAGES.items():
        files.append(File.generated(config, name, content=page()))
    return files
