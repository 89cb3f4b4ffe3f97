"""``ads completion``."""

from __future__ import annotations

import click

from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation

__all__ = ["completion"]


@command(
    "completion",
    example="""
        ads completion bash >> ~/.bashrc
        ads completion zsh >> ~/.zshrc
        ads completion fish > ~/.config/fish/completions/ads.fish
    """,
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@pass_invocation
def completion(invocation: Invocation, shell: str) -> None:
    """Print the script that makes SHELL complete commands and options of ads."""
    from click.shell_completion import get_completion_class

    from ads.cli import bash_completion  # noqa: F401 - it makes itself known
    from ads.cli.main import cli

    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"There is no completion for {shell}.")
    invocation.output.text(made(cli, {}, "ads", "_ADS_COMPLETE").source())
