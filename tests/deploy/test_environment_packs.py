"""Conda packs: from any address, unpacked strictly, finished where they lie, shared, and never changed for a model."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from ads.deploy.environment_records import pinned, records
from ads.deploy.environment_supplies import Supplies
from ads.deploy.environments import Environment, choose_slug, resolve
from ads.deploy.isolation import isolated_supplies
from ads.errors import CondaPackNotFound, EnvironmentBuildError, SettingError
from ads.home import Home
from ads.settings import Settings
from tests.http_server import FakeServer, Reply
from tests.s3_server import s3_server, use_s3

from .conda_packs import PLACEHOLDER, pack_environment

RUNTIME = "MODEL_DEPLOYMENT:\n  INFERENCE_CONDA_ENV:\n    INFERENCE_ENV_SLUG: {slug}\n    INFERENCE_ENV_PATH: {path}\n"
SCORE = """
import only_in_the_pack, sys

def load_model():
    return only_in_the_pack.ANSWER

def predict(data, model=load_model()):
    return [data, model, sys.prefix]
"""


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return pack_environment(tmp_path_factory.mktemp("packs") / "risk_v1.tar.gz", {"only_in_the_pack": "ANSWER = 42\n"})


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "h")
    home.create()
    return home


def artifact(home: Home, name: str, path: str = "", slug: str = "") -> Path:
    folder = home.artifacts / name
    folder.mkdir()
    (folder / "runtime.yaml").write_text(RUNTIME.format(slug=json.dumps(slug), path=json.dumps(path)))
    return folder


def supplies(home: Home, pack_urls: str = "", catalog: str = "") -> Supplies:
    return isolated_supplies(home, Settings(home=home.root, pack_urls=pack_urls, environment_catalog=catalog))


def answer(environment: Environment) -> str:
    code = "import only_in_the_pack as o; print(o.ANSWER)"
    return subprocess.run([environment.python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_a_pack_is_unpacked_once_and_finished_where_it_lies(home: Home, pack: Path) -> None:
    from_there = supplies(home, str(pack.parent))
    told: list[str] = []
    first = resolve(home, artifact(home, "a", str(pack)), from_there, told.append)
    assert answer(first) == "42"
    folder = first.python.parent.parent
    assert folder.parent == home.environments
    assert folder.name == f"pack-{hashlib.sha256(pack.read_bytes()).hexdigest()[:32]}"
    assert (folder / "etc/prefix").read_text() == f"{folder}\n"
    assert [line.split(str(pack))[0] for line in told] == [
        "environment: fetching the pack ",
        "environment: unpacking ",
        "environment: running conda-unpack",
    ]
    for root, _, files in os.walk(folder):
        for path in (Path(root), *(Path(root, name) for name in files)):
            assert path.lstat().st_uid == os.getuid()
            assert path.lstat().st_mode & 0o004, "replicas with users of their own can't read it"

    again = resolve(home, artifact(home, "b", f"file://{pack}"), from_there, told.append)
    assert again.python == first.python
    assert len(told) == 4, "the same bytes are fetched from another address, and not unpacked again"
    third = resolve(home, artifact(home, "c", str(pack)), from_there, pytest.fail)
    assert third.python == first.python
    (record,) = records(home)
    assert (record.kind, record.python) == ("pack", f"{sys.version_info[0]}.{sys.version_info[1]}")
    assert [path.suffix for path in home.environments.iterdir() if path.name.endswith(".building")] == []


def test_a_pack_that_changes_at_its_address_changes_no_model_that_runs(home: Home, pack: Path, tmp_path: Path) -> None:
    place = tmp_path / "packs" / "p.tar.gz"
    place.parent.mkdir()
    place.write_bytes(pack.read_bytes())
    from_there = supplies(home, str(place.parent))
    old = artifact(home, "old", str(place))
    first = resolve(home, old, from_there, lambda _: None)
    pack_environment(place, {"only_in_the_pack": "ANSWER = 43\n"})
    newer = resolve(home, artifact(home, "new", str(place)), from_there, lambda _: None)
    assert (answer(first), answer(newer)) == ("42", "43")
    place.unlink()
    same = resolve(home, old, from_there, pytest.fail)
    assert same.python == first.python
    assert pinned(old) == first.key
    with pytest.raises(EnvironmentBuildError, match="can't be read: there is no such file"):
        resolve(home, artifact(home, "newest", str(place)), from_there, lambda _: None)


def test_an_address_that_the_operator_has_not_opened_decides_nothing(home: Home, pack: Path) -> None:
    for opened in ("", f"{pack.parent}-other", str(pack.parent / "deeper")):
        folder = artifact(home, f"m{len(opened)}", str(pack))
        assert resolve(home, folder, supplies(home, opened), pytest.fail).own
    climbing = artifact(home, "climbing", f"{pack.parent}/deeper/../{pack.name}")
    assert resolve(home, climbing, supplies(home, f"{pack.parent}/deeper"), pytest.fail).own


def test_packs_come_from_web_servers(home: Home, pack: Path, server: FakeServer) -> None:
    content = pack.read_bytes()
    server.on("GET", "/packs/p", Reply(302, headers={"location": "/elsewhere?signature=x"}))
    server.on("HEAD", "/packs/p", Reply(200, raw=b"", headers={"etag": '"one"'}))
    server.on("GET", "/elsewhere", Reply(200, raw=content))
    from_there = supplies(home, f"{server.url}/packs/")
    address = f"{server.url}/packs/p?token=secret"
    told: list[str] = []
    assert answer(resolve(home, artifact(home, "a", address), from_there, told.append)) == "42"
    assert not any("secret" in line for line in told)
    (record,) = records(home)
    assert "secret" not in json.dumps(vars(record))
    resolve(home, artifact(home, "b", address), from_there, pytest.fail)
    assert len(server.requests("GET", "/elsewhere")) == 1
    server.on("GET", "/packs/p", Reply(404))
    server.on("HEAD", "/packs/p", Reply(404))
    with pytest.raises(EnvironmentBuildError, match="the server answered 404") as caught:
        resolve(home, artifact(home, "c", address), from_there, lambda _: None)
    assert "secret" not in str(caught.value)


def test_packs_come_from_s3(home: Home, pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import s3fs

    with s3_server(tmp_path) as url:
        use_s3(monkeypatch, url)
        store = s3fs.S3FileSystem(endpoint_url=url)
        store.mkdir("packs")
        store.put_file(str(pack), "packs/risk/p.tar.gz")
        from_there = supplies(home, "s3://packs/risk")
        found = resolve(home, artifact(home, "a", "s3://packs/risk/p.tar.gz"), from_there, lambda _: None)
        assert answer(found) == "42"
        resolve(home, artifact(home, "b", "s3://packs/risk/p.tar.gz"), from_there, pytest.fail)


def test_a_slug_stands_for_what_the_operator_says(home: Home, pack: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "catalog.yaml"
    good = hashlib.sha256(pack.read_bytes()).hexdigest()
    catalog.write_text(
        f"risk_v1:\n  pack: {pack}\n  sha256: {good}\n"
        f"risk_v2:\n  pack: {pack}\n  sha256: {'0' * 64}\n"
        f"plain_v1:\n  python: '{sys.version_info[0]}.{sys.version_info[1]}'\n  requirements: [six==1.16.0]\n"
    )
    from_there = supplies(home, catalog=str(catalog))
    found = resolve(home, artifact(home, "a", "oci://their-bucket@theirs/p/risk_v1", "risk_v1"), from_there, print)
    assert answer(found) == "42"
    with pytest.raises(EnvironmentBuildError, match="is stated for it"):
        resolve(home, artifact(home, "b", slug="risk_v2"), from_there, lambda _: None)
    built = resolve(home, artifact(home, "c", slug="plain_v1"), from_there, lambda _: None)
    assert subprocess.run([built.python, "-c", "import six"], check=True).returncode == 0
    with pytest.raises(CondaPackNotFound, match=r"Did you mean risk_v\d or risk_v\d\?"):
        resolve(home, artifact(home, "d", slug="risk_v3"), from_there, pytest.fail)
    with pytest.raises(CondaPackNotFound, match="Did you mean"):
        choose_slug("generalml_p311_cpu_x86_64_v9", from_there)
    assert resolve(home, artifact(home, "e", slug="generalml_p311_cpu_x86_64_v1"), from_there, pytest.fail).own


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a_v1: {}", "either requirements or a pack"),
        ("a_v1: {python: '3.11', requirements: ['--index-url x']}", "installer option"),
        ("a_v1: {python: three, requirements: []}", "no Python version"),
        ("a_v1: {pack: /p, speed: fast}", "unknown key 'speed'"),
        ("[1, 2]", "a list"),
        (None, "can't be read"),
    ],
)
def test_a_catalog_that_can_t_be_used_says_why(home: Home, tmp_path: Path, text: str | None, said: str) -> None:
    catalog = tmp_path / "catalog.yaml"
    if text is not None:
        catalog.write_text(text)
    with pytest.raises(SettingError, match=said):
        resolve(home, artifact(home, "a"), supplies(home, catalog=str(catalog)), pytest.fail)


def test_conda_unpack_s_words_are_told_when_it_fails_and_nothing_stays(home: Home, tmp_path: Path) -> None:
    bad = pack_environment(tmp_path / "bad.tar.gz", unpack="sys.exit('no room for the prefix')")
    with pytest.raises(EnvironmentBuildError, match=r"conda-unpack failed: no room for the prefix"):
        resolve(home, artifact(home, "a", str(bad)), supplies(home, str(tmp_path)), lambda _: None)
    assert [path for path in home.environments.iterdir() if path.is_dir()] == []


REACH = """
import subprocess
said = []
for path in ("{root}/admin-token", "{root}/catalog.db"):
    try:
        open(path).read()
        said.append("read " + path)
    except OSError:
        pass
