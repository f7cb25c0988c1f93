"""The cabinet in an object store: an S3 API that counts requests and can refuse them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.object_store import ObjectStore, object_store
from tests.support.site import Site
from toolsync import settings
from toolsync.cabinet.claims import Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.storage import read_text
from toolsync.cabinet.store import Store
from toolsync.moodle.session import MoodleSession
from toolsync.reporting.outcomes import Outcomes
from toolsync.run import load_dag
from toolsync.running.execution import Execution, StagedLine
from toolsync.sites import the_site

pytestmark = pytest.mark.usefixtures("airflow")

HEADER = "username,firstname,lastname,email\n"
ADA = "ada,Ada,Lovelace,ada@example.org\n"


@pytest.fixture
def store(site: Site, monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectStore]:
    server = object_store()
    monkeypatch.setenv("TOOLSYNC_CABINET", server.new_cabinet())
    server.reset()
    yield server
    server.reset()


def drop(cabinet: Cabinet, tmp_path: Path, text: str, name: str = "people.csv") -> None:
    (tmp_path / name).write_text(text)
    cabinet.put(tmp_path / name)


def names(cabinet: Cabinet, folder: str) -> list[str]:
    return [path.name for path in cabinet.files.entries(cabinet.folder(folder))]


def test_the_first_run_of_a_type_finds_nothing(site: Site, store: ObjectStore):
    result = site.run("toolsync_users")
    assert result["state"] == "success" and "inbox is empty" in result["messages"][0]


def test_a_file_goes_all_the_way(site: Site, store: ObjectStore, tmp_path: Path):
    cabinet = Cabinet("users")
    drop(cabinet, tmp_path, HEADER + ADA + "no.last,No,,x@example.org\n")
    result = site.run("toolsync_users")
    assert result["state"] == "success"
    assert (result["counts"]["created"], result["counts"]["failed"]) == (1, 1)
    assert read_text(result["tryback"], the_site()) == HEADER + "no.last,No,,x@example.org\n"
    assert "2 lines: 1 created, 1 failed" in read_text(result["report"], the_site())
    assert read_text(result["archive"], the_site()) == HEADER + ADA + "no.last,No,,x@example.org\n"
    assert names(cabinet, "inbox") == names(cabinet, "work") == []


def test_taking_a_file_takes_few_requests(site: Site, store: ObjectStore, tmp_path: Path):
    """A run takes up to a thousand, one after the other."""
    cabinet = Cabinet("users")
    drop(cabinet, tmp_path, HEADER + ADA)
    store.requests.clear()
    claim = cabinet.claim("people.csv", Owner("manual__1", "here", None), {"simulate": False})
    assert claim and cabinet.size(claim) == len(HEADER + ADA)
    assert len(store.requests) == 7, store.requests


def test_a_file_that_cannot_be_deleted_from_the_inbox_is_not_taken(
    site: Site, store: ObjectStore, pristine: Site, tmp_path: Path
):
    cabinet = Cabinet("users")
    drop(cabinet, tmp_path, HEADER + ADA)
    drop(cabinet, tmp_path, HEADER + "grace,Grace,Hopper,grace@example.org\n", "others.csv")
    store.fails = lambda method, path: 403 if method == "DELETE" and path.endswith("inbox/people.csv") else None
    assert site.run("toolsync_users")["counts"]["created"] == 1  # the other file
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username = 'ada'") == 0
    assert names(cabinet, "inbox") == ["people.csv"] and names(cabinet, "work") == []
    store.fails = None
    assert site.run("toolsync_users")["counts"]["created"] == 1
    assert names(cabinet, "inbox") == names(cabinet, "work") == []


def test_a_file_that_an_unfinished_claim_holds_is_not_taken_again(
    site: Site, store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A run elsewhere died between the copy and the deletion. Nobody knows that yet, or the store refuses the deletion: later its claim is gone on with."""
    cabinet = Cabinet("users")
    drop(cabinet, tmp_path, HEADER + ADA)
    assert isinstance(cabinet.files, Store)
    original = cabinet.folder("inbox") / "people.csv"
    source = {"name": "people.csv", "identity": cabinet.files.identity(original)}
    options = {**load_dag("toolsync_users").params.dump(), "caller": None}
    claim = cabinet.new_claim("people.csv", Owner("by hand", "elsewhere", 7, "boot 1"), options, source)
    cabinet.files.copy(original, cabinet.input(claim))

    result = site.run("toolsync_users")
    assert "a run that is not finished holds it already" in result["messages"][0] and claim.id in result["messages"][0]
    monkeypatch.setattr("toolsync.cabinet.alive.QUIET_SECONDS", -1)
    store.fails = lambda method, path: 403 if method == "DELETE" and path.endswith("inbox/people.csv") else None
    assert "a run that is not finished holds it already" in site.run("toolsync_users")["messages"][0]
    store.fails = None
    assert site.run("toolsync_users")["counts"]["created"] == 1
    assert "is empty" in site.run("toolsync_users")["messages"][0]
    assert len(names(cabinet, "archive")) == 1 and names(cabinet, "work") == []


def test_only_the_undo_bundle_is_written_between_the_first_write_and_the_commit(
    site: Site, store: ObjectStore, monkeypatch: pytest.MonkeyPatch
):
    """The store is not asked while rows are locked, and told only what must be there before the commit."""
    asked: list[list[str]] = []
    run, commit = Execution.run, MoodleSession.commit
    began: list[int] = []

    def running(self: Execution, lines: Sequence[StagedLine]) -> Outcomes:
        began.append(len(store.requests))
        return run(self, lines)

    def committing(self: MoodleSession) -> None:
        if began:
            asked.append(store.requests[began.pop() :])
        commit(self)

    monkeypatch.setattr(Execution, "run", running)
    monkeypatch.setattr(MoodleSession, "commit", committing)
    assert site.run("toolsync_users", HEADER + ADA)["counts"]["created"] == 1
    assert [request.partition(" ")[0] + " " + request.rpartition("/")[2] for request in asked[0]] == [
        "PUT part-000000.gz",
        "PUT index.json",
    ]


def test_a_file_of_5000_lines_takes_few_requests(
    site: Site, store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setitem(settings.settings(), "batch_seconds", None)  # a batch takes three
    cabinet = Cabinet("users")
    rows = "".join(f"p{n},P,{n},p{n}@example.org\n" for n in range(4999))
    drop(cabinet, tmp_path, HEADER + rows + "no.last,No,,x@example.org\n")
    store.requests.clear()
    result = site.run("toolsync_users")
    assert (result["counts"]["created"], result["counts"]["failed"]) == (4999, 1)
    assert len(store.requests) < 75, "\n".join(store.requests)


@pytest.mark.parametrize("status", [403, 500])
def test_a_store_that_refuses_everything_is_told_in_a_sentence(
    site: Site, store: ObjectStore, pristine: Site, status: int
):
    store.fails = lambda method, path: status
    for file in (None, HEADER + ADA):
        result = site.run("toolsync_users", file)
        assert result["state"] == "failed"
        assert result["messages"][0].startswith("The cabinet can't be used: s3://")
        assert "no words for" not in " ".join(result["messages"])
    assert site.changed(pristine) == []
