"""Fuzz the targets with atheris, one after the other: ``python -m tests.fuzz.run_atheris SECONDS [NAME …]``.

Each target runs in a process of its own for its share of the seconds, from a corpus in ``.fuzz/NAME`` that grows. What
it finds stays beside it. Exit status 1 where something was found.
"""

import subprocess
import sys
from pathlib import Path

CORPUS = Path(".fuzz")
SLOWEST_SECONDS = 30
LARGEST_MEGABYTES = 1024


def fuzz_one(name: str, seconds: int) -> None:
    """Fuzz in this process; it ends by itself, with another status than 0 for a finding."""
    import atheris

    with atheris.instrument_imports(include=["ads"]):
        from tests.fuzz.targets import TARGETS
    from tests.fuzz.test_targets import SEEDS

    folder = CORPUS / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "seed").write_bytes(SEEDS[name])
    options = [f"-max_total_time={seconds}", f"-timeout={SLOWEST_SECONDS}", f"-rss_limit_mb={LARGEST_MEGABYTES}"]
    options += ["-print_final_stats=1", "-verbosity=0", f"-artifact_prefix={CORPUS}/{name}-"]
    atheris.Setup([sys.argv[0], *options, str(folder)], TARGETS[name])
    atheris.Fuzz()


def main() -> int:
    """Return the exit status."""
    if sys.argv[1] == "--one":
        fuzz_one(sys.argv[2], int(sys.argv[3]))
        return 0
    from tests.fuzz.targets import TARGETS

    names = sys.argv[2:] or list(TARGETS)
    seconds = max(1, int(sys.argv[1]) // len(names))
    failed = []
    for name in names:
        argv = [sys.executable, "-m", "tests.fuzz.run_atheris", "--one", name, str(seconds)]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        counted = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
        sys.stdout.write(f"{name:12} {counted[0] if counted else '?':>10} executions, exit status {done.returncode}\n")
        if done.returncode:
            failed.append(name)
            sys.stdout.write("\n".join(done.stderr.splitlines()[-40:]) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
