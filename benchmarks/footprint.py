"""Install the base into a fresh environment and print how many packages and bytes that is. Needs a package index."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]
GOAL_MEGABYTES, GOAL_PACKAGES = 300, 45


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="openads-footprint-") as folder:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        python = Path(folder) / "bin" / "python"
        site = Path(folder) / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
        pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", str(REPOSITORY)]
        subprocess.run(pip, check=True)
        packages = sorted(path.name.split("-")[0] for path in site.glob("*.dist-info"))
        megabytes = sum(path.stat().st_size for path in site.rglob("*") if path.is_file()) / 1e6
    print(f"packages   {len(packages)} (goal ≤ {GOAL_PACKAGES}, original 73)")
    print(f"installed  {megabytes:.0f} MB with byte code (goal ≤ {GOAL_MEGABYTES} MB, original 1,080 MB)")
    print(" ".join(packages))


if __name__ == "__main__":
    main()
