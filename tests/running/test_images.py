"""What a batch changes is kept as it really changed, whatever its statements were and however often they ran."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.running.test_execution import TOUCHES, execution, lines, statuses
from tests.support.changed_rows import differences
from tests.support.site import Site
from toolsync.cabinet.bundles import Bundle
from toolsync.cabinet.folders import Cabinet
from toolsync.running import chunks, images, runner
from toolsync.running.execution import Execution
from toolsync.running.images import Images

# Rows are changed, changed again, and back; taken away, made, made and taken away, made and changed; made anew in the place of others.
WORK = """
CREATE TEMPORARY TABLE toolsync_found (line INT PRIMARY KEY, userid BIGINT NOT NULL);
CREATE TEMPORARY TABLE toolsync_pref (seq INT NOT NULL AUTO_INCREMENT PRIMARY KEY, userid BIGINT NOT NULL, name VARCHAR(255) NOT NULL);
INSERT INTO toolsync_found SELECT r.line, u.id FROM toolsync_row r JOIN {user} u ON u.username = r.username;
UPDATE toolsync_found f STRAIGHT_JOIN {user} u ON u.id = f.userid SET u.phone2 = 'between', u.timemodified = u.timemodified + 1;
UPDATE toolsync_found f JOIN toolsync_row r ON r.line = f.line STRAIGHT_JOIN {user} u ON u.id = f.userid SET u.phone2 = '', u.city = r.city;
DELETE p FROM toolsync_found f STRAIGHT_JOIN {user_preferences} p ON p.userid = f.userid;
INSERT INTO toolsync_pref (userid, name) SELECT f.userid, CONCAT('toy ', n.id) FROM toolsync_found f JOIN {context} n ON n.id <= 60;
-- chunks: toolsync_pref.seq
INSERT INTO {user_preferences} (userid, name, value) SELECT w.userid, w.name, 'x' FROM toolsync_pref w WHERE w.seq BETWEEN @first AND @last;
UPDATE toolsync_found f STRAIGHT_JOIN {user_preferences} p ON p.userid = f.userid SET p.value = 'y' WHERE p.name <> 'toy 1';
DELETE p FROM toolsync_found f STRAIGHT_JOIN {user_preferences} p ON p.userid = f.userid WHERE p.name = 'toy 2';
UPDATE toolsync_row r LEFT JOIN toolsync_found f ON f.line = r.line
   SET r.status = IF(f.line IS NULL, 'failed', 'updated'), r.field = 'username', r.message = 'no such account';
