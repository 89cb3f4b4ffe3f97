"""From a recipe to the text of score.py: the chosen blocks are copied, and get the public function names."""

from __future__ import annotations

import ast
import re
import sys
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from ads.score.recipe import Blocks, Recipe, blocks_of

__all__ = ["compose"]

_FOLDER = Path(__file__).parent / "blocks"
_PACKAGE = "ads.score.blocks."
_PUBLIC = ("load_model", "pre_inference", "post_inference", "predict", "deserialize", "fetch_data_type_from_schema")
_DIVIDER = "# From here on: how a payload becomes the table that the model was trained on. It rarely needs an edit."
_HEADER = '''"""Answers predictions with {model}. Score script version 1.0, composed by OpenADS.

Edit it as you like: an edited file is only replaced when you say so.
Beside the standard library it needs {needs}.
"""
'''


@dataclass(frozen=True)
class _Module:
    """The source of a block file by name: functions, classes and constants; and where its other names come from."""

    sources: dict[str, str]
    uses: dict[str, list[str]]
    blocks: dict[str, str]
    imports: dict[str, str]


def compose(recipe: Recipe) -> str:
    """Return the source text of score.py. The same recipe always gives the same text."""
    chosen = _chosen(recipe)
    parts: dict[str, str] = {}
    for public, reference in chosen.items():
        if public == "deserialize":
            parts["divider"] = _DIVIDER
            _collect("script.InputError", "InputError", chosen, parts)
        _collect(reference, public, chosen, parts)
    constants = [f"{name} = {_constant(name, recipe)}" for name in ("HERE", "INPUT_SCHEMA", "model_name")]
    code = "\n\n\n".join(parts.values())
    needs = sorted(set(re.findall(r"^ +(?:import|from) (\w+)", code, re.MULTILINE)) - _STANDARD)
    head = _HEADER.format(model=recipe.model_file_name, needs=_listed(needs))
    return "\n".join([head, *_imports(code), "", *constants, "", "", code, ""])


_STANDARD = frozenset(sys.stdlib_module_names)


def _chosen(recipe: Recipe) -> dict[str, str]:
    """Return which block becomes which public function, in the order of the script: what people edit comes first."""
    blocks = blocks_of(recipe)
    chosen = {field.name: getattr(blocks, field.name) for field in fields(Blocks)}
    if recipe.texts and recipe.framework != "generic":
        chosen["deserialize"] = "payload.deserialize_texts"
    chosen["fetch_data_type_from_schema"] = "payload.fetch_data_type_from_schema"
    return {name: chosen[name] for name in _PUBLIC}


def _collect(reference: str, name: str, chosen: dict[str, str], parts: dict[str, str]) -> None:
    """Add the block, called ``name`` in the script, and then what it needs, to ``parts`` unless it is there."""
    if name in parts:
        return
    file, _, block = reference.partition(".")
    module = _module(file)
    parts[name] = re.sub(rf"^(def|class) {block}\b", rf"\1 {name}", module.sources[block], count=1, flags=re.MULTILINE)
    for used in module.uses[block]:
        source = file if used in module.sources else module.blocks.get(used)
        if source and source != "script" and used not in chosen:
            _collect(f"{source}.{used}", used, chosen, parts)


@lru_cache(maxsize=32)
def _module(file: str) -> _Module:
    text = (_FOLDER / f"{file}.py").read_text(encoding="utf-8")
    lines = text.splitlines()
    module = _Module({}, {}, {}, {})
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            module.sources[node.name] = "\n".join(_without_directives(lines[first - 1 : node.end_lineno]))
            names = [inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name)]
            module.uses[node.name] = list(dict.fromkeys(names))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_PACKAGE):
            module.blocks.update({alias.name: str(node.module)[len(_PACKAGE) :] for alias in node.names})
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            module.imports.update({alias.name: ast.unparse(node) for alias in node.names})
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            module.sources[node.targets[0].id] = ast.get_source_segment(text, node.value) or ""
    return module


def _without_directives(lines: list[str]) -> list[str]:
    """Return the lines without what speaks to the linter and the type checker of this project only."""
    return [re.sub(r"  # (noqa|type: ignore).*$", "", line) for line in lines]


def _constant(name: str, recipe: Recipe) -> str:
    if name == "model_name":
        return f'"{recipe.model_file_name}"'
    return _module("script").sources[name]


def _imports(code: str) -> list[str]:
    """Return the import statements of the standard library that the script needs, in the usual order."""
    offered: dict[str, str] = {"os": "import os"}
    for path in sorted(_FOLDER.glob("*.py")):
        offered.update(_module(path.stem).imports)
    used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)} | {"os"}
    statements = {statement for name, statement in offered.items() if name in used}
    return sorted(statements, key=lambda statement: (statement.startswith("from"), statement))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names) or "nothing"
