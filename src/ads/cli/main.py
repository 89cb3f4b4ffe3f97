"""The entry of ``ads``, and its process boundary: an error becomes two or three lines and an exit status."""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import re
import sys
from collections.abc import Sequence

import click

from ads.cli import exit_codes
from ads.cli.commands import LazyCommand, LazyGroup
from ads.cli.invocation import Invocation
from ads.cli.output import Output
from ads.errors import AdsError, ServiceError

__all__ = ["cli", "main", "run"]

SECTIONS = {
    "Service on this machine": {
        "serve": LazyCommand("ads.cli.serve:serve", "Start the service: catalog, gateway and deployments."),
        "stop": LazyCommand("ads.cli.serve:stop", "Stop the service and every process of it."),
        "status": LazyCommand(
            "ads.cli.status:status", "Say what runs, where, and how many models and deployments it has."
        ),
        "open": LazyCommand("ads.cli.open:open_", "Open the console in a browser, logged in."),
        "doctor": LazyCommand("ads.cli.doctor:doctor", "Check this machine, and say what to do about what is wrong."),
    },
    "The golden path": {
        "init": LazyCommand("ads.cli.init:init", "Write an example project that works as it is."),
        "introspect": LazyCommand("ads.cli.introspection:introspect", "Check an artifact's files; nothing is run."),
        "verify": LazyCommand("ads.cli.verify:verify", "Run an artifact as a deployment would, without a service."),
        "push": LazyCommand("ads.cli.model_changes:push", "Register an artifact: a folder or a zip file."),
        "deploy": LazyCommand("ads.cli.deploy:deploy", "Deploy a model, or an artifact that is registered first."),
        "predict": LazyCommand("ads.cli.predict:predict", "Send data to a deployment and print its predictions."),
        "logs": LazyCommand("ads.cli.logs:logs", "Show or follow what a deployment writes."),
    },
    "Models and deployments": {
        "models": LazyCommand("ads.cli.models:models", "List, find, inspect, register, change and delete models."),
        "version-sets": LazyCommand(
            "ads.cli.version_sets:version_sets", "List, inspect and change the names that models are versions of."
        ),
        "aliases": LazyCommand("ads.cli.aliases:aliases", "List and move names of versions, such as champion."),
        "lineage": LazyCommand("ads.cli.lineage:lineage", "Show where a model came from and where it is deployed."),
        "deployments": LazyCommand(
            "ads.cli.deployments:deployments", "List, inspect, follow, stop and start deployments."
        ),
        "events": LazyCommand("ads.cli.events:events", "Show who changed what, or follow it."),
        "pull": LazyCommand("ads.cli.model_copying:pull", "Copy a model of another catalog into this one."),
        "export": LazyCommand(
            "ads.cli.export:export", "Take a model elsewhere: an image, manifests, an archive for OCI."
        ),
    },
    "Upkeep": {
        "environments": LazyCommand("ads.cli.environments:environments", "List, make and remove what models run in."),
        "gc": LazyCommand("ads.cli.gc:gc", "Remove what nobody needs any more, after showing it."),
        "backup": LazyCommand(
            "ads.cli.backup:backup", "Write one state of everything to a folder; the service goes on."
        ),
        "restore": LazyCommand("ads.cli.backup:restore", "Put a backup into an empty catalog."),
        "db": LazyCommand("ads.cli.db:db", "Look after the catalog's database and its schema."),
    },
    "Who may do what": {
        "users": LazyCommand("ads.cli.users:users", "List, create and deactivate users."),
        "grants": LazyCommand("ads.cli.grants:grants", "Let users do something in a compartment, or no longer."),
        "compartments": LazyCommand("ads.cli.compartments:compartments", "List, create and delete compartments."),
        "tokens": LazyCommand("ads.cli.tokens:tokens", "List, make and revoke bearer tokens."),
        "keys": LazyCommand("ads.cli.keys:keys", "List, add and remove the public keys that sign requests."),
    },
    "Set-up": {
        "config": LazyCommand("ads.cli.config:config", "Show the settings; point oci, oci-cli and oracle-ads here."),
        "completion": LazyCommand(
            "ads.cli.completion:completion", "Print the script that completes commands in your shell."
        ),
        "version": LazyCommand("ads.cli.version:version", "Print the version of OpenADS."),
    },
}

