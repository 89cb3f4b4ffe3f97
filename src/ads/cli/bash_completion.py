"""How bash completes commands of ads. It splits words at ``:``, ``@`` and ``=`` too, so ``churn:3`` is three to it."""

from __future__ import annotations

import os
import re
import shlex
from typing import Any, ClassVar

from click.shell_completion import BashComplete, CompletionItem, add_completion_class, split_arg_string

__all__ = ["WholeWords"]

_SOURCE = """\
%(complete_func)s() {
    local IFS=, kind value
    COMPREPLY=()
    while read -r kind value; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done < <(
        export COMP_LINE=${COMP_LINE:0:COMP_POINT} COMP_WORDBREAKS %(complete_var)s=bash_complete
        $1 2> /dev/null
    )
}

complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_WORD = re.compile(r"(?:[^\s\\]|\\.)*\Z", re.DOTALL)


@add_completion_class
class WholeWords(BashComplete):
    """Completes the word of the line, and gives bash the part of it that bash takes for the word."""

    name: ClassVar[str] = "bash"
    source_template: ClassVar[str] = _SOURCE

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the cursor's, and that one as far as it is typed."""
        line = os.environ.get("COMP_LINE", "")
        words = split_arg_string(line)
        begun = words.pop() if words and not line[-1:].isspace() else ""
        return words[1:], begun

    def format_completion(self, item: CompletionItem[Any]) -> str:
        """Return kind and value. What of the value is before bash's own word is left out, the rest is quoted."""
        value = str(item.value)
        if item.type != "plain":
            return f"{item.type},{value}"
        typed = _WORD.search(os.environ.get("COMP_LINE", ""))
        begun = "".join(split_arg_string(typed[0])) if typed else ""
        option, mark, _ = begun.partition("=")
        if mark and option.startswith("-") and not value.startswith(begun):
            value = f"{option}={value}"
        ends = [begun.rfind(mark) + 1 for mark in os.environ.get("COMP_WORDBREAKS", "") if not mark.isspace()]
        kept = max(ends, default=0)
        return f"plain,{shlex.quote(value[kept:]) if value.startswith(begun[:kept]) else shlex.quote(value)}"
