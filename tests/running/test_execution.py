"""Batches on a real server: staging, segments, rows that the database refuses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from tests.support.site import Site
from toolsync.functions import FUNCTIONS, NAMES
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.session import MoodleSession
from toolsync.reporting.outcomes import Outcomes
from toolsync.running.execution import STAGED, Execution, StagedLine
from toolsync.running.sql_folder import Function, Language, Occasion, SqlFolder
from toolsync.running.state import RunState

COLUMNS = [("username", "text"), ("city", "text"), ("suspended", "yesno")]
TOUCHES = "INSERT INTO toolsync_touch SELECT line, username, NULL FROM toolsync_row;"
WORK = """
-- Accounts whose city is another.
CREATE TEMPORARY TABLE toolsync_found (line INT PRIMARY KEY, userid BIGINT NOT NULL, before_city VARCHAR(255));
INSERT INTO toolsync_found SELECT r.line, u.id, u.city FROM toolsync_row r JOIN {user} u ON u.username = r.username;
UPDATE toolsync_found f JOIN toolsync_row r ON r.line = f.line STRAIGHT_JOIN {user} u ON u.id = f.userid
   SET u.city = CONCAT(u.city, {% if option.shout %}UPPER(r.city){% else %}r.city{% endif %}), u.suspended = COALESCE(r.suspended, u.suspended);
UPDATE toolsync_row r LEFT JOIN toolsync_found f ON f.line = r.line
   SET r.status = IF(f.line IS NULL, 'failed', 'updated'), r.field = 'username', r.message = 'no such account';
