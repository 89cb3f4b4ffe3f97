"""The supervisor with real children."""

import json
import os
import signal
import socket
import time

FOREVER = "import time\nprint('up', flush=True)\nwhile True: time.sleep(1)"
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FOREVER
WITH_CHILD = (
    "import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n" + FOREVER
)


def test_start_is_idempotent_and_stop_ends(supervised, left_over):
    one = supervised()
    answer = one.start("replica/a", FOREVER)
    assert answer["ok"]
    assert one.start("replica/a", FOREVER) == answer
    child = one.child("replica/a")
    assert (child["pid"], child["state"], child["restarts"]) == (answer["pid"], "running", 0)
    assert one.order(op="stop", name="replica/a") == {"ok": True}
    assert one.child("replica/a") is None
    assert [process.pid for process in left_over(one.home.root)] == [one.process.pid]
    assert one.order(op="stop", name="replica/a") == {"ok": True}


def test_the_environment_is_exactly_what_was_ordered(supervised, eventually, monkeypatch):
    monkeypatch.setenv("OPENADS_SECRET_OF_OURS", "x")
    one = supervised()
    one.start("replica/a", "import os, json; print(json.dumps(dict(os.environ)), flush=True)\n" + FOREVER, A="b")
    line = eventually(lambda: "up" in one.log() and one.log().splitlines()[0])
    assert set(json.loads(line)) - {"LC_CTYPE", "PWD"} == {"A", "MARK", "OPENADS_LIFELINE"}


def test_crashes_are_restarted_with_pauses(supervised, eventually):
    one = supervised()
    one.start("replica/a", "print('up', flush=True); raise SystemExit(3)")
    eventually(lambda: one.log().count("up") >= 3)
    child = eventually(lambda: (c := one.child("replica/a"))["state"] == "backoff" and c)
    assert child["exit_code"] == 3
    assert child["restarts"] >= 2
    begin, count = time.monotonic(), one.log().count("up")
    eventually(lambda: one.log().count("up") > count)
    assert time.monotonic() - begin > 0.1
    assert one.order(op="stop", name="replica/a") == {"ok": True}
    assert one.child("replica/a") is None


def test_who_watches_hears_of_every_end(supervised, eventually):
    one = supervised()
    pid = one.start("replica/a", FOREVER)["pid"]
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(20)
        connection.connect(str(one.home.supervisor_socket))
        connection.sendall(b'{"op": "watch"}\n')
        lines = connection.makefile("rb")
        assert json.loads(lines.readline()) == {"ok": True}
        os.kill(pid, signal.SIGKILL)
        assert json.loads(lines.readline()) == {"ended": "replica/a"}
    # one that left is forgotten, and the others go on
    eventually(lambda: one.child("replica/a")["pid"] not in (0, pid))
    assert one.order(op="kill", name="replica/a") == {"ok": True}
    assert one.order(op="stop", name="replica/a") == {"ok": True}


def test_kill_replaces_the_process(supervised, eventually):
    one = supervised()
    pid = one.start("replica/a", FOREVER)["pid"]
    eventually(lambda: "up" in one.log())
    assert one.order(op="kill", name="replica/a") == {"ok": True}
    child = eventually(lambda: (c := one.child("replica/a"))["state"] == "running" and c)
    assert child["pid"] != pid
    assert child["signal"] == signal.SIGKILL


def test_a_stubborn_child_is_killed_after_its_grace(supervised, eventually, left_over):
    one = supervised()
    one.start("replica/a", STUBBORN, grace=0.3)
    eventually(lambda: "up" in one.log())
    begin = time.monotonic()
    assert one.order(op="stop", name="replica/a") == {"ok": True}
    assert time.monotonic() - begin > 0.25
    assert [process.pid for process in left_over(one.home.root)] == [one.process.pid]


def test_what_a_child_started_ends_with_it(supervised, eventually, left_over):
    one = supervised()
    one.start("replica/a", WITH_CHILD)
    eventually(lambda: "up" in one.log())
    assert len(left_over(one.home.root)) == 3
    one.order(op="kill", name="replica/a")
    eventually(lambda: len(left_over(one.home.root)) == 3)  # the new one and its child, nothing of the old
    one.order(op="stop", name="replica/a")
    eventually(lambda: len(left_over(one.home.root)) == 1)


def test_a_program_that_does_not_exist(supervised):
    one = supervised()
    order = {"argv": ["/nowhere/python"], "env": {}, "cwd": "/", "log": str(one.home.logs / "child.log")}
    answer = one.order(op="start", name="replica/a", **order)
    assert answer == {"ok": True, "pid": 0}
    assert one.child("replica/a")["exit_code"] == 127


def test_bad_orders_leave_it_running(supervised):
    one = supervised()
    for order in ({"op": "dance"}, {"op": "kill", "name": "nobody"}, {"op": "start", "name": "replica/a"}):
        answer = one.order(**order)
        assert not answer["ok"]
        assert answer["error"]
    assert one.order(op="list") == {"ok": True, "children": []}


def test_sigterm_ends_everything(supervised, eventually, left_over):
    one = supervised()
    one.start("replica/a", WITH_CHILD)
    one.start("replica/b", STUBBORN, grace=0.3)
    eventually(lambda: one.log().count("up") == 2)
    one.process.terminate()
    assert one.process.wait(10) == 0
    eventually(lambda: left_over(one.home.root) == [])
    assert not one.home.supervisor_socket.exists()


def test_kill_9_leaves_nobody_behind(supervised, eventually, left_over):
    one = supervised()
    one.start("replica/a", FOREVER)
    one.start("replica/b", STUBBORN)
    eventually(lambda: one.log().count("up") == 2)
    one.process.kill()
    one.process.wait(10)
    eventually(lambda: left_over(one.home.root) == [])


def test_a_killed_supervisor_is_swept_up_by_the_next(supervised, eventually, left_over):
    one = supervised()
    one.start("replica/a", WITH_CHILD)
    eventually(lambda: "up" in one.log())
    one.process.kill()
    one.process.wait(10)
    eventually(lambda: len(left_over(one.home.root)) == 1)  # the grandchild: nobody told it
    two = supervised()
    assert [process.pid for process in left_over(two.home.root)] == [two.process.pid]
    assert two.order(op="list") == {"ok": True, "children": []}


def test_the_lifeline_is_each_childs_own(supervised, eventually):
    one = supervised()
    reader = (
        "import os\nfd = int(os.environ['OPENADS_LIFELINE'])\nprint('up', flush=True)\n"
        "os.read(fd, 1)\nprint('end', flush=True)"
    )
    one.start("replica/a", reader)
    eventually(lambda: "up" in one.log())
    one.start("replica/b", "import os\nos.set_blocking(int(os.environ['OPENADS_LIFELINE']), False)\n" + FOREVER)
    eventually(lambda: one.log().count("up") == 2)
    assert one.child("replica/a")["restarts"] == 0
    assert "end" not in one.log()


DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    time.sleep(600)
os.wait()
print('up', flush=True)
time.sleep(600)
"""


def test_what_left_its_group_ends_with_it(supervised, eventually, left_over):
    one = supervised()
    one.start("replica/a", DAEMON)
    eventually(lambda: "up" in one.log())
    assert one.order(op="stop", name="replica/a") == {"ok": True}
    eventually(lambda: [process.pid for process in left_over(one.home.root)] == [one.process.pid])
