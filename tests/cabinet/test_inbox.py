"""What lies in an inbox: names of all kinds, files that are being written, two of one name at once, permissions."""

from __future__ import annotations

import errno
import os
import random
import stat
import threading
import time
from pathlib import Path

import pytest

from tests.support.object_store import object_store
from tests.support.torture import seeds
from toolsync import settings
from toolsync.cabinet.claims import Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.names import MOST_BYTES, matches, safe_name, shown_name

OPTIONS = {"simulate": False, "encoding": "utf-8", "content": ""}
OWNER = Owner("run-1", "here", None)
LONGEST_ENDING = "_simulation_report_contact_sheet.html"


@pytest.fixture
def cabinet(tmp_path: Path) -> Cabinet:
    return Cabinet("users", url=str(tmp_path / "cabinet"))


def dropped(cabinet: Cabinet, name: str | bytes) -> None:
    path = os.fsencode(cabinet.folder("inbox")) + b"/" + os.fsencode(name)
    with open(path, "wb") as stream:
        stream.write(b"username\nada\n")
    os.utime(path, (time.time() - 60,) * 2)


@pytest.mark.parametrize(
    ("name", "safe", "told"),
    [
        (b"caf\xe9.csv", "caf_.csv", "caf\\xe9.csv"),
        ("two\nlines.csv", "two_lines.csv", "two\\nlines.csv"),
        ("\x1b[31mred.csv", "[31mred.csv", "\\x1b[31mred.csv"),
        ("back\\slash.csv", "back_slash.csv", "back\\slash.csv"),
        ("mirror\u202egnp.csv", "mirror_gnp.csv", "mirror\\u202egnp.csv"),
        ("a" * 246 + ".csv", "a" * (MOST_BYTES - 4) + ".csv", "a" * 246 + ".csv"),
        ("é" * 123 + ".csv", "é" * 68 + ".csv", "é" * 123 + ".csv"),
        (" .csv", "csv", " .csv"),
        ("\nusers.csv", "users.csv", "\\nusers.csv"),
        ("élèves {{ 1-0 }} %s <b>.csv", None, None),
        ("-rf *.csv", None, None),
        ("x" * 130, None, None),
    ],
)
def test_a_name_of_any_kind_is_taken_under_a_safe_one(
    cabinet: Cabinet, name: str | bytes, safe: str | None, told: str | None
):
    dropped(cabinet, name)
    dropped(cabinet, "plain.csv")
    ready, left = cabinet.waiting("*", 5)
    assert (len(ready), left) == (2, [])
    claims = [cabinet.claim(found, OWNER, OPTIONS) for found in ready]
    claim = next(claim for claim in claims if claim and claim.name != "plain.csv")
    text = name if isinstance(name, str) else os.fsdecode(name)
    assert (claim.name, claim.dropped_as) == (safe or text, told)
    assert cabinet.input(claim).read_text() == "username\nada\n"
    cabinet.save(claim, "step.json", {"é": 1})
    with cabinet.writing("report", claim.named("simulation_report", LONGEST_ENDING)) as (stream, _):
        stream.write(b"x")
    cabinet.archive(claim)
    assert cabinet.archived(claim).exists()


@pytest.mark.parametrize("seed", seeds(20))
def test_random_names(cabinet: Cabinet, seed: int):
    chance = random.Random(seed)
    raw = bytes(chance.choice([*range(1, 47), *range(48, 256)]) for _ in range(chance.randint(1, 255)))
    if raw in {b".", b".."}:
        return
    dropped(cabinet, raw)
    ready, left = cabinet.waiting("*", 5)
    assert len(ready) + len(left) == 1
    for name in ready:
        claim = cabinet.claim(name, OWNER, OPTIONS)
        assert claim is not None and claim.name.isprintable() and len(claim.name.encode()) <= MOST_BYTES
        assert cabinet.input(claim).exists()
    assert all(shown.isprintable() for shown, _ in left)


def test_safe_names_stay_as_they_are():
    for name in ("users.csv", "élèves 2026.csv", "日本語.csv", "a.b.c", "README", "Klasse 7b (neu).csv"):
        assert safe_name(name) == shown_name(name) == name


def test_a_file_is_meant_by_its_very_name_or_by_a_pattern():
    assert matches("a[1].csv", "a[1].csv") and matches("a1.csv", "a[1].csv") and matches("x.csv", "*.csv")
    assert not matches("b.csv", "a.csv")


