"""Upload and download of one large artifact: throughput beside a plain copy with fsync, and peak memory of each side.

    python benchmarks/transfer.py                 # 2 GiB
    python benchmarks/transfer.py --size 6GiB
    python benchmarks/transfer.py --folder /disk/to/measure

Everything lies on one disk and is measured in one run: the copy, the upload through gateway and control plane into the
catalog (durable, checked against its manifest), the download. Memory is the peak above what the process had before.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

UNITS = {"MiB": 1024**2, "GiB": 1024**3}
BLOCK = 4 * 1024**2

CLIENT = """
import json, resource, sys, time
from pathlib import Path
import httpx, tqdm, concurrent.futures
from ads.client import Service
from ads.client.transfer import download, upload
what, model, path, sha256 = sys.argv[1:]
service = Service.find(start=False)
service.about
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
began, cpu = time.perf_counter(), time.process_time()
if what == "upload":
    upload(service, model, Path(path), sha256=sha256)
else:
    assert download(service, model, Path(path)).sha256 == sha256
print(json.dumps({"seconds": time.perf_counter() - began, "cpu": time.process_time() - cpu,
                  "memory": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024}))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", default="2GiB", help="bytes of the artifact, as 512MiB or 6GiB")
    parser.add_argument(
        "--folder", type=Path, help="where to measure; a temporary folder below it is removed at the end"
    )
    chosen = parser.parse_args()
    match = re.fullmatch(r"(\d+)(MiB|GiB)", chosen.size)
    if match is None:
        parser.error("--size is a number of MiB or GiB")
    with tempfile.TemporaryDirectory(prefix="openads-transfer-", dir=chosen.folder) as folder:
        measure(Path(folder), int(match[1]) * UNITS[match[2]])


def measure(folder: Path, size: int) -> None:
    from ads.artifact.archive import write_zip

    artifact = folder / "artifact"
    write_artifact(artifact, size)
    began = time.perf_counter()
    info = write_zip(artifact, folder / "model.zip")
    packing = info.size / (time.perf_counter() - began)
    shutil.rmtree(artifact)
    os.sync()
    copying = copy_speed(folder / "model.zip", folder / "copy.zip", info.size)
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("OPENADS_")},
        "OPENADS_HOME": str(folder / "home"),
        "OPENADS_PORT": "0",
    }
    try:
        results = transfer(folder, environment, info.sha256)
    finally:
        command = [sys.executable, "-m", "ads.service", "stop", "--home", str(folder / "home")]
        subprocess.run(command, check=True, timeout=60)
    print(f"artifact of {info.size / 1024**3:.2f} GiB, packed at {packing / 1e6:.0f} MB/s")
    print(f"plain copy with fsync: {copying / 1e6:.0f} MB/s")
    for what, (seconds, memory, cpu) in results.items():
        speed = info.size / seconds
        peaks = ", ".join(f"{name} {peak / 1e6:.0f}" for name, peak in memory.items())
        used = ", ".join(f"{name} {value:.1f}" for name, value in cpu.items())
        print(
            f"{what}: {speed / 1e6:.0f} MB/s, {speed / copying:.0%} of the copy; MB above base: {peaks}; CPU s: {used}"
        )


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
    """Return the bytes per second of the faster of two plain copies with fsync."""
    best = 0.0
    for _ in range(2):
        began = time.perf_counter()
        shutil.copyfile(source, target)
        with target.open("rb+") as file:
            os.fsync(file.fileno())
        best = max(best, size / (time.perf_counter() - began))
        target.unlink()
    return best


def transfer(
    folder: Path, environment: dict[str, str], sha256: str
) -> dict[str, tuple[float, dict[str, float], dict[str, float]]]:
    start = [sys.executable, "-c", "from ads.client import Service; Service.find()"]
    subprocess.run(start, env=environment, check=True)
    about = json.loads((folder / "home" / "service.json").read_text())
    client = httpx.Client(base_url=about["url"], headers={"authorization": f"Bearer {about['token']}"}, timeout=60)
    defaults = client.get("/openads/v1/service").raise_for_status().json()
    body = {"compartmentId": defaults["compartmentId"], "projectId": defaults["projectId"]}
    model = client.post("/20190101/models", json=body).raise_for_status().json()["id"]
    results = {}
    for what, file in (("upload", "model.zip"), ("download", "back.zip")):
        before = {name: state(pid) for name, pid in processes(about["pid"]).items()}
        command = [sys.executable, "-c", CLIENT, what, model, str(folder / file), sha256]
        done = json.loads(subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE).stdout)
        memory, cpu = {"client": done["memory"]}, {"client": done["cpu"]}
        for name, pid in processes(about["pid"]).items():
            peak, used = state(pid)
            memory[name] = peak - before[name][0]
            cpu[name] = used - before[name][1]
        results[what] = (done["seconds"], memory, cpu)
    return results


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
