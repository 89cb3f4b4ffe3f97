"""Upload and download of one large artifact: throughput beside a plain copy with fsync, and peak memory of each side.

    python benchmarks/transfer.py                 # 2 GiB, three rounds
    python benchmarks/transfer.py --size 6GiB --rounds 1
    python benchmarks/transfer.py --folder /disk/to/measure

Everything lies on one disk, in one run. A round packs an archive that nobody has seen, copies it, uploads
it through gateway and control plane into the catalog (durable, checked against its manifest), copies it again, and
downloads it. A share compares with the copy right before, of the same file, which lies in the page cache each time.
Memory is the peak above what the process had before.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from ads.artifact.zip_reader import ArchiveInfo

UNITS = {"MiB": 1024**2, "GiB": 1024**3}
BLOCK = 4 * 1024**2

CLIENT = """
import json, sys, time
from pathlib import Path
import httpx, tqdm, concurrent.futures
from ads.client import Service
from ads.client.transfer import download, upload
what, model, path, sha256 = sys.argv[1:]
service = Service.find(start=False)
service.about
def peak():  # ru_maxrss would begin with what the process that started this one had
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
before = peak()
began, cpu = time.perf_counter(), time.process_time()
if what == "upload":
    upload(service, model, Path(path), sha256=sha256)
else:
    assert download(service, model, Path(path)).sha256 == sha256
print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu,
                  "memory": (peak() - before) * 1024}))
"""


@dataclass(frozen=True)
class Measured:
    """One upload or download. Speeds in bytes per second, memory in bytes, cpu in seconds."""

    what: str
    copying: float
    speed: float
    memory: dict[str, float]
    cpu: dict[str, float]

    @property
    def share(self) -> float:
        return self.speed / self.copying


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="2GiB", help="bytes of the artifact, as 512MiB or 6GiB")
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is done; the median round counts")
    parser.add_argument(
        "--folder", type=Path, help="where to measure; a temporary folder below it is removed at the end"
    )
    chosen = parser.parse_args()
    match = re.fullmatch(r"(\d+)(MiB|GiB)", chosen.size)
    if match is None:
        parser.error("--size is a number of MiB or GiB")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nobody who was started stays
    with tempfile.TemporaryDirectory(prefix="openads-transfer-", dir=chosen.folder) as folder:
        measure(Path(folder), int(match[1]) * UNITS[match[2]], chosen.rounds)


def measure(folder: Path, size: int, rounds: int) -> None:
    write_artifact(folder / "artifact", size)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("OPENADS_")},
        "OPENADS_HOME": str(folder / "home"),
        "OPENADS_PORT": "0",
    }
    found = []
    try:
        start = [sys.executable, "-c", "from ads.client import Service; Service.find()"]
        subprocess.run(start, env=environment, check=True)
        for number in range(rounds):
            found += one_round(folder, environment, number)
    finally:
        command = [sys.executable, "-m", "ads.service", "stop", "--home", str(folder / "home")]
        subprocess.run(command, check=True, timeout=60)
    for what in ("upload", "download"):
        middle = sorted((one for one in found if one.what == what), key=lambda one: one.share)[rounds // 2]
        peaks = {name: max(one.memory[name] for one in found) for name in middle.memory}
        print(f"{what}: {told(middle)}; MB above base at most: {listed(peaks, 1e6)}", flush=True)


def one_round(folder: Path, environment: dict[str, str], number: int) -> list[Measured]:
    from ads.artifact.archive import write_zip

    with (folder / "artifact" / "weights.bin").open("rb+") as file:
        file.write(os.urandom(64))
    archive, back = folder / "model.zip", folder / "back.zip"
    info = write_zip(folder / "artifact", archive)
    about = json.loads((folder / "home" / "service.json").read_text())
    client = httpx.Client(base_url=about["url"], headers={"authorization": f"Bearer {about['token']}"}, timeout=60)
    defaults = client.get("/openads/v1/service").raise_for_status().json()
    body = {"compartmentId": defaults["compartmentId"], "projectId": defaults["projectId"]}
    model = client.post("/20190101/models", json=body).raise_for_status().json()["id"]
    found = []
    for what, file in (("upload", archive), ("download", back)):
        os.sync()
        copying = copy_speed(archive, folder / "copy.zip", info.size)
        one = transfer(what, model, file, info, copying, environment)
        print(f"round {number + 1}, {info.size / 1024**3:.2f} GiB, {what}: {told(one)}", flush=True)
        found.append(one)
    back.unlink()
    client.delete(f"/20190101/models/{model}").raise_for_status()
    return found


def told(one: Measured) -> str:
    return (
        f"{one.speed / 1e6:.0f} MB/s, {one.share:.0%} of the copy's {one.copying / 1e6:.0f} MB/s; "
        f"CPU s: {listed(one.cpu, 1)}; MB above base: {listed(one.memory, 1e6)}"
    )


def listed(values: dict[str, float], unit: float) -> str:
    return ", ".join(f"{name} {value / unit:.1f}" for name, value in values.items())


def write_artifact(folder: Path, size: int) -> None:
    """Make an artifact whose weights are dense: pseudo-random blocks, none like another."""
    folder.mkdir()
    (folder / "score.py").write_text("def load_model(): return 1\ndef predict(data, model=None): return {}\n")
    (folder / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    block = os.urandom(BLOCK)
    with (folder / "weights.bin").open("wb") as file:
        for number in range(size // BLOCK):
            file.write(number.to_bytes(8, "big") + block[8:])


def copy_speed(source: Path, target: Path, size: int) -> float:
    """Return the bytes per second of a plain copy with fsync."""
    began = time.perf_counter()
    shutil.copyfile(source, target)
    with target.open("rb+") as file:
        os.fsync(file.fileno())
    speed = size / (time.perf_counter() - began)
    target.unlink()
    return speed


def transfer(
    what: str, model: str, file: Path, info: ArchiveInfo, copying: float, environment: dict[str, str]
) -> Measured:
    about = json.loads((Path(environment["OPENADS_HOME"]) / "service.json").read_text())
    before = {name: state(pid) for name, pid in processes(about["pid"]).items()}
    command = [sys.executable, "-c", CLIENT, what, model, str(file), info.sha256]
    done = json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)
    memory, cpu = {"client": done["memory"]}, {"client": done["cpu"]}
    for name, pid in processes(about["pid"]).items():
        peak, used = state(pid)
        memory[name] = peak - before[name][0]
        cpu[name] = used - before[name][1]
    return Measured(what, copying, info.size / done["seconds"], memory, cpu)


def processes(supervisor: int) -> dict[str, int]:
    """Return the pids of gateway and control plane."""
    import psutil

    found = {}
    for child in psutil.Process(supervisor).children(recursive=True):
        words = " ".join(child.cmdline())
        found.update({name: child.pid for name in ("gateway", "api") if f"ads.{name}" in words})
    return {"gateway": found["gateway"], "control": found["api"]}


def state(pid: int) -> tuple[int, float]:
    """Return the peak of resident memory in bytes, and the CPU seconds."""
    import psutil

    status = Path(f"/proc/{pid}/status").read_text()
    times = psutil.Process(pid).cpu_times()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024, times.user + times.system


if __name__ == "__main__":
    main()
