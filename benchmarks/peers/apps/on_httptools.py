"""The yardstick: the estimator behind httptools in one process. What arrives in one turn of the loop is one batch.

It has no credentials, no log, no metrics, no limits, no second process: nothing that a service needs.
"""

import asyncio
import sys

import httptools
import orjson
import uvloop
from loaded import load_for_batches

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"


class Batch:
    """What waits for the end of this turn of the loop."""

    def __init__(self):
        self._predict = load_for_batches()
        self._waiting = []

    def add(self, transport, rows):
        """Answer together with everything else of this turn."""
        if not self._waiting:
            asyncio.get_running_loop().call_soon(self._answer)
        self._waiting.append((transport, rows))

    def _answer(self):
        waiting, self._waiting = self._waiting, []
        found = self._predict([rows for _, rows in waiting])
        for (transport, _), predictions in zip(waiting, found):  # noqa: B905
            body = orjson.dumps({"prediction": predictions})
            transport.write(ANSWER % (len(body), body))


class Connection(asyncio.Protocol):
    """One connection; requests follow each other."""

    def __init__(self, batch):
        self._batch = batch
        self._parser = httptools.HttpRequestParser(self)
        self._body = []

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._parser.feed_data(data)

    def on_body(self, piece):
        self._body.append(piece)

    def on_message_complete(self):
        body, self._body = b"".join(self._body), []
        self._batch.add(self._transport, orjson.loads(body)["rows"])


async def main(port):
    batch = Batch()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(batch), "127.0.0.1", port)
    await server.serve_forever()


uvloop.run(main(int(sys.argv[1])))
