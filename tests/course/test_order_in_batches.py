"""However a file is cut into batches, its new courses come first in their categories, and those that were there get new numbers once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.running.test_parts import at_commit, lost_after, lost_before, of
from tests.support.faults import deadlock
from tests.support.site import Site
from tests.support.undo import by_force
from toolsync.cabinet.bundles import bundles
from toolsync.cabinet.folders import Cabinet
from toolsync.moodle.session import MoodleSession

pytestmark = pytest.mark.usefixtures("airflow")
HEADER, BY_ID = "shortname,fullname,category\n", {"category_id_field": "id"}
# None of the last lines is about the first category.
FILE = HEADER + "".join(f"NEW{n},New {n},{2 + (n > 1) + (n > 7)}\n" for n in range(11))
REFUSED = HEADER + "".join(f"NEW{n},{'Atlantis' if n == 6 else n},2\n" for n in range(7))
Act = Callable[[MoodleSession, Callable[[MoodleSession], None]], None]


def places(site: Site) -> list[tuple[Any, ...]]:
    return site.rows("SELECT shortname, category, sortorder FROM {course} ORDER BY sortorder, id")


def names_in(site: Site, category: int) -> list[str]:
    """The short names of the courses of a category, which have the numbers from 1 on."""
    rows = site.rows("SELECT c.shortname, CAST(c.sortorder AS SIGNED) - k.sortorder FROM {course} c JOIN {course_categories} k ON k.id = c.category WHERE k.id = %s ORDER BY c.sortorder", (category,))  # fmt: skip
    assert [place for _, place in rows] == list(range(1, len(rows) + 1))
    return [name for name, _ in rows]


@pytest.fixture
def expected(site: Site, pristine: Site) -> list[tuple[Any, ...]]:
    """The places after one batch."""
    assert site.run("toolsync_courses", FILE, **BY_ID)["counts"]["created"] == 11
    expected = places(site)
    site.restore(pristine)
    assert expected != places(site)
    for bundle in bundles(Cabinet("courses")):
        bundle.remove()
    return expected


def test_courses_that_were_there_get_new_places_with_the_last_batch(
    site: Site, pristine: Site, expected: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch
):
    before, seen = places(site), []
    commit = MoodleSession.commit

    def committing(session: MoodleSession) -> None:
        commit(session)
        seen.append([place for place in places(site) if not place[0].startswith("NEW")])

    of(2, monkeypatch)
    assert site.run("toolsync_courses", FILE, simulate=True, **BY_ID)["counts"]["created"] == 11
    assert places(site) == before
    with monkeypatch.context() as patch:
        patch.setattr(MoodleSession, "commit", committing)
        assert site.run("toolsync_courses", FILE, **BY_ID)["counts"]["created"] == 11
    assert seen[:5] == [before] * 5
    assert places(site) == expected
    [bundle] = bundles(Cabinet("courses"))
    assert by_force(site, pristine, bundle) == set()


@pytest.mark.parametrize("number", [2, 6])
@pytest.mark.parametrize("act", [lost_after, lost_before])
def test_a_run_that_is_resumed_ends_with_the_same_places(
    site: Site, expected: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, number: int, act: Act
):
    with monkeypatch.context() as patch:
        of(2, patch)
        at_commit(patch, number, act)
        assert site.run("toolsync_courses", FILE, **BY_ID)["state"] == "failed"
    of(3, monkeypatch)
    assert site.run("toolsync_courses", **BY_ID)["state"] == "success"
    assert places(site) == expected


@pytest.mark.parametrize("number", [2, 6])
def test_so_does_one_that_meets_another_transaction(
    site: Site, expected: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, number: int
):
    monkeypatch.setattr("toolsync.running.batches.random.uniform", lambda low, high: 0)
    of(2, monkeypatch)
    at_commit(monkeypatch, number, lambda session, commit: deadlock(session))
    assert site.run("toolsync_courses", FILE, **BY_ID)["took"]["retries"] == 1
    assert places(site) == expected


@pytest.fixture
def refusing(site: Site) -> Iterator[Site]:
    """A site whose database refuses a name."""
    site.rows("ALTER TABLE {course} ADD CONSTRAINT no_such_name CHECK (fullname <> 'Atlantis')")
    yield site
    site.rows("ALTER TABLE {course} DROP CONSTRAINT no_such_name")


@pytest.mark.parametrize("lines", [2, 100])
def test_new_courses_come_first_even_if_the_last_line_is_refused(
    refusing: Site, monkeypatch: pytest.MonkeyPatch, lines: int
):
    before = names_in(refusing, 2)
    of(lines, monkeypatch)
    counts = refusing.run("toolsync_courses", REFUSED, **BY_ID)["counts"]
    assert (counts["created"], counts["failed"]) == (6, 1)
    assert names_in(refusing, 2) == [*(f"NEW{n}" for n in reversed(range(6))), *before]


def test_so_they_do_if_a_batch_in_which_courses_got_their_places_is_tried_again(
    refusing: Site, monkeypatch: pytest.MonkeyPatch
):
    """The first line about an old course moves it, the second is refused: they are in one batch."""
    old, *others = names_in(refusing, 2)
    file = HEADER + f"NEW0,0,2\nNEW1,1,2\n{old},Moved,3\n{old},Atlantis,3\nNEW2,2,2\n"
    of(2, monkeypatch)
    counts = refusing.run("toolsync_courses", file, force_update=True, **BY_ID)["counts"]
    assert (counts["created"], counts["updated"], counts["failed"]) == (3, 1, 1)
    assert names_in(refusing, 2) == ["NEW2", "NEW1", "NEW0", *others]


def test_a_course_that_somebody_makes_meanwhile_stays_before_those_that_were_there(
    site: Site, monkeypatch: pytest.MonkeyPatch
):
    def make_another(session: MoodleSession, commit: Callable[[MoodleSession], None]) -> None:
        commit(session)
        site.rows("UPDATE {course} SET sortorder = sortorder + 1 WHERE category = 2")
        site.rows("INSERT INTO {course} (category, sortorder, fullname, shortname) SELECT 2, sortorder + 1, 'Another', 'Another' FROM {course_categories} WHERE id = 2")  # fmt: skip

    before = names_in(site, 2)
    of(2, monkeypatch)
    at_commit(monkeypatch, 1, make_another)
    assert site.run("toolsync_courses", HEADER + "".join(f"NEW{n},New {n},2\n" for n in range(5)), **BY_ID)["state"] == "success"  # fmt: skip
    assert names_in(site, 2) == ["NEW4", "NEW3", "NEW2", "NEW1", "NEW0", "Another", *before]


@pytest.mark.parametrize("category", [6, 777])
def test_no_course_of_others_is_moved(site: Site, monkeypatch: pytest.MonkeyPatch, category: int):
    """They made some at the end of a category that no line is about, or in one that there is not, while the run stood still."""
    of(2, monkeypatch)
    with monkeypatch.context() as patch:
        at_commit(patch, 2, lost_before)
        assert site.run("toolsync_courses", FILE, **BY_ID)["state"] == "failed"
    site.rows("INSERT INTO {course} (category, sortorder, fullname, shortname) SELECT %s, MAX(sortorder) + 1, 'One', 'One' FROM {course}", (category,))  # fmt: skip
    site.rows("INSERT INTO {course} (category, sortorder, fullname, shortname) SELECT %s, MAX(sortorder) + 1, 'Two', 'Two' FROM {course}", (category,))  # fmt: skip
    site.rows(
        "INSERT INTO {context} (contextlevel, instanceid, path, depth) SELECT 50, id, '/1/0', 2 FROM {course} WHERE shortname IN ('One', 'Two')"
    )
    theirs = [place for place in places(site) if place[1] == category]
    assert site.run("toolsync_courses", **BY_ID)["state"] == "success"
    assert [place for place in places(site) if place[1] == category] == theirs
    assert names_in(site, 2)[:2] == ["NEW1", "NEW0"]


def test_what_others_put_before_another_course_stays_there(site: Site, monkeypatch: pytest.MonkeyPatch):
    def rearrange(session: MoodleSession, commit: Callable[[MoodleSession], None]) -> None:
        commit(session)
        site.rows("UPDATE {course} c JOIN {course_categories} k ON k.id = c.category SET c.sortorder = k.sortorder + FIELD(c.shortname, 'NEW0', 'NEW1', %s) WHERE k.id = 2", (before,))  # fmt: skip

    [before] = names_in(site, 2)
    of(2, monkeypatch)
    at_commit(monkeypatch, 1, rearrange)
    assert site.run("toolsync_courses", FILE, **BY_ID)["state"] == "success"
    assert names_in(site, 2) == ["NEW0", "NEW1", before]


def test_no_course_waits_where_no_number_is_left(site: Site, monkeypatch: pytest.MonkeyPatch):
    before, beyond = names_in(site, 3), set()
    commit = MoodleSession.commit

    def committing(session: MoodleSession) -> None:
        commit(session)
        beyond.update(site.rows("SELECT c.shortname FROM {course} c JOIN {course_categories} k ON k.id = c.category WHERE c.sortorder >= k.sortorder + 10000"))  # fmt: skip

    site.rows("UPDATE {course} SET sortorder = sortorder - sortorder % 10000 + 9998 WHERE category = 3 ORDER BY sortorder DESC LIMIT 1")  # fmt: skip
    of(2, monkeypatch)
    monkeypatch.setattr(MoodleSession, "commit", committing)
    assert site.run("toolsync_courses", FILE, **BY_ID)["state"] == "success"
    assert names_in(site, 3) == [*(f"NEW{n}" for n in range(7, 1, -1)), *before]
    assert beyond == set()
