"""F18b: an artifact store (S3) that nobody reaches for a while. Its packets are held, as a broken network does."""

from __future__ import annotations

import tempfile
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from benchmarks.faults import models
from benchmarks.faults.network import Proxy
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.subject import Deployed, Subject, until
from benchmarks.faults.trial import Trial, fault
from tests.s3_server import CREDENTIALS, s3_server

if TYPE_CHECKING:
    from typing_extensions import Self

_BUCKET = "faults"
_LONGEST = 45.0
"""Seconds after which a call that needs the store must have got its 503: three times ten of the store, and some."""
_AT_ONCE = 5


@dataclass(frozen=True)
class Answer:
    """What a call got, and when; status 0: the connection ended."""

    status: int
    text: str
    seconds: float
    advised: bool = False


class Calls:
    """The subject's API, whatever it answers."""

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._headers = {"authorization": f"Bearer {subject.token}"}

    def ask(self, method: str, path: str, **body: object) -> Answer:
        """Return what came."""
        began = time.monotonic()
        try:
            answer = httpx.request(
                method,
                f"{self._subject.url}{path}",
                headers={**self._headers, "content-type": "application/octet-stream"},
                timeout=120,
                trust_env=False,
                **body,  # type: ignore[arg-type]
            )
        except httpx.HTTPError as error:
            return Answer(0, str(error), time.monotonic() - began)
        advised = "retry-after" in answer.headers
        return Answer(answer.status_code, answer.text[:300], time.monotonic() - began, advised)

    def new_model(self) -> str:
        """Return the id of a model without an artifact."""
        body = {**self._subject.place, "displayName": "away"}
        return str(self._subject.ask("POST", "/20190101/models", json=body)["id"])

    def upload(self, model_id: str, number: int) -> Answer:
        """Send a model's artifact."""
        content = models.archive(number, note=f"number {number}")
        return self.ask("POST", f"/20190101/models/{model_id}/artifact", content=content)

    def download(self, model_id: str) -> Answer:
        """Fetch a model's artifact."""
        return self.ask("GET", f"/20190101/models/{model_id}/artifact/content")


class Reads:
    """Reads of the catalog, again and again: they need no store."""

    def __init__(self, calls: Calls) -> None:
        self.slowest = 0.0
        self.failed: list[str] = []
        self._calls = calls
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reads")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(130)

    def _run(self) -> None:
        while not self._over.wait(0.2):
            answer = self._calls.ask("GET", "/openads/v1/service")
            self.slowest = max(self.slowest, answer.seconds)
            if answer.status != 200:
                self.failed.append(f"{answer.status} {answer.text[:100]}")


@fault("F18b", "the artifact store can't be reached for 1 s and for 60 s, then again: uploads, downloads, deployments")
def unreachable_store(trial: Trial, outcome: Outcome) -> None:
    with tempfile.TemporaryDirectory(prefix="openads-store-") as folder, s3_server(Path(folder)) as url:
        _make_bucket(url)
        with Proxy(int(url.rpartition(":")[2]), trial.seed) as proxy:
            environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{proxy.port}"}
            with trial.subject(environment, artifact_store=f"s3://{_BUCKET}/openads") as subject:
                _cut_off(trial, outcome, subject, proxy)


def _make_bucket(url: str) -> None:
    import s3fs

    system = s3fs.S3FileSystem(
        endpoint_url=url,
        key=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        secret=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        skip_instance_cache=True,
    )
    system.mkdir(_BUCKET)