cli = LazyGroup(
    "ads",
    sections=SECTIONS,
    example="""
        ads serve                                      # start everything, in this terminal
        ads deploy churn/                              # in another one: from a folder to an endpoint
        ads predict churn --data '[{"age": 42}]'       # ask a deployment
    """,
    help=(
        "OpenADS: a trained model from a Python session to a served endpoint.\n\n"
        "REF in a command is a name, name:12, name@champion, an OCID, or the last six or more characters of one."
    ),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


# Method, path, status and request id, with which the client ends a message that the service sent.
_EXCHANGE = re.compile(r" \([A-Z]+ /\S* answered \d{3}[^()]*\)$")

_ERROR_HANDLER = "openads.cli"
_SUBSTITUTES = {"→": "->", "✓": "ok", "✗": "x", "…": "..."}


def main() -> None:
    """Run ``ads`` with the arguments of this process, and end the process."""
    codecs.register_error(_ERROR_HANDLER, _replace_unknown)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_ERROR_HANDLER)
    sys.exit(run(sys.argv[1:]))


def _replace_unknown(error: UnicodeError) -> tuple[str, int]:
    """Say what a stream can't encode with what it can: a name in any script must not break an old terminal."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    unknown = error.object[error.start : error.end]
    return "".join(_SUBSTITUTES.get(character, "?") for character in unknown), error.end


def run(arguments: Sequence[str]) -> int:
    """Run one command line and return its exit status. Nothing but ``--debug`` ever shows a traceback."""
    invocation = Invocation()
    if "_ADS_COMPLETE" in os.environ:
        from ads.cli import bash_completion  # noqa: F401 - it makes itself known
    try:
        result = cli.main(list(arguments), prog_name="ads", standalone_mode=False, obj=invocation)
    except BrokenPipeError:
        _discard_stdout()
        return exit_codes.FAILED
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 the process boundary: whatever it is, the user gets lines, not a traceback
        return _report(error, invocation)
    return result if isinstance(result, int) else exit_codes.OK


def _report(error: BaseException, invocation: Invocation) -> int:
    if invocation.debug:
        import traceback

        traceback.print_exception(error)
    output = invocation.output
    if isinstance(error, click.Abort):
        return _interrupted(error, output)
    if isinstance(error, KeyboardInterrupt):
        return _interrupted(click.Abort(), output)
    if isinstance(error, click.ClickException):
        output.error(error.format_message(), hint=_usage_hint(error), code="usage")
        return exit_codes.USAGE
    if isinstance(error, AdsError):
        _tell_ads_error(error, output, in_full=invocation.debug)
    elif isinstance(error, OSError):
        named = f" {error.filename}" if error.filename else ""
        output.error(
            f"The system refused{named}: {error.strerror or error}.",
            hint="Check that path and its permissions.",
            code="system",
        )
    else:
        kind = type(error).__name__
        output.error(
            f"OpenADS failed unexpectedly, with {kind}: {error}",
            hint="That is a defect: repeat the command with --debug and report what it prints.",
            code="defect",
        )
    return exit_codes.exit_code_of(error)


def _tell_ads_error(error: AdsError, output: Output, *, in_full: bool) -> None:
    """Say message, hint and log tail. What only helps the service's operator is left out unless asked for."""
    message, request_id = error.message, error.request_id
    if isinstance(error, ServiceError) and not in_full and output.format == "human":
        message = _EXCHANGE.sub("", message)
        request_id = request_id if error.status >= 500 else ""
    tail = getattr(error, "log_tail", "")
    output.error(f"{message}\n{tail}" if tail else message, hint=error.hint, code=error.code, request_id=request_id)


def _interrupted(error: click.Abort, output: Output) -> int:
    by_keyboard = error.__cause__ is None or isinstance(error.__cause__, KeyboardInterrupt)
    output.talk("Interrupted." if by_keyboard else "Nothing was done.")
    return exit_codes.INTERRUPTED if by_keyboard else exit_codes.FAILED


def _usage_hint(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "ads"
    return f"See how it is used: {path} --help"


def _discard_stdout() -> None:
    # The reader of the pipe has gone. Python would complain about that once more when it flushes stdout at exit.
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
