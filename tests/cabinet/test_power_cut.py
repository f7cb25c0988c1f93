"""Power cuts: what the site has committed is known after one, and nothing is done twice or lost."""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.power import PowerCut
from tests.support.site import Site
from tests.support.torture import seeds
from toolsync import settings
from toolsync.cabinet.claims import Owner
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.session import MoodleSession
from toolsync.running.ledger import Ledger, RecordsDisagree

pytestmark = pytest.mark.usefixtures("airflow")

# Renames and new accounts: each line can be done once only.
LINES = [f"u{n:03},moved.{n:03},,," for n in range(20, 28)] + [
    f",new.{n:03},New,{n},new{n}@example.org" for n in range(8)
]
FILE = "oldusername,username,firstname,lastname,email\n" + "".join(f"{line}\n" for line in LINES)


class Cut(BaseException):
    """The power is cut: nothing of the process goes on."""


@pytest.fixture
def inbox(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The empty inbox of a cabinet, three lines a batch."""
    monkeypatch.setitem(settings.settings(), "batch_lines", 3)
    monkeypatch.setitem(settings.settings(), "batch_seconds", None)
    return Cabinet("users").root.parent


def run_until(
    site: Site,
    cabinet: Path,
    image: Path,
    monkeypatch: pytest.MonkeyPatch,
    commits: int,
    *,
    after: bool,
    chance: random.Random | None,
) -> None:
    """Run the file; the power is cut right before or after a commit of the site.

    :param image: where the cabinet is built as it is on the disk then.
    :param commits: the number of the commit, from 1.
    :param chance: decides what else of the cabinet survives.
    """
    power = PowerCut(cabinet)
    left = commits
    commit = MoodleSession.commit

    def cut(session: MoodleSession) -> None:
        nonlocal left
        left -= 1
        if left == 0 and not after:
            power.image(image, chance)
            session.rollback()
            raise Cut
        commit(session)
        if left == 0:
            power.image(image, chance)
            raise Cut

    with monkeypatch.context() as patched:
        power.watch(patched)
        dropped = cabinet / "users" / "inbox" / "people.csv"
        dropped.write_text(FILE)  # as programs do, which do not wait for the disk
        os.utime(dropped, (0, 0))
        patched.setattr(MoodleSession, "commit", cut)
        site.run("toolsync_users", allow_rename=True)


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after the commit"])
@pytest.mark.parametrize("seed", seeds(4))
def test_after_a_power_cut_at_a_commit_each_line_is_done_once(
    site: Site, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, after: bool
):
    chance = random.Random(seed)
    image = tmp_path / "image"
    run_until(site, inbox, image, monkeypatch, chance.randint(1, 6), after=after, chance=chance if seed % 2 else None)
    monkeypatch.setenv("TOOLSYNC_CABINET", str(image))
    monkeypatch.setitem(settings.settings(), "batch_lines", 5)  # the next attempt may cut the file in another way

    result = site.run("toolsync_users")
    assert result["state"] == "success", result["messages"]
    assert result["counts"]["failed"] == 0
    assert (result["counts"]["updated"], result["counts"]["created"]) == (8, 8)
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'moved.%%' OR username LIKE 'new.%%'") == 16
    assert [path.name for path in (image / "users" / "work").iterdir()] == []
    assert Path(result["archive"]).read_text() == FILE
    assert site.value("SELECT COUNT(*) FROM {cache_flags} WHERE flagtype = 'toolsync'") == 0


def without(name: str) -> Callable[[Path], None]:
    def remove(work: Path) -> None:
        (work / name).unlink(missing_ok=True)

    return remove


def emptied(name: str) -> Callable[[Path], None]:
    def empty(work: Path) -> None:
        (work / name).write_bytes(b"")

    return empty


def by_version_0_1(work: Path) -> None:
    """Of that version's records, what matters."""
    for path in work.glob("batch-*.json"):
        record = json.loads(path.read_text())
        del record["last"]
        path.write_text(json.dumps(record))


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        ([without("batch-000000.json")], "applied up to line 7"),
        ([emptied("batch-000001.json")], "can't be read"),
        ([by_version_0_1], "was begun by Tool Sync 0.1"),
        ([emptied("claim.json")], "nobody can tell how it was to be treated"),
        ([without("claim.json")], "nobody can tell how it was to be treated"),
        ([emptied("validated.json")], "can't be read"),
    ],
)
def test_a_damaged_record_stops_its_file_with_a_sentence_and_no_other(
    site: Site, pristine: Site, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    damage: list[Callable[[Path], None]], says: str,
):  # fmt: skip
    image = tmp_path / "image"
    run_until(site, inbox, image, monkeypatch, 2, after=True, chance=None)
    [work] = (image / "users" / "work").iterdir()
    for harm in damage:
        harm(work)
    monkeypatch.setenv("TOOLSYNC_CABINET", str(image))
    (tmp_path / "ada.csv").write_text("username,firstname,lastname,email\nada,Ada,Lovelace,ada@example.org\n")
    Cabinet("users").put(tmp_path / "ada.csv")
    before = renamed(site)

    result = site.run("toolsync_users")
    said = " ".join(result["messages"])
    assert renamed(site) == before == 6
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username = 'ada'") == 1
    if "nobody can tell" not in says:  # that is a warning in the log of collect
        assert says in said and (str(work) in said or "0.1" in says)
        assert result["state"] == "failed"
    assert (work / "file" / "people.csv").read_text() == FILE


