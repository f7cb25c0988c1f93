"""Command files for the courses that filters select: with exactly these courses, in the folder for review and not in an inbox."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.support import direct_runs
from tests.support.site import Site
from toolsync.cabinet.folders import Cabinet
from toolsync.operators.course_query import like
from toolsync.reading.command_file import CommandFile
from toolsync.reading.suite import load_suite

pytestmark = pytest.mark.usefixtures("airflow")


def named(value: Any) -> str:
    """Name a test by its dictionary only: a set is printed in another order each time."""
    return str(value) if isinstance(value, dict) else ""


def make(site: Site, **params: Any) -> dict[str, Any]:
    return site.run("toolsync_make_command_file", **params)


def identifiers(result: dict[str, Any]) -> list[str]:
    """The identifiers that the type of the file reads from it."""
    if not result["path"]:
        return []
    file = CommandFile.open(result["path"], suite=load_suite("courses_delete"))
    return [record.values[0] for chunk in file.records() for record in chunk if record.values]


def found(site: Site, **params: Any) -> set[str]:
    result = make(site, **params)
    assert result["state"] == "success"
    assert len(identifiers(result)) == result["courses"]
    return set(identifiers(result))


@pytest.mark.parametrize(
    ("asked", "courses"),
    [
        ({"categories": "Science"}, {"C101", "C102", "C103"}),
        ({"categories": "science", "subcategories": False}, {"C103"}),
        ({"categories": "Science / Physics\n\n Humanities "}, {"C101", "C102", "C104", "C105", "C106", "C107", "C108"}),
        ({"categories": "SCI-PHY", "category_id_field": "idnumber", "subcategories": False}, {"C102"}),
        ({"categories": "9", "category_id_field": "id"}, {"TPL1"}),
        ({"shortname": "*"}, {"TPL1", *(f"C10{n}" for n in range(1, 9))}),
        ({"shortname": "c10*", "fullname": "*course*"}, {"C101", "C102", "C103", "C104", "C105", "C108"}),
        ({"shortname": "C10_"}, set()),
        ({"idnumber": "*10*"}, {"C101", "C102", "C104", "C105", "C108"}),
        ({"nobody_enrolled": True}, {"TPL1", "C103", "C107"}),
        ({"without_activities": True}, {"C103", "C104", "C105", "C106", "C107"}),
        ({"hidden_only": True}, {"C108"}),
        ({"ended_before": "2026-06-01"}, {"C103"}),
        ({"started_before": "2026-01-12"}, set()),
        ({"started_before": "2026-01-12", "timezone": "America/New_York", "categories": "Templates"}, {"TPL1"}),
        ({"created_before": "2026-01-15T08:07:00"}, {"TPL1", "C101"}),
        ({"no_access_since": "2026-01-15 09:45"}, {"TPL1", "C101", *(f"C10{n}" for n in range(3, 9))}),
        ({"no_access_since": "2026-01-15 08:08:30"}, {"TPL1", "C103"}),
        ({"hidden_only": True, "nobody_enrolled": True}, set()),
    ],
    ids=named,
)
def test_which_courses(site: Site, asked: dict[str, Any], courses: set[str]):
    assert found(site, **asked) == courses


def test_days_are_counted_from_today(site: Site):
    site.rows("UPDATE {course} SET enddate = %s WHERE id = 4", (int(time.time()) - 40 * 86400,))
    site.rows("UPDATE {course} SET enddate = %s WHERE id = 6", (int(time.time()) - 20 * 86400,))
    site.rows("UPDATE {course} SET enddate = 0 WHERE id NOT IN (4, 6)")
    assert found(site, ended_before="30") == {"C102"}
    assert found(site, ended_before="10") == {"C102", "C104"}


def test_the_file_says_how_it_was_made_and_what_each_course_is(site: Site, pristine: Site):
    result = make(site, categories="Science", no_access_since="2026-09-01")
    path = Path(result["path"])
    assert path.parent == Cabinet("courses_delete").folder("review")
    comments = [line for line in path.read_text().splitlines() if line.startswith("#")]
    assert "A file for toolsync_courses_delete" in comments[0]
    assert "categories Science" in comments[1] and "no_access_since 2026-09-01" in comments[1]
    assert path.read_text().splitlines()[len(comments) :] == [
        "shortname,description",
        'C103,"0 people, last access never, ended 2026-02-02: Empty course 103 (Science)"',
        'C101,"30 people, last access 2026-01-15, ends 2026-12-31: Living course 101 (Science / Physics / Lab)"',
        'C102,"11 people, last access 2026-01-15, ends 2026-12-31: Plain course 102 (Science / Physics)"',
    ]
    assert not any(Cabinet("courses_delete").folder("inbox").iterdir())
    assert site.changed(pristine) == []


def test_courses_that_cannot_be_identified_are_left_out_and_listed(site: Site):
    site.rows("UPDATE {course} SET idnumber = 'IDC101' WHERE id = 4")
    site.rows("UPDATE {course} SET idnumber = 'A&#44B' WHERE id = 5")
    site.rows("UPDATE {course} SET idnumber = '#1, \"quoted\"' WHERE id = 6")
    result = make(site, shortname="C*", course_id_field="idnumber")
    assert set(identifiers(result)) == {"IDC105", "IDC108", '#1, "quoted"'}
    assert result["left_out"] == 5
    comments = Path(result["path"]).read_text()
    assert "#   C106 (id 8), it has no idnumber: 1 person" in comments
    assert "#   C102 (id 4), 2 courses have the same idnumber:" in comments
    assert "#   C103 (id 5), its idnumber can't be written in a CSV file:" in comments
    assert "with Param course_id_field idnumber" in comments


def test_by_id(site: Site):
    assert found(site, shortname="*", course_id_field="id") == {str(id) for id in range(2, 11)}


def test_the_longest_unused_courses_come_first_up_to_the_limit(site: Site):
    result = make(site, categories="Science", limit=2)
    assert identifiers(result) == ["C103", "C101"]
    assert (result["courses"], result["over_limit"]) == (2, 1)
    assert "1 more found, over the limit" in Path(result["path"]).read_text()


def test_names_with_line_breaks_stay_on_one_line(site: Site):
    site.rows("UPDATE {course} SET fullname = 'One\n# two\n=3' WHERE id = 4")
    assert found(site, shortname="C102") == {"C102"}


def test_nothing_found_writes_nothing(site: Site):
    result = make(site, shortname="NOTHING")
    assert (result["state"], result["path"], result["courses"]) == ("success", None, 0)
    assert not Cabinet("courses_delete").folder("review").exists()


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"categories": "Science\nNowhere"},
        {"ended_before": "yesterday"},
        {"ended_before": "46266"},
        {"shortname": "*", "timezone": "Mars"},
        {"what": "courses_reset", "shortname": "*", "reset_columns": "events"},
        {"what": "courses_reset", "shortname": "*", "reset_columns": ""},
    ],
    ids=named,
)
def test_unusable_params_fail(site: Site, params: dict[str, Any]):
    assert make(site, **params)["state"] == "failed"
    assert not Cabinet("courses_delete").folder("review").exists()


def test_a_reset(site: Site):
    result = make(site, what="courses_reset", categories="Science", reset_columns="events = yes\nroles=student teacher")
    path = Path(result["path"])
    assert path.parent == Cabinet("courses_reset").folder("review")
    lines = [line for line in path.read_text().splitlines() if not line.startswith("# ")]
    assert lines == [
        "shortname,events,roles",
        *(f"{shortname},yes,student teacher" for shortname in ("C103", "C101", "C102")),
    ]
    assert "# 0 people, last access never, ended 2026-02-02: Empty course 103 (Science)\nC103," in path.read_text()


def test_the_default_columns_of_a_reset_pass_its_suite(site: Site):
    from toolsync.reading.validator import Validator

    result = make(site, what="courses_reset", shortname="*")
    suite = load_suite("courses_reset")
    file = CommandFile.open(result["path"], suite=suite, key_column="shortname")
    validator = Validator(suite, file.header)
    [records] = file.records()
    assert (len(records), validator.check(records).problems) == (9, [])


def test_a_file_given_to_it_is_wrong_usage(site: Site):
    with pytest.raises(SystemExit):
        site.run("toolsync_make_command_file", "shortname\nC101\n", shortname="*")


def test_the_file_deletes_its_courses(site: Site):
    result = make(site, shortname="C103", course_id_field="idnumber")
    assert result["path"] is None
    result = make(site, shortname="C102", course_id_field="idnumber")
    done = site.run("toolsync_courses_delete", Path(result["path"]), course_id_field="idnumber", simulate=True)
    assert done["counts"]["deleted"] == 1


def test_patterns():
    assert like("a*_b%") == "a%\\_b\\%"
    assert like(" ") is None


def test_a_file_for_review_overwrites_none(site: Site):
    from toolsync.operators.make_command_file import write
    from toolsync.sites import the_site

    paths = {write(the_site(), "courses_delete", text) for text in ("a", "b", "c")}
    assert sorted(Path(path).read_text() for path in paths) == ["a", "b", "c"]


def test_it_says_how_many_courses_are_to_be_reviewed(site: Site, monkeypatch: pytest.MonkeyPatch):
    told: list[Any] = []
    monkeypatch.setattr(direct_runs._Run, "_push", lambda self, key, value: told.append(value["outcome"]))
    make(site, shortname="C101")
    make(site, shortname="C10*", limit=2)
    assert told == ["1 course to review", "2 courses to review"]
