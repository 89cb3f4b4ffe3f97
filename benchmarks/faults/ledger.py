"""Registrations in the background, and what was acknowledged: all of it must be there afterwards, byte for byte."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from typing import TYPE_CHECKING

import httpx

from benchmarks.faults import models
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.subject import Subject

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Ledger"]


class Ledger:
    """Registers one model after the other. Each request is repeated with its retry token until it is answered.

    They are sent to ``url``, where that is not the subject's own.
    """

    def __init__(self, subject: Subject, url: str = "") -> None:
        self._url = url or subject.url
        self.acknowledged: dict[str, str] = {}
        self.times: list[float] = []
        """When each registration was acknowledged (monotonic)."""
        self.refused: list[str] = []
        self._run_id = secrets.token_hex(4)
        self._names: set[str] = set()
        self._subject = subject
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ledger")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(60)

    def after(self, count: int, within: float = 60.0) -> None:
        """Return after so many more registrations. Raises TimeoutError."""
        goal, deadline = len(self.times) + count, time.monotonic() + within
        while len(self.times) < goal:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{count} registrations: not within {within:g} s")
            time.sleep(0.02)

    def back(self, moment: float, within: float = 60.0) -> float:
        """Return how many seconds after ``moment`` a registration was acknowledged."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            found = [at for at in self.times[-50:] if at > moment]
            if found:
                return min(found) - moment
            time.sleep(0.02)
        raise TimeoutError(f"a registration: not within {within:g} s")

    def _run(self) -> None:
        number = 0
        place = self._subject.place
        while not self._stop.is_set():
            number += 1
            name = f"ledger {self._run_id} {number}"
            self._names.add(name)
            content = models.archive(number, note=name)
            created = self._until_done(
                "/20190101/models", f"m{self._run_id}-{number}", json={**place, "displayName": name}
            )
            if created is None:
                return
            model_id = created.json()["id"]
            if (
                self._until_done(f"/20190101/models/{model_id}/artifact", f"a{self._run_id}-{number}", content=content)
                is None
            ):
                return
            self.acknowledged[model_id] = hashlib.sha256(content).hexdigest()
            self.times.append(time.monotonic())

    def _until_done(self, path: str, token: str, **body: object) -> httpx.Response | None:
        kind = {"content-type": "application/octet-stream"} if "content" in body else {}
        headers = {"authorization": f"Bearer {self._subject.token}", "opc-retry-token": token, **kind}
        while not self._stop.is_set():
            try:
                answer = httpx.post(
                    self._url + path,
                    headers=headers,
                    timeout=30,
                    trust_env=False,
                    **body,  # type: ignore[arg-type]
                )
            except httpx.HTTPError:
                time.sleep(0.05)
                continue
            if answer.status_code < 300:
                return answer
            if answer.status_code not in (503, 429, 409) or "retry-after" not in answer.headers:
                self.refused.append(f"{answer.status_code} {answer.text[:200]}")
            time.sleep(0.05)
        return None

    def judge(self, outcome: Outcome) -> None:
        """Compare what is there with what was acknowledged; tell the outcome what is not so."""
        outcome.note(f"{len(self.acknowledged)} registrations")
        lost = [model_id for model_id, digest in self.acknowledged.items() if self._digest(model_id) != digest]
        outcome.holds(not lost, f"{len(lost)} acknowledged registrations lost or changed: {lost[:3]}")
        outcome.holds(not self.refused, f"refused without advice: {self.refused[:3]}")
        twice = self._there_twice()
        outcome.holds(not twice, f"registered twice: {twice[:3]}")

    def _digest(self, model_id: str) -> str:
        headers = {"authorization": f"Bearer {self._subject.token}"}
        url = f"{self._subject.url}/20190101/models/{model_id}/artifact/content"
        answer = httpx.get(url, headers=headers, timeout=30, trust_env=False)
        return hashlib.sha256(answer.content).hexdigest() if answer.status_code == 200 else str(answer.status_code)

    def _there_twice(self) -> list[str]:
        compartment, page, seen = self._subject.place["compartmentId"], "", []
        headers = {"authorization": f"Bearer {self._subject.token}"}
        while True:
            parameters = {"compartmentId": compartment, "limit": "100", **({"page": page} if page else {})}
            url = f"{self._subject.url}/20190101/models"
            answer = httpx.get(url, headers=headers, params=parameters, timeout=30, trust_env=False).raise_for_status()
            seen += [item["displayName"] for item in answer.json()]
            page = answer.headers.get("opc-next-page", "")
            if not page:
                return [name for name in self._names if seen.count(name) > 1]
