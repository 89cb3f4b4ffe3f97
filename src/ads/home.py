"""The data directory: where every file of a service on this machine lies, and how clients learn its address."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

__all__ = ["Home", "ServiceFile", "open_regular"]

# A Unix socket's address holds 107 characters on Linux and 103 on macOS; leave room for "/r/<replica id>.sock".
_LONGEST_RUN_FOLDER = 70


@dataclass(frozen=True)
class ServiceFile:
    """What a client needs to reach the service on this machine. Kept with mode 600."""

    url: str
    token: str
    pid: int
    version: str


class Home:
    """The paths below one data directory. Making one touches nothing; :meth:`create` makes the folders, mode 700."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()

    @property
    def service_file(self) -> Path:
        """Address and administrator token of the running service (:class:`ServiceFile`)."""
        return self.root / "service.json"

    @property
    def member_file(self) -> Path:
        """The same of a member of a cluster without a gateway: it has no address that clients may use."""
        return self.root / "member.json"

    @property
    def lock_file(self) -> Path:
        """Held (``flock``) by the supervisor for as long as it lives: one service per data directory."""
        return self.root / "service.lock"

    @property
    def token_file(self) -> Path:
        """The administrator token, written at the first start, mode 600."""
        return self.root / "admin-token"

    @property
    def database(self) -> Path:
        """The SQLite file of the catalog."""
        return self.root / "catalog.db"

    @property
    def blobs(self) -> Path:
        """Artifact archives under their SHA-256."""
        return self.root / "blobs"

    @property
    def uploads(self) -> Path:
        """Uploads that are not complete yet; swept at every start."""
        return self.root / "uploads"

    @property
    def artifacts(self) -> Path:
        """Unpacked artifacts under their SHA-256, read-only, shared by replicas."""
        return self.root / "artifacts"

    @property
    def environments(self) -> Path:
        """Virtual environments under the hash of what they hold."""
        return self.root / "environments"

    @property
    def logs(self) -> Path:
        """Logs of the service's own processes."""
        return self.root / "logs"

    def deployment(self, deployment_id: str) -> Path:
        """Return the folder of one deployment: ``access.log``, ``predict.log``, a folder per replica.

        ``deployment_id`` must be an id that the catalog knows, never text from a request.
        """
        return self.root / "deployments" / deployment_id

    @property
    def run(self) -> Path:
        """Sockets and what the processes tell each other; meaningless when nothing runs."""
        inside = self.root / "run"
        if len(str(inside)) <= _LONGEST_RUN_FOLDER:
            return inside
        name = f"openads-{os.getuid()}-{hashlib.sha256(str(self.root).encode()).hexdigest()[:12]}"
        base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
        return Path(base) / name

    @property
    def supervisor_socket(self) -> Path:
        """Where the supervisor takes orders."""
        return self.run / "supervisor.sock"

    @property
    def control_socket(self) -> Path:
        """Where the control plane serves HTTP to the gateway."""
        return self.run / "control.sock"

    @property
    def lent_socket(self) -> Path:
        """Where the gateway lends clients' connections to the control plane."""
        return self.run / "lent.sock"

    @property
    def gateways(self) -> Path:
        """One socket per gateway process, on which control tells it to read the routes again."""
        return self.run / "gateways"

    @property
    def routes_file(self) -> Path:
        """What the gateways need to know of every deployment, written by control."""
        return self.run / "routes.json"

    @property
    def control_metrics_file(self) -> Path:
        """What only control can count, in Prometheus' text form: gateways append it to their own metrics."""
        return self.run / "control.metrics"

    @property
    def identities_file(self) -> Path:
        """The credentials that gateways accept, written by control, mode 600; tokens only as hashes."""
        return self.run / "identities.json"

    @property
    def controls_file(self) -> Path:
        """The control planes of the cluster that gateways may pass requests to, mode 600; none on one machine."""
        return self.run / "controls.json"

    @property
    def limits_file(self) -> Path:
        """How the supervisor limits replicas, for people, written at its start."""
        return self.run / "limits"

    def replica_socket(self, replica_id: str) -> Path:
        """Return where the replica answers frames."""
        return self.run / "r" / f"{replica_id}.sock"

    def create(self) -> None:
        """Make the folders, readable by this user alone. Refuses a run folder that somebody else owns."""
        for folder in (
            self.root,
            self.blobs,
            self.uploads,
            self.artifacts,
            self.environments,
            self.logs,
            self.root / "deployments",
            self.run,
            self.gateways,
            self.run / "r",
        ):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.run.stat().st_uid != os.getuid():
            raise PermissionError(f"{self.run} belongs to another user.")

    def read_service_file(self) -> ServiceFile | None:
        """Return what the running service wrote, or None when there is none or it can't be read."""
        return _read_service(self.service_file)

    def read_member_file(self) -> ServiceFile | None:
        """Return what the running member without a gateway wrote, or None; its address is empty."""
        return _read_service(self.member_file)

    def write_service_file(self, content: ServiceFile) -> None:
        """Tell clients where the service is; without an address only that it runs."""
        write_private(self.service_file if content.url else self.member_file, json.dumps(asdict(content)).encode())

    def remove_service_file(self) -> None:
        """Tell clients that there is no service any more."""
        for path in (self.service_file, self.member_file):
            path.unlink(missing_ok=True)


def _read_service(path: Path) -> ServiceFile | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return ServiceFile(url=data["url"], token=data["token"], pid=int(data["pid"]), version=data["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def open_regular(path: Path) -> BinaryIO:
    """Open a file that somebody else may have put there. Raises OSError for what is a link, a pipe or no file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is not a file")
    return os.fdopen(descriptor, "rb")


def write_private(path: Path, content: bytes) -> None:
    """Replace ``path`` atomically with ``content``, readable by this user alone."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise
