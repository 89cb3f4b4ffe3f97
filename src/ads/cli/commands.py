"""How a command looks and is found: an example first in its help, the options that all share, modules loaded on use."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from ads.cli.invocation import Invocation

__all__ = ["Command", "LazyCommand", "LazyGroup", "command", "pass_invocation"]

pass_invocation = click.make_pass_decorator(Invocation, ensure=True)

_F = TypeVar("_F", bound=Callable[..., Any])


def _keep(attribute: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    """Make a callback that stores an option's value in the invocation, unless a later place gave none."""

    def callback(context: click.Context, _parameter: click.Parameter, value: Any) -> None:
        if value is not None and value is not False:
            setattr(context.ensure_object(Invocation), attribute, value)

    return callback


def _keep_quiet(context: click.Context, _parameter: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Invocation).format = "quiet"


def shared_options() -> list[click.Parameter]:
    """Return the options that stand before or after the command's name with the same meaning."""
    return [
        click.Option(
            ["--format"],
            type=click.Choice(["human", "json", "quiet"]),
            help="Tables (tab-separated in a pipe), JSON, or ids.",
            expose_value=False,
            callback=_keep("format"),
        ),
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            help="Ids only, one a line.",
            expose_value=False,
            callback=_keep_quiet,
        ),
        click.Option(
            ["--home"],
            type=click.Path(path_type=Path, file_okay=False),
            metavar="FOLDER",
            help="Data directory; else $OPENADS_HOME.",
            expose_value=False,
            callback=_keep("home_argument"),
        ),
        click.Option(
            ["--url"],
            metavar="URL",
            help="A service elsewhere; else $OPENADS_URL.",
            expose_value=False,
            callback=_keep("url_argument"),
        ),
        click.Option(
            ["--debug"],
            is_flag=True,
            help="Show the traceback of a failure.",
            expose_value=False,
            callback=_keep("debug"),
        ),
    ]


class _HelpLayout(click.Command):
    """Help in the order in which people read: example, usage, text, the command's own options, shared options."""

    example: str = ""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.example:
            with formatter.section("Example"):
                for line in self.example.strip().splitlines():
                    formatter.write(f"{'':>{formatter.current_indent}}{line.strip()}\n")
            formatter.write_paragraph()
        super().format_help(ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        shared = {option.name for option in shared_options()}
        own: list[tuple[str, str]] = []
        common: list[tuple[str, str]] = []
        if any(parameter.metavar == "REF" for parameter in self.params):
            with formatter.section("Argument"):
                formatter.write_dl(
                    [("REF", "A name, name:version, name@alias, an OCID, or its last six or more characters.")]
                )
        for parameter in self.get_params(ctx):
            if isinstance(parameter, click.Argument):
                continue
            record = parameter.get_help_record(ctx)
            if record is not None:
                (common if parameter.name in shared or "--help" in parameter.opts else own).append(record)
        if own:
            with formatter.section("Options"):
                formatter.write_dl(own)
        if isinstance(self, click.Group):
            self.format_commands(ctx, formatter)
        if common:
            with formatter.section("Options of every command"):
                formatter.write_dl(common)


class Command(_HelpLayout):
    """A command with the shared options and an example."""

    def __init__(self, *args: Any, example: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.example = example
        self.params.extend(shared_options())


class LazyCommand:
    """Where a command lives, and what the list of commands says of it without importing it."""

    def __init__(self, target: str, summary: str) -> None:
        self.target = target
        self.summary = summary

    def load(self) -> click.Command:
        """Import the module and return the command."""
        module, _, attribute = self.target.partition(":")
        return cast("click.Command", getattr(importlib.import_module(module), attribute))


@click.pass_context
def _show_help_when_alone(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


class LazyGroup(_HelpLayout, click.Group):
    """A group whose commands are imported when one of them is used. ``sections`` orders them in the help."""

    def __init__(
        self,
        *args: Any,
        sections: dict[str, dict[str, LazyCommand]] | None = None,
        example: str = "",
        **kwargs: Any,
    ) -> None:
        kwargs.update(callback=_show_help_when_alone, invoke_without_command=True)
        super().__init__(*args, **kwargs)
        self.sections = sections or {}
        self.example = example
        self.params.extend(shared_options())

    @property
    def lazy(self) -> dict[str, LazyCommand]:
        """Every command by its name."""
        return {name: found for section in self.sections.values() for name, found in section.items()}

    def list_commands(self, _ctx: click.Context) -> list[str]:
        """Return the names in the order of the help."""
        return list(self.lazy)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        """Import and return the command ``name``."""
        found = self.lazy.get(name)
        return found.load() if found else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that the arguments name; an unknown one gets its nearest neighbour named."""
        if args and not args[0].startswith("-") and args[0] not in self.lazy:
            near = get_close_matches(args[0], self.lazy, n=1)
            raise click.UsageError(
                f"There is no command {ctx.command_path + ' ' + args[0]!r}."
                + (f" Did you mean {ctx.command_path + ' ' + near[0]!r}?" if near else ""),
                ctx,
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections of commands from their summaries."""
        for title, members in self.sections.items():
            with formatter.section(title):
                formatter.write_dl([(name, found.summary) for name, found in members.items()])


def command(name: str, *, example: str, **attributes: Any) -> Callable[[_F], Command]:
    """Make a :class:`Command`; ``example`` is what its help shows first, one command line a line."""
    return click.command(name, cls=Command, example=example, **attributes)