@pytest.mark.parametrize(
    ("mtime", "ctime", "left"),
    [(-60, -60, None), (-1, -1, "may still be being written"), (3600, -1, None), (30, 30, "ahead of this machine's")],
)
def test_a_time_that_lies_ahead_does_not_keep_a_file_for_ever(
    cabinet: Cabinet, monkeypatch: pytest.MonkeyPatch, mtime: float, ctime: float, left: str | None
):
    """rsync and unzip keep a file's time; only the clock of a file server sets both times ahead."""
    dropped(cabinet, "people.csv")
    now = time.time()
    path = cabinet.folder("inbox") / "people.csv"
    os.utime(path, (now + mtime,) * 2)
    # Nobody can set ctime: shift what `time.time` says instead, and mtime with it.
    monkeypatch.setattr("toolsync.cabinet.inbox.time.time", lambda: now - ctime)
    os.utime(path, (now + mtime - ctime,) * 2)
    ready, reasons = cabinet.waiting("*", 5)
    assert ready == ([] if left else ["people.csv"])
    assert not left or left in reasons[0][1]


@pytest.mark.parametrize("where", ["folder", "s3"])
def test_two_files_of_one_name_at_once_are_both_there_and_whole(tmp_path: Path, where: str):
    url = str(tmp_path / "cabinet") if where == "folder" else object_store().new_cabinet()
    contents = [bytes([65 + n]) * 300_000 for n in range(8)]
    got: list[str] = []

    def put(number: int) -> None:
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "people.csv").write_bytes(contents[number])
        got.append(Cabinet("users", url=url).put(folder / "people.csv"))

    threads = [threading.Thread(target=put, args=(number,)) for number in range(len(contents))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cabinet = Cabinet("users", url=url)
    inbox = cabinet.folder("inbox")
    assert len(set(got)) == len(contents)
    assert sorted(cabinet.files.read(inbox / name) for name in got) == contents
    assert len(cabinet.files.entries(inbox)) == len(contents)


def test_only_its_owner_reads_the_cabinet(cabinet: Cabinet, tmp_path: Path):
    before = os.umask(0)
    try:
        (tmp_path / "people.csv").write_text("username\nada\n")
        cabinet = Cabinet("users", url=str(tmp_path / "deep" / "cabinet"))
        cabinet.put(tmp_path / "people.csv")
        claim = cabinet.claim("people.csv", OWNER, OPTIONS)
        assert claim is not None
        cabinet.save(claim, "step.json", 1)
        with cabinet.writing("undo", "bundle") as (stream, _):
            stream.write(b"x")
    finally:
        os.umask(before)
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "deep").rglob("*")}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_the_settings_say_who_else_may_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(settings.settings(), "cabinet", {"folder_mode": "2770", "file_mode": "0640"})
    (tmp_path / "people.csv").write_text("username\nada\n")
    cabinet = Cabinet("users", url=str(tmp_path / "cabinet"))
    cabinet.put(tmp_path / "people.csv")
    assert stat.S_IMODE(cabinet.folder("inbox").stat().st_mode) == 0o2770
    assert stat.S_IMODE((cabinet.folder("inbox") / "people.csv").stat().st_mode) == 0o640
    monkeypatch.setitem(settings.settings(), "cabinet", {"folder_mode": 448})
    with pytest.raises(
        ValueError, match=r"include/toolsync.yaml, line \d+, cabinet, folder_mode: expected permissions in quotes"
    ):
        Cabinet("users", url=str(tmp_path / "other"))


def test_the_archived_file_keeps_its_time(cabinet: Cabinet, tmp_path: Path):
    (tmp_path / "people.csv").write_text("username\nada\n")
    cabinet.put(tmp_path / "people.csv")
    claim = cabinet.claim("people.csv", OWNER, OPTIONS)
    assert claim is not None
    cabinet.archive(claim)
    assert time.time() - cabinet.archived(claim).stat().st_mtime < 3600


def test_a_file_system_without_permissions_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def refuse(*args: object) -> None:
        raise PermissionError(errno.EPERM, "not supported")

    monkeypatch.setattr(Path, "chmod", refuse)
    monkeypatch.setitem(settings.settings(), "cabinet", {"folder_mode": "0770", "file_mode": "0660"})
    cabinet = Cabinet("users", url=str(tmp_path / "cabinet"))
    with cabinet.writing("report", "x.txt") as (stream, path):
        stream.write(b"x")
    assert path.read_bytes() == b"x"
