"""``ads`` as a process of its own: start-up time, exit statuses, pipes, terminals."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time

import pytest

HEAVY = ("pandas", "numpy", "sklearn", "httpx", "fastapi", "sqlalchemy", "cryptography", "yaml", "tqdm", "asyncio")


def seconds(arguments: list[str]) -> float:
    """Return the processor time of the best of several: what the machine's other work adds is not the program's."""
    best = float("inf")
    for _ in range(5):
        process = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        best = min(best, usage.ru_utime + usage.ru_stime)
    return best


@pytest.mark.parametrize("arguments", [["--help"], ["version"], ["models", "--help"], ["config", "show"], ["status"]])
def test_commands_start_within_150_milliseconds(home, arguments):
    assert seconds(["-m", "ads.cli", *arguments]) - seconds(["-c", "pass"]) < 0.150


@pytest.mark.parametrize(
    "arguments", [["--help"], ["version"], ["predict", "--help"], ["config", "show"], ["models", "--help"]]
)
def test_commands_import_nothing_heavy(home, arguments):
    program = (
        "import sys; from ads.cli.main import run; run(sys.argv[1:]); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["version"], 0),
        (["nonsense"], 2),
        (["models", "ls"], 6),
        (["models", "ls", "--url", "http://127.0.0.1:1"], 6),
        (["models", "ls", "--url", "nonsense"], 6),
        (["status"], 3),
        (["stop"], 3),
        (["config", "show"], 0),
    ],
)
def test_exit_statuses_without_a_service(ads_process, arguments, code):
    result = ads_process(*arguments)
    assert result.code == code, result.err
    assert "Traceback" not in result.out + result.err


def test_things_that_are_not_there_are_status_3(ads_process, service):
    assert ads_process("models", "info", "nothing").code == 3
    assert ads_process("deployments", "logs", "nothing").code == 3


def test_a_reader_that_leaves_early_is_no_error(home, service):
    service.models = [dict(service.models[0], displayName="x" * 500, id=f"id{i}") for i in range(5000)]
    service.page_size = 1000
    line = f"{sys.executable} -m ads.cli models ls | head -1"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True, timeout=60)
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_a_terminal_without_unicode_still_shows_everything(ads_process, service):
    service.models[0]["displayName"] = "größe"
    plain = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
    assert "gr??e" in ads_process("models", "ls", **plain).out
    result = ads_process("deployments", "stop", "churn-api", **plain)
    assert result.code == 0
    assert result.err.splitlines()[-2:] == [
        "ok Deployment 'churn-api' is stopped.",
        "-> Serve it again: ads deployments start churn-api",
    ]


def in_terminal(*arguments: str, answer: str = "") -> tuple[int, str]:
    """Run ``ads`` in a pseudo-terminal and return exit status and everything that was shown."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="100", LINES="40")
        os.execv(sys.executable, [sys.executable, "-W", "ignore", "-m", "ads.cli", *arguments])
    shown = b""
    deadline = time.monotonic() + 30
    try:
        while time.monotonic() < deadline:
            if not select.select([terminal], [], [], 0.5)[0]:
                # A Ctrl-C in the moment before Python's input() waits is noticed with the next key only.
                os.write(terminal, answer.encode() if b"[y/N]" in shown else b"")
                continue
            piece = os.read(terminal, 65536)
            shown += piece
            if answer and b"[y/N]" in piece:
                os.write(terminal, answer.encode())
    except OSError:  # how Linux says that the other end is closed
        pass
    else:
        os.kill(child, signal.SIGKILL)
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_person_gets_a_table_with_colours(home, service):
    code, shown = in_terminal("models", "ls")
    assert code == 0
    assert "churn" in shown
    assert "\x1b[" in shown
    assert service.models[0]["id"] not in shown
    assert service.models[0]["id"][-8:] in shown


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(("answer", "code", "deleted"), [("y\n", 0, 1), ("n\n", 1, 0), ("\x03", 130, 0)])
def test_a_person_is_asked_before_something_is_deleted(home, service, answer, code, deleted):
    status, shown = in_terminal("models", "delete", "churn", answer=answer)
    assert "Delete the model 'churn' (aaaaaaaa) and its artifact? [y/N]" in shown
    assert status == code, shown
    assert len(service.asked("DELETE")) == deleted


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(ads_process, shell):
    result = ads_process("completion", shell)
    assert result.code == 0, result.err
    assert "_ADS_COMPLETE" in result.out
