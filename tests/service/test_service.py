"""The whole service as processes: start, find, stop, and what goes wrong at the start."""

import contextlib
import os
import signal
import socket
import subprocess
import sys

import psutil
import pytest

from ads.errors import ServiceUnreachable, SettingError
from ads.service import start_detached, stop
from ads.service.instance import prepare_home
from ads.service.listening import listen, url_of
from ads.service.probe import address_of, status_of
from ads.settings import Settings, load_settings


def command(home, *arguments, port="0"):
    env = {name: value for name, value in os.environ.items() if not name.startswith("OPENADS_")}
    argv = [sys.executable, "-m", "ads.service", *arguments, "--home", str(home.root)]
    return argv + (["--port", port] if port else []), env


def run(home, *arguments, port="0"):
    argv, env = command(home, *arguments, port=port)
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=60, check=False)


def status(found, path, **options):
    return status_of(address_of(found.url), path, **options)


def test_detached_start_find_and_stop(home, left_over):
    started = run(home, "--detached")
    assert (started.returncode, started.stdout, started.stderr) == (0, "", "")
    found = home.read_service_file()
    assert home.service_file.stat().st_mode & 0o777 == 0o600
    assert status(found, "/health/live") == 200
    assert status(found, "/openads/v1/service", token=found.token) == 200
    assert status(found, "/openads/v1/service") == 401
    again = start_detached(Settings(home=home.root))
    assert again == found
    assert run(home, "stop").returncode == 0
    assert left_over(home.root) == []
    assert not home.service_file.exists()
    assert status(found, "/health/live") == 0
    assert not stop(home)


def test_two_starts_at_once_end_with_one_service(home, left_over):
    argv, env = command(home, "--detached")
    starts = [subprocess.Popen(argv, env=env) for _ in range(3)]
    assert [start.wait(60) for start in starts] == [0, 0, 0]
    supervisors = [process for process in left_over(home.root) if "--background" in process.cmdline()]
    assert [process.pid for process in supervisors] == [home.read_service_file().pid]
    assert stop(home)
    assert left_over(home.root) == []


def test_everything_comes_back_after_kill_9(home, left_over, eventually):
    first = start_detached(Settings(home=home.root, port=0))
    children = {process.cmdline()[2]: process for process in left_over(home.root) if process.pid != first.pid}
    children["ads.gateway"].kill()
    eventually(lambda: status(first, "/health/live") == 200)
    children["ads.api"].kill()
    eventually(lambda: status(first, "/openads/v1/service", token=first.token) == 200)
    assert home.read_service_file() == first
    os.kill(first.pid, signal.SIGKILL)
    eventually(lambda: left_over(home.root) == [])
    second = start_detached(Settings(home=home.root, port=0))
    assert second.token == first.token
    assert status(second, "/openads/v1/service", token=second.token) == 200
    assert stop(home)
    assert left_over(home.root) == []


def test_a_second_service_in_the_foreground_is_refused(home):
    start_detached(Settings(home=home.root, port=0))
    refused = run(home)
    assert refused.returncode == 1
    assert "already running" in refused.stderr
    assert "ads stop" in refused.stderr
    assert stop(home)


def test_a_foreground_service_ends_by_sigint(home, left_over):
    argv, env = command(home)
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert "answers at http://127.0.0.1:" in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert left_over(home.root) == []


def test_a_taken_port(home):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run(home, port=str(port))
        assert refused.returncode == 1
        assert f"Port {port}" in refused.stderr
        assert "OPENADS_PORT" in refused.stderr
        detached = run(home, "--detached", port=str(port))
        assert detached.returncode == 1
        assert f"Port {port}" in detached.stderr


def test_nobody_asked_for_this_port_so_another_does(home, monkeypatch):
    monkeypatch.delenv("OPENADS_PORT", raising=False)
    default = Settings(home=home.root)
    with listen(Settings(home=home.root, port=0)) as some:
        port = some.getsockname()[1]
        monkeypatch.setattr("ads.service.listening._bind", _refuse_once(port))
        with listen(default, any_port=True) as other:
            assert other.getsockname()[1] not in {0, default.port}
            assert url_of(other).startswith("http://127.0.0.1:")


def _refuse_once(port):
    from ads.service import listening

    real = listening._bind
    calls = []

    def bind(host, wanted):
        calls.append(wanted)
        return real(host, port if len(calls) == 1 else wanted)

    return bind


def test_addresses_that_can_not_be_listened_on(home):
    for settings in (Settings(home=home.root, host="203.0.113.1"), Settings(home=home.root, port=99999)):
        with pytest.raises(SettingError):
            listen(settings)


def test_a_home_that_can_not_be_used(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(SettingError, match="can't be used"):
        prepare_home(Settings(home=file / "home"))
    with pytest.raises(SettingError, match="can't be used"):
        start_detached(Settings(home=file))


def test_control_that_can_not_start_is_told_with_its_log(home, monkeypatch):
    monkeypatch.setenv("OPENADS_DATABASE_URL", "nonsense://x")
    with pytest.raises(ServiceUnreachable) as caught:
        start_detached(load_settings(home=home.root, port=0))
    assert "control" in str(caught.value)
    assert "nonsense" in str(caught.value)
    assert not home.service_file.exists()


def test_what_was_killed_is_forked_again_and_started_where_nothing_can_be_forked(home, left_over, eventually):
    def own(name):
        found = {}
        for process in left_over(home.root):
            with contextlib.suppress(psutil.Error):  # it ends just now
                words = process.cmdline()
                if words[2:3] == [name]:
                    found[words[3] if name == "ads.service.preload" else name] = process
        return found if name == "ads.service.preload" else found.get(name)

    found = start_detached(Settings(home=home.root, port=0))
    before = own("ads.gateway")
    assert (before.ppid(), before.cmdline()[1:4]) == (found.pid, ["-m", "ads.gateway", "--fd"])
    assert os.getsid(before.pid) == before.pid
    assert set(own("ads.service.preload")) == {"ads.gateway,ads.api"}
    for forkable in (True, False):
        if not forkable:
            for preloaded in own("ads.service.preload").values():
                preloaded.kill()
        for name, path in (("ads.gateway", "/health/live"), ("ads.api", "/openads/v1/service")):
            old = own(name)
            old.kill()
            eventually(lambda n=name, o=old: (now := own(n)) is not None and now.pid != o.pid, 60)
            eventually(lambda p=path: status(found, p, token=found.token) == 200, 60)
            assert own(name).ppid() == found.pid
    assert stop(home)
    assert left_over(home.root) == []
