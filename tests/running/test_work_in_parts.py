"""Inserts in chunks, statements that are skipped, and work tables that are kept: the same rows as without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.running.test_execution import execution, lines
from tests.support.site import Site
from toolsync.moodle.session import MoodleSession
from toolsync.running.sql_text import SqlError
from toolsync.running.state import RunState
from toolsync.running.statements import driving_tables

COPIES = """
CREATE TEMPORARY TABLE toolsync_new (seq INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY, name VARCHAR(255) NOT NULL);
INSERT INTO toolsync_new (seq, name)
SELECT a.id * {gap}, CONCAT('tag ', a.id, ' ', b.id) FROM {{user}} a JOIN {{user}} b ON b.id = a.id UNION ALL
SELECT 1000000 + a.id * 1000 + b.id, CONCAT('tag ', a.id, ' of ', b.id) FROM {{user}} a JOIN {{user}} b ON b.id < 40 WHERE a.id < 70;
-- chunks: toolsync_new.seq
INSERT INTO {{tag}} (userid, name, rawname, tagcollid)
SELECT 2, w.name, w.name, 1 FROM toolsync_new w WHERE w.seq BETWEEN @first AND @last ORDER BY w.seq;
UPDATE toolsync_row r SET r.status = 'created';
"""


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that sessions send from now on."""
    statements: list[str] = []
    execute = MoodleSession.execute

    def executing(self: MoodleSession, statement: str, args: Any = None) -> int:
        statements.append(statement)
        return execute(self, statement, args)

    monkeypatch.setattr(MoodleSession, "execute", executing)
    return statements


@pytest.mark.parametrize("gap", [1, 1000])
def test_an_insert_in_chunks_makes_every_row_once_and_in_order(site: Site, tmp_path: Path, sent: list[str], gap: int):
    with execution(tmp_path, work=COPIES.format(gap=gap), touches="") as toy:
        toy.run(lines(("u001", "x")))
        made = toy.session.rows("SELECT name FROM {tag} WHERE userid = 2 AND name LIKE 'tag %% %%' ORDER BY id")
        people = [id for (id,) in toy.session.rows("SELECT id FROM {user} ORDER BY id")]
    wanted = [f"tag {id} {id}" for id in people]
    wanted += [f"tag {a} of {b}" for a in people if a < 70 for b in people if b < 40]
    assert [name for (name,) in made] == wanted
    assert len(wanted) > 1500
    assert sum("INSERT INTO `mdl_tag`" in statement for statement in sent) > 1


def test_few_rows_are_inserted_at_once(site: Site, tmp_path: Path, sent: list[str]):
    work = COPIES.format(gap=1).replace("a.id < 70", "a.id < 0")
    with execution(tmp_path, work=work, touches="") as toy:
        toy.run(lines(("u001", "x")))
    assert sum("INSERT INTO `mdl_tag`" in statement for statement in sent) == 1
    assert not any("MIN(seq)" in statement for statement in sent)


@pytest.mark.parametrize(
    ("above", "statement", "says"),
    [
        ("-- chunks: toolsync_row.line", "INSERT INTO {tag} (name) SELECT r.city FROM toolsync_row r;", "BETWEEN @first AND @last"),
        ("-- chunks: toolsync_row.line", "SELECT r.line FROM toolsync_row r WHERE r.line BETWEEN @first AND @last;", "above an INSERT"),
        ("-- chunks: toolsync_row", "INSERT INTO {tag} (name) SELECT 'x';", "is no directive"),
        ("-- chunks: toolsync_gone.line", "INSERT INTO {tag} (name) SELECT 'x' FROM toolsync_row r WHERE r.line BETWEEN @first AND @last;", "no statement"),
    ],
)  # fmt: skip
def test_chunks_that_mean_nothing_are_refused(site: Site, tmp_path: Path, above: str, statement: str, says: str):
    with pytest.raises(SqlError, match=says), execution(tmp_path, work=f"{above}\n{statement}\n", touches=""):
        pass