"""


@contextmanager
def execution(tmp_path: Path, work: str = WORK, touches: str = TOUCHES, **options: object) -> Iterator[Execution]:
    toy = tmp_path / "sql" / "toy"
    toy.mkdir(parents=True, exist_ok=True)
    (toy / "touches.sql").write_text(touches)
    (toy / "10_work.sql").write_text(work)
    with MoodleHook().session(lock_seconds=1) as session:
        yield Execution(folder_of(RunState(session), tmp_path, options), COLUMNS)


def folder_of(state: RunState, tmp_path: Path, options: dict[str, object]) -> SqlFolder:
    occasion = Occasion(columns={"username", "city"}, options={"shout": False, **options})
    language = Language({**FUNCTIONS, "shout": Function(shout)}, NAMES)
    return SqlFolder("toy", state, occasion, language, staged=STAGED, root=tmp_path / "sql")


def lines(*rows: tuple[str, str]) -> list[StagedLine]:
    return [StagedLine(number, (username, city, None), []) for number, (username, city) in enumerate(rows, start=2)]


def statuses(outcomes: Outcomes) -> dict[int, str]:
    return {line: status for line, status, _, _ in outcomes.lines}


def test_lines_about_one_account_are_applied_in_order(site: Site, tmp_path: Path):
    site.rows("UPDATE {user} SET city = '' WHERE username = 'u001'")
    with execution(tmp_path) as toy:
        outcomes = toy.run(lines(("u001", "a"), ("u002", "x"), ("U001", "b"), ("nobody", "y"), ("u001", "c")))
        toy.session.commit()
    assert site.value("SELECT city FROM {user} WHERE username = 'u001'") == "abc"
    assert statuses(outcomes) == {2: "updated", 3: "updated", 4: "updated", 5: "failed", 6: "updated"}


def test_a_row_that_the_database_refuses_fails_alone(site: Site, tmp_path: Path):
    rows = [(f"u{number:03}", "Rome") for number in range(1, 20)]
    rows[7] = ("u008", "x" * 121)
    with execution(tmp_path) as toy:
        outcomes = toy.run(lines(*rows))
        toy.session.commit()
    failed = [line for line, status in statuses(outcomes).items() if status == "failed"]
    assert failed == [9]
    assert [message for _, status, _, message in outcomes.lines if status == "failed"] == [
        "the database refuses this line: Data too long for column 'city' at row 1"
    ]
    assert site.value("SELECT COUNT(*) FROM {user} WHERE city LIKE '%%Rome'") == 18


TAGS = """
CREATE TEMPORARY TABLE toolsync_tag_new (line INT PRIMARY KEY, name VARCHAR(255) NOT NULL);
INSERT INTO toolsync_tag_new
SELECT r.line, r.city FROM toolsync_row r LEFT JOIN {tag} t ON t.tagcollid = 1 AND t.name = r.city WHERE t.id IS NULL;
INSERT INTO {tag} (userid, tagcollid, name, rawname) SELECT 2, 1, w.name, w.name FROM toolsync_tag_new w;
UPDATE toolsync_row r LEFT JOIN toolsync_tag_new w ON w.line = r.line SET r.status = IF(w.line IS NULL, 'unchanged', 'created');
"""


@pytest.mark.parametrize("cities", [["Rome"], ["Rome", "Oslo", "Kyiv"]])
def test_what_somebody_made_since_it_was_looked_for_is_found_by_another_look(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cities: list[str]
):
    """Not even one of several lines fails for it."""
    execute, made = MoodleSession.execute, list[str]()

    def execute_late(self: MoodleSession, statement: str, args: Any = None) -> int:
        if statement.startswith("INSERT INTO `mdl_tag`") and not made:
            made.append("Rome")
            site.rows("INSERT INTO {tag} (userid, tagcollid, name, rawname) VALUES (2, 1, 'Rome', 'Rome')")
        return execute(self, statement, args)

    monkeypatch.setattr(MoodleSession, "execute", execute_late)
    monkeypatch.setattr("toolsync.running.runner.FEW_LINES", -1)
    with execution(tmp_path, work=TAGS, touches="") as toy:
        outcomes = toy.run(lines(*[(f"u{n}", city) for n, city in enumerate(cities)]))
        toy.session.commit()
    assert made
    assert list(statuses(outcomes).values()) == ["unchanged", "created", "created"][: len(cities)]


@pytest.mark.parametrize("allowed", [0, 1])
def test_staging_keeps_every_character_with_and_without_load_data(site: Site, tmp_path: Path, allowed: int):
    odd = "tab\t nl\n cr\r back\\slash \\N quote' é 日本 😀"
    site.rows(f"SET GLOBAL local_infile = {allowed}")
    try:
        with execution(tmp_path) as toy:
            toy._stage([StagedLine(2, ("ada", odd, 1), [("course1", "course#", 1, None, odd, 5, None)])])
            assert toy.session.rows("SELECT * FROM toolsync_row") == [(2, "ada", odd, 1, None, None, None)]
            assert toy.session.rows("SELECT * FROM toolsync_cell") == [(2, "course#", "course1", 1, None, odd, 5, None)]
    finally:
        site.rows("SET GLOBAL local_infile = 1")


def test_a_line_without_outcome_is_a_defect_and_applies_nothing(site: Site, tmp_path: Path):
    with (
        execution(tmp_path, work="UPDATE {user} SET city = 'lost' WHERE id = 3;") as toy,
        pytest.raises(AirflowFailException, match="line 2"),
    ):
        toy.run(lines(("u001", "a")))
    assert site.value("SELECT city FROM {user} WHERE id = 3") != "lost"


def test_a_value_of_the_file_is_never_sql(site: Site, tmp_path: Path):
    nasty = "'; DROP TABLE mdl_user; -- {{ 7 * 7 }} {user} %s"
    with execution(tmp_path) as toy:
        toy.run(lines(("u001", ""), (nasty, nasty)))
        toy.session.commit()
    assert site.value("SELECT COUNT(*) FROM {user}") > 60


def shout(rows: Iterable[Sequence[Any]], state: RunState) -> list[tuple[int, str]]:
    return [(line, city.upper()) for line, city in rows]


def test_what_sql_cannot_do_goes_through_python(site: Site, tmp_path: Path):
    work = """
CREATE TEMPORARY TABLE toolsync_loud (line INT PRIMARY KEY, city VARCHAR(120));
-- python: shout INTO toolsync_loud
SELECT line, city FROM toolsync_row;
UPDATE toolsync_row r JOIN toolsync_loud l ON l.line = r.line SET r.status = 'updated', r.message = l.city;
"""
    with execution(tmp_path, work=work) as toy:
        assert toy.run(lines(("u001", "Paris"))).lines == [(2, "updated", None, "PARIS")]


def test_two_writers_never_meet_on_one_site(site: Site, tmp_path: Path):
    from airflow.sdk.exceptions import AirflowException

    with (
        execution(tmp_path),
        pytest.raises(AirflowException, match="Another Tool Sync run"),
        MoodleHook().session(lock_seconds=0),
    ):
        pass
