"""OpenADS on a Ray cluster of this process's own: Ray Serve runs the replicas of the deployed model."""

import os
import signal
import subprocess
import sys

import ray

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
context = ray.init(
    num_cpus=2,
    include_dashboard=False,
    object_store_memory=100 * 1024 * 1024,
    configure_logging=False,
    _temp_dir=sys.argv[2],
    _memory=1 << 40,
)
service = subprocess.Popen(
    [sys.executable, "-m", "ads.service", "--home", os.environ["OPENADS_HOME"], "--port", sys.argv[1]],
    env={**os.environ, "OPENADS_ENGINE": "ray", "OPENADS_RAY_ADDRESS": context.address_info["gcs_address"]},
)
try:
    service.wait()
finally:
    service.terminate()
    service.wait(30)
    ray.shutdown()