"""


@contextmanager
def kept(tmp_path: Path, **more: Any) -> Iterator[tuple[Execution, Bundle]]:
    """The toy, and the bundle that holds what it changes."""
    with execution(tmp_path, **({"work": WORK} | more)) as toy:
        toy.state.images = Images(toy.session)
        yield toy, Bundle(Cabinet("users"), "20260101-000000-000000-0000")


def write(toy: Execution, bundle: Bundle) -> None:
    assert toy.state.images is not None
    with bundle.writing(0, first=2, last=99) as part:
        toy.state.images.write(part)


def said(bundle: Bundle) -> dict[str, dict[str, dict[int, Any]]]:
    """What a part says, as `differences` tells it. Of rows that were made, only which they are."""
    found: dict[str, dict[str, dict[int, Any]]] = {}
    for line in bundle.read(0):
        if "table" not in line:
            continue
        columns, rows = line["columns"], found.setdefault(line["table"], {}).setdefault(line["change"], {})
        for row in line["rows"]:
            old = dict(zip(columns, row, strict=False))
            assert old["id"] not in rows, "a row is told twice"
            if line["change"] == "changed":
                new = dict(zip(columns, row[len(columns) :], strict=True))
                old = {name: (old[name], new[name]) for name in columns if old[name] != new[name]} | {"id": new["id"]}
            rows[old.pop("id") if line["change"] == "changed" else old["id"]] = old
    return found


@pytest.mark.parametrize(("few", "in_a_row"), [(True, None), (True, False), (False, None)])
def test_a_part_says_what_really_differs(
    site: Site, pristine: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, few: bool, in_a_row: bool | None
):
    """Statements sent together or one by one, in chunks or at once; an account of two segments, a line that the database refuses, one that fails.

    In a row: whether the server gives the rows of an INSERT such ids. None: as it is set up; by default, MariaDB does, and MySQL and clusters don't.
    """
    monkeypatch.setattr(images, "CHUNK", 7)
    monkeypatch.setattr(images, "RANGES_AT_ONCE", 2)
    if not few:
        monkeypatch.setattr(runner, "FEW_LINES", -1)
        monkeypatch.setattr(chunks, "ALL_AT_ONCE", 5)
        monkeypatch.setattr(chunks, "FEWEST", 2)
    rome = site.value("SELECT city FROM {user} WHERE username = 'u003'")
    rows = [
        ("u001", "Rome"),
        ("u002", "x" * 121),
        ("u001", "Oslo"),
        ("nobody", "Kyiv"),
        ("u003", rome),
        ("u004", "Bern"),
    ]
    with kept(tmp_path) as (toy, bundle):
        assert toy.state.images
        toy.state.images._numbered = in_a_row
        outcomes = toy.run(lines(*rows))
        write(toy, bundle)
        toy.session.commit()
    assert [line for line, status in statuses(outcomes).items() if status == "failed"] == [3, 5]
    found, wanted = said(bundle), differences(pristine, site)
    people = {
        name: site.value("SELECT id FROM {user} WHERE username = %s", (name,)) for name in ("u001", "u003", "u004")
    }
    assert set(wanted["user"]["changed"]) == set(people.values()) and len(wanted["user_preferences"]["made"]) == 3 * 59
    assert found["user"] == wanted["user"]
    assert (
        "city" not in found["user"]["changed"][people["u003"]]
        and "phone2" not in found["user"]["changed"][people["u001"]]
    )
    assert found["user_preferences"]["deleted"] == wanted["user_preferences"]["deleted"] != {}
    assert found["user_preferences"]["made"].keys() == wanted["user_preferences"]["made"].keys()
    assert found.keys() == wanted.keys() and found["user_preferences"].keys() == wanted["user_preferences"].keys()

    # What ids are called, and which lines named them: none that did nothing.
    names: dict[tuple[str, int], str] = {}
    named: set[tuple[int | None, ...]] = set()
    for line in bundle.read(0, rows=False):
        if "names" in line:
            names |= {(line["names"], row[0]): row[1] for row in line["rows"]}
        if "lines" in line:
            named |= {tuple(row) for row in line["rows"]}
    assert {names["user", number] for number in people.values()} == people.keys()
    assert named == {(2, people["u001"]), (4, people["u001"]), (6, people["u003"]), (7, people["u004"])}


def test_what_was_rolled_back_is_not_told(site: Site, pristine: Site, tmp_path: Path):
    """To a savepoint, then all of it; what comes afterwards is told as ever."""
    with kept(tmp_path) as (toy, bundle):
        roll_back = toy.state.savepoint("toy")
        toy.run(lines(("u001", "Rome"), ("u002", "Oslo")))
        roll_back()
        write(toy, bundle)
        assert not bundle.parts()
        toy.run(lines(("u004", "Bern")))
        toy.state.rollback()
        assert toy.state.images is not None and toy.state.images.nothing
        toy.run(lines(("u001", "Kyiv")))
        write(toy, bundle)
        toy.session.commit()
    assert said(bundle)["user"] == differences(pristine, site)["user"]
    assert len(said(bundle)["user_preferences"]["made"]) == 59


def test_ids_are_right_beside_somebody_who_inserts(site: Site, pristine: Site, tmp_path: Path):
    """Rows of others that get ids between ours are not ours."""
    theirs = "INSERT INTO {user_preferences} (userid, name, value) VALUES (2, 'theirs', '1')"
    with kept(tmp_path, touches=TOUCHES) as (toy, bundle):
        toy.run(lines(("u001", "Rome")))
        site.rows(theirs)
        toy.run(lines(("u004", "Bern")))
        write(toy, bundle)
        toy.session.commit()
    made = differences(pristine, site)["user_preferences"]["made"]
    assert said(bundle)["user_preferences"]["made"].keys() == {
        number for number, row in made.items() if row["name"] != "theirs"
    }
    assert any(row["name"] == "theirs" for row in made.values())
