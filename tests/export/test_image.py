"""The content of an image, built and run without a container engine: the entry point in a root of its own."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.own_service import eventually

TOKEN = "a-token-of-callers-0123456789"


def instructions(dockerfile: Path) -> list[tuple[str, str]]:
    """Return the instructions of a Dockerfile: name and arguments."""
    lines = dockerfile.read_text("utf-8").replace("\\\n", "").splitlines()
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in lines if line and not line.startswith("#")]


def built(folder: Path, root: Path, dockerfile: Path | None = None) -> dict[str, Any]:
    """Do what the folder's Dockerfile, or another one, says below ``root``; return user, variables and command.

    What would be installed from an index is this test's own interpreter, put where the environments would be.
    """
    config: dict[str, Any] = {"env": {}, "command": []}
    for name, rest in instructions(dockerfile or folder / "Dockerfile"):
        if name == "COPY":
            source, target = rest.split()
            place = root / target.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (folder / source).is_dir() else shutil.copyfile
            copy(folder / source, place)
        elif name == "ENV":
            config["env"] |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        elif name == "USER":
            config["user"] = rest
        elif name in ("ENTRYPOINT", "CMD"):
            config["command"] += json.loads(rest)
    for environment in ("openads", "model"):
        program = root / "opt" / environment / "bin" / "python"
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        program.chmod(0o755)
    (root / "var/lib/openads").mkdir(parents=True)
    return config


def confined(root: Path, config: dict[str, Any], *more: str) -> list[str]:
    """Return the command that runs the image: its root read-only, its user, its variables and nothing else."""
    shared = ["/usr", "/bin", "/lib", "/lib64", "/etc", "/dev", sys.base_prefix, sys.prefix]
    for name in ("proc", "tmp"):
        (root / name).mkdir()
    lines = ["set -e", "mount --make-rprivate /", f"mount --bind {root} {root}"]
    lines.append(f"mount -t tmpfs -o mode=1777 tmpfs {root}/tmp")  # first: the interpreter may lie there
    for path in [path for path in shared if Path(path).exists()]:
        lines += [f"mkdir -p {root}{path}", f"mount --rbind {path} {root}{path}"]
    uid, gid = config["user"].split(":") if os.geteuid() == 0 else ("0", "0")
    lines += [
        f"mount -t proc proc {root}/proc",
        f"mount -t tmpfs -o uid={uid},gid={gid},mode=0700 tmpfs {root}/var/lib/openads",
        f"mount -o remount,bind,ro {root}",
    ]
    variables = {"PATH": "/usr/bin:/bin", **config["env"], "OPENADS_TOKEN": TOKEN, "OMP_NUM_THREADS": "1"}
    variables |= config.get("more", {})
    command = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in variables.items()), *more]
    lines.append(f"exec chroot --userspec={uid}:{gid} {root} {shlex.join(command)}")
    namespaces = ["--mount", "--pid", "--fork", "--kill-child"]
    namespaces += [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    return ["unshare", *namespaces, "sh", "-c", "\n".join(lines)]


@pytest.mark.needs("unshare", "chroot")
def test_the_image_answers_as_the_estimator(export: Any, artifact: Path, iris: Any, tmp_path: Path) -> None:
    export("docker", f"{artifact}/", "--output", "image")
    root = tmp_path / "root"
    root.mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    config = built(tmp_path / "image", root)
    log = tmp_path / "log"
    command = [*config["command"], "--port", "0", "--host", "127.0.0.1", "--replicas", "2"]
    with log.open("wb") as said:
        process = subprocess.Popen(confined(root, config, *command), stdout=said, stderr=said, start_new_session=True)
    try:
        eventually(
            lambda: "Ready: POST " in log.read_text() or process.poll() is not None, 120, "the model in the image"
        )
        assert process.poll() is None, log.read_text()
        url = log.read_text().split("Ready: POST ")[1].split()[0]
        rows = iris.data.head(3)
        tensors = [
            {"name": name, "shape": [3], "datatype": "FP64", "data": rows[name].tolist()} for name in rows.columns
        ]
        caller = {"authorization": f"Bearer {TOKEN}"}
        with httpx.Client(timeout=30, trust_env=False) as client:
            assert client.get(f"{url.partition('/v2/')[0]}/health/ready").status_code == 200
            assert client.post(url, json={"inputs": tensors}).status_code == 401
            answer = client.post(url, json={"inputs": tensors}, headers=caller)
            assert answer.json()["outputs"][0]["data"] == [0, 0, 0]
            other = log.read_text().split(" or ")[1].split()[0]
            answer = client.post(other, json=rows.to_dict("list"), headers=caller)
            assert answer.json() == {"prediction": [0, 0, 0]}
            about = client.get(url.removesuffix("/infer"), headers=caller).json()
            assert [each["name"] for each in about["inputs"]] == list(rows.columns)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.needs("unshare", "chroot")
def test_in_the_image_is_the_exported_code_and_a_user_without_rights(
    export: Any, artifact: Path, tmp_path: Path
) -> None:
    export("docker", f"{artifact}/", "--output", "image")
    root = tmp_path / "root"
    root.mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    config = built(tmp_path / "image", root)
    program = (
        "import ads, os\n"
        "def written(path):\n"
        "    try:\n"
        "        open(path, 'w').close()\n"
        "    except OSError as error:\n"
        "        return error.strerror\n"
        "print(ads.__file__, os.getuid(), written('/opt/artifact/x'), written('/var/lib/openads/x'))"
    )
    command = confined(root, config, config["command"][0], "-c", program)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    user = config["user"].partition(":")[0] if os.geteuid() == 0 else "0"
    assert done.stdout == f"/opt/openads/packages/ads/__init__.py {user} Read-only file system None\n", done.stderr


@pytest.mark.needs("unshare", "chroot")
def test_the_image_of_the_service_serves_without_rights(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir(mode=0o755)
    tmp_path.chmod(0o755)
    repository = Path(__file__).resolve().parents[2]
    config = built(repository, root, repository / "deploy" / "image" / "Dockerfile")
    config["more"] = {"OPENADS_HOST": "127.0.0.1", "OPENADS_PORT": "0"}
    log = tmp_path / "log"
    with log.open("wb") as said:
        process = subprocess.Popen(
            confined(root, config, *config["command"]), stdout=said, stderr=said, start_new_session=True
        )
    try:
        eventually(lambda: "Ready: http" in log.read_text() or process.poll() is not None, 120, "the service")
        assert process.poll() is None, log.read_text()
        url = log.read_text().split("Ready: ")[1].split()[0]
        with httpx.Client(timeout=30, trust_env=False) as client:
            assert client.get(f"{url}/health/ready").status_code == 200
            assert client.get(f"{url}/20190101/models").status_code == 401
        assert "INFO" in log.read_text()  # what its processes write to their logs
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_everything_is_pinned_and_nothing_private_travels(export: Any, artifact: Path, tmp_path: Path) -> None:
    from importlib.metadata import version

    (artifact / "__pycache__").mkdir(exist_ok=True)
    said = export("docker", f"{artifact}/", "--output", "image")
    folder = tmp_path / "image"
    assert "docker build -t iris-model:1" in said.stderr
    lines = (folder / "requirements-service.txt").read_text().split()
    assert f"uvloop=={version('uvloop')}" in lines
    assert f"httptools=={version('httptools')}" in lines
    assert all("==" in line for line in lines)
    assert not any(line.startswith(("pytest", "scikit-learn")) for line in lines)
    assert not list(folder.rglob("__pycache__"))
    kinds = dict(instructions(folder / "Dockerfile"))
    assert kinds["USER"] == "65532:65532"
    assert kinds["ARG"].startswith("BASE=python:3.")
    service = yaml.safe_load((folder / "compose.yaml").read_text())["services"]["iris-model"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "is not empty" in export("docker", f"{artifact}/", "--output", "image", code=2).stderr


def test_a_pod_needs_a_token_and_a_model_that_loads(tmp_path: Path, artifact: Path) -> None:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("OPENADS_")}
    clean["OPENADS_HOME"] = str(tmp_path / "home")

    def pod(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "ads.export.pod", "--artifact", str(folder), "--name", "iris", "--port", "0"]
        return subprocess.run(
            [*command, "--host", "127.0.0.1"],
            env={**clean, **more},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    refused = pod(artifact)
    assert refused.returncode == 78
    assert "Callers need a token" in refused.stderr
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "score.py").write_text("def load_model():\n    return None\n\ndef predict(data):\n    return 1\n")
    failed = pod(broken, OPENADS_TOKEN=TOKEN)
    assert failed.returncode == 1
    assert "load_model() in score.py returned None" in failed.stderr


def test_an_archive_for_oci(export: Any, artifact: Path, tmp_path: Path) -> None:
    export("oci-zip", f"{artifact}/", "--output", "iris.zip")
    again = export("oci-zip", f"{artifact}/", "--output", "again.zip")
    assert "Warning" not in again.stderr
    assert (tmp_path / "iris.zip").read_bytes() == (tmp_path / "again.zip").read_bytes()
    names = zipfile.ZipFile(tmp_path / "iris.zip").namelist()
    assert {"score.py", "runtime.yaml", "model.joblib"} <= set(names)
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "score.py").write_text("")
    (bare / "runtime.yaml").write_text("MODEL_ARTIFACT_VERSION: '3.0'\n")
    assert "names no conda pack" in export("oci-zip", f"{bare}/", "--output", "bare.zip").stderr
    assert "Let its name end in .zip" in export("oci-zip", f"{bare}/", "--output", "bare.tar", code=2).stderr
