"""What a session knows of the tables of its site."""

from __future__ import annotations

import pytest

from tests.support.site import Site
from toolsync.functions import NAMES
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.schema import Limits, Schema
from toolsync.running.sql_folder import Occasion
from toolsync.running.state import RunState


def test_an_index_is_found_by_its_columns(site: Site):
    with MoodleHook().session() as session:
        index = session.schema.index
        assert index("role_assignments", ["userid", "contextid"]) == "mdl_roleassi_useconrol_ix"
        assert index("role_assignments", ["userid"]) in ("mdl_roleassi_useconrol_ix", "mdl_roleassi_use_ix")
        assert index("role_assignments", ["id"]) == "PRIMARY"
        assert index("role_assignments", ["contextid", "userid"]) is None
        assert index("no_such_table", ["id"]) is None


def test_what_a_column_can_hold(site: Site):
    with MoodleHook().session() as session:
        limits = session.schema.limits
        assert limits("user", "city") == Limits(characters=120)
        assert limits("user", "description") == Limits()
        assert limits("user", "suspended") == Limits(numbers=(-128, 127))
        assert limits("user", "id") == Limits(numbers=(-(2**63), 2**63 - 1))
        assert limits("customfield_data", "decvalue") == Limits(largest="9999999999.99999")
        assert limits("user", "no_such_column") is None and limits("no_such_table", "id") is None
        room_of = NAMES["room_of"](RunState(session), Occasion())
        assert room_of("course_sections", "name") == 1333 and room_of("user", "id") is None


def test_sql_names_an_index_only_where_the_site_has_it(site: Site):
    with MoodleHook().session() as session:
        by_index = NAMES["by_index"](RunState(session), Occasion())
        assert by_index("role_assignments", "userid", "contextid") == "FORCE INDEX (`mdl_roleassi_useconrol_ix`)"
        assert by_index("role_assignments", "contextid", "userid") == ""


def test_an_index_by_which_no_whole_value_is_found_is_not_named(site: Site):
    site.rows(
        "CREATE TABLE {toolsync_probe} (id BIGINT PRIMARY KEY, name VARCHAR(100), text VARCHAR(100), n INT, KEY cut (name(3), n), KEY later (n, name(3)), FULLTEXT words (text))"
    )
    try:
        with MoodleHook().session() as session:
            found = [
                session.schema.index("toolsync_probe", columns)
                for columns in (["name"], ["text"], ["n"], ["n", "name"])
            ]
            assert found == [None, None, "later", None]
    finally:
        site.rows("DROP TABLE {toolsync_probe}")


def test_an_index_that_the_server_does_not_use_is_not_named(site: Site):
    site.rows("CREATE TABLE {toolsync_probe} (id BIGINT PRIMARY KEY, a INT, b INT, KEY one (a, b), KEY two (a, b))")
    try:
        site.rows(f"ALTER TABLE {{toolsync_probe}} ALTER INDEX one {'INVISIBLE' if site.is_mysql else 'IGNORED'}")
        with MoodleHook().session() as session:
            assert session.schema.index("toolsync_probe", ["a", "b"]) == "two"
    finally:
        site.rows("DROP TABLE {toolsync_probe}")


@pytest.mark.parametrize(
    ("last", "used"),
    [((), True), (("NO",), True), (("YES",), False), (("YES", None), True), (("NO", None), False)],
)
def test_what_the_servers_say_of_an_index(last: tuple[str | None, ...], used: bool):
    """A row of SHOW INDEX of MariaDB before 10.6, MariaDB (`Ignored`), MySQL (`Visible`, `Expression`)."""
    row = ("mdl_x", 1, "x_ix", 1, "x", "A", 0, None, None, "", "BTREE", "", "", *last)
    index = Schema(lambda statement, *_: [row] if "SHOW INDEX" in statement else [("mdl_x", "x", "int")], "mdl_").index
    assert index("x", ["x"]) == ("x_ix" if used else None)
