"""Feeds from a query: what becomes of rows and values, what is run, and what is not when something is wrong with the database that is asked."""

from __future__ import annotations

import csv
import io
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from tests.support.feeds import run_types_here
from tests.support.settings import lay_over
from tests.support.site import Site
from toolsync.cabinet.folders import Cabinet
from toolsync.cabinet.uploads import uploads
from toolsync.operators.feed_query import refused
from toolsync.operators.feed_rows import NoCell, cell, write_rows
from toolsync.operators.feed_settings import Feed

PEOPLE = "SELECT CONCAT('feed', id) AS username, firstname, lastname, CONCAT('feed', id, '@example.org') AS email FROM mdl_user WHERE username LIKE 'u00%'"


@pytest.fixture
def feed(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets a feed `people` of accounts up, which asks the database of the site."""
    monkeypatch.setenv("AIRFLOW_CONN_SIS", site.connection())

    def write(**entry: Any) -> None:
        page = {"type": "users", "conn_id": "sis", "sql": PEOPLE, **entry}
        lines = [f"    {name}: {value!r}" for name, value in page.items() if value is not None]
        lay_over(monkeypatch, tmp_path, "\n".join(["feeds:", "  people:", *lines, ""]))

    return write


# Values


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (None, ""), ("", ""), ("Ada, \"A\"\nL", "Ada, \"A\"\nL"), (True, "1"), (False, "0"), (0, "0"), (12, "12"),
        (Decimal("12.00"), "12"), (Decimal("1E+3"), "1000"), (Decimal("1.50"), "1.50"), (3.0, "3"), (0.1, "0.1"), (1e-7, "0.0000001"),
        (date(2026, 9, 1), "2026-09-01"), (datetime(2026, 9, 1, 8, 0, 0, 123), "2026-09-01 08:00:00"),
        (datetime(2026, 9, 1, 8, tzinfo=UTC), "2026-09-01 08:00:00+00:00"), (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (SimpleNamespace(read=lambda: "from a LOB"), "from a LOB"),
    ],
)  # fmt: skip
def test_values(value: Any, said: str):
    assert cell(value, "any") == said


@pytest.mark.parametrize("value", [b"x", memoryview(b"x"), ["a"], {"a": 1}, float("nan"), Decimal("Infinity")])
def test_what_is_no_cell_names_its_column(value: Any):
    with pytest.raises(NoCell, match="The column photo has "):
        cell(value, "photo")


def test_rows_are_streamed_and_no_cell_becomes_a_comment_or_a_blank_line():
    connection = sqlite3.connect(":memory:")
    sql = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12001) "
        "SELECT CASE i WHEN 1 THEN '# no comment' WHEN 2 THEN 'sep=;' ELSE 'u' || i END AS username, NULL AS city FROM n"
    )
    text = io.StringIO()
    assert write_rows(connection, sql, text) == 12001
    lines = text.getvalue().splitlines()
    assert lines[:3] == ['"username","city"', '"# no comment",""', '"sep=;",""']
    assert [row[0] for row in csv.reader(lines[3:])] == [f"u{n}" for n in range(3, 12002)]
    text = io.StringIO()
    assert write_rows(connection, "SELECT 1 AS a WHERE 1 = 0", text) == 0 and text.getvalue() == ""


def test_a_cursor_of_the_server_is_asked_for_where_the_library_needs_it():
    asked: list[Any] = []

    class Cursor:
        description = (("username",),)
        arraysize = 1

        def __init__(self) -> None:
            self.left = [[("ada",)], []]

        def execute(self, sql: str) -> None:
            asked.append(sql)

        def fetchmany(self, size: int) -> Any:
            return self.left.pop(0)

        def close(self) -> None:
            asked.append("closed")

    def cursor(self: Any, *args: Any, **named: Any) -> Cursor:
        asked.append(named)
        return Cursor()

    for library, wanted in (
        ("psycopg2.extensions", {"name": "toolsync"}),
        ("psycopg", {"name": "toolsync"}),
        ("oracledb.connection", {}),
    ):
        asked.clear()
        connection = type("connection", (), {"cursor": cursor, "__module__": library})()
        assert write_rows(connection, "SELECT 1", io.StringIO()) == 1
        assert asked == [wanted, "SELECT 1", "closed"]


# Runs


@pytest.mark.usefixtures("airflow")
@pytest.mark.in_airflow
def test_rows_run_as_a_file_of_the_type(site: Site, feed: Callable[..., None], monkeypatch: pytest.MonkeyPatch):
    feed(params={"create_passwords": False})
    first = site.run("toolsync_feed_people", simulate=True)
    assert (first["state"], first["simulated"], first["counts"]["created"]) == ("success", True, 9)
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'feed%'") == 0
    run_types_here(monkeypatch)
    done = site.run("toolsync_feed_people")
    assert (done["state"], done["type"], done["file"], done["counts"]["created"]) == (
        "success",
        "users",
        "people.csv",
        9,
    )
    assert site.value("SELECT COUNT(*) FROM {user} WHERE username LIKE 'feed%'") == 9
    assert (
        site.value(
            "SELECT COUNT(*) FROM {user_preferences} p JOIN {user} u ON u.id = p.userid WHERE u.username LIKE 'feed%'"
        )
        == 0
    )
    assert site.run("toolsync_feed_people")["counts"]["unchanged"] == 9
    assert Path(done["archive"]).read_text().startswith('"username","firstname","lastname","email"\n"feed')


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"sql": "SELECT nothing FROM mdl_user"}, "sis does not give its rows; SAYS (1054, \"Unknown column 'nothing'"),
        ({"sql": PEOPLE + " AND 1 = 0"}, "The query has 0 rows, and "),
        ({"least_rows": 10}, "The query has 9 rows, and "),
        ({"sql": "SELECT username, UNHEX('00ff') AS photo FROM mdl_user"}, "The column photo has a value of the type bytes"),
        ({"sql": "SELECT username, (SELECT id FROM mdl_user) AS city FROM mdl_user"}, "sis does not give its rows; SAYS (1242,"),
        ({"conn_id": "nowhere"}, "there is no connection nowhere."),
        ({"params": {"simulat": True}}, "params: There is no Param 'simulat'. Did you mean simulate?"),
        ({"params": {"simulate": "yes"}}, "params: Param simulate: expected true or false, found the text 'yes'."),
        ({"params": {"mode": "full"}}, "params: Param mode is full, so Param scope_auth must name"),
        ({"sql": None, "file": "include/feeds/nowhere.sql"}, "nowhere.sql can't be read: No such file or directory."),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_told_and_nothing_is_run(
    site: Site, pristine: Site, feed: Callable[..., None], capsys: pytest.CaptureFixture[str], entry: Any, said: str
):
    feed(**entry)
    done = site.run("toolsync_feed_people")
    words, _, of_database = said.partition(" SAYS ")
    assert done["state"] == "failed" and any(words in message for message in done["messages"]), done["messages"]
    printed = capsys.readouterr().out
    assert of_database in printed and site.info.password not in printed
    assert not of_database or of_database not in str(done["messages"]), (
        "it may hold values, and messages leave the house"
    )
    assert uploads(Cabinet("users")) == [] and "report" not in done
    assert site.changed(pristine) == []


SECRET = "aes-key-of-the-school"


class OfPostgreSQL(Exception):
    """As psycopg has it."""

    diag = SimpleNamespace(message_primary='column "nam" does not exist')


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OfPostgreSQL(f"column nam does not exist\nLINE 1: SELECT decrypt(nam, '{SECRET}') FROM people"), 'column "nam" does'),
        (Exception(1064, f"You have an error in your SQL syntax near 'FORM people WHERE k = '{SECRET}'' at line 1"), "1064"),
    ],
)  # fmt: skip
def test_what_a_database_quotes_of_the_query_is_not_told(
    feed: Callable[..., None], monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
):
    feed()
    told = str(refused(Feed("people", "users", "feeds, people", conn_id="sis"), error))
    assert said in told and SECRET not in told


def test_no_rows_can_be_all_right(site: Site, feed: Callable[..., None]):
    feed(sql=PEOPLE + " AND 1 = 0", least_rows=0)
    done = site.run("toolsync_feed_people")
    assert (done["state"], done["messages"]) == ("success", ["The query has no rows: nothing is run."])


@pytest.mark.usefixtures("airflow")
@pytest.mark.in_airflow
def test_a_plan_is_answered_for_the_run_of_the_type(
    site: Site, feed: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    run_types_here(monkeypatch)
    feed(type="courses_delete", sql="SELECT shortname FROM mdl_course WHERE shortname = 'C101'")
    asked = site.run("toolsync_feed_people")
    assert asked["state"] == "awaiting approval" and len(asked["plan_rows"]) == 1
    assert [upload.name for upload in uploads(Cabinet("courses_delete"))] == ["people.csv"]
    assert site.run("toolsync_feed_people", approve="no")["state"] == "not approved"
    assert site.value("SELECT COUNT(*) FROM {course} WHERE shortname = 'C101'") == 1
    assert site.run("toolsync_feed_people", approve="yes")["counts"]["deleted"] == 1
    assert site.value("SELECT COUNT(*) FROM {course} WHERE shortname = 'C101'") == 0
