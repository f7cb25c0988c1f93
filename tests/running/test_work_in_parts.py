"""Inserts in chunks, statements that are skipped, and work tables that are kept: the same rows as without."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import MySQLdb
import pytest

from tests.running.test_execution import execution, lines
from tests.support.site import Site
from toolsync.moodle.session import MoodleSession, with_prefix
from toolsync.running import chunks, runner
from toolsync.running.sql_text import SqlError
from toolsync.running.state import RunState
from toolsync.running.statements import Statement, driving_tables
from toolsync.running.variables import settled

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

    execute_all = MoodleSession.execute_all

    def executing_all(self: MoodleSession, several: Sequence[str]) -> list[int]:
        statements.extend(several)
        return execute_all(self, several)

    monkeypatch.setattr(MoodleSession, "execute", executing)
    monkeypatch.setattr(MoodleSession, "execute_all", executing_all)
    monkeypatch.setattr(runner, "FEW_LINES", -1)  # each by itself
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


def test_a_long_way_to_the_server_makes_no_insert_of_single_rows(
    site: Site, tmp_path: Path, sent: list[str], monkeypatch: pytest.MonkeyPatch
):
    execute_all = MoodleSession.execute_all

    def slowly(self: MoodleSession, several: Sequence[str]) -> list[int]:
        time.sleep(chunks.AIM * 2)
        return execute_all(self, several)

    monkeypatch.setattr(MoodleSession, "execute_all", slowly)
    with execution(tmp_path, work=COPIES.format(gap=1), touches="") as toy:
        toy.run(lines(("u001", "x")))
        rows = toy.session.value("SELECT COUNT(*) FROM {tag} WHERE name LIKE 'tag %'")
    assert 1 < sum("INSERT INTO `mdl_tag`" in statement for statement in sent) <= rows // chunks.FEWEST + 5


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
        ("INSERT INTO toolsync_x SELECT COALESCE(MAX(a.n), 0) FROM toolsync_a a", set()),
        ("INSERT INTO toolsync_x SELECT IF(COUNT(*) > 1, 1, (0)) FROM toolsync_a a", set()),
        ("INSERT INTO toolsync_x SELECT bit_or(a.n) FROM toolsync_a a", set()),
        ("INSERT INTO toolsync_x SELECT COALESCE(MAX(a.n), 0) FROM toolsync_a a GROUP BY a.n", {"toolsync_a"}),
        ("INSERT INTO toolsync_x SELECT COUNT(*) FROM toolsync_a a GROUP BY ()", set()),
        ("INSERT INTO toolsync_x SELECT a.n FROM toolsync_a a union SELECT b.n FROM toolsync_b b", set()),
        ("INSERT INTO toolsync_x SELECT a.n FROM toolsync_a a EXCEPT SELECT b.n FROM toolsync_b b", set()),
        ("INSERT INTO toolsync_x SELECT u.id FROM toolsync_a a RIGHT JOIN {user} u ON u.id = a.n", set()),
        ("INSERT INTO toolsync_x (n, m) SELECT a.n, LEFT(a.m, 2) FROM toolsync_a a WHERE (a.n > 0 OR (a.m = ''))", {"toolsync_a"}),
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


TOGETHER = """
CREATE TEMPORARY TABLE toolsync_a (line INT PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_b (line INT PRIMARY KEY);
INSERT INTO toolsync_a SELECT r.line FROM toolsync_row r;
INSERT INTO toolsync_b SELECT r.line FROM toolsync_row r;
-- when: toolsync_b
UPDATE toolsync_row r SET r.message = 'seen';
{wrong}
UPDATE toolsync_row r JOIN toolsync_b b ON b.line = r.line SET r.status = 'unchanged';
"""


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many statements are sent together, from now on."""
    numbers: list[int] = []
    execute_all = MoodleSession.execute_all

    def executing(self: MoodleSession, statements: Sequence[str]) -> list[int]:
        numbers.append(len(statements))
        return execute_all(self, statements)

    monkeypatch.setattr(MoodleSession, "execute_all", executing)
    return numbers


def test_the_statements_of_few_lines_are_sent_together(site: Site, tmp_path: Path, together: list[int]):
    with execution(tmp_path, work=TOGETHER.format(wrong=""), touches="") as toy:
        outcomes = toy.run(lines(("u001", "x"), ("u002", "y")))
    assert outcomes.lines == [(2, "unchanged", None, "seen"), (3, "unchanged", None, "seen")]
    assert together[:2] == [2, 2]  # up to the `-- when:`, which has to know


def test_a_statement_waits_for_the_one_that_may_fill_its_table(site: Site, tmp_path: Path, together: list[int]):
    work = """
CREATE TEMPORARY TABLE toolsync_none (line INT PRIMARY KEY);
CREATE TEMPORARY TABLE toolsync_all (line INT PRIMARY KEY);
INSERT INTO toolsync_none SELECT r.line FROM toolsync_row r WHERE r.username = 'nobody';
INSERT INTO toolsync_all SELECT r.line FROM toolsync_row r;
UPDATE toolsync_row r JOIN toolsync_none n ON n.line = r.line SET r.nothing = 'is never looked at';
UPDATE toolsync_row r JOIN toolsync_all a ON a.line = r.line SET r.status = 'unchanged';
UPDATE toolsync_row r JOIN toolsync_none n ON n.line = r.line SET r.nothing = 'is never looked at';
"""
    with execution(tmp_path, work=work, touches="") as toy:
        assert toy.run(lines(("u001", "x"))).lines == [(2, "unchanged", None, None)]
    assert together[:2] == [2, 1]


SETTINGS = """
-- @language: of the site
SET @language = (SELECT value FROM {config} WHERE name = 'lang');
-- @other: what follows from it
SET @other = CONCAT(@language, '!');
-- @people: how many there are
SET @people = (SELECT COUNT(*) FROM {user});
-- @twice: the site's country, at first
SET @twice = (SELECT value FROM {config} WHERE name = 'country');
-- @twice: something else
SET @twice = CONCAT(@twice, '?');
UPDATE toolsync_row r SET r.status = 'unchanged', r.message = CONCAT(@language, @other, @people, @twice);
"""


def test_settings_of_the_site_are_read_once_a_transaction(site: Site, tmp_path: Path, sent: list[str]):
    def reads() -> dict[str, int]:
        return {
            name: sum(f"INTO @{name}" in statement for statement in sent) for name in ("language", "other", "people")
        }

    with execution(tmp_path, work=SETTINGS) as toy:
        first = toy.run(lines(*[("u001", "x")] * 3))
        assert reads() == {"language": 1, "other": 1, "people": 3}  # how many people there are, a line may change
        toy.state.commit()
        site.rows("UPDATE {config} SET value = 'xx' WHERE name = 'lang'")
        then = toy.run(lines(("u001", "x")))
    before = [str(message) for *_, message in first.lines]
    assert len(set(before)) == 1
    assert before[0].startswith("enen!")
    assert then.lines[0][3] == before[0].replace("en", "xx")


def test_what_a_directive_may_leave_out_is_no_such_setting(site: Site, tmp_path: Path):
    work = """
CREATE TEMPORARY TABLE toolsync_none (line INT PRIMARY KEY);
-- @language: of the site
-- when: toolsync_none
SET @language = (SELECT value FROM {config} WHERE name = 'lang');
UPDATE toolsync_row r SET r.status = 'unchanged', r.message = COALESCE(@language, 'not read');
"""
    with execution(tmp_path, work=work, touches="") as toy:
        assert toy.run(lines(("u001", "x"))).lines[0][3] == "not read"


@pytest.mark.parametrize("prefix", ["mdl_", "", "e"])  # a site may have none, or one that words contain
@pytest.mark.parametrize(
    ("values", "is_settled"),
    [
        ("(SELECT value FROM {config} WHERE name = 'lang')", True),
        ("(SELECT id FROM {modules} WHERE name = 'forum')", True),
        ("(SELECT c.value FROM {config} c, {user} u LIMIT 1)", False),
        ("(select count(*) from {user})", False),
        ("(SELECT COUNT(*) FROM toolsync_row)", False),
        ("@people + 1", False),
        ("@now + 1", True),
    ],
)
def test_which_variables_keep_their_value_through_a_transaction(values: str, is_settled: bool, prefix: str):
    people = with_prefix("-- @people: how many\nSELECT (SELECT COUNT(*) FROM {user}) INTO @people", prefix)
    asked = with_prefix(f"-- @x: of the site\nSELECT {values}\n  INTO @x", prefix)
    remark = with_prefix(f"-- Another remark.\n-- @x: of the site\nSELECT {values}\n  INTO @x", prefix)
    found = settled([Statement("a:1", people), Statement("a:2", asked), Statement("b:1", remark)], prefix)
    assert bool(found) == is_settled


def test_a_setting_that_was_not_read_is_read_the_next_time(site: Site, tmp_path: Path):
    work = """
CREATE TEMPORARY TABLE toolsync_city (city VARCHAR(3) NOT NULL PRIMARY KEY);
INSERT INTO toolsync_city SELECT r.city FROM toolsync_row r;
-- @language: of the site
SET @language = (SELECT value FROM {config} WHERE name = 'lang');
UPDATE toolsync_row r SET r.status = 'unchanged', r.message = @language;
"""
    with execution(tmp_path, work=work, touches="") as toy:
        outcomes = toy.run(lines(("u001", "x"), ("u002", "y" * 120)))  # the first attempt ends before the setting
    assert [(status, message) for _, status, _, message in outcomes.lines][0] == ("unchanged", "en")


def test_of_statements_sent_together_the_one_that_fails_is_named(site: Site, tmp_path: Path):
    wrong = "UPDATE toolsync_row r SET r.field = 'a';\nUPDATE toolsync_row r SET r.nothing = 'a';"
    with (
        pytest.raises(MySQLdb.OperationalError, match="nothing") as caught,
        execution(tmp_path, work=TOGETHER.format(wrong=wrong), touches="") as toy,
    ):
        toy.run(lines(("u001", "x")))
    assert caught.value.__notes__ == ["in include/sql/toy/10_work.sql:9: UPDATE toolsync_row r SET r.nothing = 'a'"]


def test_a_refused_row_among_statements_sent_together_fails_alone(site: Site, tmp_path: Path, together: list[int]):
    work = """
CREATE TEMPORARY TABLE toolsync_named (id BIGINT PRIMARY KEY, city VARCHAR(255));
INSERT INTO toolsync_named SELECT u.id, r.city FROM toolsync_row r JOIN {user} u ON u.username = r.username;
UPDATE toolsync_row r SET r.status = 'updated';
UPDATE toolsync_named n STRAIGHT_JOIN {user} u ON u.id = n.id SET u.city = n.city;
UPDATE toolsync_named n STRAIGHT_JOIN {user} u ON u.id = n.id SET u.city = CONCAT(u.city, '!');
UPDATE toolsync_row r SET r.message = 'done';
"""
    with execution(tmp_path, work=work, touches="") as toy:
        outcomes = toy.run(lines(("u001", "a"), ("u002", "b" * 120), ("u003", "c")))
        assert [status for _, status, *_ in outcomes.lines] == ["updated", "failed", "updated"]
        assert toy.session.rows("SELECT city FROM {user} WHERE username IN ('u001', 'u003')") == [("a!",), ("c!",)]
    assert max(together) > 1


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
