"""What a session knows of the tables of its site."""

from __future__ import annotations

from tests.support.site import Site
from toolsync.functions import NAMES
from toolsync.moodle.hook import MoodleHook
from toolsync.moodle.schema import Limits
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