try:
    open("{root}/environments/mark", "w")
    said.append("wrote")
except OSError:
    pass
open(os.path.join(prefix, "said"), "w").write(repr((os.getuid(), said)))
os.chmod(os.path.join(prefix, "said"), 0o6777)
subprocess.Popen(["sleep", "600"], start_new_session=True)
"""


def test_a_pack_s_own_programs_reach_nothing_of_the_service(home: Home, tmp_path: Path) -> None:
    for name in ("admin-token", "catalog.db"):
        (home.root / name).write_text("secret")
    bad = pack_environment(tmp_path / "bad.tar.gz", unpack=REACH.format(root=home.root))
    from_there = supplies(home, str(tmp_path))
    found = resolve(home, artifact(home, "a", str(bad)), from_there, lambda _: None)
    said = found.python.parent.parent / "said"
    user, reached = eval(said.read_text())
    assert said.stat().st_mode & 0o7022 == 0
    if from_there.users() is None:  # as the documentation says of a plain user
        assert user == os.getuid()
        return
    assert user != os.getuid()
    assert reached == []
    for process in psutil.process_iter(["uids", "status"]):
        assert process.info["uids"].real != user or process.info["status"] == psutil.STATUS_ZOMBIE


def test_a_pack_that_is_a_virtual_environment_is_refused(home: Home, tmp_path: Path) -> None:
    bad = pack_environment(
        tmp_path / "bad.tar.gz", unpack="open(os.path.join(prefix, 'pyvenv.cfg'), 'w').write('home = /root')"
    )
    with pytest.raises(EnvironmentBuildError, match="refers to a Python outside of it"):
        resolve(home, artifact(home, "a", str(bad)), supplies(home, str(tmp_path)), lambda _: None)


def test_a_model_is_deployed_on_its_pack(machine: Callable[..., Any], pack: Path) -> None:
    here = machine(pack_urls=str(pack.parent))
    id_ = here.create(here.model(SCORE, runtime__yaml=RUNTIME.format(slug="risk_v1", path=pack)))
    row = here.wait(id_, "ACTIVE", "FAILED", seconds=120)
    assert row.lifecycle_state == "ACTIVE", row.lifecycle_details
    ((data, number, prefix),) = here.ask(id_)
    assert (data, number) == (1, 42)
    assert Path(prefix).parent == here.home.environments
    _, log, _ = here.work(id_)
    assert any(line.startswith("fetching the pack") for line in log)
    assert any(line.startswith("environment: the pack risk_v1, Python 3.") for line in log)
    assert PLACEHOLDER not in (Path(prefix) / "etc/prefix").read_text()
