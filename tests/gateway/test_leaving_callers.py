"""Callers that leave before their answer: nothing is predicted for nobody."""

import json
from concurrent.futures import ThreadPoolExecutor


def test_who_left_while_waiting_is_not_predicted_for(make_gateway, tmp_path, eventually):
    gateway = make_gateway()
    gateway.deploy(("a",))
    note, begun = tmp_path / "note", tmp_path / "begun"
    with ThreadPoolExecutor(1) as client:
        first = client.submit(gateway.predict, {"sleep": 2, "note": str(begun)})
        eventually(begun.exists, what="the first prediction's begin")
        body = json.dumps({"note": str(note)}).encode()
        for _ in range(20):
            wire = gateway.connect().send(gateway.head(f"content-length: {len(body)}") + body)
            wire.close()
        assert first.result()[0] == 200
    assert gateway.predict([1])[0] == 200
    assert not note.exists()


def test_who_closed_one_side_only_is_answered(make_gateway):
    import socket

    gateway = make_gateway()
    gateway.deploy(("a",))
    wire = gateway.connect().send(gateway.head("content-length: 14") + b'{"sleep": 0.3}')
    wire.socket.shutdown(socket.SHUT_WR)
    statuses = [wire.answer()[0]]
    while statuses[-1] == 100:  # whether anybody is still there
        statuses.append(wire.answer()[0])
    assert statuses[0] == 100
    assert statuses[-1] == 200


def test_an_old_client_that_closed_one_side_gets_its_answer_alone(make_gateway):
    import socket

    gateway = make_gateway()
    gateway.deploy(("a",))
    head = gateway.head("content-length: 14").replace(b"HTTP/1.1", b"HTTP/1.0", 1)
    wire = gateway.connect().send(head + b'{"sleep": 0.3}')
    wire.socket.shutdown(socket.SHUT_WR)
    assert wire.answer()[0] == 200
