"""The folder that an image is built from: a Dockerfile, a compose file, and all that goes into the image."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from ads.deploy.engines.kubernetes_security import USER
from ads.errors import InputError
from ads.export.subject import Subject

__all__ = ["PORT", "write_image"]

PORT = 8080

_DOCKERFILE = """\
# {name}: gateway and replicas of one model. Built from this folder alone:  docker build -t {image} .
# Give BASE with a digest (python:{python}-slim@sha256:...) to pin the system as well.
ARG BASE=python:{python}-slim
FROM ${{BASE}}

RUN python -m venv /opt/openads && python -m venv /opt/model
COPY requirements-service.txt /opt/openads/requirements.txt
RUN /opt/openads/bin/python -m pip install --no-cache-dir --no-deps --requirement /opt/openads/requirements.txt
COPY artifact/requirements.txt /opt/model/requirements.txt
RUN /opt/model/bin/python -m pip install --no-cache-dir --requirement /opt/model/requirements.txt
COPY service /opt/openads/packages
COPY artifact /opt/artifact

ENV PYTHONPATH=/opt/openads/packages PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HOME=/var/lib/openads \
    OPENADS_HOME=/var/lib/openads
RUN mkdir --mode=0700 /var/lib/openads && chown {user}:{user} /var/lib/openads
USER {user}:{user}
VOLUME /var/lib/openads
EXPOSE {port}
STOPSIGNAL SIGTERM
HEALTHCHECK --start-period=120s CMD ["/opt/openads/bin/python", "-c", "{probe}"]
ENTRYPOINT ["/opt/openads/bin/python", "-m", "ads.export.pod", "--artifact", "/opt/artifact", "--name", "{name}", \
"--python", "/opt/model/bin/python", "--port", "{port}"]
CMD ["--replicas", "1"]
"""
_PROBE = "import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/health/ready', timeout=2)"
_COMPOSE = """\
# OPENADS_TOKEN is what callers send as a bearer token; it comes from the shell or from the file .env.
services:
  {name}:
    build: .
    image: {image}
    environment:
      OPENADS_TOKEN: ${{OPENADS_TOKEN:?set a token of at least 16 characters}}
    ports: ["127.0.0.1:{port}:{port}"]
    read_only: true
    tmpfs: ["/tmp", "/var/lib/openads:uid={user},gid={user},mode=0700"]
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    restart: unless-stopped
    stop_grace_period: 75s
"""
_IGNORED = "**/__pycache__\n.env\n"
_LEFT_OUT = ("__pycache__", "*.pyc")


def write_image(subject: Subject, folder: Path, report: Callable[[str], None]) -> None:
    """Write everything into the folder, which must be new or empty.

    The versions of the service's packages are those of this environment; ``report`` hears of what can't be pinned.
    Raises :class:`~ads.errors.InputError`.
    """
    if folder.exists() and any(folder.iterdir()):
        raise InputError(f"The folder {folder} is not empty.", hint="Name another one with --output.")
    folder.mkdir(parents=True, exist_ok=True)
    ignore = shutil.ignore_patterns(*_LEFT_OUT)
    shutil.copytree(subject.artifact, folder / "artifact", ignore=ignore, dirs_exist_ok=True)
    requirements = folder / "artifact" / "requirements.txt"
    if not requirements.exists():
        report("The artifact says nothing of the packages it needs: add them to artifact/requirements.txt.")
        requirements.write_text("", encoding="utf-8")
    shutil.copytree(_package(), folder / "service" / "ads", ignore=ignore)
    lines = "".join(f"{line}\n" for line in _pinned("openads"))
    (folder / "requirements-service.txt").write_text(lines, encoding="utf-8")
    facts = {"name": subject.name, "image": subject.image, "python": subject.python, "user": USER, "port": PORT}
    (folder / "Dockerfile").write_text(_DOCKERFILE.format(**facts, probe=_PROBE.format(port=PORT)), encoding="utf-8")
    (folder / "compose.yaml").write_text(_COMPOSE.format(**facts), encoding="utf-8")
    (folder / ".dockerignore").write_text(_IGNORED, encoding="utf-8")


def _package() -> Path:
    import ads

    return Path(str(ads.__file__)).parent


def _pinned(name: str) -> list[str]:
    """Return the packages that ``name`` needs, and those that they need, each in the version that is here."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    found: dict[str, str] = {}
    waiting = [(name, frozenset({""}))]
    while waiting:
        package, extras = waiting.pop()
        for text in metadata.requires(package) or ():
            needed = Requirement(text)
            key = canonicalize_name(needed.name)
            wanted = needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras)
            if not wanted or key in found:
                continue
            try:
                found[key] = metadata.version(key)
            except metadata.PackageNotFoundError:
                continue  # for another system or Python
            waiting.append((key, frozenset({"", *needed.extras})))
    return sorted(f"{key}=={version}" for key, version in found.items())
