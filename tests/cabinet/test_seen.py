"""The marks of files that a run has looked at and left in the inbox, on disk and in an object store."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.support.object_store import object_store
from toolsync.cabinet.claims import Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.seen import FOLDER, mark, marks, unseen

OPTIONS = {"simulate": False, "encoding": "utf-8", "content": ""}
OWNER = Owner("run-1", "here", None)
SETTLE = 5


@pytest.fixture(params=["disk", "store"])
def cabinet(tmp_path: Path, request: pytest.FixtureRequest) -> Cabinet:
    return Cabinet("users", url=str(tmp_path / "cabinet") if request.param == "disk" else object_store().new_cabinet())


def drop(cabinet: Cabinet, name: str, content: bytes = b"username\nada\n", age: float = 60) -> None:
    path = cabinet.folder("inbox") / name
    cabinet.files.write(path, content)
    if cabinet.local:
        os.utime(path, (time.time() - age,) * 2)


def made(cabinet: Cabinet) -> list[str]:
    return [path.name for path in cabinet.files.entries(cabinet.folder(FOLDER))]


def test_a_file_is_looked_at_once_until_it_changes(cabinet: Cabinet):
    drop(cabinet, "a.csv")
    drop(cabinet, "b.csv")
    assert list(unseen(cabinet, SETTLE)) == ["a.csv", "b.csv"]
    mark(cabinet, [marks(cabinet)["a.csv"]])
    assert list(unseen(cabinet, SETTLE)) == ["b.csv"]
    drop(cabinet, "a.csv", b"username\ngrace\n", age=50)
    assert list(unseen(cabinet, SETTLE)) == ["a.csv", "b.csv"]
    assert made(cabinet) == []  # the old mark is of no use any more


def test_a_file_that_is_taken_and_dropped_again_is_a_new_one(cabinet: Cabinet):
    drop(cabinet, "a.csv", age=60)
    mark(cabinet, marks(cabinet).values())
    content, times = b"username\nada\n", time.time() - 60
    cabinet.files.remove(cabinet.folder("inbox") / "a.csv")
    assert unseen(cabinet, SETTLE) == {} and made(cabinet) == []
    drop(cabinet, "a.csv", content, age=time.time() - times)
    assert list(unseen(cabinet, SETTLE)) == ["a.csv"]


def test_a_mark_outlives_the_way_through_the_work_folder(tmp_path: Path):
    cabinet = Cabinet("users", url=str(tmp_path / "cabinet"))
    drop(cabinet, "a.csv")
    mark(cabinet, marks(cabinet).values())
    claim = cabinet.claim("a.csv", OWNER, OPTIONS)
    assert claim is not None
    cabinet.put_back(claim)
    assert unseen(cabinet, SETTLE) == {}


def test_what_is_not_ready_is_not_unseen(tmp_path: Path):
    cabinet = Cabinet("users", url=str(tmp_path / "cabinet"))
    drop(cabinet, "slow.csv", age=1)
    drop(cabinet, "upload.csv.part")
    (cabinet.folder("inbox") / "folder").mkdir()
    (cabinet.folder("inbox") / "link.csv").symlink_to("/etc/hostname")
    assert unseen(cabinet, SETTLE) == {}
    assert list(unseen(cabinet, 0)) == ["slow.csv"]


def test_other_files_beside_the_marks_stay(cabinet: Cabinet):
    cabinet.files.make_folder(cabinet.folder(FOLDER))
    cabinet.files.write(cabinet.folder(FOLDER) / "notes.txt", b"mine")
    unseen(cabinet, SETTLE)
    assert made(cabinet) == ["notes.txt"]


def test_a_look_into_an_empty_inbox_of_a_store_takes_four_requests():
    store = object_store()
    cabinet = Cabinet("users", url=store.new_cabinet())
    unseen(cabinet, SETTLE)
    store.reset()
    assert unseen(cabinet, SETTLE) == {}
    assert len(store.requests) <= 4
