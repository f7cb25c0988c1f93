"""Who goes on with a file that a run has left: found out by more than a process id, and told when nobody does."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.object_store import object_store
from toolsync.cabinet import alive
from toolsync.cabinet.claims import Claim, Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.store import Store
from toolsync.cabinet.takeover import adopt, left_alone, own, release, resume
from toolsync.settings import ROOT

OPTIONS = {"simulate": False, "encoding": "utf-8", "content": ""}
HERE = socket.gethostname()
SCHEDULED = Owner("scheduled__2026-11-28", HERE, None)
# Claims a file as a run by hand does, says so, and lives on.
LIVES_ON = """
import os, sys, time
from pathlib import Path
from toolsync.cabinet.claims import Owner
from toolsync.cabinet.folders import Cabinet
owner = Owner.by_hand(os.getpid())
print(Cabinet("users", url=sys.argv[1]).claim_given(Path(sys.argv[2]), owner, {"simulate": sys.argv[3:] == ["simulate"]}).id, flush=True)
time.sleep(600)
"""


@pytest.fixture
def cabinet(tmp_path: Path) -> Cabinet:
    return Cabinet("users", url=str(tmp_path / "cabinet"))


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text("username\nada\n")
    return path


def another_process(cabinet: Cabinet, people: Path, *words: str) -> subprocess.Popen[str]:
    """A run by hand that has claimed the file and lives."""
    program = [sys.executable, "-c", LIVES_ON, str(cabinet.root.parent), str(people), *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "plugins")}
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None and process.stdout.readline()
    return process


def claimed(cabinet: Cabinet, people: Path, owner: Owner) -> Claim:
    cabinet.put(people)
    claim = cabinet.claim("people.csv", owner, OPTIONS)
    assert claim is not None
    return claim


def rewrite(cabinet: Cabinet, claim: Claim, **owner: object) -> None:
    """Change what the record says of the owner, as another machine would have written it."""
    path = cabinet.work(claim) / "claim.json"
    record = json.loads(path.read_text())
    record["owner"] |= owner
    path.write_text(json.dumps(record))


def test_a_living_run_by_hand_keeps_its_claim_a_killed_one_does_not(cabinet: Cabinet, people: Path):
    process = another_process(cabinet, people)
    adopted, [told] = adopt(cabinet, SCHEDULED)
    assert adopted == []
    assert "people.csv" in told and f"is being done by a run by hand, process {process.pid} on {HERE}" in told
    process.kill()
    process.wait()
    adopted, told_now = adopt(cabinet, SCHEDULED)
    assert [claim.name for claim in adopted] == ["people.csv"] and told_now == []


@pytest.mark.parametrize(
    "owner",
    [
        {"host": "a-container-that-is-gone"},
        {"pid": os.getpid()},  # another process has that number by now
        {"host": "another", "pid": 1},
    ],
)
def test_after_a_reboot_or_in_a_new_container_the_file_is_gone_on_with(
    cabinet: Cabinet, people: Path, owner: dict[str, object]
):
    process = another_process(cabinet, people)
    process.kill()
    process.wait()
    [folder] = cabinet.folder("work").iterdir()
    claim = Claim(folder.name, "people.csv", {})
    rewrite(cabinet, claim, **owner)
    assert [found.id for found in adopt(cabinet, SCHEDULED)[0]] == [folder.name]


def test_a_lock_says_more_than_a_process_id(cabinet: Cabinet, people: Path):
    """In a container, the number of a living process may be that of none here."""
    process = another_process(cabinet, people)
    [folder] = cabinet.folder("work").iterdir()
    rewrite(cabinet, Claim(folder.name, "people.csv", {}), pid=2**22 + 1)
    adopted, [told] = adopt(cabinet, SCHEDULED)
    assert adopted == [] and "is being done" in told
    process.kill()
    process.wait()
    assert len(adopt(cabinet, SCHEDULED)[0]) == 1


def test_of_two_runs_that_look_at_once_one_goes_on(cabinet: Cabinet, people: Path, monkeypatch: pytest.MonkeyPatch):
    from toolsync.cabinet import takeover

    process = another_process(cabinet, people)
    process.kill()
    process.wait()
    look = takeover._why_not
    others: list[Claim] = []

    def meanwhile(*args: Any) -> str | None:
        why = look(*args)
        if not others:
            monkeypatch.setattr(takeover, "_why_not", look)
            others.extend(adopt(Cabinet("users", url=str(cabinet.root.parent)), Owner("faster", HERE, None))[0])
        return why

    monkeypatch.setattr(takeover, "_why_not", meanwhile)
    assert adopt(cabinet, SCHEDULED)[0] == [] and len(others) == 1


def test_a_folder_that_cannot_be_looked_into_stops_no_other(cabinet: Cabinet, people: Path):
    hidden = claimed(cabinet, people, SCHEDULED)
    (cabinet.work(hidden) / "claim.json").unlink()
    (cabinet.work(hidden) / "claim.json").mkdir()
    fine = claimed(cabinet, people, SCHEDULED)
    adopted, [told] = adopt(cabinet, Owner("later", HERE, None))
    assert adopted == [fine] and str(cabinet.work(hidden)) in told and "can't be looked into" in told


def test_what_another_attempt_has_written_to_a_store_is_read_again(people: Path):
    """While one waited for the site, the other was at work."""
    url = object_store().new_cabinet()
    cabinet, other = Cabinet("users", url=url), Cabinet("users", url=url)
    claim = claimed(cabinet, people, SCHEDULED)
    assert cabinet.saved(claim, "executed.json") is None
    other.save(claim, "executed.json", {"counts": {}})
    cabinet.reread(claim)
    assert cabinet.saved(claim, "executed.json") == {"counts": {}}


@pytest.mark.parametrize("gone", [True, False], ids=["taken by another run", "overwritten by an upload"])
def test_of_a_store_only_what_was_looked_at_is_taken(people: Path, monkeypatch: pytest.MonkeyPatch, gone: bool):
    cabinet = Cabinet("users", url=object_store().new_cabinet())
    cabinet.put(people)
    original = cabinet.folder("inbox") / "people.csv"
    copy = Store.copy

    def meanwhile(self: Store, *paths: Any) -> None:
        copy(self, *paths)
        self.remove(original) if gone else self.write(original, b"username\ngrace\n")

    monkeypatch.setattr(Store, "copy", meanwhile)
    assert cabinet.claim("people.csv", SCHEDULED, OPTIONS) is None
    assert cabinet.files.entries(cabinet.folder("work")) == []
    monkeypatch.undo()
    if not gone:
        claim = cabinet.claim("people.csv", SCHEDULED, OPTIONS)
        assert claim and cabinet.files.read(cabinet.input(claim)) == b"username\ngrace\n"


def test_a_simulation_of_a_dead_run_goes_as_it_is_a_copy(cabinet: Cabinet, people: Path):
    process = another_process(cabinet, people, "simulate")
    assert adopt(cabinet, SCHEDULED)[0] == []
    assert len(list(cabinet.folder("work").iterdir())) == 1
    process.kill()
    process.wait()
    assert adopt(cabinet, SCHEDULED) == ([], [])
    assert list(cabinet.folder("work").iterdir()) == []


def test_a_run_by_hand_leaves_what_airflow_has_taken_and_says_whose_it_is(cabinet: Cabinet, people: Path):
    claim = claimed(cabinet, people, SCHEDULED)
    adopted, [told] = adopt(cabinet, Owner.by_hand(os.getpid()))
    assert adopted == []
    assert (
        str(cabinet.work(claim)) in told and "Airflow's run scheduled__2026-11-28" in told and "docs/cabinet.md" in told
    )


@pytest.mark.parametrize(("host", "dead"), [(HERE, True), ("elsewhere", False)])
def test_a_claim_of_version_0_2_is_known_by_its_process(cabinet: Cabinet, people: Path, host: str, dead: bool):
    """It has no lock."""
    claim = claimed(cabinet, people, Owner("manual__1", host, 2**22 + 1))
    alive.let_go(claim)
    (cabinet.work(claim) / alive.LOCK).unlink()
    path = cabinet.work(claim) / "claim.json"
    record = json.loads(path.read_text())
    del record["owner"]["started"], record["source"], record["claim"]["dropped_as"]
    path.write_text(json.dumps(record))
    adopted, told = adopt(cabinet, SCHEDULED)
    assert (len(adopted), len(told)) == ((1, 0) if dead else (0, 1))
    if told:
        assert "Nobody can tell" in told[0] and "elsewhere" in told[0]


def test_a_run_that_takes_nothing_over_tells_what_there_is(cabinet: Cabinet, people: Path):
    claimed(cabinet, people, SCHEDULED)
    process = another_process(cabinet, people)
    first, second = left_alone(cabinet, Owner("manual__1", HERE, None))
    assert "is not finished" in first and "is being done by a run by hand" in second
    process.kill()
    process.wait()


def test_what_a_run_by_hand_leaves_at_its_end_is_free_at_once(cabinet: Cabinet, people: Path):
    owner = Owner.by_hand(os.getpid())
    claim = cabinet.claim_given(people, owner, OPTIONS)
    assert own(cabinet, owner) == [claim]
    release(cabinet, owner)
    assert adopt(cabinet, SCHEDULED)[0] == [claim]


def test_a_claim_folder_without_a_file_goes(cabinet: Cabinet, people: Path):
    (cabinet.folder("work") / "20261128-100000-000000-aaaa").mkdir()
    half = claimed(cabinet, people, SCHEDULED)
    cabinet.input(half).unlink()
    young = cabinet.folder("work") / "20261128-110000-000000-bbbb"
    young.mkdir()
    old = cabinet.folder("work") / "20261128-100000-000000-aaaa"
    os.utime(old, (time.time() - 7200,) * 2)
    assert adopt(cabinet, Owner("later", HERE, None)) == ([], [])
    assert list(cabinet.folder("work").iterdir()) == [young]  # a run may be about to write its record


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b'{"claim": {"id": 1}}', b"\xff", None])
def test_a_damaged_record_is_told_and_does_not_stop_others(cabinet: Cabinet, people: Path, record: bytes | None):
    broken = claimed(cabinet, people, SCHEDULED)
    path = cabinet.work(broken) / "claim.json"
    path.unlink() if record is None else path.write_bytes(record)
    fine = claimed(cabinet, people, SCHEDULED)
    adopted, [told] = adopt(cabinet, Owner("later", HERE, None))
    assert adopted == [fine]
    assert str(cabinet.work(broken)) in told and "Giving a file up" in told
    assert cabinet.input(broken).read_text() == "username\nada\n"


def test_in_an_object_store_a_run_elsewhere_is_dead_when_it_has_been_silent_for_long(
    people: Path, monkeypatch: pytest.MonkeyPatch
):
    cabinet = Cabinet("users", url=object_store().new_cabinet())
    claim = claimed(cabinet, people, Owner("by hand", "elsewhere", 7, "boot 1"))
    adopted, [told] = adopt(cabinet, SCHEDULED)
    assert adopted == [] and "Nobody can tell" in told
    monkeypatch.setattr("toolsync.cabinet.alive.QUIET_SECONDS", -1)
    assert adopt(cabinet, SCHEDULED) == ([claim], [])


def test_a_copy_whose_original_is_still_in_the_inbox_of_a_store_is_not_done_twice(people: Path):
    """The run died between the copy and the deletion."""
    server = object_store()
    cabinet = Cabinet("users", url=server.new_cabinet())
    cabinet.put(people)
    original = cabinet.folder("inbox") / "people.csv"
    assert isinstance(cabinet.files, Store)
    source = {"name": "people.csv", "identity": cabinet.files.identity(original)}
    claim = cabinet.new_claim("people.csv", SCHEDULED, OPTIONS, source)
    cabinet.files.copy(original, cabinet.input(claim))

    server.fails = lambda method, path: 403 if method == "DELETE" else None
    adopted, [told] = adopt(Cabinet("users", url=str(cabinet.root.parent)), Owner("later", HERE, None))
    assert adopted == [] and "can't be deleted from the inbox" in told
    server.fails = None
    assert len(adopt(Cabinet("users", url=str(cabinet.root.parent)), Owner("later", HERE, None))[0]) == 1
    assert cabinet.files.entries(cabinet.folder("inbox")) == []


def test_a_lock_ends_with_the_process_that_holds_it(cabinet: Cabinet, people: Path):
    process = another_process(cabinet, people)
    os.kill(process.pid, signal.SIGSTOP)  # it neither works nor ends
    assert adopt(cabinet, SCHEDULED)[0] == []
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert len(adopt(cabinet, SCHEDULED)[0]) == 1


def test_after_a_power_cut_in_its_move_a_file_is_only_where_it_is_claimed(cabinet: Cabinet, people: Path):
    """The move was half on the disk: the file has both names. Another file of that content is another file."""
    claim = claimed(cabinet, people, SCHEDULED)
    inbox = cabinet.folder("inbox")
    (inbox / "same content.csv").write_bytes(people.read_bytes())
    for owner, go_on in ((SCHEDULED, resume), (Owner("later", HERE, None), adopt)):
        os.link(cabinet.input(claim), inbox / "people.csv")
        assert go_on(cabinet, owner) == ([claim], [])
        assert [path.name for path in inbox.iterdir()] == ["same content.csv"]
        assert cabinet.input(claim).exists()


def test_another_attempt_of_a_run_deletes_what_the_first_has_copied_out_of_a_store(people: Path):
    cabinet = Cabinet("users", url=object_store().new_cabinet())
    cabinet.put(people)
    original = cabinet.folder("inbox") / "people.csv"
    assert isinstance(cabinet.files, Store)
    source = {"name": "people.csv", "identity": cabinet.files.identity(original)}
    claim = cabinet.new_claim("people.csv", SCHEDULED, OPTIONS, source)
    cabinet.files.copy(original, cabinet.input(claim))
    assert resume(Cabinet("users", url=str(cabinet.root.parent)), SCHEDULED) == ([claim], [])
    assert cabinet.files.entries(cabinet.folder("inbox")) == []


def test_what_a_killed_run_had_half_written_goes(cabinet: Cabinet, people: Path):
    claim, other = claimed(cabinet, people, SCHEDULED), claimed(cabinet, people, SCHEDULED)
    for folder, of in (("report", claim), ("tryback", claim), ("report", other)):
        (cabinet.folder(folder) / f".{of.named('report')}.12ab34cd.part").write_text("half")
    cabinet.discard(other)
    adopt(cabinet, Owner("later", HERE, None))
    assert [path.name for path in cabinet.root.rglob("*.part")] == [f".{other.named('report')}.12ab34cd.part"]
