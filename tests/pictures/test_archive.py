"""ZIP archives from untrusted sources: what is read, which images are refused, and which archives are rejected."""

from __future__ import annotations

import io
import random
import struct
import tracemalloc
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.pictures import archive, plain
from toolsync.pictures.archive import PictureArchive
from toolsync.reading.problems import FileRejected
from toolsync.reading.zips import Unreadable, ZipLimits

LIMITS = ZipLimits(
    entries=1000, entry_bytes=3_000_000, total_bytes=5_000_000, ratio=100, thing="image", others="photographs"
)
IMAGE = plain()


def read(content: bytes, limits: ZipLimits = LIMITS) -> PictureArchive:
    return PictureArchive(io.BytesIO(content), limits)


def entry(name: str, *, mode: int = 0, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr, info.compress_type = 3, mode << 16, method
    return info


def test_images_are_found_at_any_depth_and_system_files_are_skipped():
    names = ["ada.jpg", "a/b/Grace Hopper.JPEG", "./x.y.png", "win\\dows.webp", "a/d.gif"]
    skipped = ["__MACOSX/._ada.jpg", "a/__MACOSX/x.png", ".DS_Store", "a/Thumbs.db", ".git/x.jpg", "desktop.ini"]
    found = read(archive(dict.fromkeys([*names, *skipped], IMAGE) | {"a/": b"", "empty/": b""}))
    assert [picture.name for picture in found.pictures] == ["ada", "Grace Hopper", "x.y", "dows", "d"]
    assert [picture.refusal for picture in found.pictures] == [None] * 5
    assert found.skipped == len(skipped)
    assert found.read(found.pictures[0]) == IMAGE


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_large_image_is_read(method: int):
    content = random.Random(1).randbytes(2_900_000)
    found = read(archive({"a.jpg": content}, method))
    assert found.read(found.pictures[0]) == content


@pytest.mark.parametrize("name", ["Jürgen.jpg", "Zoë.png", "山田.gif"])
def test_a_name_in_utf8_is_read_whether_the_archive_says_so_or_not(name: str):
    content = archive({name: IMAGE})
    assert read(content).pictures[0].path == name
    unsaid = content.replace(b"\x00\x08" + b"\x08\x00", b"\x00\x00" + b"\x08\x00")  # flags, then the method
    assert unsaid != content
    assert read(unsaid).pictures[0].path == name


def test_a_decomposed_name_is_composed():
    assert read(archive({"Zoe\u0308.jpg": IMAGE})).pictures[0].name == "Zoë"


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("../u001.jpg", IMAGE, "leads out of the archive"),
        ("a/../../u001.jpg", IMAGE, "leads out of the archive"),
        ("..\\u001.jpg", IMAGE, "leads out of the archive"),
        ("/etc/u001.jpg", IMAGE, "absolute"),
        ("C:\\u001.jpg", IMAGE, "absolute"),
        ("\\\\host\\u001.jpg", IMAGE, "absolute"),
        ("inner.zip", archive({"u001.jpg": IMAGE}), "archive within the archive"),
        ("inner.tar.gz", b"x", "archive within the archive"),
        ("u001.svg", b"<svg/>", "must end in .jpg, .jpeg, .png, .gif or .webp"),
        ("u001.exe", b"MZ", "must end in"),
        ("u001", IMAGE, "must end in"),
        (" .jpg", IMAGE, "no name before its extension"),
        (entry("link.jpg", mode=0o120777), b"/etc/passwd", "symbolic link"),
        (entry("device.jpg", mode=0o060644), b"", "not a regular file"),
        (entry("odd.jpg", method=zipfile.ZIP_BZIP2), IMAGE, "compression method"),
        (entry("odd.jpg", method=zipfile.ZIP_LZMA), IMAGE, "compression method"),
        ("large.jpg", b"x" * 3_000_001, "3 MB unpacked; at most 3 MB"),
        ("bomb.jpg", b"\0" * 2_000_000, "more than 100 times its size"),
    ],
)
def test_what_is_dangerous_or_useless_is_refused_alone(name: str, content: bytes, reason: str):
    found = read(archive({"good.jpg": IMAGE, name: content}))
    assert found.pictures[0].refusal is None
    refusal = found.pictures[1].refusal
    assert refusal and reason in refusal


