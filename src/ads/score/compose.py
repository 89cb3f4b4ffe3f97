"""From a recipe to the source texts of an artifact: the chosen blocks are copied, and get the public function names.

``score.py`` has the functions that people read and edit, and what ``load_model`` needs. ``score_payload.py`` has what
the other functions call to read a payload; score.py loads it from its own folder by path, so that nothing of it stays
in ``sys.modules`` and scripts of several artifacts do not mix. In a block a name of the other file is used as any
other name: the composer writes ``score_payload.`` before it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

from ads.score.recipe import PAYLOAD_FILE, Blocks, Recipe, blocks_of

__all__ = ["compose", "compose_payload"]

_FOLDER = Path(__file__).parent / "blocks"
_PACKAGE = "ads.score.blocks."
_PUBLIC = ("load_model", "fetch_data_type_from_schema", "deserialize", "pre_inference", "post_inference", "predict")
_ALWAYS = ("HERE", "INPUT_SCHEMA", "model_name")
_SIBLING = PAYLOAD_FILE.removesuffix(".py")
_BESIDE = frozenset({"structure"})
"""Block files that lie in score_payload.py although ``load_model`` needs them: they are long, and nobody edits them."""
_STANDARD = frozenset(sys.stdlib_module_names)
_HEADER = '''"""Answers predictions with {model}. Score script version 1.0, composed by OpenADS.

Edit it as you like: an edited file is only replaced when you say so.{sibling}
Beside the standard library it needs {needs}.
"""
'''
_SIBLING_HEADER = '''"""How a payload becomes what the model was trained on: the part that rarely needs an edit.

