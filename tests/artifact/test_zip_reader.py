"""The strict reader against the catalogue of bad archives. Names of cases are those of the catalogue."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import pickle
import random
import shutil
import stat
import struct
import subprocess
import tarfile
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ads.artifact.archive import Limits, check_zip, extract_zip, read_member, write_zip
from ads.errors import ArchiveError, ArtifactError, ManifestError

OUTSIDE_FIRST = [
    ("path_dotdot", b"../../x"),
    ("path_dotdot_deep", b"a/b/../../../../x"),
    ("path_dotdot_score", b"../score.py"),
    ("path_absolute", b"/tmp/x"),
    ("path_absolute_double_slash", b"//tmp/x"),
    ("path_windows_drive", b"C:\\x"),
    ("path_windows_drive_slash", b"C:/x"),
    ("path_backslash_dotdot", b"..\\..\\x"),
    ("path_unc", b"\\\\host\\share\\x"),
    ("path_dot_component", b"a/./x"),
    ("path_inner_dotdot", b"a/../x"),
    ("name_nul", b"a\0b"),
    ("name_nul_ext", b"x.py\0.txt"),
    ("name_newline", b"a\nb"),
    ("name_esc", b"a\x1b[31m"),
    ("name_del_ctl", b"a\x7f"),
    ("name_empty", b""),
    ("name_slash_only", b"/"),
    ("name_dotdot_only", b".."),
    ("name_non_utf8", b"gr\x94\xe1e"),
    ("name_too_long_component", b"a" * 300),
    ("name_too_long_path", b"/".join([b"a" * 100] * 50)),
    ("name_deep", b"/".join([b"d"] * 1000)),
]


def refused(tmp_path: Path, content: bytes, limits: Limits | None = None) -> ArchiveError:
    """Assert that nothing of ``content`` gets anywhere, and return the error."""
    place = tmp_path / "place"
    place.mkdir(exist_ok=True)
    archive = tmp_path / "bad.zip"
    archive.write_bytes(content)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ArchiveError) as check:
        check_zip(archive, limits or Limits())
    with pytest.raises(ArchiveError) as extract:
        extract_zip(archive, place / "target", limits or Limits())
    assert sorted(tmp_path.rglob("*")) == before
    assert str(check.value) == str(extract.value)
    assert check.value.hint
    return check.value


def accepted(tmp_path: Path, content: bytes) -> Path:
    archive = tmp_path / "good.zip"
    archive.write_bytes(content)
    check_zip(archive)
    extract_zip(archive, tmp_path / "target")
    return tmp_path / "target"


@pytest.mark.parametrize("name", [pytest.param(name, id=case) for case, name in OUTSIDE_FIRST])
def test_name_refused(tmp_path, build, raw, name):
    flags = 0x800 if name.isascii() else 0
    refused(tmp_path, build([raw(name=name, flags=flags)]))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("a\u202efdp.exe".encode(), id="name_rtl_override"),
        pytest.param(b"a\xff\xfe", id="name_utf8_flag_invalid"),
        pytest.param("line\u2028sep".encode(), id="name_line_separator"),
        pytest.param(b"a\xed\xa0\x80", id="name_surrogate"),
    ],
)
def test_marked_utf8_name_refused(tmp_path, build, raw, name):
    refused(tmp_path, build([raw(name=name, flags=0x800)]))


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("~root", id="path_tilde"),
        pytest.param("$HOME", id="path_env_var"),
        pytest.param("%2e%2e", id="path_url_encoded_dotdot"),
        pytest.param("<b>x", id="name_html"),
        pytest.param("; rm -rf $(x)", id="name_shell"),
        pytest.param("-rf", id="name_dash_rf"),
        pytest.param("größe-日本.txt", id="name_unicode_ok"),
        pytest.param("..a", id="name_two_dots_first"),
    ],
)
def test_literal_name_stays_inside(tmp_path, build, raw, name):
    flags = 0 if name.isascii() else 0x800
    folder = accepted(tmp_path, build([raw(name=name.encode(), flags=flags)]))
    assert [path.name for path in folder.iterdir()] == [name]


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(stat.S_IFLNK, id="symlink_abs"),
        pytest.param(stat.S_IFIFO, id="special_fifo"),
        pytest.param(stat.S_IFCHR, id="special_chardev"),
        pytest.param(stat.S_IFBLK, id="special_blockdev"),
        pytest.param(stat.S_IFSOCK, id="special_socket"),
        pytest.param(stat.S_IFDIR, id="folder_without_slash"),
    ],
)
def test_special_file_refused(tmp_path, build, raw, kind):
    refused(tmp_path, build([raw(name=b"x", data=b"/etc/passwd", mode=kind | 0o777)]))


def test_symlink_dir_then_file_refused(tmp_path, build, raw):
    link = raw(name=b"x", data=str(tmp_path).encode(), mode=stat.S_IFLNK | 0o777)
    refused(tmp_path, build([link, raw(name=b"x/inside")]))


@pytest.mark.parametrize(("mode", "wanted"), [(0o104755, 0o755), (0o102644, 0o644), (0o100000, 0o644), (0, 0o644)])
def test_mode_setuid_and_mode_000(tmp_path, build, raw, mode, wanted):
    folder = accepted(tmp_path, build([raw(mode=mode)]))
    assert stat.S_IMODE((folder / "score.py").stat().st_mode) == wanted
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    shutil.rmtree(folder)


def test_bomb_ratio_refused_quickly(tmp_path, build, raw):
    started = time.monotonic()
    refused(tmp_path, build([raw(data=bytes(64 * 1024**2), method=8)]))
    assert time.monotonic() - started < 30


def test_bomb_nested_is_one_file(tmp_path, build, raw):
    inner = build([raw(data=bytes(600_000), method=8)])
    folder = accepted(tmp_path, build([raw(name=b"inner.zip", data=inner)]))
    assert (folder / "inner.zip").read_bytes() == inner


def test_bomb_overlap_full_refused(tmp_path, build, raw):
    data = os.urandom(1000)
    members = [raw(name=b"a0", data=data)]
    members += [raw(name=b"a%d" % n, data=data, offset=0, has_local=False) for n in range(1, 50)]
    refused(tmp_path, build(members))


def test_bomb_overlap_quoted_refused(tmp_path, raw, build):
    # Each member's data begins with the local headers of those behind it.
    kernel = raw(name=b"b", data=b"k" * 500)
    inner = build([kernel])
    local = inner[: 30 + 1 + 500]
    outer = raw(name=b"a", data=local)
    refused(tmp_path, build([outer, raw(name=b"b", data=b"k" * 500, has_local=False, offset=31)]))


@pytest.mark.parametrize("what", ["bomb_many_entries", "bomb_many_dirs"])
def test_too_many_entries_refused(tmp_path, build, raw, what):
    end = b"/" if what == "bomb_many_dirs" else b""
    mode = 0o040755 if end else 0o100644
    members = [raw(name=b"f%d" % n + end, data=b"", mode=mode) for n in range(10_001)]
    assert "members" in str(refused(tmp_path, build(members)))


@pytest.mark.parametrize("method", [0, 8])
def test_bomb_lying_size_refused(tmp_path, build, raw, method):
    refused(tmp_path, build([raw(data=os.urandom(100_000), method=method, size=10)]))


def test_lying_size_too_large_refused(tmp_path, build, raw):
    refused(tmp_path, build([raw(data=b"abc", method=8, size=10)]))


def wide(*values: int) -> bytes:
    content = b"".join(value.to_bytes(8, "little") for value in values)
    return struct.pack("<HH", 1, len(content)) + content


@pytest.mark.parametrize(
    "claim", [5 * 1024**3, 2**64 - 1, 2**63], ids=["zip64_claims_5gib", "zip64_claims_max", "zip64_claims_sign"]
)
def test_zip64_claims_refused(tmp_path, build, raw, claim):
    limits = Limits(max_bytes=2**66)
    refused(tmp_path, build([raw(size=0xFFFFFFFF, packed_size=0xFFFFFFFF, extra=wide(claim, claim))]), limits)
    refused(tmp_path, build([raw(size=0xFFFFFFFF, extra=wide(claim))]), limits)
    refused(tmp_path, build([raw(), raw(name=b"b", offset=0xFFFFFFFF, extra=wide(claim))]), limits)
    refused(
        tmp_path,
        build(
            [
                raw(size=0xFFFFFFFF, packed_size=0xFFFFFFFF, extra=wide(claim, claim)),
                raw(name=b"b", offset=0xFFFFFFFF, extra=wide(claim)),
            ]
        ),
        limits,
    )


def test_over_4_gib_accepted(tmp_path):
    # A sparse file of 4 GiB and a byte, stored: the offsets behind it need zip64. The data itself is not read.
    size = 2**32 + 1
    name = b"big.bin"
    local = struct.pack("<4sHHHHHLLLHH", b"PK\3\4", 45, 0, 0, 0, 33, 0, 2**32 - 1, 2**32 - 1, len(name), 20)
    archive = tmp_path / "big.zip"
    with archive.open("wb") as file:
        file.write(local + name + wide(size, size))
        file.seek(size, 1)
        second = file.tell()
        file.write(struct.pack("<4sHHHHHLLLHH", b"PK\3\4", 20, 0, 0, 0, 33, zlib.crc32(b"x"), 1, 1, 1, 0) + b"yx")
        start = file.tell()
        top = 2**32 - 1
        extra = wide(size, size)
        file.write(
            struct.pack(
                "<4sHHHHHHLLLHHHHHLL", b"PK\1\2", 45, 45, 0, 0, 0, 33, 0, top, top, 7, len(extra), 0, 0, 0, 0, 0
            )
            + name
            + extra
        )
        extra = wide(second)
        crc = zlib.crc32(b"x")
        file.write(
            struct.pack(
                "<4sHHHHHHLLLHHHHHLL", b"PK\1\2", 45, 45, 0, 0, 0, 33, crc, 1, 1, 1, len(extra), 0, 0, 0, 0, top
            )
            + b"y"
            + extra
        )
        end = file.tell()
        file.write(struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 2, 2, end - start, start))
        file.write(struct.pack("<4sLQL", b"PK\6\7", 0, end, 1))
        file.write(struct.pack("<4sHHHHLLH", b"PK\5\6", 0, 0, 2, 2, end - start, top, 0))
    assert read_member(archive, "y") == b"x"
    with pytest.raises(ArchiveError, match="allowed"):
        read_member(archive, "y", Limits(max_bytes=2**32))
    with pytest.raises(ArchiveError, match="allowed"):
        read_member(archive, "big.bin")


def test_00_control_zip64_accepted(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as out, out.open("score.py", "w", force_zip64=True) as member:
        member.write(b"x = 1\n")
    assert (accepted(tmp_path, buffer.getvalue()) / "score.py").read_bytes() == b"x = 1\n"


def test_zip64_locator_wrong_refused(tmp_path, build, raw):
    record = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 54, 44)
    good = struct.pack("<4sLQL", b"PK\6\7", 0, 98, 1)
    size = 30 + 8 + 6 + 46 + 8
    assert size == 98
    record = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, 54, 44)
    accepted(tmp_path, build([raw()], end64=record + good))
    for bad in (
        struct.pack("<4sLQL", b"PK\6\7", 0, 97, 1),
        struct.pack("<4sLQL", b"PK\6\7", 0, 2**64 - 1, 1),
        struct.pack("<4sLQL", b"PK\6\7", 1, 98, 1),
        struct.pack("<4sLQL", b"PK\6\7", 0, 98, 2),
    ):
        refused(tmp_path, build([raw()], end64=record + bad))
    for fields in ((1, 2, 54, 44), (2, 2, 54, 44), (1, 1, 54, 43), (1, 1, 53, 44), (1, 1, 2**64 - 1, 44)):
        record = struct.pack("<4sQHHLLQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, *fields)
        refused(tmp_path, build([raw()], end64=record + good))


@pytest.mark.parametrize(
    "extra",
    [wide(6)[:-1], struct.pack("<HH", 1, 0), b"\1", struct.pack("<HH", 1, 20) + bytes(8), wide(6) + wide(6), b""],
)
def test_zip64_extra_truncated_refused(tmp_path, build, raw, extra):
    refused(tmp_path, build([raw(size=0xFFFFFFFF, extra=extra)]))


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("score.py", "score.py"), id="dup_score"),
        pytest.param(("score.py", "SCORE.py"), id="dup_case"),
        pytest.param(("\u00e9", "e\u0301"), id="dup_nfc_nfd"),
        pytest.param(("a", "a/b"), id="file_and_dir"),
        pytest.param(("a/b", "A"), id="file_and_dir_case"),
        pytest.param(("a/b", "A/c"), id="dup_dir_case"),
        pytest.param(("a/", "a/"), id="dup_dir"),
        pytest.param(("straße", "STRASSE"), id="dup_casefold"),
    ],
)
def test_clash_refused(tmp_path, build, raw, names):
    members = [
        raw(name=name.encode(), flags=0x800, data=b"", mode=0o040755 if name.endswith("/") else 0o100644)
        for name in names
    ]
    refused(tmp_path, build(members))


def test_local_central_differ_refused(tmp_path, build, raw):
    refused(tmp_path, build([raw(local_name=b"other.py")]))
    refused(tmp_path, build([raw(local_name=b"SCORE.PY")]))
    refused(tmp_path, build([raw(local_flags=0x800)]))
    refused(tmp_path, build([raw(local_method=8)]))
    good = build([raw()])
    for position in (14, 18, 22):  # crc, packed size and size in the local header
        refused(tmp_path, good[:position] + b"\x99" + good[position + 1 :])


def test_unicode_path_extra_with_another_name_refused(tmp_path, build, raw):
    content = b"\1" + zlib.crc32(b"score.py").to_bytes(4, "little")
    same = struct.pack("<HH", 0x7075, 13) + content + b"score.py"
    other = struct.pack("<HH", 0x7075, 13) + content + b"other.py"
    accepted(tmp_path, build([raw(extra=same)]))
    refused(tmp_path, build([raw(extra=other)]))
    refused(tmp_path, build([raw(local_extra=other)]))


def test_hidden_local_entry_and_central_without_local_refused(tmp_path, build, raw):
    refused(tmp_path, build([raw(), raw(name=b"hidden.py", in_directory=False)]))
    refused(tmp_path, build([raw(name=b"hidden.py", in_directory=False), raw()]))
    refused(tmp_path, build([raw(), raw(name=b"b", has_local=False)]))


def test_surrounding_bytes_refused(tmp_path, build, raw):
    good = build([raw()])
    refused(tmp_path, good + b"\0")  # trailing_data
    refused(tmp_path, b"#!" + good)  # prefix_data
    refused(tmp_path, build([raw()], prefix=b"\x7fELF"))  # prefix_elf_adjusted
    refused(tmp_path, build([raw()], before_directory=b"gap"))
    refused(tmp_path, good + good)  # two_archives_joined
    refused(tmp_path, build([raw()], comment=good))  # eocd_in_comment
    refused(tmp_path, build([raw()], comment=b"hello"))


def test_end_record_that_lies_refused(tmp_path, build, raw):
    members = [raw(), raw(name=b"b")]
    refused(tmp_path, build(members, count=1))  # eocd_count_low
    refused(tmp_path, build(members, count=3))  # eocd_count_high
    refused(tmp_path, build(members, disk=1))  # eocd_multi_disk
    refused(tmp_path, build([raw(disk=1)]))
    refused(tmp_path, build(members, shift=1))
    refused(tmp_path, build(members, shift=-1))


def test_truncated_refused(tmp_path, build, raw):
    good = build([raw(), raw(name=b"b", data=b"b" * 300, method=8)])
    for end in range(len(good)):
        refused(tmp_path, good[:end])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty_file"),
        pytest.param(b"P", id="one_byte"),
        pytest.param(b"PK\5\6" + bytes(18), id="no_entries"),
        pytest.param(random.Random(1).randbytes(5000), id="random_bytes"),
        pytest.param(b"def load_model(): pass\n" * 20, id="text"),
        pytest.param(b"<html><body>502</body></html>" * 10, id="html"),
        pytest.param(gzip.compress(b"x" * 100), id="gzip_named_zip"),
        pytest.param(pickle.dumps({"a": os.getcwd}), id="pickle_named_zip"),
        pytest.param(b"PK\5\6" + b"\xff" * 18, id="end_record_full"),
    ],
)
def test_not_an_archive_refused(tmp_path, content):
    refused(tmp_path, content)


def test_tar_named_zip_refused(tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as out:
        out.addfile(tarfile.TarInfo("score.py"))
    refused(tmp_path, buffer.getvalue())


def test_wrong_crc_and_bad_deflate_refused(tmp_path, build, raw):
    assert "checksum" in str(refused(tmp_path, build([raw(crc=1)])))
    refused(tmp_path, build([raw(method=8, packed=b"\xff" * 20)]))
    packed = raw(method=8, data=b"abc" * 100).content()
    refused(tmp_path, build([raw(method=8, data=b"abc" * 100, packed=packed[:-2])]))
    refused(tmp_path, build([raw(method=8, data=b"abc" * 100, packed=packed + b"\0")]))
    refused(tmp_path, build([raw(method=8, data=b"", packed=b"")]))


def test_encrypted_refused(tmp_path, build, raw):
    for flag in (0x1, 0x40, 0x41, 0x2000, 0x20):
        refused(tmp_path, build([raw(flags=flag)]))


@pytest.mark.parametrize("method", [1, 9, 20, 93, 95, 97, 98, 99, 12345])
def test_unknown_method_refused(tmp_path, build, raw, method):
    assert "method" in str(refused(tmp_path, build([raw(method=method)])))


def test_method_bzip2_and_lzma_refused(tmp_path, build, raw):
    refused(tmp_path, build([raw(method=12, packed=bz2.compress(b"x = 1\n"))]))
    refused(tmp_path, build([raw(method=14, packed=lzma.compress(b"x = 1\n"))]))


def test_folder_with_content_refused(tmp_path, build, raw):
    refused(tmp_path, build([raw(name=b"a/", mode=0o040755)]))


@pytest.mark.parametrize("signed", [True, False])
def test_data_descriptor(tmp_path, build, raw, signed):
    crc = zlib.crc32(b"x = 1\n")
    right = (b"PK\7\10" if signed else b"") + struct.pack("<LLL", crc, 6, 6)
    folder = accepted(tmp_path, build([raw(flags=8, descriptor=right), raw(name=b"b")]))
    assert (folder / "score.py").read_bytes() == b"x = 1\n"
    wrong = right[:-1] + b"\1"
    refused(tmp_path, build([raw(flags=8, descriptor=wrong)]))
    refused(tmp_path, build([raw(flags=8, descriptor=right + b"\0\0")]))
    refused(tmp_path, build([raw(flags=8)]))


# What others write is accepted.


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archive_of_zipfile_with_folder_entries(tmp_path, artifact, method):
    target = tmp_path / "their.zip"
    with zipfile.ZipFile(target, "w", method) as out:
        for path in sorted(artifact.rglob("*")):
            out.write(path, path.relative_to(artifact).as_posix())
    files = extract_zip(target, tmp_path / "out")
    assert files == ["lib/größe.txt", "model.joblib", "runtime.yaml", "score.py"]
    assert (tmp_path / "out/model.joblib").read_bytes() == (artifact / "model.joblib").read_bytes()


def test_archive_of_make_archive(tmp_path, artifact):
    shutil.make_archive(str(tmp_path / "their"), "zip", artifact)
    assert "score.py" in check_zip(tmp_path / "their.zip").files


def test_archive_written_to_a_stream(tmp_path, artifact):
    class Stream(io.RawIOBase):
        """A pipe: can't seek, so data descriptors are needed."""

        def __init__(self) -> None:
            self.content = b""

        def writable(self) -> bool:
            return True

        def write(self, data) -> int:
            self.content += bytes(data)
            return len(data)

    stream = Stream()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as out:
        out.write(artifact / "score.py", "score.py")
        out.writestr("empty.txt", "")
    (tmp_path / "s.zip").write_bytes(stream.content)
    assert check_zip(tmp_path / "s.zip").files == ("empty.txt", "score.py")


