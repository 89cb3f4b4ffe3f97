"""Control groups: found where they are, divided where that may be, and a reason for people where not."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from ads.service.cgroups import Groups, found_groups, group_of, limits_of
from tests.own_service import OwnService

PLAIN = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
V1 = "29 23 0:25 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
HYBRID = f"{V1}41 23 0:30 / /sys/fs/cgroup/unified rw - cgroup2 none rw\n"
INSIDE = "50 40 0:26 /docker/ab /sys/fs/cgroup ro - cgroup2 cgroup2 rw\n"


@pytest.mark.parametrize(
    ("mounts", "membership", "found"),
    [
        (PLAIN, "0::/system.slice/openads.service\n", "/sys/fs/cgroup/system.slice/openads.service"),
        (PLAIN, "0::/\n", "/sys/fs/cgroup"),
        (HYBRID, "4:memory:/x\n0::/y\n", "/sys/fs/cgroup/unified/y"),
        (INSIDE, "0::/docker/ab/c\n", "/sys/fs/cgroup/c"),
        (INSIDE, "0::/docker/ab\n", "/sys/fs/cgroup"),
        (INSIDE, "0::/docker/abc\n", None),
        (V1, "4:memory:/x\n", None),
        ("", "", None),
    ],
)
def test_a_process_s_group_is_found(mounts, membership, found):
    assert group_of(mounts, membership) == (None if found is None else Path(found))


def test_limits_are_what_the_kernel_reads():
    assert limits_of(2**30, 2, 300) == {
        "memory.max": "1073741824",
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "cpu.max": "200000 100000",
        "pids.max": "300",
    }
    assert limits_of(0, 0, 0) == {}


def own_group():
    return group_of(Path("/proc/self/mountinfo").read_text(), Path("/proc/self/cgroup").read_text())


def test_members_of_a_group_end_with_it():
    """On a machine without a group that may be written the reason is told, as the documentation says."""
    base = own_group()
    if base is None or not os.access(base, os.W_OK):
        assert "rlimits (" in found_groups().description
        return
    groups = Groups(base)
    folder = groups.make("replica/x-1-0", {})
    assert Path(folder).parent == base
    code = "import sys, subprocess, time; from ads.worker.isolation import join; join(sys.argv[1]); "
    code += "subprocess.Popen(['sleep', '600'], start_new_session=True); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code, folder], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        members = [psutil.Process(int(line)) for line in Path(folder, "cgroup.procs").read_text().split()]
        assert len(members) == 2
        groups.end("replica/x-1-0")
        process.wait(30)
    _, alive = psutil.wait_procs(members, 30)
    assert alive == []
    assert not Path(folder).exists()


def test_a_group_that_can_not_be_limited_is_not_used(tmp_path):
    groups = Groups(tmp_path)
    assert groups.make("a", {"no/such/file": "1"}) == ""
    assert not groups.usable
    assert groups.description.startswith("rlimits (a control group can't be limited: ")


def test_the_service_says_how_it_limits_replicas(tmp_path, monkeypatch):
    service = OwnService(tmp_path / "h", monkeypatch)
    service.start()
    try:
        done = subprocess.run([sys.executable, "-m", "ads.cli", "status"], capture_output=True, text=True, check=True)
        limits = service.home.limits_file.read_text()
        assert limits in done.stdout
        base = own_group()
        present = (base / "cgroup.controllers").read_text().split() if base is not None else []
        if not {"memory", "pids", "cpu"} <= set(present):
            assert limits.startswith("rlimits (")
        assert limits == "cgroup v2" or limits.startswith("rlimits (")
    finally:
        service.stop()
