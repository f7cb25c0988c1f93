"""What a session knows of the tables of its site."""

from __future__ import annotations

import pytest

from tests.support.site import Site
from toolsync.course.graph_files import site_graph
from toolsync.course.kin import hanging
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
    ("said", "used"),
    [([], True), ([("IGNORED",)], False), ([("IS_VISIBLE",)], False)],
)
def test_what_the_servers_say_of_an_index(said: list[tuple[str]], used: bool):
    """MariaDB before 10.6 says nothing of it, later ones have a column `IGNORED`, MySQL has `IS_VISIBLE`."""

    def rows(statement: str, *_: object) -> list[tuple[object, ...]]:
        if "information_schema'" in statement:
            return list(said)
        unused = "ignored = 'YES'" in statement or "is_visible = 'NO'" in statement
        return [("mdl_x", "x_ix", 1, "x", None, "BTREE", int(unused))]

    assert Schema(rows, "mdl_").index("x", ["x"]) == ("x_ix" if used else None)


def test_what_follows_from_the_tables_is_worked_out_once_and_anew_after_an_upgrade(site: Site):
    def known() -> tuple[Schema, tuple[object, ...]]:
        with MoodleHook().session() as session:
            return session.schema, (site_graph(session.schema), hanging(session.schema), session.references._known)

    first, before = known()
    again, same = known()
    assert again == first and all(one is other for one, other in zip(same, before, strict=True))
    upgrades = (
        ("ALTER TABLE {book} ADD probeid BIGINT", "ALTER TABLE {book} DROP probeid"),
        ("ALTER TABLE {book} ADD INDEX probe_ix (revision)", "ALTER TABLE {book} DROP INDEX probe_ix"),
        ("CREATE TABLE {probe} (id BIGINT PRIMARY KEY, userid BIGINT)", "DROP TABLE {probe}"),
        (
            "UPDATE {config} SET value = value + 1 WHERE name = 'version'",
            "UPDATE {config} SET value = value - 1 WHERE name = 'version'",
        ),
    )
    for there, back in upgrades:
        site.rows(there)
        try:
            schema, after = known()
            assert schema != first and not any(one is other for one, other in zip(after, before, strict=True)), there
        finally:
            site.rows(back)
        assert known()[1][2] is before[2]