@pytest.mark.needs("zip")
@pytest.mark.skipif(shutil.which("zip") is None, reason="Info-ZIP is not installed")
def test_archive_of_info_zip(tmp_path, artifact):
    subprocess.run(["zip", "-q", "-r", str(tmp_path / "info.zip"), "."], cwd=artifact, check=True)
    assert extract_zip(tmp_path / "info.zip", tmp_path / "out")[-1] == "score.py"
    assert (tmp_path / "out/lib/größe.txt").exists()


def test_manifest_of_oracle_ads_is_checked(tmp_path):
    def pack(content: bytes, size: int = 6) -> Path:
        digest = hashlib.sha256(b"x = 1\n").hexdigest()
        entry = {"sha256": digest, "size": size}
        stated = {"version": 1, "generated_by": "oracle-ads", "generated_at": "2026-01-01T00:00:00"}
        listing = json.dumps({**stated, "files": {"score.py": entry}})
        with zipfile.ZipFile(tmp_path / "m.zip", "w") as out:
            out.writestr("score.py", content)
            out.writestr("model_artifact_manifest.json", listing)
        return tmp_path / "m.zip"

    assert extract_zip(pack(b"x = 1\n"), tmp_path / "fine") == ["score.py"]
    assert [path.name for path in (tmp_path / "fine").iterdir()] == ["score.py"]
    with pytest.raises(ManifestError, match=r"score\.py"):
        check_zip(pack(b"x = 2\n"))
    with pytest.raises(ManifestError):
        extract_zip(pack(b"x = 1\n", size=7), tmp_path / "bad")
    assert not (tmp_path / "bad").exists()


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"version": 1}',
        '{"version": 2, "files": {}}',
        '{"version":1,"files":{"a":1}}',
        "[" * 100_000,
        '{"version":1,"files":{"score.py":{"sha256":"","size":1e999}}}',
    ],
)
def test_broken_manifest_refused(tmp_path, content):
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as out:
        out.writestr("score.py", "")
        out.writestr("model_artifact_manifest.json", content)
    with pytest.raises(ManifestError):
        check_zip(tmp_path / "m.zip")


