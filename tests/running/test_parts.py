"""The bundle of a run holds what was committed, and nothing else, whatever went wrong on the way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import MySQLdb
import pytest

from tests.support.faults import deadlock
from tests.support.site import Site
from tests.support.undo import by_force
from toolsync.cabinet.bundles import Bundle, bundles
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.session import MoodleSession
from toolsync.running.ledger import Ledger
from toolsync.settings import settings

pytestmark = pytest.mark.usefixtures("airflow")

# Accounts made and changed; one city is refused by the database, and so sent alone in the end.
PEOPLE = "".join(
    ["username,firstname,lastname,email,city\n"]
    + [f"u{n:03},,,,{'Atlantis' if n == 6 else 'Ur'}\n" for n in range(1, 11)]
    + [f"made{n},New,{n},made{n}@example.org,Ur\n" for n in range(6)]
)


@pytest.fixture
def refusing(site: Site) -> Iterator[Site]:
    """A site whose database refuses a city."""
    site.rows("ALTER TABLE {user} ADD CONSTRAINT no_such_city CHECK (city <> 'Atlantis')")
    yield site
    site.rows("ALTER TABLE {user} DROP CONSTRAINT no_such_city")


def of(lines: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a batch have so many lines."""
    monkeypatch.setitem(settings(), "batch_lines", lines)
    monkeypatch.setitem(settings(), "batch_lines_of", {})
    monkeypatch.setitem(settings(), "batch_seconds", None)


def check(site: Site, pristine: Site, parts: list[int]) -> Bundle:
    """One bundle, complete, which makes the site what it was."""
    [bundle] = bundles(Cabinet("users"))
    index = bundle.index()
    assert index and index["ended"] and list(bundle.parts()) == parts
    ends = [list(bundle.read(number))[-1]["end"] for number in parts]
    assert index["parts"] == len(parts) and index["bytes"] == sum(bundle.parts().values())
    assert index["rows"] == {
        change: {table: sum(end[change].get(table, 0) for end in ends) for end in ends for table in end[change]}
        for change in ("deleted", "changed", "made")
    }
    assert set(bundle.files()) == {"index.json", *(f"part-{number:06}.gz" for number in parts)}
    assert by_force(site, pristine, bundle) == set()
    return bundle


def at_commit(monkeypatch: pytest.MonkeyPatch, number: int, act: Any) -> None:
    """Do something in the place of the nth commit of a run, once.

    :param act: gets the session, and what commits.
    """
    commit, left = MoodleSession.commit, [number]

    def committing(session: MoodleSession) -> None:
        left[0] -= 1
        act(session, commit) if left[0] == 0 else commit(session)

    monkeypatch.setattr(MoodleSession, "commit", committing)


def lost_after(session: MoodleSession, commit: Any) -> None:
    commit(session)
    raise MySQLdb.OperationalError(2013, "Lost connection to server during query")


def lost_before(session: MoodleSession, commit: Any) -> None:
    session.rollback()
    raise MySQLdb.OperationalError(2013, "Lost connection to server during query")


def cut_off(session: MoodleSession, commit: Any) -> None:
    """A node of a cluster is cut off from the others when they have taken what it commits."""
    commit(session)
    raise MySQLdb.OperationalError(1180, "Got error 6 during COMMIT")


def test_parts_are_what_was_committed(refusing: Site, pristine: Site, monkeypatch: pytest.MonkeyPatch):
    """Batches of six, one refused row among them. The first commit meets a deadlock; the next one is lost, before or after it was done; then batches are smaller."""
    site = refusing
    with monkeypatch.context() as patch:
        of(6, patch)
        simulated = site.run("toolsync_users", PEOPLE, simulate=True)
        assert simulated["counts"] == {**simulated["counts"], "created": 6, "updated": 9, "failed": 1}
        assert site.changed(pristine) == [] and not Cabinet("users").folder("undo").exists()

        patch.setattr("toolsync.running.batches.random.uniform", lambda low, high: 0)
        at_commit(patch, 1, lambda session, commit: deadlock(session))
        assert site.run("toolsync_users", PEOPLE)["took"]["retries"] == 1
        reports = Cabinet("users").folder("report").glob("*_report.txt")
        [report] = [path for path in reports if "simulation" not in path.name]
    index = check(site, pristine, [0, 1, 2]).index()
    [told] = [line for line in report.read_text().splitlines() if line.startswith("To undo this")]
    until = f"{datetime.now(UTC) + timedelta(days=365):%Y-%m-%d}"
    assert told.startswith(f"To undo this: run toolsync_undo with {index and index['claim']} in Param runs; ")
    assert told.endswith(f" are kept for it until {until}")
    assert index and index["rows"]["changed"]["user"] == 9 and index["rows"]["made"]["user"] == 6

    for lost in (lost_after, lost_before, cut_off):
        site.restore(pristine)
        for bundle in bundles(Cabinet("users")):
            bundle.remove()
        with monkeypatch.context() as patch:
            of(6, patch)
            at_commit(patch, 2, lost)
            assert site.run("toolsync_users", PEOPLE)["state"] == "failed"
            [bundle] = bundles(Cabinet("users"))
            assert list(bundle.parts()) == [0, 1] and not (bundle.index() or {})["ended"]
        of(2, monkeypatch)
        assert site.run("toolsync_users")["state"] == "success"
        check(site, pristine, [0, 1, 2, 3, 4, 5] if lost is lost_before else [0, 1, 2, 3])


def test_what_was_rolled_back_leaves_no_part_and_what_was_committed_does(
    site: Site, pristine: Site, monkeypatch: pytest.MonkeyPatch
):
    of(6, monkeypatch)

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "enter", full)  # nothing is committed
        assert site.run("toolsync_users", PEOPLE)["state"] == "failed"
        assert bundles(Cabinet("users")) == [] and site.changed(pristine) == []
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "confirm", full)  # the first batch is committed
        assert site.run("toolsync_users")["state"] == "failed"
        [bundle] = bundles(Cabinet("users"))
        assert list(bundle.parts()) == [0]
    of(100, monkeypatch)
    assert site.run("toolsync_users")["state"] == "success"
    check(site, pristine, [0, 1])
