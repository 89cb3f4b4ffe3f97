"""Ray Serve: one replica with dynamic batching behind its HAProxy, tuned for throughput by the environment."""

import signal
import sys
import threading

import ray
from loaded import FOLDER, load_for_batches
from ray import serve


@serve.deployment(num_replicas=1, max_ongoing_requests=512, ray_actor_options={"num_cpus": 1})
class Model:
    def __init__(self, folder):
        self._predict = load_for_batches(folder)

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.001)
    async def answer(self, requests):
        return self._predict(requests)

    async def __call__(self, request):
        return {"prediction": await self.answer((await request.json())["rows"])}


over = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: over.set())
ray.init(
    num_cpus=2,
    include_dashboard=False,
    object_store_memory=100 * 1024 * 1024,
    configure_logging=False,
    _temp_dir=sys.argv[2],
    runtime_env={"env_vars": {"PYTHONPATH": sys.path[0]}},
)
serve.start(http_options={"host": "127.0.0.1", "port": int(sys.argv[1]), "access_log": False})
serve.run(Model.bind(FOLDER), name="model", route_prefix="/")
over.wait()
serve.shutdown()
ray.shutdown()