score.py loads this file from its own folder. To change what the model gets, edit pre_inference there.
"""
'''
_LOADING = f'''_spec = importlib.util.spec_from_file_location("{_SIBLING}", os.path.join(HERE, "{PAYLOAD_FILE}"))
{_SIBLING} = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module({_SIBLING})'''


@dataclass(frozen=True)
class _Module:
    """A block file: its functions and classes, the names in each, its constants, where its other names come from."""

    sources: dict[str, str]
    uses: dict[str, list[str]]
    constants: dict[str, str]
    blocks: dict[str, str]
    imports: dict[str, str]


@dataclass(frozen=True)
class _Part:
    """A function or class in one of the two files: its text, and the blocks, constants and imports it needs."""

    text: str
    uses: dict[str, str]
    constants: dict[str, str]
    imports: set[str]


def compose(recipe: Recipe) -> str:
    """Return the source text of score.py. The same recipe always gives the same text."""
    script, sibling = _parts(recipe)
    code = "\n\n\n".join(_with_prefix(part.text, sibling) for part in script.values())
    everything = "\n".join(part.text for part in (*script.values(), *sibling.values()))
    needs = sorted(set(re.findall(r"^ +(?:import|from) (\w+)", everything, re.MULTILINE)) - _STANDARD)
    constants = _constants(script, recipe, _ALWAYS)
    loading = ["", _LOADING] if sibling else []
    head = _HEADER.format(
        model=recipe.model_file_name,
        sibling=f" {PAYLOAD_FILE} beside it reads payloads." if sibling else "",
        needs=_listed(needs),
    )
    imports = _imports(script, constants, {"import importlib.util"} if sibling else set())
    return "\n".join([head, *imports, "", *constants, *loading, "", "", code, ""])


def compose_payload(recipe: Recipe) -> str:
    """Return the source text of score_payload.py, or an empty text where score.py needs no such file."""
    _, sibling = _parts(recipe)
    if not sibling:
        return ""
    code = "\n\n\n".join(part.text for part in sibling.values())
    constants = _constants(sibling, recipe)
    imports = _imports(sibling, constants)
    return "\n".join([_SIBLING_HEADER, *imports, *(["", *constants] if constants else []), "", "", code, ""])


@lru_cache(maxsize=16)
def _parts(recipe: Recipe) -> tuple[dict[str, _Part], dict[str, _Part]]:
    """Return the functions of score.py and those of score_payload.py, in their order.

    What only ``load_model`` needs stays with it, as a rule: people who change how the model is loaded see all of it.
    """
    blocks = blocks_of(recipe)
    chosen = {field.name: getattr(blocks, field.name) for field in fields(Blocks)}
    if recipe.texts and recipe.framework != "generic" and chosen["fetch_data_type_from_schema"]:
        chosen["deserialize"] = "payload.deserialize_texts"
    public = {name: _part(chosen[name], name, chosen) for name in _PUBLIC if chosen[name]}
    loading = public["load_model"].uses
    beside = {name: place for name, place in loading.items() if place.partition(".")[0] in _BESIDE}
    with_model = _closure({name: place for name, place in loading.items() if name not in beside}, chosen)
    wanted = {name: place for part in list(public.values())[1:] for name, place in part.uses.items()} | beside
    sibling = _closure({name: place for name, place in wanted.items() if name not in with_model}, chosen)
    script: dict[str, _Part] = {}
    for name, part in public.items():
        script[name] = part
        if name == "load_model":
            script.update({own: with_model[own] for own in with_model if own not in sibling})
    return script, sibling


def _closure(wanted: dict[str, str], chosen: dict[str, str]) -> dict[str, _Part]:
    """Return the blocks at these places and all they need, each after what needs it; the error class comes first."""
    found: dict[str, _Part] = {}

    def visit(name: str, place: str) -> None:
        if name not in found:
            found[name] = _part(place, name, chosen)
            for used, where in found[name].uses.items():
                visit(used, where)

    for name, place in wanted.items():
        visit(name, place)
    classes = [name for name, part in found.items() if part.text.startswith("class ")]
    return {name: found[name] for name in (*classes, *(name for name in found if name not in classes))}


def _part(place: str, name: str, chosen: dict[str, str]) -> _Part:
    """Return the block at ``file.function``, called ``name``. The public functions are known to it without a place."""
    file, _, block = place.partition(".")
    module = _module(file)
    uses: dict[str, str] = {}
    constants: dict[str, str] = {}
    imports = {module.imports[used] for used in module.uses[block] if used in module.imports}
    for used in module.uses[block]:
        source = file if used in (*module.sources, *module.constants) else module.blocks.get(used)
        if source is None:
            continue
        if used in _module(source).constants:
            constants[used] = _module(source).constants[used]
            imports |= {text for name, text in _module(source).imports.items() if name in _names(constants[used])}
        elif used not in (*chosen, block):
            uses[used] = f"{source}.{used}"
    text = re.sub(rf"^(def|class) {block}\b", rf"\1 {name}", module.sources[block], count=1, flags=re.MULTILINE)
    return _Part(text, uses, constants, imports)


@lru_cache(maxsize=64)
def _module(file: str) -> _Module:
    text = (_FOLDER / f"{file}.py").read_text(encoding="utf-8")
    lines = text.splitlines()
    module = _Module({}, {}, {}, {}, {})
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            module.sources[node.name] = "\n".join(_without_directives(lines[first - 1 : node.end_lineno]))
            module.uses[node.name] = list(dict.fromkeys(i.id for i in ast.walk(node) if isinstance(i, ast.Name)))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(_PACKAGE):
            module.blocks.update({alias.name: str(node.module)[len(_PACKAGE) :] for alias in node.names})
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            module.imports.update({alias.name: ast.unparse(node) for alias in node.names})
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            module.constants[node.targets[0].id] = ast.get_source_segment(text, node.value) or ""
    return module


def _with_prefix(text: str, sibling: dict[str, _Part]) -> str:
    """Return the text with ``score_payload.`` before every name that is defined there."""
    lines = [line.encode() for line in text.splitlines()]
    found = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name) and node.id in sibling]
    for node in sorted(found, key=lambda node: (node.lineno, node.col_offset), reverse=True):
        line = lines[node.lineno - 1]
        lines[node.lineno - 1] = line[: node.col_offset] + f"{_SIBLING}.".encode() + line[node.col_offset :]
    return "\n".join(line.decode() for line in lines)


def _without_directives(lines: list[str]) -> list[str]:
    """Return the lines without what speaks to the linter and the type checker of this project only."""
    return [re.sub(r"  # (noqa|type: ignore).*$", "", line) for line in lines]


def _constants(parts: dict[str, _Part], recipe: Recipe, always: tuple[str, ...] = ()) -> list[str]:
    """Return the assignments that the parts need, in their order, with the values that the recipe gives."""
    offered = {**_module("script").constants}
    wanted = set(always)
    for part in parts.values():
        offered.update(part.constants)
        wanted.update(part.constants)
    for name in list(wanted):
        wanted |= _names(offered[name]) & offered.keys()
    values = {**offered, **recipe.constants()}
    return [f"{name} = {values[name]}" for name in offered if name in wanted]


def _names(code: str) -> set[str]:
    return {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}


def _imports(parts: dict[str, _Part], constants: list[str], statements: AbstractSet[str] = frozenset()) -> list[str]:
    """Return the import statements of the standard library that the parts need, in the usual order."""
    needed = {*statements, *(statement for part in parts.values() for statement in part.imports)}
    needed |= {text for name, text in _module("script").imports.items() if name in _names("\n".join(constants))}
    return sorted(needed, key=lambda statement: (statement.startswith("from"), statement))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names) or "nothing"
