"""Section 3.1 of the catalogue of abuse: archives, uploaded to a running service; each test is named after its line.

What deployments make of artifacts is in ``test_artifacts.py`` beside this.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import random
import shutil
import socket
import stat
import struct
import tarfile
import threading
import time
import tracemalloc
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ads.artifact.archive import DEFAULT_LIMITS, extract
from tests.own_service import eventually

from .archives import MODELS, Raw, Shop, artifact, build, members, zipped

FULL32 = 0xFFFFFFFF


@pytest.fixture(autouse=True)
def well(shop: Shop):
    """After every abuse a plain upload works and comes back as it was."""
    yield
    content = artifact()
    assert shop.download(shop.stored(content)).content == content


def named(name: bytes, flags: int = 0) -> bytes:
    return build(members(Raw(name=name, data=b"planted", flags=flags)))


def wide(*values: int) -> bytes:
    content = b"".join(value.to_bytes(8, "little") for value in values)
    return struct.pack("<HH", 1, len(content)) + content


def test_3_1_01_path_dotdot(shop: Shop) -> None:
    shop.refused(named(b"../../planted"), said="..")


def test_3_1_02_path_dotdot_deep(shop: Shop) -> None:
    shop.refused(named(b"a/b/../../../../planted"))


def test_3_1_03_path_dotdot_score(shop: Shop) -> None:
    shop.refused(named(b"../score.py"))


def test_3_1_04_path_absolute(shop: Shop) -> None:
    shop.refused(named(b"/tmp/planted"), said="absolute")


def test_3_1_05_path_absolute_double_slash(shop: Shop) -> None:
    shop.refused(named(b"//tmp/planted"), said="absolute")


@pytest.mark.parametrize("name", [b"C:\\planted", b"C:/planted", b"c:planted"])
def test_3_1_06_path_windows_drive(shop: Shop, name: bytes) -> None:
    shop.refused(named(name))


def test_3_1_07_path_backslash_dotdot(shop: Shop) -> None:
    shop.refused(named(b"..\\..\\planted"), said="backslash")


def test_3_1_08_path_unc(shop: Shop) -> None:
    shop.refused(named(b"\\\\host\\share\\planted"))


@pytest.mark.parametrize("name", [b"a/./planted", b"a/../planted", b"./planted"])
def test_3_1_09_path_dot_component_and_inner_dotdot(shop: Shop, name: bytes) -> None:
    shop.refused(named(name))


@pytest.mark.parametrize("name", [b"~/planted", b"$HOME/planted", b"%2e%2e%2fplanted", b"${IFS}planted"])
def test_3_1_10_literal_names_stay_inside(shop: Shop, tmp_path: Path, name: bytes) -> None:
    folder = shop.unpacked(shop.stored(named(name)), tmp_path)
    assert (folder / name.decode()).read_bytes() == b"planted"


@pytest.mark.parametrize("name", [b"plan\0ted", b"planted.py\0.txt"])
def test_3_1_11_name_nul(shop: Shop, name: bytes) -> None:
    shop.refused(named(name))


@pytest.mark.parametrize("name", [b"plan\nted", b"plan\x1b[31mted", b"planted\x7f", b"plan\rted", "a\x85b".encode()])
def test_3_1_12_name_newline_esc_and_del(shop: Shop, name: bytes) -> None:
    shop.refused(named(name), said="control")


@pytest.mark.parametrize("name", [b"", b"/", b"..", b"."])
def test_3_1_13_name_empty_slash_and_dotdot_only(shop: Shop, name: bytes) -> None:
    shop.refused(named(name))


@pytest.mark.parametrize("flags", [0, 0x800])
def test_3_1_14_name_non_utf8_and_name_utf8_flag_invalid(shop: Shop, flags: int) -> None:
    shop.refused(named(b"gr\x94\xe1e", flags), said="utf-8")


@pytest.mark.parametrize("name", [b"a" * 300, b"/".join([b"a" * 100] * 50)])
def test_3_1_15_name_too_long(shop: Shop, name: bytes) -> None:
    shop.refused(named(name), said="longer")


def test_3_1_16_name_deep(shop: Shop) -> None:
    shop.refused(named(b"/".join([b"d"] * 1000)))


def test_3_1_17_name_rtl_override(shop: Shop) -> None:
    message = shop.refused(named("a\u202egnp.exe".encode(), 0x800))
    assert "\u202e" not in message


HARMLESS = [b"<script>alert(1)</script>", b"$(id > x); `id`", b"-rf", b"--index-url=x", b"&& reboot"]


@pytest.mark.parametrize("name", HARMLESS)
def test_3_1_18_name_html_and_name_shell_are_stored(shop: Shop, tmp_path: Path, name: bytes) -> None:
    folder = shop.unpacked(shop.stored(named(name)), tmp_path)
    assert (folder / name.decode()).read_bytes() == b"planted"


def test_3_1_19_name_unicode_ok(shop: Shop, tmp_path: Path) -> None:
    folder = shop.unpacked(shop.stored(named("größe/模型 😀.txt".encode(), 0x800)), tmp_path)
    assert (folder / "größe" / "模型 😀.txt").read_bytes() == b"planted"


@pytest.mark.parametrize("target", [b"/etc/passwd", b"../../score.py", b"../../../../etc", b"link"])
def test_3_1_20_symlinks(shop: Shop, target: bytes) -> None:
    for name in (b"link", b"score.py"):
        shop.refused(build([Raw(name=name, data=target, mode=0o120777)]), said="regular")


def test_3_1_21_symlink_dir_then_file(shop: Shop) -> None:
    shop.refused(build(members(Raw(name=b"d", data=b"/tmp", mode=0o120777), Raw(name=b"d/planted", data=b"planted"))))


KINDS = {"fifo": stat.S_IFIFO, "chardev": stat.S_IFCHR, "blockdev": stat.S_IFBLK, "socket": stat.S_IFSOCK}


@pytest.mark.parametrize("kind", KINDS)
def test_3_1_22_special_files(shop: Shop, kind: str) -> None:
    shop.refused(build(members(Raw(name=b"planted", data=b"", mode=KINDS[kind] | 0o644))), said="regular")


def test_3_1_23_mode_setuid_and_mode_000(shop: Shop, tmp_path: Path) -> None:
    more = [Raw(name=b"set", mode=0o106755), Raw(name=b"none", mode=0o100000), Raw(name=b"d/", data=b"", mode=0o040000)]
    folder = shop.unpacked(shop.stored(build(members(*more))), tmp_path)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"set": 0o755, "none": 0o644, "d": 0o755, "score.py": 0o644, "runtime.yaml": 0o644}
    shutil.rmtree(folder)
    assert not folder.exists()


def test_3_1_24_bomb_ratio(shop: Shop, tmp_path: Path) -> None:
    bomb = build(members(Raw(name=b"zeros", data=bytes(64 * 1024**2), method=8)))
    assert len(bomb) < 100_000
    shop.refused(bomb, 400, 413, said="expands")
    written = []

    def watch(done: threading.Event) -> None:
        while not done.wait(0.001):
            written.append(sum(p.stat().st_size for p in tmp_path.rglob("zeros")))

    (tmp_path / "a.zip").write_bytes(bomb)
    done = threading.Event()
    watcher = threading.Thread(target=watch, args=(done,))
    watcher.start()
    with pytest.raises(ValueError, match="expands"):
        extract(tmp_path / "a.zip", tmp_path / "in")
    done.set()
    watcher.join()
    assert max(written, default=0) < 2 * 1024**2


def test_3_1_25_bomb_nested_is_one_file(shop: Shop, tmp_path: Path) -> None:
    inner = zipped({"zeros": bytes(64 * 1024**2)})
    for _ in range(3):
        inner = zipped({"inner.zip": inner, "other.zip": inner})
    folder = shop.unpacked(shop.stored(build(members(Raw(name=b"inner.zip", data=inner)))), tmp_path)
    assert (folder / "inner.zip").read_bytes() == inner
    assert len(list(folder.iterdir())) == 3


def test_3_1_26_bomb_overlap(shop: Shop) -> None:
    data = os.urandom(1000)
    full = [Raw(name=b"a0", data=data)]
    full += [Raw(name=b"a%d" % n, data=data, offset=0, has_local=False) for n in range(1, 50)]
    shop.refused(build(full), said="overlap")
    local = build([Raw(name=b"b", data=b"k" * 500)])[: 30 + 1 + 500]
    quoted = [Raw(name=b"a", data=local), Raw(name=b"b", data=b"k" * 500, has_local=False, offset=31)]
    shop.refused(build(quoted))


def test_3_1_27_bomb_many_entries_and_dirs(shop: Shop) -> None:
    entries = [Raw(name=b"f%d" % n, data=b"") for n in range(20_000)]
    shop.refused(build(entries), 400, 413, said="members")
    folders = [Raw(name=b"d%d/" % n, data=b"", mode=0o040755) for n in range(5_000)]
    started = time.monotonic()
    shop.refused_or_kept_as_is(build(members(*folders)))
    assert time.monotonic() - started < 30


@pytest.mark.parametrize("method", [0, 8])
def test_3_1_28_bomb_lying_size(shop: Shop, method: int) -> None:
    shop.refused(build(members(Raw(name=b"zeros", data=bytes(32 * 1024**2), method=method, size=10))))


@pytest.mark.parametrize("claim", [5 * 1024**3, 2**63, 2**64 - 1])
def test_3_1_29_zip64_claims(shop: Shop, claim: int) -> None:
    shop.refused(build(members(Raw(name=b"b", size=FULL32, packed_size=FULL32, extra=wide(claim, claim)))), 400, 413)
    shop.refused(build(members(Raw(name=b"b", size=FULL32, extra=wide(claim)))), 400, 413)
    shop.refused(build(members(Raw(name=b"b", offset=FULL32, extra=wide(claim)))), 400, 413)


def test_3_1_30_a_real_archive_over_4_gib(tmp_path: Path) -> None:
    # As the service and the SDK read it, but for the data of the large member: 4 GiB of a sparse file.
    from ads.artifact.zip_directory import read_directory

    path = tmp_path / "big.zip"
    with path.open("wb") as file:
        size = 2**32 + 1
        head = ("<4sHHHHHLLLHH", b"PK\3\4", 45, 0, 0, 0, 33, 0, FULL32, FULL32, 7, 20)
        file.write(struct.pack(*head) + b"big.bin" + wide(size, size))
        file.seek(size, 1)
        second = file.tell()
        small = build([Raw(name=b"score.py")])
        file.write(small[: 30 + 8 + 6])
        start = file.tell()
        crc = zlib.crc32(b"x = 1\n")
        for name, sum_, packed, offset, extra in (
            (b"big.bin", 0, FULL32, 0, wide(size, size)),
            (b"score.py", crc, 6, FULL32, wide(second)),
        ):
            fields = (b"PK\1\2", 3 << 8 | 45, 45, 0, 0, 0, 33, sum_, packed, packed, len(name), len(extra), 0, 0, 0)
            file.write(struct.pack("<4sHHHHHHLLLHHHHHLL", *fields, 0o100644 << 16, offset) + name + extra)
        end = file.tell()
        file.write(struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 2, 2, end - start, start))
        file.write(struct.pack("<4sLQL", b"PK\6\7", 0, end, 1))
        file.write(struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 2, 2, end - start, FULL32, 0))
    tracemalloc.start()
    with path.open("rb") as file:
        found = read_directory(file, DEFAULT_LIMITS)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(member.name, member.size) for member in found] == [("big.bin", size), ("score.py", 6)]
    assert peak < 1024**2


def test_3_1_31_00_control_zip64(shop: Shop, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out:
        for name, text in (("score.py", b"x = 1\n"), ("runtime.yaml", b"a: b\n")):
            with out.open(name, "w", force_zip64=True) as member:
                member.write(text)
    folder = shop.unpacked(shop.stored(buffer.getvalue()), tmp_path)
    assert (folder / "score.py").read_bytes() == b"x = 1\n"


def test_3_1_32_zip64_locator_wrong_and_extra_truncated(shop: Shop) -> None:
    record = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 54, 44)
    for locator in ((0, 97, 1), (0, 2**64 - 1, 1), (1, 98, 1), (0, 98, 2)):
        shop.refused(build([Raw()], end64=record + struct.pack("<4sLQL", b"PK\6\7", *locator)))
    for extra in (wide(6)[:-1], struct.pack("<HH", 1, 0), b"\1", wide(6) + wide(6), b""):
        shop.refused(build([Raw(size=FULL32, extra=extra)]))


@pytest.mark.parametrize("names", [("score.py", "score.py"), ("a.py", "A.PY"), ("\u00e9", "e\u0301")])
def test_3_1_33_dup_score_dup_case_and_dup_nfc_nfd(shop: Shop, names: tuple[str, str]) -> None:
    shop.refused(build([Raw(name=name.encode(), flags=0x800) for name in names]), said="same place")


@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("a/b", "A"), ("a", "a/")])
def test_3_1_34_file_and_dir(shop: Shop, names: tuple[str, str]) -> None:
    modes = [0o040755 if name.endswith("/") else 0o100644 for name in names]
    shop.refused(build([Raw(name=n.encode(), data=b"", mode=m) for n, m in zip(names, modes, strict=True)]))


def test_3_1_35_local_and_central_differ(shop: Shop) -> None:
    for lie in (Raw(local_name=b"other.py"), Raw(local_flags=0x800), Raw(local_flags=1), Raw(local_method=8)):
        shop.refused(build([lie]), said="disagree")


def test_3_1_36_hidden_local_entry_and_central_without_local(shop: Shop) -> None:
    shop.refused(build(members(Raw(name=b"planted", in_directory=False))))
    shop.refused(build([Raw(name=b"planted", in_directory=False), *members()]))
    shop.refused(build(members(Raw(name=b"planted", has_local=False))))


def test_3_1_37_trailing_and_prefix_data(shop: Shop) -> None:
    good = build(members())
    shop.refused(good + b"\0")
    shop.refused(b"\x7fELF" + good)
    shop.refused(build(members(), prefix=b"\x7fELF"))


def test_3_1_38_two_archives_and_end_records_that_lie(shop: Shop) -> None:
    good = build(members())
    shop.refused(good + good)
    shop.refused(build(members(), comment=good))
    shop.refused(build(members(), count=1))
    shop.refused(build(members(), count=3))
    shop.refused(build(members(), disk=1))


def test_3_1_39_truncated(shop: Shop) -> None:
    good = build(members(Raw(name=b"b", data=os.urandom(3000), method=8)))
    for end in (1, 3, 4, 30, len(good) // 2, len(good) - 23, len(good) - 22, len(good) - 21, len(good) - 1):
        shop.refused(good[:end])


def test_3_1_40_upload_cut_off(shop: Shop) -> None:
    model_id, before = shop.model(), shop.left_behind()
    with socket.create_connection(("127.0.0.1", shop.service.port), 30) as connection:
        head = [
            f"POST {MODELS}/{model_id}/artifact HTTP/1.1",
            f"host: 127.0.0.1:{shop.service.port}",
            f"authorization: Bearer {shop.service.admin.token}",
            "content-length: 1000000",
            "content-type: application/octet-stream",
        ]
        connection.sendall("\r\n".join([*head, "", ""]).encode() + b"PK\3\4x")
        eventually(lambda: list(shop.service.home.uploads.iterdir()), 20, "the beginning of the upload")
    eventually(lambda: not list(shop.service.home.uploads.iterdir()), 20, "the end of the upload")
    shop.nothing_came_of(model_id, before)
    assert shop.upload(model_id, artifact()).status == 204


def test_3_1_41_what_is_no_archive(shop: Shop) -> None:
    text = b"def load_model(): pass\n" * 20
    no_entries = b"PK\5\6" + bytes(18)
    for content in (b"", b"P", no_entries, random.Random(1).randbytes(5000), text, b"<html>502</html>" * 20):
        shop.refused(content)


def test_3_1_42_gzip_tar_and_pickle_named_zip(shop: Shop, marker: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as out:
        out.addfile(tarfile.TarInfo("score.py"))
    for content in (gzip.compress(artifact()), buffer.getvalue(), pickle.dumps(Touches(str(marker)))):
        shop.refused(content)


class Touches:
    """Whoever unpickles this has run a command."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> object:
        return os.system, (f"touch {self.path}",)


