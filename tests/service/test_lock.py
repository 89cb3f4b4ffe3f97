import os

from ads.service.lock import Lock, holder, is_held


def test_one_holder(tmp_path):
    path = tmp_path / "lock"
    assert not is_held(path)
    assert holder(path) == 0
    first, second = Lock(path), Lock(path)
    assert first.acquire()
    assert not second.acquire()
    assert is_held(path)
    assert holder(path) == os.getpid()
    first.release()
    assert not is_held(path)
    assert second.acquire()
    second.release()


def test_what_is_asked_about_is_not_taken(tmp_path):
    path = tmp_path / "lock"
    path.write_text("1\n")
    assert holder(path) == 0
    lock = Lock(path)
    assert not is_held(path)
    assert lock.acquire()
    lock.release()


def test_asking_does_not_keep_anybody_from_taking_it(tmp_path):
    import threading

    path = tmp_path / "lock"
    stop = threading.Event()

    def ask():
        while not stop.is_set():
            is_held(path)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(50):
        lock = Lock(path)
        assert lock.acquire()
        lock.release()
    stop.set()
    for thread in threads:
        thread.join()