def renamed(site: Site) -> int:
    return site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'moved.%%'")


@pytest.mark.parametrize("part", [500_000, 40])
def test_outcomes_that_only_the_site_has_are_taken_from_there(
    site: Site, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: int
):
    monkeypatch.setattr("toolsync.running.ledger.PART", part)
    image = tmp_path / "image"
    run_until(site, inbox, image, monkeypatch, 2, after=True, chance=None)
    [work] = (image / "users" / "work").iterdir()
    assert sorted(path.name for path in work.glob("batch-*")) == ["batch-000000.json"]
    monkeypatch.setenv("TOOLSYNC_CABINET", str(image))
    result = site.run("toolsync_users")
    assert result["state"] == "success"
    assert (result["counts"]["updated"], result["counts"]["created"], result["counts"]["failed"]) == (8, 8, 0)
    assert site.value("SELECT COUNT(*) FROM {cache_flags} WHERE flagtype = 'toolsync'") == 0


def test_the_last_line_is_that_of_all_batches_although_a_purge_counts_from_the_first_again(site: Site, tmp_path: Path):
    cabinet = Cabinet("cohorts")
    path = tmp_path / "cohorts.csv"
    path.write_text("cmd,cid\nadd,NEW\n")
    claim = cabinet.claim(cabinet.put(path), Owner("test", "test", None), {"simulate": False})
    assert claim is not None
    for number, last in enumerate((4, 6, 4)):  # two batches of lines, and one of the purge
        cabinet.save(claim, f"batch-{number:06}.json", {"last": last})
    with MoodleHook().session(lock_seconds=1) as session, pytest.raises(RecordsDisagree) as caught:
        Ledger(cabinet, claim, session).done(3)
    assert caught.value.last == 6


def test_a_site_that_was_put_back_is_noticed(
    site: Site, pristine: Site, inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    head, *lines = FILE.splitlines()  # and a line that is not executed, because validation fails it
    file = (
        f"{head},suspended\n" + "".join(f"{line},\n" for line in lines) + ",bad.one,Bad,One,bad.one@example.org,maybe\n"
    )
    monkeypatch.setattr(sys.modules[__name__], "FILE", file)
    image = tmp_path / "image"
    run_until(site, inbox, image, monkeypatch, 3, after=False, chance=None)
    monkeypatch.setenv("TOOLSYNC_CABINET", str(image))
    site.restore(pristine)
    result = site.run("toolsync_users")
    assert result["state"] == "failed"
    assert "the site knows nothing of it" in " ".join(result["messages"])
    assert site.changed(pristine) == []