# Extraction as a whole.


def test_extraction_is_all_or_nothing(tmp_path, build, raw):
    content = build([raw(), raw(name=b"b", crc=5)])
    refused(tmp_path, content)


def test_target_that_is_not_empty(tmp_path, artifact):
    write_zip(artifact, tmp_path / "a.zip")
    target = tmp_path / "target"
    target.mkdir()
    extract_zip(tmp_path / "a.zip", target)
    (target / "old.txt").write_text("")
    with pytest.raises(ArtifactError, match="not empty"):
        extract_zip(tmp_path / "a.zip", target)
    extract_zip(tmp_path / "a.zip", target, replace=True)
    assert not (target / "old.txt").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "artifact", "target"]


def test_target_that_is_a_file(tmp_path, artifact):
    write_zip(artifact, tmp_path / "a.zip")
    with pytest.raises(ArtifactError, match="not a folder"):
        extract_zip(tmp_path / "a.zip", tmp_path / "a.zip")


def test_read_member(tmp_path, artifact):
    write_zip(artifact, tmp_path / "a.zip")
    assert read_member(tmp_path / "a.zip", "score.py") == (artifact / "score.py").read_bytes()
    assert read_member(tmp_path / "a.zip", "nothing") is None
    with pytest.raises(ArchiveError, match="allowed"):
        read_member(tmp_path / "a.zip", "score.py", max_bytes=3)


