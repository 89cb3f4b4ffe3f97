"""F22 and bad clients: descriptors used up, callers that leave, callers that send a byte now and then."""

from __future__ import annotations

import contextlib
import json
import resource
import socket
import time

import psutil

from benchmarks.faults.outcome import Outcome
from benchmarks.faults.recorder import percentile
from benchmarks.faults.subject import Deployed, until
from benchmarks.faults.trial import Trial, fault


def _open(deployed: Deployed) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", deployed.subject.port), timeout=5)
    connection.settimeout(0.2)
    return connection


def _request(deployed: Deployed, do: str = "") -> bytes:
    body = json.dumps({"x": [1], "do": do})
    head = f"POST /{deployed.id}/predict HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    return f"{head}Authorization: Bearer {deployed.subject.token}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


@fault("F22", "connections until the gateway has no descriptor left")
def no_descriptors(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=2)
        gateway = subject.process("gateway")
        with trial.load(deployed, rate=100, connections=16, retries=1) as recorder:
            recorder.after(100)
            before = resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE)
            limit = gateway.num_fds() + 40
            resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, (limit, before[1]))
            flood = []
            for _ in range(300):
                with contextlib.suppress(OSError):
                    flood.append(_open(deployed))
            work = gateway.cpu_times()
            begin = time.monotonic()
            time.sleep(3)
            busy = (sum(gateway.cpu_times()[:2]) - sum(work[:2])) / (time.monotonic() - begin)
            seen = recorder.answered
            for connection in flood:
                connection.close()
            until(lambda: trial.once(deployed, "") is not None, 5, "an answer on a new connection")
            outcome.within("new connections again", time.monotonic() - begin - 3, 2)
            recorder.after(100)
            resource.prlimit(gateway.pid, resource.RLIMIT_NOFILE, before)
        outcome.note(f"gateway {busy:.0%} of a core meanwhile, {seen:,} answers on open connections")
        outcome.holds(busy < 0.6, f"the gateway took {busy:.0%} of a core")
        outcome.holds(subject.process("gateway").pid == gateway.pid, "the gateway ended")
    outcome.take(recorder)


@fault("leave", "callers that leave before their answer, by the hundred")
def leaving(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=2)
        gateway = subject.process("gateway")
        base = gateway.num_fds()
        with trial.load(deployed, rate=50) as recorder:
            recorder.after(50)
            begin = time.monotonic()
            for number in range(trial.times(400)):
                with contextlib.closing(_open(deployed)) as connection:
                    connection.sendall(_request(deployed, "linger")[: None if number % 3 else 150])
            recorder.after(50)
            worst = percentile([r.received - r.due for r in recorder.since(begin)], 0.99)
            outcome.note(f"{trial.times(400)} left")
            outcome.within("p99 of those who stay", worst, 2)
            outcome.within("p99 afterwards", percentile([r.seconds for r in recorder.requests[-40:]], 0.99), 0.2)
        until(lambda: gateway.num_fds() <= base + 3, 20, f"{base} descriptors, as before")
    outcome.take(recorder)


@fault("slow", "clients that send a byte now and then")
def slow_clients(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=2)
        gateway = subject.process("gateway")
        with trial.load(deployed, rate=100) as recorder:
            recorder.after(100)
            base, begin = gateway.num_fds(), time.monotonic()
            message = _request(deployed)
            slow = [_open(deployed) for _ in range(trial.times(200))]
            sent = 0
            while slow and time.monotonic() - begin < 75:
                for connection in slow:
                    with contextlib.suppress(OSError):
                        connection.settimeout(0)
                        connection.sendall(message[sent : sent + 1])
                sent += 1
                time.sleep(0.5)
                slow = [connection for connection in slow if not _ended_now(connection)]
            took = time.monotonic() - begin
            outcome.within("all cut off", took, 65)
            times = [r.received - r.due for r in recorder.since(begin)]
            outcome.within("p99 of the others", percentile(times, 0.99), 0.1)
            outcome.holds(not slow, f"{len(slow)} slow clients are still connected")
            until(lambda: abs(gateway.num_fds() - base) <= 3, 5, "the descriptors of the slow ones")
        outcome.note(f"gateway {psutil.Process(gateway.pid).memory_info().rss / 2**20:.0f} MB")
    outcome.take(recorder)


def _ended_now(connection: socket.socket) -> bool:
    try:
        ended = not connection.recv(65536)
    except BlockingIOError:
        return False
    except OSError:
        ended = True
    if ended:
        connection.close()
    return ended