def test_an_encrypted_image_is_refused_alone():
    content = bytearray(archive({"a.jpg": IMAGE, "secret.jpg": IMAGE}))
    at = content.rindex(b"PK\x01\x02")
    content[at + 8] |= 1
    found = read(bytes(content))
    assert [picture.refusal for picture in found.pictures] == [None, "it is encrypted"]
    with pytest.raises(Unreadable, match="encrypted"):
        found.read(found.pictures[1])


def test_a_nul_in_a_name_is_refused():
    content = archive({"u001.jpgX.exe": IMAGE}).replace(b"u001.jpgX", b"u001.jpg\0")
    assert read(content).pictures[0].refusal == "there is a NUL character in its name"


@pytest.mark.parametrize("promised", [1, 10_000, 900_000])
def test_an_image_of_another_size_than_promised_is_damaged(promised: int):
    content = bytearray(archive({"a.jpg": b"x" * 1_000_000, "b.jpg": IMAGE}))
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, promised)
    found = read(bytes(content))
    with pytest.raises(Unreadable, match="damaged"):
        found.read(found.pictures[0])
    assert found.read(found.pictures[1]) == IMAGE


def test_no_more_is_unpacked_than_promised():
    content = bytearray(archive({"a.jpg": b"\0" * 200_000_000}))
    struct.pack_into("<I", content, content.index(b"PK\x01\x02") + 24, 900_000)
    found = read(bytes(content))
    tracemalloc.start()
    try:
        with pytest.raises(Unreadable, match="damaged"):
            found.read(found.pictures[0])
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


def test_a_damaged_image_is_refused_when_it_is_read():
    content = bytearray(archive({"a.jpg": IMAGE, "b.jpg": IMAGE}, zipfile.ZIP_STORED))
    content[60] ^= 0xFF
    found = read(bytes(content))
    with pytest.raises(Unreadable, match="damaged"):
        found.read(found.pictures[0])
    assert found.read(found.pictures[1]) == IMAGE


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "can't be read as a ZIP archive"),
        (IMAGE, "can't be read as a ZIP archive"),
        (archive({"a.jpg": IMAGE})[:-30], "can't be read as a ZIP archive"),
        (archive({}), "no image"),
        (archive({"a/": b"", "Thumbs.db": b"x"}), "no image"),
        (archive({f"{n}.jpg": b"x" for n in range(1001)}), "1001 entries; at most 1000"),
        (archive({f"{n}.jpg": b"x" * 900_000 for n in range(6)}), "5.4 MB unpacked; at most 5 MB"),
    ],
)
def test_what_is_no_archive_or_too_large_as_a_whole_is_rejected(content: bytes, reason: str):
    with pytest.raises(FileRejected, match=reason):
        read(content)


def test_a_table_of_contents_is_not_read_when_it_is_too_long():
    content = archive({f"{n}{'x' * 60_000}.jpg": b"x" for n in range(30)})
    with pytest.raises(FileRejected, match="more than 3 entries"):
        read(content, replace(LIMITS, entries=3))


def test_images_are_given_back_under_harmless_paths():
    files: dict[Any, bytes] = {
        "a/one.jpg": IMAGE,
        "../two.jpg": b"2",
        "/three.txt": b"3",
        "C:\\four.jpg": b"4",
        "five.jpg": b"5",
    }
    found = read(archive(files | {entry("link.jpg", mode=0o120777): b"/etc/passwd"}))
    wanted, left = found.returnable({1, 2, 3, 4, 6})
    stream = io.BytesIO()
    found.copy(wanted, stream)
    with zipfile.ZipFile(stream) as copy:
        assert {name: copy.read(name) for name in copy.namelist()} == {
            "a/one.jpg": IMAGE, "two.jpg": b"2", "three.txt": b"3", "four.jpg": b"4",
        }  # fmt: skip
    assert [picture.path for picture in left] == ["link.jpg"]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_mangled_archive_is_refused_or_read_but_nothing_else(data: st.DataObject):
    content = bytearray(archive({"a/one.jpg": IMAGE, "two.png": IMAGE * 3, "x/": b""}))
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    try:
        found = read(bytes(content))
    except FileRejected:
        return
    for picture in found.pictures:
        try:
            assert len(found.read(picture)) <= LIMITS.entry_bytes
        except Unreadable as reason:
            assert str(reason)
        assert not picture.safe_path.startswith("/") and ".." not in picture.safe_path.split("/")