@pytest.fixture
def marker(tmp_path: Path):
    """A file that hostile content makes when it is run; it never is."""
    path = tmp_path / "marker"
    yield path
    assert not path.exists()


def test_3_1_43_wrong_crc_and_bad_deflate(shop: Shop) -> None:
    packed = Raw(method=8, data=b"abc" * 100).content()
    for bad in (
        Raw(name=b"b", crc=1),
        Raw(name=b"b", method=8, packed=b"\xff" * 20),
        Raw(name=b"b", method=8, data=b"abc" * 100, packed=packed[:-2]),
        Raw(name=b"b", method=8, data=b"abc" * 100, packed=packed + b"\0"),
    ):
        shop.refused(build(members(bad)))


@pytest.mark.parametrize("flag", [0x1, 0x40, 0x41, 0x2000])
def test_3_1_44_encrypted_and_strong_encryption_flag(shop: Shop, flag: int) -> None:
    shop.refused(build(members(Raw(name=b"b", flags=flag))), said="encrypted")


@pytest.mark.parametrize("method", [99, 9, 97, 20, 12345])
def test_3_1_45_methods_nobody_needs(shop: Shop, method: int) -> None:
    shop.refused(build(members(Raw(name=b"b", method=method))), said="method")


@pytest.mark.parametrize(("method", "pack"), [(12, bz2.compress), (14, lzma.compress)])
def test_3_1_45_method_bzip2_and_lzma(shop: Shop, method: int, pack) -> None:
    shop.refused(build(members(Raw(name=b"b", method=method, packed=pack(b"x = 1\n")))), said="method")


