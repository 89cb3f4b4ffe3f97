"""Many callers at once, merged by the replica: each gets the function of its own numbers, while replicas are killed."""

from __future__ import annotations

import asyncio
import json
import random
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from ads.model.generic_model import GenericModel
from tests.own_service import OwnService
from tests.runtime_yaml import RUNTIME

SCORE = """\
import sys

BATCHABLE = True

def load_model():
    return 7

def predict(data, model=load_model()):
    for x in data:
        if x % 97 == 0:
            raise ValueError("this number breaks the whole batch")
    print(len(data), "rows", flush=True)
    return {"prediction": [(x * 31 + model) % 1000003 for x in data]}
"""


class Caller:
    """One connection that asks for random numbers, one request after the other."""

    def __init__(self, seed: int, url: str, token: str) -> None:
        self._chance = random.Random(seed)
        self._split = urlsplit(url)
        self._token = token
        self.right = self.refused = 0
        self.wrong: list[object] = []

    async def run(self, until: float) -> None:
        reader, writer = await asyncio.open_connection(self._split.hostname, self._split.port)
        while time.monotonic() < until:
            numbers = [self._chance.randrange(10**6) for _ in range(self._chance.randrange(1, 4))]
            body = json.dumps(numbers)
            head = f"POST {self._split.path}/predict HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            head += f"Authorization: Bearer {self._token}\r\n"
            writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            answer = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(line for line in answer.split("\r\n") if line.startswith("content-length: "))
            content = json.loads(await reader.readexactly(int(length.partition(": ")[2])))
            self._judge(numbers, int(answer.split()[1]), content)
        writer.close()

    def _judge(self, numbers: list[int], status: int, content: object) -> None:
        broken = any(number % 97 == 0 for number in numbers)
        if status == 500 and broken:
            self.refused += 1
        elif status == 200 and content == {"prediction": [(x * 31 + 7) % 1000003 for x in numbers]} and not broken:
            self.right += 1
        else:
            self.wrong.append((numbers, status, content))


@pytest.mark.timeout(180)
def test_every_caller_gets_its_own_rows_through_kills(own_service: OwnService, tmp_path: Path) -> None:
    folder = tmp_path / "artifact"
    folder.mkdir()
    (folder / "score.py").write_text(SCORE)
    (folder / "runtime.yaml").write_text(RUNTIME)
    model = GenericModel.from_model_artifact(str(folder), artifact_dir=str(folder), force_overwrite=True)
    model.save(display_name="merged", ignore_introspection=True, reload=False)
    model.deploy(display_name="merged", deployment_instance_count=2)
    callers = [Caller(seed, model.model_deployment.url, own_service.token) for seed in range(48)]

    async def stream() -> None:
        running = [asyncio.create_task(caller.run(time.monotonic() + 8)) for caller in callers]
        for _ in range(5):
            await asyncio.sleep(1.2)  # what is under way in between is the load
            own_service.kill("replica/")
        await asyncio.gather(*running)

    asyncio.run(stream())
    assert [wrong for caller in callers for wrong in caller.wrong] == []
    assert sum(caller.refused for caller in callers) > 10
    assert sum(caller.right for caller in callers) > 1000
    log = next(own_service.home.root.glob("deployments/*/predict.log")).read_text()
    assert max(int(line.split()[0]) for line in log.splitlines() if line.endswith(" rows")) > 8