def view(archive: Path) -> dict[str, bytes]:
    names = check_zip(archive).files
    return {name: read_member(archive, name) or b"" for name in names}


def test_mutations_give_the_same_view_or_an_archive_error(tmp_path, artifact, build, raw):
    """Random changes of valid archives: never another exception, never other content."""
    write_zip(artifact, tmp_path / "a.zip")
    crc = zlib.crc32(b"x = 1\n")
    streamed = build(
        [raw(flags=8, descriptor=struct.pack("<LLL", crc, 6, 6)), raw(name=b"d/", data=b"", mode=0o040755)]
    )
    chance = random.Random(2026)
    for original in ((tmp_path / "a.zip").read_bytes(), streamed):
        archive = tmp_path / "m.zip"
        archive.write_bytes(original)
        wanted = view(archive)
        for _ in range(1500):
            content = bytearray(original)
            for _ in range(chance.choice((1, 1, 1, 2, 4))):
                content[chance.randrange(len(content))] = chance.choice((0, 1, 0xFF, chance.randrange(256)))
            if chance.random() < 0.1:
                start = chance.randrange(len(content))
                del content[start : start + chance.choice((1, 4, 30))]
            archive.write_bytes(content)
            try:
                found = view(archive)
            except (ArchiveError, ManifestError):
                continue
            # A changed name is another archive, not damage: nothing protects names but the manifest.
            assert sorted(found.values()) == sorted(wanted.values())


NAMES = st.text(st.characters(categories=("L", "N", "P", "S")), min_size=1, max_size=12).filter(
    lambda name: name not in {".", ".."} and not set(name) & set("/\\:")
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.dictionaries(
        st.lists(NAMES, min_size=1, max_size=3).map("/".join), st.binary(max_size=3000), min_size=1, max_size=6
    )
)
def test_round_trip(tmp_path, files):
    """Whatever is written comes back byte for byte, and again as the same archive."""
    work = tmp_path / os.urandom(6).hex()
    folder = work / "in"
    folder.mkdir(parents=True)
    for name, content in files.items():
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except OSError:  # a file where another name needs a folder
            continue
    try:
        info = write_zip(folder, work / "a.zip")
    except ArtifactError:  # two names that mean the same place, or nothing left to pack
        return
    assert check_zip(work / "a.zip") == info
    extract_zip(work / "a.zip", work / "out")
    for name in info.files:
        assert (work / "out" / name).read_bytes() == (folder / name).read_bytes()
    assert write_zip(work / "out", work / "b.zip").sha256 == info.sha256
    with zipfile.ZipFile(work / "a.zip") as stock:
        assert stock.testzip() is None
