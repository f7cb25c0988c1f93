"""The files of the cabinet, on this machine and in an object store."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.support.object_store import object_store
from toolsync.cabinet.claims import Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.takeover import adopt, own

OPTIONS = {"simulate": False, "encoding": "utf-8", "content": ""}
OWNER = Owner("run-1", "here", None)


@pytest.fixture(params=["folder", "s3"])
def cabinet(request: pytest.FixtureRequest, tmp_path: Path) -> Cabinet:
    return Cabinet(
        "users", url=str(tmp_path / "cabinet") if request.param == "folder" else object_store().new_cabinet()
    )


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("username\nada\n")
    return path


def names(cabinet: Cabinet, folder: str) -> list[str]:
    return [path.name for path in cabinet.files.entries(cabinet.folder(folder))]


def test_a_file_goes_from_the_inbox_to_the_archive(cabinet: Cabinet, people: Path):
    assert cabinet.put(people) == "people.csv"
    assert cabinet.put(people) == "people~2.csv"
    assert cabinet.waiting("*", 5) == (["people.csv", "people~2.csv"], [])
    assert cabinet.waiting("*~2.csv", 5)[0] == ["people~2.csv"]

    claim = cabinet.claim("people.csv", OWNER, OPTIONS)
    assert claim is not None
    assert names(cabinet, "inbox") == ["people~2.csv"]
    assert cabinet.input(claim).read_text() == "username\nada\n"
    assert cabinet.claim("people.csv", OWNER, OPTIONS) is None
    assert names(cabinet, "work") == [claim.id]

    cabinet.save(claim, "step.json", {"é": 1})
    assert cabinet.saved(claim, "step.json") == {"é": 1}
    assert cabinet.saved(claim, "other.json") is None

    cabinet.archive(claim)
    assert cabinet.archived(claim).read_text() == "username\nada\n"
    assert not cabinet.input(claim).exists()
    cabinet.discard(claim)
    assert names(cabinet, "work") == []


def test_a_file_is_put_back_under_a_free_name(cabinet: Cabinet, people: Path):
    cabinet.put(people)
    claim = cabinet.claim("people.csv", OWNER, OPTIONS)
    assert claim is not None
    assert cabinet.reserve(claim).name == "people.csv"
    people.write_text("username\ngrace\n")
    (cabinet.folder("inbox") / "people.csv").unlink(missing_ok=True)  # another file takes the name after all
    cabinet.put(people)
    assert cabinet.reserve(claim).name == cabinet.reserve(claim).name == "people~2.csv"
    cabinet.put_back(claim)
    assert not cabinet.input(claim).exists()
    assert names(cabinet, "inbox") == ["people.csv", "people~2.csv"]
    assert (cabinet.folder("inbox") / "people.csv").read_text() == "username\ngrace\n"
    assert (cabinet.folder("inbox") / "people~2.csv").read_text() == "username\nada\n"


def test_a_move_back_that_was_cut_short_is_completed(cabinet: Cabinet, people: Path):
    cabinet.put(people)
    claim = cabinet.claim("people.csv", OWNER, OPTIONS)
    assert claim is not None
    cabinet.reserve(claim).write_bytes(cabinet.input(claim).read_bytes())  # copied, but not deleted yet
    cabinet.put_back(claim)
    assert names(cabinet, "inbox") == ["people.csv"]
    assert not cabinet.input(claim).exists()


def test_a_simulation_takes_a_copy(cabinet: Cabinet, people: Path):
    cabinet.put(people)
    claim = cabinet.claim("people.csv", OWNER, {**OPTIONS, "simulate": True})
    assert claim is not None and cabinet.input(claim).exists()
    assert names(cabinet, "inbox") == ["people.csv"]


def test_a_run_finds_its_own_claims_again_with_their_options(cabinet: Cabinet, people: Path):
    cabinet.put(people)
    claim = cabinet.claim("people.csv", OWNER, {**OPTIONS, "user_id_field": "idnumber"})
    assert own(cabinet, OWNER) == [claim]
    assert claim is not None and claim.options["user_id_field"] == "idnumber"


def test_what_a_run_left_is_taken_over_once(cabinet: Cabinet, people: Path):
    cabinet.put(people)
    claim = cabinet.claim("people.csv", OWNER, OPTIONS)
    later = Owner("run-2", OWNER.host, None)
    assert adopt(cabinet, later) == ([claim], [])
    assert adopt(cabinet, later) == ([], [])
    assert own(cabinet, OWNER) == [] and own(cabinet, later) == [claim]


def test_a_file_appears_complete_or_not_at_all(cabinet: Cabinet):
    with pytest.raises(ZeroDivisionError), cabinet.writing("tryback", "x.csv") as (stream, _):
        stream.write(b"half")
        stream.write(bytes(1 // 0))
    assert "x.csv" not in names(cabinet, "tryback")
    with cabinet.writing("tryback", "x.csv") as (stream, path):
        stream.write(b"whole")
    assert path.read_bytes() == b"whole"


def test_two_runs_never_take_the_same_file(tmp_path: Path, people: Path):
    cabinet = Cabinet("users", url=str(tmp_path / "cabinet"))
    for _ in range(40):
        cabinet.put(people)
    taken: list[str] = []

    def take(run: str) -> None:
        for name in cabinet.waiting("*", 0)[0]:
            if cabinet.claim(name, Owner(run, "here", None), OPTIONS):
                taken.append(name)

    runs = [threading.Thread(target=take, args=(f"run-{n}",)) for n in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert len(taken) == len(set(taken)) == 40


def test_a_folder_that_goes_while_it_is_looked_into_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A claim ends, an upload is run: whoever only looks, or uploads something else, goes on."""
    monkeypatch.setenv("TOOLSYNC_CABINET", str(tmp_path))
    cabinet = Cabinet("users")
    for name in ("going", "staying"):
        cabinet.files.make_folder(cabinet.folder("uploads") / name / "file")
        cabinet.files.write(cabinet.folder("uploads") / name / "file/a.csv", b"username\n")
    scandir = os.scandir

    def removing(path: Any) -> Any:
        if isinstance(path, str | Path) and Path(path).name == "going":
            shutil.rmtree(path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", removing)
    assert cabinet.files.tree(cabinet.folder("uploads")) == {"staying/file/a.csv": 9}
