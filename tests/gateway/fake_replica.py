"""A replica that speaks frames: ``python fake_replica.py SOCKET NAME [BATCH]``. Each JSON body says what it does.

With BATCH it takes so many items in a frame, and every answer says how many there were.
"""

import contextlib
import json
import os
import pathlib
import socket
import sys
import threading
import time

from ads.gateway.frames import PING, PONG, PREDICT, FrameReader, Output, decode_predict, encode_answer, encode_empty
from ads.worker.frames import encode_batch, encode_frame


def answer(item, name, count=1):
    if item.kind == 1:
        return Output(
            200, json.dumps({"replica": name, "bytes": len(item.body), "meta": json.loads(item.meta)}).encode()
        )
    try:
        body = json.loads(item.body)
    except ValueError:
        return Output(400, b'{"code":"CannotParseRequest","message":"no JSON"}')
    if isinstance(body, dict):
        if "note" in body:
            with pathlib.Path(body["note"]).open("a") as file:
                file.write(f"{name}\n")
        if body.get("die") in {True, name}:
            os._exit(9)
        if "sleep" in body and body.get("only") in {None, name}:
            time.sleep(body["sleep"])
        if "status" in body and body.get("only") in {None, name}:
            return Output(body["status"], b"{}")
        if "size" in body:
            return Output(200, b'"' + b"x" * body["size"] + b'"')
    content = {"replica": name, "echo": body, "meta": json.loads(item.meta), "count": count}
    return Output(200, json.dumps(content).encode())


def serve(connection, name, batch):
    reader = FrameReader(1 << 30)
    with contextlib.suppress(OSError), connection:
        while data := connection.recv(1 << 16):
            for kind, number, payload in reader.feed(data):
                if kind == PING:
                    pong = encode_frame(PONG, number, encode_batch(batch)) if batch else encode_empty(PONG, number)
                    connection.sendall(pong)
                    continue
                assert kind == PREDICT
                items = decode_predict(payload)
                assert len(items) <= (batch or 1)
                connection.sendall(encode_answer(number, [answer(item, name, len(items)) for item in items]))


def main(path, name, batch="0"):
    pathlib.Path(path).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(16)
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=serve, args=(connection, name, int(batch)), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