@pytest.mark.parametrize(
    ("statement", "tables"),
    [
        ("UPDATE toolsync_a a SET a.n = ''", {"toolsync_a"}),
        ("UPDATE toolsync_a a JOIN toolsync_b b ON b.n = a.n LEFT JOIN toolsync_c c ON c.n = a.n SET a.n = c.n", {"toolsync_a", "toolsync_b"}),
        ("UPDATE toolsync_a a LEFT JOIN (toolsync_b b JOIN {user} u ON u.id = b.n) ON b.n = a.n SET a.n = ''", {"toolsync_a"}),
        ("DELETE FROM toolsync_a WHERE n NOT IN (SELECT b.n FROM toolsync_b b)", {"toolsync_a"}),
        ("DELETE t FROM toolsync_a a STRAIGHT_JOIN {tag} t ON t.id = a.id", {"toolsync_a"}),
        ("INSERT INTO toolsync_x SELECT u.id FROM {user} u JOIN toolsync_a a ON a.id = u.id", {"toolsync_a"}),
        ("INSERT INTO toolsync_x SELECT u.id FROM {user} u LEFT JOIN toolsync_a a ON a.id = u.id", set()),
        ("INSERT INTO toolsync_x SELECT 'x'", set()),
        ("INSERT INTO toolsync_x SELECT a.n FROM toolsync_a a UNION SELECT b.n FROM toolsync_b b", set()),
        ("INSERT INTO toolsync_x SELECT COUNT(*) FROM toolsync_a", set()),
        ("INSERT INTO toolsync_x SELECT a.n, COUNT(*) FROM toolsync_a a GROUP BY a.n", {"toolsync_a"}),
        ("INSERT INTO toolsync_x SELECT (SELECT MAX(b.n) FROM toolsync_b b) FROM toolsync_a a", {"toolsync_a"}),
        ("INSERT INTO toolsync_x SELECT t.n FROM (SELECT DISTINCT a.n FROM toolsync_a a) t JOIN {user} u ON u.id = t.n", {"toolsync_a"}),
        ("INSERT INTO toolsync_x SELECT t.n FROM (SELECT MAX(a.n) AS n FROM toolsync_a a) t", set()),
        ("INSERT INTO toolsync_x SELECT u.id FROM {user} u LEFT JOIN (SELECT a.n FROM toolsync_a a) t ON t.n = u.id", set()),
        ("INSERT INTO toolsync_x SELECT u.id FROM {user} u WHERE EXISTS (SELECT '' FROM toolsync_a a WHERE a.n = u.id)", set()),
    ],
)  # fmt: skip
def test_the_tables_without_whose_rows_a_statement_does_nothing(statement: str, tables: set[str]):
    assert driving_tables(statement) == tables


def test_a_statement_without_anything_to_go_through_is_not_sent(site: Site, tmp_path: Path, sent: list[str]):
    work = """
CREATE TEMPORARY TABLE toolsync_found (line INT PRIMARY KEY);
INSERT INTO toolsync_found SELECT r.line FROM toolsync_row r WHERE r.username = 'u002';
DELETE t FROM toolsync_found f STRAIGHT_JOIN {tag} t ON t.id = f.line;
DELETE FROM toolsync_found;
UPDATE toolsync_found f STRAIGHT_JOIN {tag} t ON t.id = f.line SET t.rawname = 'never';
UPDATE toolsync_row r SET r.status = 'unchanged';
"""
    with execution(tmp_path, work=work, touches="") as toy:
        toy.run(lines(("u001", "x")))
        assert not any("mdl_tag" in statement for statement in sent)
        toy.run(lines(("u002", "x")))
    assert sum("DELETE t FROM" in statement for statement in sent) == 1
    assert not any("never" in statement for statement in sent)


def test_work_tables_are_made_once_and_begin_empty_in_every_segment(site: Site, tmp_path: Path, sent: list[str]):
    work = """
CREATE TEMPORARY TABLE toolsync_seen (line INT PRIMARY KEY, before_it INT NOT NULL);
INSERT INTO toolsync_seen SELECT r.line, 0 FROM toolsync_row r;
UPDATE toolsync_row r SET r.status = 'unchanged', r.message = (SELECT COUNT(*) FROM toolsync_seen);
DROP TEMPORARY TABLE toolsync_seen;
CREATE TEMPORARY TABLE toolsync_seen (line INT PRIMARY KEY, before_it INT NOT NULL);
INSERT INTO toolsync_seen SELECT 1 + COUNT(*), 0 FROM toolsync_row r;
"""
    with execution(tmp_path, work=work) as toy:
        outcomes = toy.run(lines(*[("u001", "x")] * 6))
        again = toy.run(lines(*[("u001", "x")] * 2))
    assert [message for *_, message in outcomes.lines + again.lines] == ["1"] * 8
    assert sum("CREATE TEMPORARY TABLE toolsync_seen" in statement for statement in sent) == 1


def test_after_a_rollback_no_table_is_taken_for_what_it_was(site: Site, tmp_path: Path):
    with execution(tmp_path) as toy:
        toy.run(lines(("u001", "a")))
        toy.state.commit()
        undo = toy.state.savepoint("here")
        toy.run(lines(("u001", "b"), ("u001", "c")))
        undo()
        assert toy.run(lines(("u002", "d"))).lines[0][1] == "updated"
        toy.state.rollback()
        assert toy.run(lines(("u003", "e"))).lines[0][1] == "updated"


def test_a_transaction_is_timed_from_its_first_write(site: Site):
    from toolsync.moodle.hook import MoodleHook

    with MoodleHook().session(lock_seconds=1) as session:
        state = RunState(session)
        state.commit()
        assert state.locked == 0.0
        assert state.writes_nothing_yet
        state.locks_from_now()
        state.commit()
        assert state.locked > 0.0
        assert state.writes_nothing_yet