def test_3_1_52_a_second_artifact(shop: Shop) -> None:
    model_id = shop.model()
    first, other = artifact(), artifact(more__txt="x")
    token = {"opc_retry_token": f"t-{model_id[-8:]}"}
    assert shop.upload(model_id, first, **token).status == 204
    assert shop.upload(model_id, first, **token).status == 204
    for answer in (shop.upload(model_id, first), shop.upload(model_id, other), shop.upload(model_id, other, **token)):
        assert answer.status == 409, answer
    assert shop.download(model_id).content == first


def test_3_1_53_a_declared_digest_that_does_not_match(shop: Shop) -> None:
    model_id, before = shop.model(), shop.left_behind()
    for headers in (
        {"content_md5": "AAAAAAAAAAAAAAAAAAAAAA=="},
        {"content_md5": "no digest"},
        {"content_digest": f"sha-256=:{'A' * 43}=:"},
    ):
        assert shop.upload(model_id, artifact(), **headers).status == 400, headers
        shop.nothing_came_of(model_id, before)


def test_3_1_54_two_uploads_at_once(shop: Shop) -> None:
    for _ in range(5):
        model_id = shop.model()
        both = [artifact(a__bin=os.urandom(200_000)) for _ in range(2)]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda content, to=model_id: shop.upload(to, content).status, both))
        assert sorted(answers) == [204, 409]
        assert shop.download(model_id).content == both[answers.index(204)]


def test_3_1_55_the_artifact_of_a_deleted_model(shop: Shop) -> None:
    model_id = shop.stored(artifact())
    assert shop.service.admin.ask("DELETE", f"{MODELS}/{model_id}").status in (200, 204)
    assert shop.download(model_id).status == 404
    assert shop.upload(model_id, artifact()).status == 404
    never = shop.model()
    shop.service.admin.ask("DELETE", f"{MODELS}/{never}")
    assert shop.upload(never, artifact()).status == 404


def test_3_1_56_larger_than_the_free_disk_is_refused_early(shop: Shop) -> None:
    model_id, before = shop.model(), shop.left_behind()
    free = shutil.disk_usage(shop.service.home.root).free
    headers = [
        ("host", f"127.0.0.1:{shop.service.port}"),
        ("authorization", f"Bearer {shop.service.admin.token}"),
        ("content-type", "application/octet-stream"),
    ]
    path = f"{MODELS}/{model_id}/artifact"
    for size in (free + 1024**3, DEFAULT_LIMITS.max_bytes + 1):
        status = shop.service.admin.send("POST", path, [*headers, ("content-length", str(size))])
        assert status in (507, 413), size
    shop.nothing_came_of(model_id, before)
