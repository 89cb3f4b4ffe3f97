"""What runs in an exported image: a gateway and replicas of one model, without a control plane.

``python -m ads.export.pod --artifact /opt/model --name churn``. It answers as a service does:
``/v2/models/<name>/infer`` of the Open Inference Protocol, and ``/<id>/predict``. Callers send the token that
``OPENADS_TOKEN`` or the file ``OPENADS_TOKEN_FILE`` holds. It is ready once every replica has reproduced the sample.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ads.deploy.routes import ReplicaRoute, Route, Routes
from ads.errors import AdsError, SettingError
from ads.export.told_logs import LOOK_EVERY, tell_logs
from ads.home import Home, write_private
from ads.service.environment import environment_for
from ads.service.instance import prepare_home
from ads.service.listening import listen, url_of
from ads.service.orders import ChildSpec
from ads.service.supervisor import Supervisor
from ads.settings import Settings, load_settings

__all__ = ["deployment_id", "main"]

_ROOT = "ocid1.tenancy.oc1..pod"
_CALLER = "ocid1.user.oc1..pod"
_SHORTEST_TOKEN = 16
_CONFIGURATION = 78
_GATEWAY_GRACE = 65.0
_SECRETS = ("OPENADS_TOKEN", "OPENADS_TOKEN_FILE")


def deployment_id(name: str) -> str:
    """Return the id under which the model called ``name`` is found: always the same."""
    return f"ocid1.datasciencemodeldeployment.oc1..{hashlib.sha256(name.encode()).hexdigest()[:60]}"


def main(arguments: list[str] | None = None) -> int:
    """Serve until SIGTERM; return the exit status."""
    options = _options(arguments)
    try:
        settings = load_settings(host=options.host, port=options.port)
        token = _token(os.environ)
        home = prepare_home(settings)
        with listen(settings) as listening:
            pod = _Pod(options, settings, home, token, url_of(listening))
            children = [pod.gateway(listening.fileno()), *map(pod.replica, range(options.replicas))]
            tell_logs(lambda: [Path(child.log) for child in children])
            failed = Supervisor(home, children, pod.check, settings, listening).run()
    except AdsError as error:
        sys.stderr.write(f"{error}\n")
        return _CONFIGURATION
    time.sleep(2 * LOOK_EVERY)  # the last lines of the logs
    return 1 if failed is not None or pod.failed else 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ads.export.pod", description="Serve one model.")
    parser.add_argument("--artifact", type=Path, required=True, help="the unpacked artifact")
    parser.add_argument("--name", required=True, help="what the model is called in paths")
    parser.add_argument("--python", type=Path, default=Path(sys.executable), help="the model's interpreter")
    parser.add_argument("--replicas", type=int, default=1, help="processes that predict")
    parser.add_argument("--host", default="0.0.0.0", help="address to listen on")  # noqa: S104 - a pod's own
    parser.add_argument("--port", type=int, default=8080, help="port to listen on")
    return parser.parse_args(arguments)


def _token(variables: Mapping[str, str]) -> str:
    """Return the token that callers must send. Raises :class:`~ads.errors.SettingError` without a good one."""
    file = variables.get("OPENADS_TOKEN_FILE", "")
    try:
        token = Path(file).read_text("utf-8").strip() if file else variables.get("OPENADS_TOKEN", "").strip()
    except OSError as error:
        raise SettingError(f"OPENADS_TOKEN_FILE can't be read: {error.strerror}.", hint="Mount the secret.") from error
    if len(token) < _SHORTEST_TOKEN:
        raise SettingError(
            f"Callers need a token of at least {_SHORTEST_TOKEN} characters; there is none.",
            hint="Set OPENADS_TOKEN, or OPENADS_TOKEN_FILE with the path of a secret.",
        )
    return token


class _Pod:
    """The processes of one pod, and what the gateway is told once all replicas are ready."""

    def __init__(self, options: argparse.Namespace, settings: Settings, home: Home, token: str, url: str) -> None:
        self._options = options
        self._settings = settings
        self._home = home
        self._token = token
        self._url = url
        self.failed = False
        for stale in (home.routes_file, home.identities_file, *home.root.glob("deployments/*/*/*.json")):
            stale.unlink(missing_ok=True)

    def gateway(self, descriptor: int) -> ChildSpec:
        """Return the gateway's process."""
        env = {name: value for name, value in environment_for(self._settings).items() if name not in _SECRETS}
        return ChildSpec(
            name="gateway",
            argv=(sys.executable, "-m", "ads.gateway", "--fd", str(descriptor)),
            env={**env, "PYTHONUNBUFFERED": "1"},
            cwd=str(self._home.root),
            log=str(self._home.logs / "gateway.log"),
            grace=_GATEWAY_GRACE,
            pass_fds=(descriptor,),
        )

    def replica(self, number: int) -> ChildSpec:
        """Return the process of one replica; it sees none of the pod's secrets."""
        import ads.worker

        launch = Path(str(ads.worker.__file__)).with_name("launch.py")
        argv = [str(self._options.python), str(launch), "--artifact", str(self._options.artifact.absolute())]
        argv += ["--socket", str(self._socket(number)), "--status", str(self._status(number))]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("OPENADS_", "PYTHON"))}
        temporary = self._home.root / "tmp"
        temporary.mkdir(exist_ok=True)
        self._status(number).parent.mkdir(parents=True, exist_ok=True)
        return ChildSpec(
            name=f"replica-{number}",
            argv=tuple(argv),
            env={**kept, "HOME": str(temporary), "TMPDIR": str(temporary), "PYTHONUTF8": "1"},
            cwd=str(self._options.artifact),
            log=str(self._home.logs / f"replica-{number}.log"),
        )

    def check(self) -> bool:
        """Open the door once every replica is ready; end the pod when one can't be."""
        states = [_state(self._status(number)) for number in range(self._options.replicas)]
        for state in states:
            if state.get("state") == "failed":
                error = state.get("error") or {}
                sys.stderr.write(f"The model can't be served: {error.get('message')} {error.get('hint', '')}\n")
                self.failed = True
                os.kill(os.getpid(), signal.SIGTERM)
                return True
        if any(state.get("state") != "ready" for state in states):
            return False
        self._publish()
        return True

    def _publish(self) -> None:
        # The routes first: who is let in finds them.
        digest = hashlib.sha256(self._token.encode()).hexdigest()
        identities = {
            "generation": 1,
            "compartments": {_ROOT: None},
            "grants": {_CALLER: {_ROOT: "use"}},
            "tokens": [{"sha256": digest, "principal": _CALLER}],
            "keys": [],
        }
        name = self._options.name
        route = Route(
            id=deployment_id(name),
            name=name,
            state="ACTIVE",
            serving=True,
            timeout_seconds=self._settings.predict_timeout,
            max_body_bytes=self._settings.max_body_bytes,
            replicas=tuple(
                ReplicaRoute(f"replica-{number}", str(self._socket(number))) for number in range(self._options.replicas)
            ),
            compartment_ids=(_ROOT,),
        )
        write_private(self._home.identities_file, json.dumps(identities).encode())
        Routes(self._home).publish([route])
        sys.stdout.write(f"Ready: POST {self._url}/v2/models/{name}/infer or {self._url}/{route.id}/predict\n")
        sys.stdout.flush()

    def _socket(self, number: int) -> Path:
        return self._home.replica_socket(f"replica-{number}")

    def _status(self, number: int) -> Path:
        return self._home.deployment(deployment_id(self._options.name)) / f"replica-{number}" / "status.json"


def _state(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


if __name__ == "__main__":
    sys.exit(main())
