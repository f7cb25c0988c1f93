"""What is exported and applied again changes nothing: every line is `unchanged`, and no row of the site differs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.export import changes_nothing, head_of, left_out, rows_of
from tests.support.samples import sample
from tests.support.scenarios import CHAINS, SCENARIOS
from tests.support.site import Site
from toolsync.operators.export_types import TYPES

pytestmark = pytest.mark.usefixtures("airflow")

VERSIONS = sorted({chain.version for chain in CHAINS.values()})
# Scenarios that leave odd data behind, of each type.
AFTER = [
    "cohort-bindings-roles-and-groups",
    "cohorts-update-del-free",
    "courses-enrolment-methods",
    "courses-formats",
    "courses-order",
    "courses-tags-and-fields",
    "enrolments-enable-disable",
    "enrolments-keys-and-dates",
    "enrolments-role-only",
    "group-members-by-name",
    "groups-in-groupings",
    "groups-visibility-and-keys",
    "users-interests",
    "users-profile-fields",
    "users-values",
]


@pytest.mark.in_airflow
def test_the_whole_site(site: Site):
    result = changes_nothing(site)
    assert {file["type"] for file in result["files"]} == set(TYPES)
    people = rows_of(next(file for file in result["files"] if file["type"] == "users"))
    usernames = {name for (name,) in site.rows("SELECT username FROM {user} WHERE deleted = 0 AND username <> 'guest'")}
    assert {row["username"] for row in people} == usernames
    assert not {"password", "oldusername", "deleted"} & people[0].keys()


@pytest.mark.parametrize("name", sample([name for name in AFTER if name in SCENARIOS], 3))
def test_after_a_scenario(site: Site, name: str):
    SCENARIOS[name].run(site)
    changes_nothing(site)


@pytest.mark.parametrize("version", sample(VERSIONS, len(VERSIONS)))
def test_older_versions(version: str, site_of: Callable[[str], tuple[Site, Site]]):
    site, _ = site_of(version)
    result = changes_nothing(site)
    assert {"users", "courses", "enrolments"} <= {file["type"] for file in result["files"]}


@pytest.mark.parametrize(
    "params",
    [
        {"user_id_field": "id", "course_id_field": "id", "cohort_id_field": "id", "group_id_field": "id", "category_id_field": "id"},
        {
            "user_id_field": "idnumber", "course_id_field": "idnumber", "cohort_id_field": "name", "group_id_field": "idnumber",
            "category_id_field": "idnumber",
        },
        {"user_id_field": "email", "use_disabled_instances": True},
    ],
    ids=["ids", "idnumbers", "emails"],
)  # fmt: skip
def test_named_by_something_else(site: Site, params: dict[str, str]):
    result = changes_nothing(site, **params)
    if params["user_id_field"] == "idnumber":
        assert ("admin", "") in left_out(result, "users")
    if "use_disabled_instances" in params:
        assert left_out(result, "enrolments") == set()


# Values that are hard to write in a file; a file says them all.
HARD = [
    "a,b;c\td|e", '"', '"quoted", and not', "two\nlines", "a\u2028b", "=1+1", "#comment", "'", "\\N", "\\", "%s {user} {{ 7 * 7 }}", "😀👩\u200d🚀", "مرحبا", "\u202eabc",
    "NULL", "0", "\ufeffbom", "sep=;", "é" * 100, "ß", "&amp; &#65; &#4412;",
]  # fmt: skip


def test_hard_values(site: Site):
    for number, value in enumerate(HARD, 1):
        name = f"u{number:03}"
        site.rows(
            "UPDATE {user} SET lastname = %s, description = %s, department = %s WHERE username = %s",
            (value[:100], value, value, name),
        )
        field = site.value("SELECT id FROM {user_info_field} WHERE datatype = 'textarea'")
        site.rows(
            "DELETE d FROM {user_info_data} d JOIN {user} u ON u.id = d.userid WHERE u.username = %s AND d.fieldid = %s",
            (name, field),
        )
        site.rows(
            "INSERT INTO {user_info_data} (userid, fieldid, data) SELECT id, %s, %s FROM {user} WHERE username = %s",
            (field, value, name),
        )
    result = changes_nothing(site, "users")
    [file] = result["files"]
    assert not any("mode full" in comment for comment in head_of(file))
    shortname = site.value("SELECT shortname FROM {user_info_field} WHERE datatype = 'textarea'")
    stored = {row["username"]: row for row in rows_of(file)}
    for number, value in enumerate(HARD, 1):
        row = stored[f"u{number:03}"]
        assert (row["lastname"], row["description"], row[f"profile_field_{shortname}"]) == (value[:100], value, value)
    assert left_out(result, "users") == set()


def test_what_a_file_cant_say_is_left_out_and_told(site: Site):
    for name, column, value in [
        ("u001", "description", " spaced "), ("u002", "description", "a\r\nb"), ("u003", "department", "&#44"), ("u004", "city", "\u00a0Ulm"),
        ("u005", "firstname", "<b>Bold"), ("u006", "maildigest", 7), ("u007", "phone1", "<1>"), ("u008", "firstname", ""), ("u009", "email", ""),
        ("u010", "auth", "Manual"), ("u011", "country", "fr"), ("u012", "email", "no address"), ("u013", "theme", "gone"), ("u014", "lang", "xx"),
        ("u015", "department", "a\x00b"), ("u016", "idnumber", "ID017"), ("admin", "suspended", 1), ("u018", "timezone", "Nowhere/Land"),
    ]:  # fmt: skip
        site.rows(f"UPDATE {{user}} SET {column} = %s WHERE username = %s", (value, name))
    site.rows("UPDATE {user} SET username = 'U019' WHERE username = 'u019'")
    site.rows("UPDATE {user} SET mnethostid = 99 WHERE username = 'u020'")
    result = changes_nothing(site, "users")
    assert left_out(result, "users") == {
        ("u001", "description"), ("u002", "description"), ("u003", "department"), ("u004", "city"), ("u005", "firstname"), ("u006", "maildigest"),
        ("u007", "phone1"), ("u010", "auth"), ("u011", "country"), ("u012", "email"), ("u015", "department"), ("admin", "suspended"),
        ("u018", "timezone"), ("u020", ""),
    }  # fmt: skip
    lines = {row["username"].lower() for file in result["files"] for row in rows_of(file)}
    assert "u020" not in lines and {f"u{number:03}" for number in range(1, 20)} <= lines
    assert {tuple(file["without"]) for file in result["files"]} == {
        (),
        ("description",),
        ("department",),
        ("city",),
        ("phone1",),
        ("country",),
    }
    part = "It has not all lines: with Param mode full, those that it lacks would be taken away"
    assert all(part in head_of(file) for file in result["files"])
    by_idnumber = changes_nothing(site, "users", user_id_field="idnumber")
    assert {("u016", ""), ("u017", ""), ("admin", "")} <= left_out(by_idnumber, "users")


def test_many_different_lacks_share_a_last_file(site: Site):
    columns = [
        "description",
        "department",
        "city",
        "institution",
        "address",
        "middlename",
        "alternatename",
        "phone1",
        "phone2",
        "firstnamephonetic",
    ]
    for number, column in enumerate(columns, 1):
        site.rows(f"UPDATE {{user}} SET {column} = ' x ' WHERE username = %s", (f"u{number:03}",))
    site.rows("UPDATE {user} SET description = CONCAT(REPEAT('long ', 40000), '.') WHERE username = 'u009'")
    result = changes_nothing(site, "users")
    assert len(result["files"]) == 8
    assert sum(file["lines"] for file in result["files"]) == len(
        {row["username"] for file in result["files"] for row in rows_of(file)}
    )
