"""F18 and F19: a control plane that nobody reaches; connections that are slow, or are reset in the middle."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING

from benchmarks.faults.ledger import Ledger
from benchmarks.faults.outcome import Outcome
from benchmarks.faults.trial import Trial, fault

if TYPE_CHECKING:
    from typing_extensions import Self

_RESET = struct.pack("ii", 1, 0)
_PIECE = 65_536


class Proxy:
    """A bad way to a port of this machine: ``delay`` seconds for each piece, of which ``resets`` end the connection.

    While it is cut off nothing gets through; what was on its way then arrives later.
    """

    def __init__(self, port: int, seed: int, *, delay: float = 0.0, resets: float = 0.0) -> None:
        self.port = 0
        self.reset = 0
        self._open = asyncio.Event()
        self._open.set()
        self._target, self._delay, self._resets = port, delay, resets
        self._chance = random.Random(seed)
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="proxy")

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait(30)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    def cut_off(self) -> None:
        """Hold everything."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def heal(self) -> None:
        """Let everything through again."""
        self._loop.call_soon_threadsafe(self._open.set)

    def _run(self) -> None:
        server = self._loop.run_until_complete(asyncio.start_server(self._accept, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0.01))
        self._loop.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, on = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        for source, target in ((reader, on), (back, writer)):
            task = self._loop.create_task(self._pass_on(source, target, (writer, on)))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, both: tuple[asyncio.StreamWriter, ...]
    ) -> None:
        try:
            while piece := await source.read(_PIECE):
                await asyncio.sleep(self._delay)
                await self._open.wait()
                if self._chance.random() < self._resets:
                    self.reset += 1
                    for writer in both:
                        _reset(writer)
                    return
                target.write(piece)
                await target.drain()
            if target.can_write_eof():
                target.write_eof()
        except (OSError, RuntimeError):
            for writer in both:
                writer.transport.abort()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End the connection as a broken one does: what was on its way is gone."""
    found = writer.get_extra_info("socket")
    if found is not None:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


@fault("F18", "the control plane can't be reached for 1 s and for 10 s, then again")
def unreachable_control(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=2)
        before = {**subject.children()}
        with trial.load(deployed, rate=100) as recorder, Ledger(subject) as ledger:
            for seconds in (1, 10 * trial.scale):
                ledger.after(2)
                os.kill(before["control"], signal.SIGSTOP)
                time.sleep(seconds)
                healed = time.monotonic()
                os.kill(before["control"], signal.SIGCONT)
                outcome.within(f"registers after {seconds:g} s", ledger.back(healed), 10)
            recorder.after(50)
        outcome.holds(subject.children() == before, "something was started anew")
        ledger.judge(outcome)
    outcome.take(recorder)


@fault("F19", "200 ms each way, and one piece of 20 resets its connection; predictions and uploads")
def bad_network(trial: Trial, outcome: Outcome) -> None:
    with trial.subject() as subject:
        deployed = subject.deploy(subject.register(1), instances=2)
        with Proxy(subject.port, trial.seed, delay=0.2, resets=0.05) as proxy:
            away = f"http://127.0.0.1:{proxy.port}"
            url = f"{away}/{deployed.id}/predict"
            with trial.load_from(url, subject.token, rate=20, retries=8) as recorder, Ledger(subject, away) as ledger:
                recorder.after(trial.times(200))
                ledger.after(trial.times(3))
        outcome.note(f"{proxy.reset} resets, {recorder.counts['sent again']} sent again")
        outcome.holds(proxy.reset, "nothing was reset")
        ledger.judge(outcome)
    outcome.take(recorder)
