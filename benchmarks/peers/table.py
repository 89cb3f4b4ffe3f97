"""What was measured, as tables for a terminal and for the documentation."""

from __future__ import annotations

import os
import platform

from rich.console import Console
from rich.table import Table

from benchmarks.peers.contestants import CONTESTANTS, OURS, YARDSTICK
from benchmarks.peers.load import Round, Scenario, median_round

__all__ = ["Found", "markdown", "show", "summary"]

Found = dict[Scenario, dict[str, list[Round]]]
"""By scenario, then by contestant; ``in process`` is the estimator alone."""

_COLUMNS = ("what", "requests/s", "p50", "p99", "rounds", "work", "memory", "ready", "failed", "ours does")


def show(kind: str, found: Found) -> None:
    """Print one table for each scenario."""
    console = Console(width=150)
    for scenario, contestants in found.items():
        table = Table(title=f"{kind}: {scenario}", title_justify="left")
        for column in _COLUMNS:
            table.add_column(column, justify="left" if column == "what" else "right")
        for cells in _lines(contestants):
            table.add_row(*cells)
        console.print(table)


def summary(results: dict[str, Found]) -> None:
    """Print one table of everything: requests a second, and how many times as many ours answers."""
    columns, rows = _summary(results)
    table = Table(title="Requests per second (how many times as many ours answers)", title_justify="left")
    for column in columns:
        table.add_column(column, justify="left" if column == columns[0] else "right")
    for row in rows:
        table.add_row(*row)
    Console(width=max(100, 18 * len(columns))).print(table)


def _summary(results: dict[str, Found]) -> tuple[list[str], list[list[str]]]:
    every = [contestants for found in results.values() for contestants in found.values()]
    names = [name for name in CONTESTANTS if any(name in contestants for contestants in every)]
    rows = []
    for kind, found in results.items():
        for scenario, contestants in found.items():
            middle = {name: median_round(contestants[name]).rate for name in names if name in contestants}
            rows.append([f"{kind}, {scenario}", *(_compared(name, middle) for name in names)])
    return ["model, request", *names], rows


def _compared(name: str, rates: dict[str, float]) -> str:
    if name not in rates:
        return ""
    if name == OURS or OURS not in rates:
        return f"{rates[name]:,.0f}"
    return f"{rates[name]:,.0f} ({_times(rates[OURS] / rates[name], name).removesuffix(' times')})"


def markdown(results: dict[str, Found]) -> str:
    """Return the tables as the documentation has them."""
    lines = [f"{_machine()}; load average at the end {os.getloadavg()[0]:.1f}."]
    columns, rows = _summary(results)
    lines += ["", "Requests per second, in parentheses how many times as many ours answers:", ""]
    lines += [f"| {' | '.join(columns)} |", f"|---{'|--:' * (len(columns) - 1)}|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    for kind, found in results.items():
        for scenario, contestants in found.items():
            lines += ["", f"**{kind}, {scenario}**", "", f"| {' | '.join(_COLUMNS)} |"]
            lines += [f"|---{'|--:' * (len(_COLUMNS) - 1)}|"]
            lines += [f"| {' | '.join(cells)} |" for cells in _lines(contestants)]
    return "\n".join(lines) + "\n"


def _lines(contestants: dict[str, list[Round]]) -> list[tuple[str, ...]]:
    ours = contestants.get(OURS)
    reference = median_round(ours).rate if ours else 0.0
    lines: list[tuple[str, ...]] = []
    for name, rounds in contestants.items():
        middle = median_round(rounds)
        rates = sorted(each.rate for each in rounds)
        lines.append(
            (
                CONTESTANTS[name].title if name in CONTESTANTS else "the estimator in process",
                f"{middle.rate:,.0f}",
                f"{middle.p50 * 1000:.2f} ms",
                f"{middle.p99 * 1000:.2f} ms",
                f"{rates[0]:,.0f} … {rates[-1]:,.0f}",
                _work(middle),
                f"{middle.megabytes:.0f} MB" if middle.megabytes else "",
                f"{middle.ready:.1f} s" if middle.ready else "",
                f"{sum(each.bad for each in rounds):,}",
                _times(reference / middle.rate, name) if reference else "",
            )
        )
    return lines


def _times(ratio: float, name: str) -> str:
    if name == OURS:
        return ""
    return f"{ratio:.0%}" if name == YARDSTICK else f"{ratio:.1f} times"


def _work(middle: Round) -> str:
    """Return the processor time of a request: of gateway and replica for ours, of all processes for others."""
    if "gateway" in middle.work:
        return f"{middle.work['gateway'] * 1e6:,.0f} + {middle.work['replicas'] * 1e6:,.0f} µs"
    total = sum(middle.work.values())
    return f"{total * 1e6:,.0f} µs" if total else ""


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