def _cut_off(trial: Trial, outcome: Outcome, subject: Subject, proxy: Proxy) -> None:
    calls = Calls(subject)
    deployed = subject.deploy(subject.register(1), instances=2)
    kept = [subject.register(number) for number in range(2, 2 + _AT_ONCE)]
    before = {**subject.children()}
    with trial.load(deployed, rate=100) as recorder, Reads(calls) as reads:
        for turn, seconds in enumerate((1.0, 60.0 * trial.scale)):
            never_unpacked = kept[2 * turn : 2 * turn + 2]
            waiting = [calls.new_model() for _ in range(_AT_ONCE)]
            _forget_copies(subject)
            proxy.cut_off()
            cut = time.monotonic()
            with ThreadPoolExecutor(2 * _AT_ONCE + 1) as threads:
                uploads = [threads.submit(calls.upload, each, 50 + n) for n, each in enumerate(waiting)]
                downloads = [threads.submit(calls.download, each) for each in kept]
                refused = threads.submit(_deploy, subject, never_unpacked[0], f"cut off for {seconds:g} s")
                time.sleep(seconds)
                proxy.heal()
                healed = time.monotonic()
                _judge(outcome, [*uploads, *downloads], seconds)
                found, took = refused.result()
            state, why = found["lifecycleState"], found["lifecycleDetails"] or ""
            outcome.note(f"a deployment ordered then: {state} after {took:.1f} s")
            outcome.holds(state == "ACTIVE" or "artifact store" in why, f"the deployment is {state}: {why[:200]}")
            outcome.within("then", took, _LONGEST + 15)
            _recover(outcome, calls, list(zip(waiting, uploads, strict=True)), kept, max(healed, cut + took))
            again, _ = _deploy(subject, never_unpacked[1], "afterwards")
            outcome.holds(again["lifecycleState"] == "ACTIVE", f"deployed again: {again['lifecycleDetails']}")
        outcome.within("slowest read of the catalog", reads.slowest, 2)
        outcome.holds(not reads.failed, f"reads failed: {reads.failed[:3]}")
        until(lambda: subject.children() == before, 60, f"the same processes as before: {before}")
    outcome.take(recorder)


def _forget_copies(subject: Subject) -> None:
    """Remove what the service keeps of the store on this machine, so that it has to ask."""
    for folder in (subject.home.root / "blob-cache", subject.home.artifacts):
        for path in folder.iterdir():
            if path.is_file() and not path.name.startswith("."):
                path.unlink()


def _deploy(subject: Subject, model_id: str, name: str) -> tuple[dict[str, str], float]:
    began = time.monotonic()
    deployment: Deployed = subject.create(model_id, name=name)
    found = deployment.rest(120)
    took = time.monotonic() - began
    subject.ask("DELETE", f"/20190101/modelDeployments/{deployment.id}")
    return found, took


def _judge(outcome: Outcome, asked: list[Future[Answer]], seconds: float) -> None:
    answers = [each.result() for each in asked]
    counts = {status: sum(a.status == status for a in answers) for status in sorted({a.status for a in answers})}
    said = ", ".join(f"{count} x {status}" for status, count in counts.items())
    outcome.within(f"cut off for {seconds:g} s: {said}, slowest", max(a.seconds for a in answers), _LONGEST)
    strange = [a for a in answers if a.status not in (200, 204, 503)]
    outcome.holds(not strange, f"answers: {strange[:2]}")
    blunt = [a for a in answers if a.status == 503 and not (a.advised and "artifact store" in a.text)]
    outcome.holds(not blunt, f"unclear: {blunt[:2]}")


def _recover(
    outcome: Outcome,
    calls: Calls,
    uploads: list[tuple[str, Future[Answer]]],
    kept: list[str],
    since: float,
) -> None:
    """Nothing that was refused may be visible, what was acknowledged must be; and all goes on by itself."""
    for number, (model_id, upload) in enumerate(uploads):
        there = calls.download(model_id).status
        while there == 503 and time.monotonic() - since < 20:
            time.sleep(0.1)
            there = calls.download(model_id).status
        told = upload.result().status
        outcome.holds(there == (200 if told in (200, 204) else 404), f"an upload that got {told} is {there} afterwards")
        if told == 503:
            again = calls.upload(model_id, 50 + number)
            outcome.holds(again.status in (200, 204), f"sent again: {again.status} {again.text}")
    for model_id in kept:
        again = calls.download(model_id)
        outcome.holds(again.status == 200, f"fetched again: {again.status} {again.text}")
    outcome.within("all is back", time.monotonic() - since, 20)
