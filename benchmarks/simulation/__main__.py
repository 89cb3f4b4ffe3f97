"""``python -m benchmarks.simulation``: placement, autoscaling, failover, rollouts, batching; check; scale."""

from __future__ import annotations

import argparse
import os
import sys
import time

from benchmarks.simulation.scenarios import SCENARIOS, Table


def main() -> int:
    """Print tables as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="*", default=list(SCENARIOS), help=f"of {', '.join(SCENARIOS)}, check, scale")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=2.0, help="check: length of one measurement")
    parser.add_argument("--parts", nargs="+", default=["load", "kill", "scale"], help="check: which of its parts")
    given = parser.parse_args()
    unknown = [name for name in given.what if name not in (*SCENARIOS, "check", "scale")]
    if unknown:
        parser.error(f"{unknown[0]!r} is not known.")
    for name in given.what:
        began = time.perf_counter()
        if name == "check":
            from benchmarks.simulation.check import as_lines, check

            said, rows = check(given.seconds, tuple(given.parts))
            print("\n".join([*said, "", *as_lines(rows)]))
        elif name == "scale":
            from benchmarks.simulation.scale import scale

            show(scale())
        else:
            show(SCENARIOS[name](given.seed))
        print(f"\n{name}: {time.perf_counter() - began:.1f} s, load average {os.getloadavg()[0]:.1f}\n", flush=True)
    return 0


def show(table: Table) -> None:
    """Print a table."""
    header, rows = table
    print(f"| {' | '.join(header)} |\n|---|{'--:|' * (len(header) - 1)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    sys.exit(main())
