"""Registrations in several threads, and a ledger of what was acknowledged: nothing of it may be lost or there twice."""

from __future__ import annotations

import io
import threading
import time
import zipfile
from collections import Counter
from typing import TYPE_CHECKING

import requests

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Registrations"]


class Registrations:
    """Registers models, each with its artifact and retry tokens, again and again until it is acknowledged.

    ``answers`` counts what came back: statuses, and ``lost`` for connections that ended.
    """

    def __init__(self, url: str, token: str, writers: int = 2) -> None:
        self.url = url
        self.headers = {"Authorization": f"Bearer {token}"}
        self.acknowledged: dict[str, str] = {}
        self.answers: Counter[object] = Counter()
        self.without_advice = 0
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(writer,)) for writer in range(writers)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)

    def _run(self, writer: int) -> None:
        session = requests.Session()
        session.headers.update(self.headers)
        number = 0
        while not self._stop.is_set():
            number += 1
            name = f"fault-{writer}-{number}"
            about = self._until_done(session, "GET", "/openads/v1/service", name)
            if about is None:
                return
            details = {key: about.json()[key] for key in ("compartmentId", "projectId")} | {"displayName": name}
            model = self._until_done(session, "POST", "/20190101/models", name, json=details)
            if model is None:
                return
            path = f"/20190101/models/{model.json()['id']}/artifact"
            if self._until_done(session, "POST", path, name, data=artifact(name)) is None:
                return
            self.acknowledged[name] = model.json()["id"]

    def _until_done(
        self, session: requests.Session, method: str, path: str, token: str, **body: object
    ) -> requests.Response | None:
        kind = {"Content-Type": "application/octet-stream"} if "data" in body else {}
        headers = {"opc-retry-token": token, **kind}
        while not self._stop.is_set():
            try:
                answer = session.request(method, self.url + path, headers=headers, timeout=30, **body)
            except requests.RequestException:
                self.answers["lost"] += 1
                time.sleep(0.05)
                continue
            self.answers[answer.status_code] += 1
            if answer.status_code < 300:
                return answer
            if answer.status_code == 503 and "Retry-After" not in answer.headers:
                self.without_advice += 1
            time.sleep(0.05)
        return None

    def require_whole(self) -> int:
        """Return how many were acknowledged: each is there once, with its bytes, and nothing else is half there."""
        assert self.without_advice == 0
        about = requests.get(f"{self.url}/openads/v1/service", headers=self.headers, timeout=30).json()
        listed: list[dict[str, str]] = []
        page: str | None = ""
        while page is not None:
            params = {"compartmentId": about["compartmentId"], "limit": "1000", **({"page": page} if page else {})}
            answer = requests.get(f"{self.url}/20190101/models", params=params, headers=self.headers, timeout=30)
            listed += answer.json()
            page = answer.headers.get("opc-next-page")
        names = Counter(row["displayName"] for row in listed)
        assert [name for name, count in names.items() if count > 1 and name.startswith("fault-")] == []
        ids = {row["displayName"]: row["id"] for row in listed}
        for name, model_id in self.acknowledged.items():
            assert ids[name] == model_id
            path = f"{self.url}/20190101/models/{model_id}/artifact/content"
            stored = requests.get(path, headers=self.headers, timeout=30)
            assert (stored.status_code, stored.content) == (200, artifact(name))
        return len(self.acknowledged)


def artifact(name: str) -> bytes:
    """Return an archive: the same bytes for the same name."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for file, text in (("score.py", "def load_model(): ...\n"), ("runtime.yaml", "{}"), ("note.txt", name)):
            archive.writestr(zipfile.ZipInfo(file), text)
    return buffer.getvalue()
