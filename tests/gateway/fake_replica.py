"""A replica that speaks frames: ``python fake_replica.py SOCKET NAME``. What it does is said by each JSON body."""

import contextlib
import json
import os
import pathlib
import socket
import sys
import threading
import time

from ads.gateway.frames import PING, PONG, PREDICT, FrameReader, Output, decode_predict, encode_answer, encode_empty


def answer(item, name):
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
        if "status" in body:
            return Output(body["status"], b"{}")
        if "size" in body:
            return Output(200, b'"' + b"x" * body["size"] + b'"')
    return Output(200, json.dumps({"replica": name, "echo": body, "meta": json.loads(item.meta)}).encode())


def serve(connection, name):
    reader = FrameReader(1 << 30)
    with contextlib.suppress(OSError), connection:
        while data := connection.recv(1 << 16):
            for kind, number, payload in reader.feed(data):
                if kind == PING:
                    connection.sendall(encode_empty(PONG, number))
                    continue
                assert kind == PREDICT
                connection.sendall(encode_answer(number, [answer(item, name) for item in decode_predict(payload)]))


def main(path, name):
    pathlib.Path(path).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen(16)
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=serve, args=(connection, name), daemon=True).start()


if __name__ == "__main__":
    main(*sys.argv[1:])
